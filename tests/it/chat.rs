//! The chat, piped: plain text, one answer after each line, commands.

use crate::support::{Run, command, harbour, options, rapporteur, run};

/// Types lines into a chat over the invented base.
fn chat(lines: &str) -> Run {
    let run = rapporteur(&harbour(), &["chat", "--lang", "en"], lines);
    assert_eq!(run.status, 0, "{run:?}");
    run
}

#[test]
fn a_piped_chat_prints_no_escape_code_and_no_prompt() {
    let said = chat("How long is the bridge?\n/help\n/sources\n/topics\n").stdout;
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
    assert!(!said.lines().any(|line| line.starts_with("> ")), "{said}");
}

#[test]
fn each_line_is_answered_in_order() {
    let said = chat("How long is the bridge?\n\n   \nWho designed the bridge?\nWho supplied the steel of the bridge?\n").stdout;
    let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("no {words:?} in {said}"));
    assert!(at("612 metres") < at("Ruben Askeland") && at("Ruben Askeland") < at("The sources do not say."), "{said}");
    assert_eq!(said.matches("[verified by moderators]").count(), 2);
}

#[test]
fn an_answer_shows_the_quote_its_publisher_its_day_and_its_link() {
    let said = chat("Which ships have to give notice?\n").stdout;
    for words in [
        "  | Harbourmaster Piet Lonsdale said that ships",
        "The Elmsworth Beacon, 14 March 2031",
        "https://beacon.example/harbour-bridge-opens#:~:text=",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_statement_of_a_day_is_shown_with_that_day() {
    let said = chat("Until when does the Marigold sail?\n").stdout;
    assert!(said.contains("[verified by moderators, as of 15 March 2031]"), "{said}");
}

#[test]
fn help_names_every_command() {
    let said = chat("/help\n").stdout;
    for command in ["/sources", "/topics", "/explain", "/quit"] {
        assert!(said.contains(command), "{command}: {said}");
    }
}

#[test]
fn sources_lists_title_publisher_day_and_address_of_each() {
    insta::assert_snapshot!(chat("/sources\n").stdout, @r"
    The sources:
    - Harbour bridge opens in Port Elmsworth (The Elmsworth Beacon, 14 March 2031; beacon-opening)
      https://beacon.example/harbour-bridge-opens
    - Bridge opening: what to expect (Port Elmsworth Council, 20 February 2031; council-notes)
      https://council.example/notes
    - Ferry keeps sailing (Coast Wire, 15 March 2031; wire-marigold)
      https://wire.example/marigold
    - What the harbour bridge cost (Coast Wire, 16 March 2031; wire-cost)
      https://wire.example/cost
    - A letter from the quay (publisher unknown, 17 March 2031; quay-letter)
    ");
}

#[test]
fn topics_shows_questions_that_are_then_answered() {
    let said = chat("/topics\n").stdout;
    let questions: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("  - ")).collect();
    assert!(questions.len() >= 5, "{said}");
    for question in questions {
        assert!(chat(&format!("{question}\n")).stdout.contains("\n[verified by moderators"), "{question}");
    }
}

#[test]
fn quit_ends_the_chat_before_the_lines_behind_it() {
    for leave in ["/quit", "/exit", "/q", "  /QUIT  "] {
        assert_eq!(chat(&format!("{leave}\nHow long is the bridge?\n")).stdout, "", "{leave}");
    }
}

#[test]
fn an_unknown_command_points_to_help() {
    let said = chat("/dance\n").stdout;
    assert_eq!(said, "I do not know this command; try /help.\n\n");
}

#[test]
fn explain_tells_why_the_last_answer_is_what_it_is() {
    assert!(chat("/explain\n").stdout.contains("no answer to explain yet"));
    let said = chat("How long is the bridge?\n/explain\n").stdout;
    assert!(said.contains("bridge-size by \"How long is the harbour bridge?\""), "{said}");
}

#[test]
fn commands_are_answered_in_the_language_of_the_chat_and_questions_in_their_own() {
    let said = rapporteur(&harbour(), &["chat", "--lang", "it"], "/nope\nHow long is the bridge?\n").stdout;
    assert!(said.contains("Non conosco questo comando") && said.contains("[verified by moderators]"), "{said}");
}

#[test]
fn without_a_subcommand_there_is_a_chat() {
    let mut bare = command(&[]);
    bare.args(options(&harbour()));
    assert!(run(bare, "How long is the bridge?\n/quit\n").stdout.contains("612 metres"));
}

#[test]
fn small_talk_is_answered_with_one_line_about_what_is_known() {
    assert_eq!(
        chat("hello\n").stdout,
        "Hello! I answer questions about: Opening of the Port Elmsworth harbour bridge (14 March 2031). Go ahead.\n\n"
    );
}
