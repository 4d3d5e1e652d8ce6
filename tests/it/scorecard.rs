//! The scorecard measures new questions: one that is an alias is asked of a base that does not have it.

use rapporteur::evaluation::set::{EvalQuestion, load};
use rapporteur::evaluation::unseen::{Turn, turns};
use rapporteur::knowledge;
use rapporteur::snapshot::Snapshot;

use crate::support::{harbour, harbour_snapshot, rapporteur_status_of_a_closed_pipe};

fn questions(lines: &str) -> Vec<EvalQuestion> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), lines).expect("it is written");
    load(file.path(), harbour_snapshot()).expect("the set is in order")
}

fn asked_in_turns(questions: Vec<EvalQuestion>) -> Vec<Turn> {
    let folders = harbour();
    turns(|| knowledge::load(&folders.seeds, &folders.knowledge), &folders, questions).expect("the bases are indexed")
}

fn aliases(snapshot: &Snapshot) -> Vec<String> {
    let curated = &snapshot.knowledge.curated;
    let all = curated.facts.iter().map(|fact| &fact.aliases).chain(curated.gaps.iter().map(|gap| &gap.aliases));
    all.flat_map(|texts| texts.values().flatten().cloned()).collect()
}

#[test]
fn a_question_that_is_an_alias_is_asked_of_a_base_without_it() {
    let alias = "How long is the harbour bridge?";
    assert!(aliases(harbour_snapshot()).iter().any(|text| text == alias));
    // Written as somebody else would: the same words are the same question.
    let set = r#"{"id": "1", "question": "how long is the HARBOUR bridge", "language": "en", "kind": "how_many", "gold": []}
{"id": "2", "question": "Why is the sky blue over there?", "language": "en", "kind": "off_topic", "gold": []}"#;
    let turns = asked_in_turns(questions(set));
    let (first, second) = (&turns[0], &turns[1]);
    assert_eq!((first.questions[0].id.as_str(), second.questions[0].id.as_str()), ("1", "2"));
    assert!(!aliases(&first.snapshot).iter().any(|text| text == alias));
    assert_eq!(aliases(&first.snapshot).len() + 1, aliases(harbour_snapshot()).len(), "nothing else is taken out");
    assert!(aliases(&second.snapshot).iter().any(|text| text == alias), "another turn's base still has it");
}

#[test]
fn questions_that_are_no_aliases_are_asked_of_the_whole_base_at_once() {
    let set = r#"{"id": "1", "question": "tell me the span of that thing", "language": "en", "kind": "how_many", "gold": []}
{"id": "2", "question": "and its colour", "language": "en", "kind": "what", "gold": []}"#;
    let turns = asked_in_turns(questions(set));
    assert_eq!((turns.len(), turns[0].questions.len()), (1, 2));
    assert_eq!(aliases(&turns[0].snapshot).len(), aliases(harbour_snapshot()).len());
}

#[test]
fn a_reader_that_reads_no_further_ends_the_program_quietly() {
    for args in [&["completions", "bash"][..], &["ask", "--json", "How long is the bridge?"], &["check"]] {
        let (status, said) = rapporteur_status_of_a_closed_pipe(&harbour(), args);
        assert!(status.is_some() && !said.contains("panicked"), "{args:?}: {said}");
    }
}
