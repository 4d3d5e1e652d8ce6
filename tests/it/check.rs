//! `rapporteur check`: every refusal and every warning, at its file, line and column.

use rapporteur::knowledge::{Severity, coverage, load};
use serde_json::Value;

use crate::support::{ARTICLE, Base, FACTS, SOURCES, run, shipped};

/// What `check --json` finds in a base, with its exit status.
#[derive(Debug)]
struct Checked {
    status: i32,
    problems: Vec<Value>,
}

fn check(base: &Base) -> Checked {
    let run = base.rapporteur(&["check", "--json"], "");
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    Checked { status: run.status, problems: report["problems"].as_array().expect("problems are a list").clone() }
}

/// Line and column, from 1, of the first place of `at` in a text.
fn place(text: &str, at: &str) -> (usize, usize) {
    let before = &text[..text.find(at).unwrap_or_else(|| panic!("no {at:?} in the file"))];
    let line = before.rsplit('\n').next().unwrap_or("");
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Holds that there is a problem of a severity whose text has all of `words`, at the place of `at` in a file of the base.
fn assert_problem(base: &Base, checked: &Checked, severity: &str, (file, at): (&str, &str), words: &[&str]) {
    let path = base.path(file);
    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
    let (line, column) = if at.is_empty() { (1, 1) } else { place(&text, at) };
    let found = checked.problems.iter().find(|problem| {
        let said = format!("{} {}", problem["what"].as_str().unwrap(), problem["remedy"].as_str().unwrap());
        problem["severity"] == severity && words.iter().all(|word| said.contains(word))
    });
    let found = found.unwrap_or_else(|| panic!("no {severity} saying {words:?} in {checked:#?}"));
    let here = (found["file"].as_str().unwrap(), found["line"].as_u64().unwrap(), found["column"].as_u64().unwrap());
    assert_eq!(here, (path.to_str().unwrap(), line as u64, column as u64), "{found}");
    assert!(!found["remedy"].as_str().unwrap().is_empty(), "{found}");
}

/// The base is refused, with exit status 2, and says so at a place.
fn assert_refused(base: &Base, place: (&str, &str), words: &[&str]) {
    let checked = check(base);
    assert_problem(base, &checked, "error", place, words);
    assert_eq!(checked.status, 2, "{checked:#?}");
    // What `check` refuses, nothing is served from.
    assert_eq!(base.rapporteur(&["ask", "When did the lighthouse burn down?"], "").status, 2);
}

/// The base is served, with exit status 0, and a warning stands at a place.
fn assert_warned(base: &Base, place: (&str, &str), words: &[&str]) {
    let checked = check(base);
    assert_problem(base, &checked, "warning", place, words);
    assert_eq!(checked.status, 0, "{checked:#?}");
}

/// The small base with a change to its facts.
fn facts(from: &str, to: &str) -> Base {
    Base::small().replace("facts/fire.toml", from, to)
}

/// The small base with a change to its manifest.
fn sources(from: &str, to: &str) -> Base {
    Base::small().replace("sources.toml", from, to)
}

/// The small base with a key more for its source.
fn source_with(key: &str) -> Base {
    Base::small().knowledge("sources.toml", format!("{SOURCES}{key}\n"))
}

// Refusals.

#[test]
fn a_base_in_order_has_no_error_and_warns_of_missing_languages_only() {
    let checked = check(&Base::small());
    assert_eq!(checked.status, 0);
    assert!(checked.problems.iter().all(|it| it["what"].as_str().unwrap().ends_with("in it, fr, uk")), "{checked:#?}");
}

#[test]
fn a_problem_is_printed_as_file_line_column_what_and_remedy() {
    let base = facts("source = \"saltmere-times\"", "source = \"saltmere-post\"");
    let run = base.rapporteur(&["check"], "");
    let (line, column) = place(&std::fs::read_to_string(base.path("knowledge/facts/fire.toml")).unwrap(), "\"saltmere-post\"");
    let expected = format!(
        "{}:{line}:{column}: error: there is no source \"saltmere-post\"\n    remedy: use one of: saltmere-times\n",
        base.path("knowledge/facts/fire.toml").display()
    );
    assert!(run.stdout.contains(&expected), "{}", run.stdout);
    assert_eq!(run.status, 2);
}

#[test]
fn a_quote_that_is_not_verbatim_is_refused_with_the_nearest_passage_and_the_first_difference() {
    let base = facts("\"Nobody was hurt, said captain Ines Holm.\"", "\"Nobody was hurt, says captain Ines Holm.\"");
    let words = [
        "not verbatim",
        "nearest: “Nobody was hurt, said captain Ines Holm.”",
        "hurt, says captain Ines Holm.” (quote)",
        "hurt, said captain Ines Holm.” (source)",
    ];
    assert_refused(&base, ("knowledge/facts/fire.toml", "\"Nobody was hurt, says"), &words);
}

#[test]
fn the_column_counts_characters_and_not_bytes() {
    let inline = "[[gap]]\nid = \"g\"\naliases.en = [\"Où est l’été à Gênes ?\", \"Was anybody hurt?\"]\n";
    assert_refused(
        &Base::small().knowledge("gaps/g.toml", inline),
        ("knowledge/gaps/g.toml", "\"Was anybody"),
        &["Was anybody hurt?", "fire-injured"],
    );
}

#[test]
fn an_unknown_source_is_refused() {
    let base = facts("source = \"saltmere-times\"", "source = \"saltmere-post\"");
    assert_refused(&base, ("knowledge/facts/fire.toml", "\"saltmere-post\""), &["no source \"saltmere-post\"", "saltmere-times"]);
}

#[test]
fn two_facts_with_one_id_are_refused() {
    let base = facts("id = \"fire-injured\"", "id = 'fire-date'");
    assert_refused(&base, ("knowledge/facts/fire.toml", "'fire-date'"), &["\"fire-date\"", "already"]);
}

#[test]
fn a_gap_with_the_id_of_a_fact_is_refused() {
    let base = Base::small().knowledge("gaps/fire.toml", "[[gap]]\nid = \"fire-date\"\naliases.en = [\"Who set the fire?\"]\n");
    assert_refused(&base, ("knowledge/gaps/fire.toml", "\"fire-date\""), &["\"fire-date\"", "already", "facts/fire.toml"]);
}

#[test]
fn two_sources_with_one_id_are_refused() {
    let base = Base::small().knowledge("sources.toml", format!("{SOURCES}\n[[source]]\nid = 'saltmere-times'\nfile = \"saltmere.txt\"\n"));
    assert_refused(&base, ("knowledge/sources.toml", "'saltmere-times'"), &["\"saltmere-times\"", "twice"]);
}

#[test]
fn two_articles_of_a_file_with_one_id_are_refused() {
    let lines = "{\"id\": \"a\", \"text\": \"One.\"}\n{\"id\": \"a\", \"text\": \"Two.\"}\n";
    let base = Base::small()
        .seed("wire.jsonl", lines)
        .knowledge("sources.toml", format!("{SOURCES}\n[[source]]\nid = \"wire\"\nfile = \"wire.jsonl\"\n"));
    assert_refused(&base, ("seeds/wire.jsonl", "{\"id\": \"a\", \"text\": \"Two"), &["\"a\"", "already"]);
}

#[test]
fn an_article_with_the_id_of_another_source_is_refused() {
    let line = "{\"id\": \"saltmere-times\", \"text\": \"Another text.\"}\n";
    let base = Base::small()
        .seed("wire.jsonl", line)
        .knowledge("sources.toml", format!("{SOURCES}\n[[source]]\nid = \"wire\"\nfile = \"wire.jsonl\"\n"));
    assert_refused(&base, ("seeds/wire.jsonl", "{"), &["\"saltmere-times\""]);
}

#[test]
fn two_concepts_with_one_id_are_refused_where_the_second_stands() {
    let thesaurus = "[[concept]]\nid = \"fire\"\nen = [\"fire\"]\n\n[[concept]]\nid = 'fire'\nen = [\"blaze\"]\n\n[[concept]]\nid = \"sea\"\nen = [\"sea\"]\n";
    assert_refused(&Base::small().knowledge("thesaurus.toml", thesaurus), ("knowledge/thesaurus.toml", "'fire'"), &["\"fire\"", "twice"]);
}

#[test]
fn the_same_alias_on_two_facts_is_refused_whatever_its_case_and_marks() {
    let base = facts("\"number of injured people\"", "\"when did the LIGHTHOUSE burn down\"");
    assert_refused(&base, ("knowledge/facts/fire.toml", "\"when did the LIGHTHOUSE"), &["fire-injured", "fire-date", "too"]);
}

#[test]
fn an_alias_without_a_word_is_refused() {
    assert_refused(&facts("\"number of injured people\"", "\"?!\""), ("knowledge/facts/fire.toml", "\"?!\""), &["no word"]);
}

#[test]
fn a_missing_file_is_refused() {
    let base = sources("file = \"saltmere.txt\"", "file = \"saltmere-2.txt\"");
    assert_refused(&base, ("knowledge/sources.toml", "\"saltmere-2.txt\""), &["no file \"saltmere-2.txt\""]);
}

#[test]
fn a_file_outside_the_seeds_folder_is_refused() {
    let base = sources("file = \"saltmere.txt\"", "file = \"../knowledge/sources.toml\"");
    assert_refused(&base, ("knowledge/sources.toml", "\"../knowledge"), &["no file"]);
}

#[test]
fn a_source_that_is_not_utf8_is_refused_at_its_byte() {
    let base = Base::small().seed("saltmere.txt", [ARTICLE.as_bytes(), b"caf\xe9\n"].concat());
    assert_refused(&base, ("seeds/saltmere.txt", "\u{fffd}"), &["0xe9", "not UTF-8"]);
}

#[test]
fn a_facts_file_that_is_not_utf8_is_refused_at_its_byte() {
    let base = Base::small().knowledge("facts/fire.toml", [FACTS.as_bytes(), b"# caf\xe9\n"].concat());
    assert_refused(&base, ("knowledge/facts/fire.toml", "\u{fffd}"), &["0xe9", "not UTF-8"]);
}

#[test]
fn an_invalid_date_is_refused() {
    for date in ["\"yesterday\"", "\"2030-13-01\"", "\"2030-02-30\"", "7", "\"03/05/2030\""] {
        let base = source_with(&format!("published = {date}"));
        assert_refused(&base, ("knowledge/sources.toml", date), &["is not a date", "2026-01-06"]);
    }
}

#[test]
fn a_date_with_something_behind_it_is_refused_and_not_guessed() {
    let base = source_with("published = \"2030-05-03 or so\"");
    assert_refused(&base, ("knowledge/sources.toml", "\"2030-05-03 or so"), &["is not a date"]);
}

#[test]
fn an_invalid_as_of_is_refused() {
    let base = facts("answer.en = \"Nobody", "as_of = \"soon\"\nanswer.en = \"Nobody");
    assert_refused(&base, ("knowledge/facts/fire.toml", "\"soon\""), &["is not a date"]);
}

#[test]
fn an_invalid_address_is_refused() {
    for address in
        ["www.saltmere.example", "ftp://saltmere.example/a", "javascript:alert(1)", "https://", "https://saltmere.example/a#part"]
    {
        let base = source_with(&format!("address = \"{address}\""));
        assert_refused(&base, ("knowledge/sources.toml", &format!("\"{address}\"")), &["is not a web address"]);
    }
}

#[test]
fn a_citation_outside_the_article_text_is_refused() {
    let base = source_with("article = [\"1\"]");
    assert_refused(&base, ("knowledge/facts/fire.toml", "\"Nobody was hurt, said"), &["outside its article text"]);
}

#[test]
fn an_unknown_key_is_refused_in_every_file() {
    let cases = [
        (source_with("lnaguage = \"en\""), "knowledge/sources.toml", "lnaguage"),
        (facts("answer.en = \"Nobody", "anwser.en = \"Nobody"), "knowledge/facts/fire.toml", "anwser"),
        (facts("quote = \"Nobody", "qoute = \"Nobody"), "knowledge/facts/fire.toml", "qoute"),
        (
            Base::small().knowledge("gaps/g.toml", "[[gap]]\nid = \"g\"\nneerest = \"x\"\naliases.en = [\"Who?\"]\n"),
            "knowledge/gaps/g.toml",
            "neerest",
        ),
        (Base::small().knowledge("thesaurus.toml", "[[concept]]\nid = \"c\"\nde = [\"Feuer\"]\n"), "knowledge/thesaurus.toml", "de = "),
    ];
    for (base, file, key) in cases {
        assert_refused(&base, (file, key), &["unknown field", key.trim_end_matches(" = ")]);
    }
}

#[test]
fn an_unknown_language_of_an_alias_is_refused() {
    assert_refused(&facts("aliases.en = [\"Was", "aliases.xx = [\"Was"), ("knowledge/facts/fire.toml", "xx"), &["xx"]);
}

#[test]
fn a_bad_line_of_json_lines_is_refused() {
    let lines = [
        ("{\"id\": \"b\", \"text\": \"Two.\"", "EOF"),
        ("{\"id\": \"b\"}", "text"),
        ("{\"id\": \"b\", \"text\": 2}", "invalid type"),
        ("[]", "article"),
    ];
    for (line, words) in lines {
        let base = Base::small()
            .seed("wire.jsonl", format!("{{\"id\": \"a\", \"text\": \"One.\"}}\n\n{line}\n"))
            .knowledge("sources.toml", format!("{SOURCES}\n[[source]]\nid = \"wire\"\nfile = \"wire.jsonl\"\n"));
        let checked = check(&base);
        let is_it = |problem: &&serde_json::Value| {
            problem["severity"] == "error" && problem["file"] == base.path("seeds/wire.jsonl").to_str().unwrap()
        };
        let problem = checked.problems.iter().find(is_it);
        let problem = problem.unwrap_or_else(|| panic!("{line}: {checked:#?}"));
        assert_eq!((&problem["severity"], &problem["line"], checked.status), (&"error".into(), &3.into(), 2), "{problem}");
        assert!(problem["what"].as_str().unwrap().contains(words), "{words}: {problem}");
        assert!(problem["column"].as_u64().unwrap() <= line.len() as u64 + 1, "{problem}");
    }
}

#[test]
fn a_bad_value_in_json_lines_is_refused_at_its_key() {
    for (key, value, words) in
        [("published", "soon", "not a date"), ("url", "ftp://x.example/", "not a web address"), ("language", "xx", "\"xx\"")]
    {
        let line = format!("{{\"id\": \"é\", \"text\": \"Città.\", \"{key}\": \"{value}\"}}\n");
        let base = Base::small()
            .seed("wire.jsonl", line)
            .knowledge("sources.toml", format!("{SOURCES}\n[[source]]\nid = \"wire\"\nfile = \"wire.jsonl\"\n"));
        assert_refused(&base, ("seeds/wire.jsonl", &format!("\"{key}\"")), &[words]);
    }
}

#[test]
fn a_bad_range_of_lines_is_refused() {
    for range in ["1-4", "0-1", "3-1", "all", "1-", ""] {
        let base = source_with(&format!("article = [\"{range}\"]"));
        assert_refused(&base, ("knowledge/sources.toml", &format!("\"{range}\"]")), &["no range of lines of saltmere.txt, which has 3"]);
    }
}

#[test]
fn broken_toml_is_refused_in_every_file() {
    for (file, text) in [
        ("sources.toml", "name = \n"),
        ("facts/fire.toml", "[[fact]]\nid = \n"),
        ("gaps/g.toml", "[[gap]\n"),
        ("thesaurus.toml", "[[concept]]\nid = \"c\nen = []\n"),
    ] {
        let base = Base::small().knowledge(file, text);
        let checked = check(&base);
        let path = base.path(&format!("knowledge/{file}"));
        let problem = checked.problems.iter().find(|problem| problem["file"] == path.to_str().unwrap());
        let problem = problem.unwrap_or_else(|| panic!("{file}: {checked:#?}"));
        assert_eq!(
            (&problem["severity"], &problem["line"], checked.status),
            (&"error".into(), &(text.lines().count().min(2) as u64).into(), 2),
            "{problem}"
        );
    }
}

#[test]
fn a_fact_without_a_citation_is_refused() {
    let base = Base::small()
        .knowledge("facts/fire.toml", "[[fact]]\nid = \"bare\"\naliases.en = [\"Why?\"]\nanswer.en = \"So.\"\ncitations = []\n");
    assert_refused(&base, ("knowledge/facts/fire.toml", "\"bare\""), &["cites nothing"]);
}

#[test]
fn a_reference_to_a_fact_that_is_not_there_is_refused() {
    for key in ["related = [\"nowhere\"]", "superseded_by = \"nowhere\""] {
        let base = facts("id = \"fire-injured\"", &format!("id = \"fire-injured\"\n{key}"));
        assert_refused(&base, ("knowledge/facts/fire.toml", "\"nowhere\""), &["no fact \"nowhere\""]);
    }
    let gap = "[[gap]]\nid = \"g\"\nnearest = \"nowhere\"\naliases.en = [\"Who set the fire?\"]\n";
    assert_refused(&Base::small().knowledge("gaps/g.toml", gap), ("knowledge/gaps/g.toml", "\"nowhere\""), &["no fact \"nowhere\""]);
}

#[test]
fn all_problems_are_told_at_once() {
    let base = facts("source = \"saltmere-times\"", "source = \"a\"")
        .replace("facts/fire.toml", "Nobody was hurt, said", "Nobody is hurt, said")
        .replace("sources.toml", "file = ", "published = \"soon\"\nfile = ");
    let checked = check(&base);
    let errors: Vec<_> = checked.problems.iter().filter(|problem| problem["severity"] == "error").collect();
    assert_eq!(errors.len(), 3, "{errors:#?}");
}

#[test]
fn an_empty_base_is_refused() {
    let checked = check(&Base::empty());
    assert_eq!(checked.status, 2);
    assert!(checked.problems[0]["what"].as_str().unwrap().contains("no source"), "{checked:#?}");
}

#[test]
fn a_missing_folder_is_refused() {
    let missing = rapporteur::snapshot::Folders {
        seeds: "/nowhere/seeds".into(),
        knowledge: "/nowhere/knowledge".into(),
        data: std::env::temp_dir(),
    };
    let run = crate::support::rapporteur(&missing, &["check"], "");
    assert_eq!(run.status, 2);
    assert!(run.stdout.contains("/nowhere/seeds:1:1: error: the folder cannot be read"), "{}", run.stdout);
}

// Warnings.

#[test]
fn a_missing_language_is_warned_of() {
    let base = facts("aliases.en = [\"Was", "aliases.it = [\"Ci sono feriti?\"]\naliases.en = [\"Was");
    assert_warned(&base, ("knowledge/facts/fire.toml", "\"fire-injured\""), &["\"fire-injured\" has no aliases in fr, uk"]);
    assert_warned(&base, ("knowledge/facts/fire.toml", "\"fire-injured\""), &["\"fire-injured\" has no answer in it, fr, uk"]);
}

#[test]
fn an_uncovered_sentence_is_warned_of_where_it_stands() {
    let base = Base::small().seed("saltmere.txt", format!("{ARTICLE}\nThe roof fell into the sea. È così.\n"));
    assert_warned(&base, ("seeds/saltmere.txt", "The roof fell"), &["no fact cites “The roof fell into the sea.”"]);
    assert_warned(&base, ("seeds/saltmere.txt", "È così"), &["no fact cites “È così.”"]);
}

#[test]
fn an_uncovered_sentence_of_a_json_lines_article_is_warned_of_at_its_line_of_the_file() {
    let lines = "{\"id\": \"a\", \"text\": \"Nobody was hurt, said captain Ines Holm.\"}\n{\"id\": \"b\", \"text\": \"The roof fell into the sea.\"}\n";
    let base = Base::small()
        .seed("wire.jsonl", lines)
        .knowledge("sources.toml", format!("{SOURCES}\n[[source]]\nid = \"wire\"\nfile = \"wire.jsonl\"\n"));
    let checked = check(&base);
    let problem =
        checked.problems.iter().find(|problem| problem["what"].as_str().unwrap().contains("The roof fell")).expect("it is warned of");
    assert_eq!(
        (problem["file"].as_str().unwrap(), &problem["line"]),
        (base.path("seeds/wire.jsonl").to_str().unwrap(), &2.into()),
        "{problem}"
    );
}

#[test]
fn near_duplicate_aliases_of_two_facts_are_warned_of() {
    let base = facts("\"number of injured people\"", "\"Did the lighthouse burn down, when?\"");
    assert_warned(
        &base,
        ("knowledge/facts/fire.toml", "\"Did the lighthouse burn down, when?"),
        &["fire-injured", "almost what \"fire-date\" says"],
    );
}

#[test]
fn an_alias_that_does_not_find_its_own_fact_is_warned_of() {
    let base = facts("\"number of injured people\"", "\"number of injured people\", \"and so it is\"");
    assert_warned(&base, ("knowledge/facts/fire.toml", "\"and so it is\""), &["does not find \"fire-injured\""]);
}

#[test]
fn strict_turns_warnings_into_exit_status_2() {
    assert_eq!(Base::small().rapporteur(&["check", "--strict"], "").status, 2);
}

// What is tolerated.

#[test]
fn quotes_with_typographic_variants_are_accepted_and_the_sources_bytes_are_shown() {
    let stored = "Il capitano: “L’isola\u{a0}è  salva” – disse\u{202f}«ieri».";
    let typed = r#"Il capitano: "L'isola è salva" - disse "ieri"."#;
    let base = Base::small()
        .seed("saltmere.txt", format!("{stored}\n"))
        .knowledge("facts/fire.toml", format!("[[fact]]\nid = \"island\"\naliases.en = [\"Is the island safe?\"]\nanswer.en = \"Yes.\"\n[[fact.citations]]\nsource = \"saltmere-times\"\nquote = '''{typed}'''\n"));
    assert_eq!(check(&base).status, 0);
    let snapshot = base.snapshot();
    let citation = &snapshot.knowledge.curated.facts[0].citations[0];
    assert_eq!(&snapshot.knowledge.sources[0].text[citation.range.clone()], stored);
    let shown = base.rapporteur(&["ask", "--json", "Is the island safe?"], "").json_lines();
    assert_eq!(shown[0]["citations"][0]["quote"], stored, "{}", shown[0]);
}

#[test]
fn a_quote_that_differs_by_a_letter_or_an_accent_is_not_a_typographic_variant() {
    for typed in [
        "The lighthouse of Saltmère burned",
        "the lighthouse of Saltmere burned",
        "The lighthouse of Saltmere, burned",
        "The light house of Saltmere",
    ] {
        let base = facts("quote = \"The lighthouse of Saltmere burned down on 3 May 2030.\"", &format!("quote = \"{typed}\""));
        assert_refused(&base, ("knowledge/facts/fire.toml", &format!("\"{typed}\"")), &["not verbatim"]);
    }
}

// The base that is shipped.

#[test]
fn the_shipped_base_has_no_error_and_no_uncovered_sentence() {
    let folders = shipped();
    let loaded = load(&folders.seeds, &folders.knowledge);
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|it| it.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let coverage = coverage(&loaded.knowledge);
    assert!(coverage.sentences > 100, "{coverage:?}");
    assert_eq!(coverage.uncovered, []);
}

#[test]
fn the_shipped_facts_speak_four_languages_and_have_enough_aliases() {
    use rapporteur::knowledge::Language;
    let folders = shipped();
    let facts = load(&folders.seeds, &folders.knowledge).knowledge.curated.facts;
    assert!(facts.len() >= 150, "{}", facts.len());
    for fact in &facts {
        for (language, least) in [(Language::It, 6), (Language::En, 5), (Language::Fr, 3), (Language::Uk, 3)] {
            assert!(fact.aliases.get(&language).is_some_and(|it| it.len() >= least), "{} has too few aliases in {language}", fact.id);
            assert!(fact.answer.contains_key(&language), "{} has no answer in {language}", fact.id);
        }
    }
}

#[test]
fn the_shipped_sources_are_the_five_files_byte_for_byte() {
    let files = [
        ("000_e0f27ceca1252032.txt", "5fb20cd8248e56aa10bddfe7f82009018a009f33d691bfbbf4345351f6da49bc"),
        ("001_d071ec34e4d6fff3.txt", "7f1dfc9718e74c7db1d6a334a65759dc4f2b11e879df02e1dd9fae58a16e74c7"),
        ("002_03e1b474a384d50b.txt", "8cce8314fae8f37134de5bf42f68f1ea9240ea7bcef9ba036a658a40792fd5a1"),
        ("003_72f9cccd363b2e2d.txt", "26359ce9e8616c2449a0d1ba081a94e3eeda2597ca722ec7e46d4f59b12775a3"),
        ("004_2df1a9e548231192.txt", "163362ffed0fae54aa3f8fde423b0f92f3cdb4f52d631a1085f1490dd1dab105"),
    ];
    let seeds = shipped().seeds;
    assert_eq!(std::fs::read_dir(&seeds).unwrap().count(), files.len());
    for (name, hash) in files {
        let bytes = std::fs::read(seeds.join(name)).unwrap();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash, "{name}");
    }
}

#[test]
fn check_needs_no_terminal_and_prints_no_escape_code() {
    let base = Base::small();
    let mut command = crate::support::command(&["check"]);
    command.args(crate::support::options(&base.folders()));
    let run = run(command, "");
    assert!(!run.stdout.contains('\x1b'), "{:?}", run.stdout);
    for word in
        ["Fire of Saltmere", "sources    1", "sentences  2, covered by facts 2", "facts      2", "en 4", "concepts   0", "0 error(s)"]
    {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
}
