//! Help and completions: what somebody reads before anything else.

use crate::support::{command, run};

const SUBCOMMANDS: &[&str] = &[
    "chat",
    #[cfg(any(feature = "discord", feature = "matrix"))]
    "run",
    #[cfg(feature = "matrix")]
    "matrix",
    "ask",
    "check",
    "eval",
    "calibrate",
    "completions",
];

fn help(arguments: &[&str]) -> String {
    let run = run(command(&[arguments, &["--help"]].concat()), "");
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{arguments:?}");
    run.stdout
}

#[test]
fn help_says_what_the_program_does_and_names_every_subcommand() {
    let said = help(&[]);
    let first: Vec<_> = said.lines().take(2).collect();
    insta::assert_snapshot!(first.join(" "), @r#"Answers questions about an event, only with what its sources say: a short answer, the verbatim quote, publisher, date and link; or "the sources do not say""#);
    for subcommand in SUBCOMMANDS {
        assert!(said.lines().any(|line| line.trim_start().starts_with(&format!("{subcommand} "))), "{subcommand}: {said}");
    }
}

#[test]
fn the_list_of_subcommands_here_is_the_programs() {
    let said = help(&[]);
    let section = said.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list of commands");
    let named: Vec<_> = section.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert_eq!(named, SUBCOMMANDS);
}

#[test]
fn every_subcommand_has_an_example() {
    assert!(help(&[]).contains("Examples:\n  rapporteur"));
    let lacks = |name: &&str| {
        let said = help(&[name]);
        !(said.contains("Example:\n  ") || said.contains("Examples:\n  ")) || !said.contains(&format!("rapporteur {name}"))
    };
    let without: Vec<_> = SUBCOMMANDS.iter().copied().filter(lacks).collect();
    assert_eq!(without, Vec::<&str>::new());
}

#[test]
fn the_help_of_every_subcommand_names_the_variables_of_the_folders() {
    for name in SUBCOMMANDS {
        let said = help(&[name]);
        for variable in ["RAPPORTEUR_SEEDS", "RAPPORTEUR_KNOWLEDGE", "RAPPORTEUR_DATA"] {
            assert!(said.contains(variable), "{name}: {variable}");
        }
    }
}

#[test]
fn ask_and_check_document_their_exit_statuses() {
    assert!(help(&["ask"]).contains("Exit status: 0 answered, 1 no answer, 2 wrong usage or broken knowledge base."));
    assert!(help(&["check"]).contains("Exit status: 0"));
}

#[test]
fn completions_are_produced_for_each_shell_without_a_knowledge_base() {
    for (shell, words) in [
        ("bash", "complete -F _rapporteur"),
        ("zsh", "#compdef rapporteur"),
        ("fish", "complete -c rapporteur"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let run = run(command(&["completions", shell, "--seeds", "/nowhere"]), "");
        assert_eq!(run.status, 0, "{shell}: {run:?}");
        assert!(run.stdout.contains(words), "{shell}");
    }
    let bash = run(command(&["completions", "bash"]), "").stdout;
    for name in SUBCOMMANDS {
        assert!(bash.contains(name), "{name}");
    }
    assert_eq!(run(command(&["completions", "nope"]), "").status, 2);
}

#[test]
fn bash_accepts_its_completions() {
    if !std::path::Path::new("/bin/bash").exists() {
        return;
    }
    let completions = run(command(&["completions", "bash"]), "").stdout;
    let mut bash = std::process::Command::new("/bin/bash");
    bash.arg("-n");
    let checked = run(bash, completions);
    assert_eq!((checked.status, checked.stderr.as_str()), (0, ""));
}

#[test]
fn the_version_is_the_crates() {
    assert_eq!(run(command(&["--version"]), "").stdout, format!("rapporteur {}\n", env!("CARGO_PKG_VERSION")));
}
