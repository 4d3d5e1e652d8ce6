//! The import rule of `src/lib.rs`, read from the sources: imports point downward only, tantivy stays under retrieval,
//! platforms do not know each other.

use std::path::{Path, PathBuf};

/// Each module with the modules it may import. A new module needs a row here.
const RULE: &[(&str, &[&str])] = &[
    ("knowledge", &[]),
    ("link", &[]),
    ("cooldown", &[]),
    ("intent", &[]),
    ("message", &["intent", "knowledge"]),
    ("journal", &["knowledge"]),
    ("retrieval", &["knowledge"]),
    ("snapshot", &["knowledge", "retrieval"]),
    ("answer", &["knowledge", "link", "retrieval", "snapshot"]),
    ("serving", &["answer", "knowledge", "snapshot"]),
    ("reply", &["answer", "knowledge", "retrieval", "snapshot"]),
    ("audit", &["answer", "knowledge", "retrieval", "snapshot"]),
    ("evaluation", &["answer", "knowledge", "retrieval", "snapshot"]),
    ("respond", &["answer", "cooldown", "intent", "journal", "knowledge", "message", "reply", "retrieval", "serving", "snapshot"]),
    ("platform", &["answer", "intent", "journal", "knowledge", "message", "reply", "respond", "snapshot"]),
    (
        "cli",
        &[
            "answer",
            "audit",
            "cooldown",
            "evaluation",
            "journal",
            "knowledge",
            "platform",
            "reply",
            "respond",
            "retrieval",
            "serving",
            "snapshot",
        ],
    ),
];

/// Crates that appear under one folder only.
const CONFINED: &[(&str, &str)] = &[
    ("tantivy", "retrieval/"),
    ("clap", "cli/"),
    ("clap_complete", "cli/"),
    ("indicatif", "cli/"),
    ("rustyline", "platform/console/"),
    ("rusqlite", "journal/"),
    ("serenity", "platform/discord/"),
    ("matrix_sdk", "platform/matrix/"),
    ("axum", "web/"),
];

/// Names that say nothing of what is in a file.
const BANNED: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common", "misc", "service", "services", "process", "data2"];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file under `src`, by its path from there, with its code: without comments and without its tests.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(src()).expect("it lies there").to_string_lossy().replace('\\', "/");
                found.push((name, code(&std::fs::read_to_string(&path).expect("it can be read"))));
            }
        }
    }
    found.sort();
    assert!(found.len() > 30, "{} files", found.len());
    found
}

/// The code of a file: up to its tests, without whole-line comments.
fn code(text: &str) -> String {
    let shipped = text.split("#[cfg(test)]").next().unwrap_or("");
    shipped.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |code, line| code + line + "\n")
}

/// The module a file belongs to: its folder under `src`, or its own name.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// The names that follow `path::` in a code, those of a braced list too.
fn named_after(code: &str, path: &str) -> Vec<String> {
    let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for (at, _) in code.match_indices(path) {
        let rest = &code[at + path.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.push(identifier(rest));
            continue;
        };
        let (mut depth, mut first) = (0, true);
        for (at, c) in list.char_indices() {
            if first && !c.is_whitespace() {
                names.push(identifier(&list[at..]));
                first = false;
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => first = true,
                _ => {}
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// What a file imports that its module may not.
fn breaches(file: &str, code: &str) -> Vec<String> {
    let own = module(file);
    let Some((_, allowed)) = RULE.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{file}: there is no rule for it")];
    };
    let imported = named_after(code, "crate::");
    imported
        .into_iter()
        .filter(|name| name != own && !allowed.contains(&name.as_str()))
        .map(|name| format!("{file} imports {name}"))
        .collect()
}

/// Whether a code names a crate: in a path, in a `use`, in an attribute.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '"')))
            && (after.starts_with("::") || code[..at].trim_end().ends_with("use"))
    })
}

#[test]
fn imports_point_downward_only() {
    let found: Vec<_> = sources()
        .iter()
        .filter(|(file, _)| !matches!(file.as_str(), "lib.rs" | "main.rs"))
        .flat_map(|(file, code)| breaches(file, code))
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_rule_has_no_cycle() {
    // Each row names only modules of earlier rows: what stands lower in the line stands higher in the table.
    for (at, (module, allowed)) in RULE.iter().enumerate() {
        for name in *allowed {
            assert!(RULE[..at].iter().any(|(earlier, _)| earlier == name), "{module} may import {name}, which stands later");
        }
    }
}

#[test]
fn every_module_of_the_crate_has_a_rule() {
    let (_, root) = sources().into_iter().find(|(file, _)| file == "lib.rs").expect("there is a lib.rs");
    let modules: Vec<_> = root.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let without: Vec<_> = modules.iter().filter(|name| !RULE.iter().any(|(module, _)| module == *name)).collect();
    assert!(!modules.is_empty() && without.is_empty(), "{without:?}");
}

#[test]
fn main_only_parses_and_runs() {
    let (_, main) = sources().into_iter().find(|(file, _)| file == "main.rs").expect("there is a main.rs");
    assert!(main.lines().count() < 60);
    assert!(named_after(&main, "rapporteur::").iter().all(|name| name == "cli"), "{main}");
}

#[test]
fn some_crates_stay_under_one_folder() {
    let mut found = Vec::new();
    for (file, code) in sources() {
        for (name, folder) in CONFINED {
            if !file.starts_with(folder) && file != "main.rs" && names_crate(&code, name) {
                found.push(format!("{file} names {name}"));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
    // The search itself finds what it looks for.
    assert!(sources().iter().any(|(file, code)| file.starts_with("retrieval/") && names_crate(code, "tantivy")));
    assert!(sources().iter().any(|(file, code)| file.starts_with("cli/") && names_crate(code, "clap")));
}

#[test]
fn platforms_do_not_import_each_other() {
    for (file, code) in sources().iter().filter(|(file, _)| file.starts_with("platform/") && file != "platform/mod.rs") {
        let own = file.split('/').nth(1).unwrap_or("").trim_end_matches(".rs");
        let others: Vec<_> = [named_after(code, "crate::platform::"), named_after(code, "super::super::")]
            .concat()
            .into_iter()
            .filter(|name| name != own)
            .collect();
        assert_eq!(others, Vec::<String>::new(), "{file}");
    }
}

#[test]
fn no_code_unwraps_or_leaves_work_behind() {
    let mut found = Vec::new();
    for (file, code) in sources() {
        for banned in [".unwrap()", "todo!", "dbg!", "unimplemented!", "FIXME"] {
            found.extend(code.lines().filter(|line| line.contains(banned)).map(|line| format!("{file}: {}", line.trim())));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn only_the_command_line_and_the_terminal_print() {
    let mut found = Vec::new();
    for (file, code) in
        sources().iter().filter(|(file, _)| file != "main.rs" && !file.starts_with("cli/") && !file.starts_with("platform/console/"))
    {
        let prints = |line: &&str| ["println!", "print!", "eprintln!", "eprint!"].iter().any(|name| line.trim_start().starts_with(name));
        found.extend(code.lines().filter(prints).map(|line| format!("{file}: {}", line.trim())));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for (file, _) in sources() {
        for part in file.trim_end_matches(".rs").split('/') {
            assert!(!BANNED.contains(&part), "{file}");
        }
    }
}

#[test]
fn every_file_says_first_what_it_is() {
    for (file, _) in sources() {
        let text = std::fs::read_to_string(src().join(&file)).expect("it can be read");
        assert!(text.starts_with("//! "), "{file}");
    }
}

#[test]
fn a_planted_breach_is_found() {
    let cases: &[(&str, &str, usize)] = &[
        ("knowledge/source.rs", "use crate::retrieval::rank;", 1),
        ("knowledge/source.rs", "use crate::knowledge::Language;", 0),
        ("retrieval/text.rs", "use crate::{knowledge::Language, snapshot::{Folders, Snapshot}};", 1),
        ("answer/engine.rs", "fn f() { crate::reply::sentence(); }", 1),
        ("answer/engine.rs", "use crate::{\n    reply,\n    cli::Base,\n    link,\n};", 2),
        ("newcomer/mod.rs", "", 1),
    ];
    for (file, text, expected) in cases {
        assert_eq!(breaches(file, &code(text)).len(), *expected, "{file}: {text}");
    }
    assert_eq!(code("a\n// crate::cli\n#[cfg(test)]\nmod tests { use crate::cli; }"), "a\n");
    assert!(
        names_crate("use tantivy::Index;", "tantivy")
            && names_crate("x: tantivy::Index", "tantivy")
            && !names_crate("\"tantivy\"", "tantivy")
    );
}
