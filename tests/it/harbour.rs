//! Another event: replacing both folders is all it takes. The invented base answers its own questions and none of the
//! shipped base's.

use rapporteur::answer::{Answer, Outcome};
use rapporteur::knowledge::Language;
use rapporteur::reply::{Block, Reply};

use crate::support::{Base, ask, assert_verbatim, harbour, harbour_snapshot, rapporteur};

/// Asks the invented base and holds every quote against the files.
fn asked(question: &str) -> Answer {
    let answer = ask(harbour_snapshot(), question);
    assert_verbatim(&harbour().seeds, &answer);
    answer
}

#[test]
fn the_invented_base_answers_its_own_questions_with_exact_quotes() {
    let cases = [
        ("When was the bridge opened?", "bridge-opening", "opened on Friday 14 March 2031"),
        ("How long is the bridge?", "bridge-size", "612 metres"),
        ("Who designed the harbour bridge?", "bridge-designer", "Ruben Askeland"),
        ("How much did the bridge cost?", "bridge-cost", "88 million crowns"),
        ("Until when will the ferry sail?", "ferry-until-june", "end of June 2031"),
        ("Who complains about the tram bells?", "quay-bells", "a resident complains"),
    ];
    for (question, fact, words) in cases {
        let answer = asked(question);
        assert_eq!((answer.outcome, answer.fact.as_deref()), (Outcome::Fact, Some(fact)), "{question}");
        assert!(answer.citations[0].text.contains(words), "{question}: {:?}", answer.citations[0].text);
        assert_eq!(answer.language, Language::En, "{question}");
    }
}

#[test]
fn what_the_invented_sources_do_not_say_is_declined_with_the_closest_question() {
    let answer = asked("Who supplied the steel of the bridge?");
    assert_eq!(answer.outcome, Outcome::NoAnswer);
    assert!(answer.citations.is_empty() && answer.text.is_none(), "{answer:?}");
    assert_eq!(answer.suggestions.first().map(|it| it.fact.as_str()), Some("bridge-cost"));
}

#[test]
fn questions_of_the_paris_summit_are_declined_by_the_invented_base() {
    let questions = [
        "Chi guidava la delegazione statunitense?",
        "Quali sono le cinque garanzie di sicurezza?",
        "Will Italy send troops to Ukraine?",
        "Who led the US delegation in Paris?",
        "Qui dirigeait la délégation américaine ?",
        "Хто очолював делегацію США?",
    ];
    for question in questions {
        let answer = asked(question);
        assert_eq!(answer.outcome, Outcome::NoAnswer, "{question}: {answer:?}");
        assert!(answer.citations.is_empty(), "{question}");
    }
}

#[test]
fn a_quote_typed_with_plain_marks_is_shown_with_the_sources_own() {
    let answer = asked("What did Mayor Tarrant say at the ceremony?");
    assert_eq!(answer.citations[0].text, "“This bridge belongs to those who walk,” Tarrant said at the ceremony.");
    let answer = asked("Who complains about the tram bells?");
    assert!(answer.citations[0].text.contains("Cooper’s Quay"), "{answer:?}");
}

#[test]
fn a_superseded_fact_is_answered_by_its_replacement() {
    let answer = asked("Will the ferry stop on the day the bridge opens?");
    assert_eq!(answer.fact.as_deref(), Some("ferry-until-june"), "{answer:?}");
    assert!(answer.citations.iter().all(|quote| quote.source == "wire-marigold"), "{answer:?}");
}

#[test]
fn related_facts_are_offered_beside_an_answer() {
    let answer = asked("When was the harbour bridge opened?");
    let offered: Vec<_> = answer.suggestions.iter().map(|it| it.fact.as_str()).collect();
    assert_eq!(offered, ["bridge-attendance", "bridge-size"]);
}

#[test]
fn attributions_say_expected_before_and_publisher_unknown() {
    let attributions = |question: &str| -> Vec<String> {
        let reply = Reply::to_answer(&asked(question), &harbour_snapshot().knowledge.name, Language::En);
        reply
            .blocks
            .into_iter()
            .filter_map(|block| if let Block::Quote(quoted) = block { Some(quoted.attribution) } else { None })
            .collect()
    };
    let attendance = attributions("How many people attended the opening?");
    assert_eq!(attendance[0], "The Elmsworth Beacon, 14 March 2031");
    assert_eq!(attendance[1], "Port Elmsworth Council, 20 February 2031, written before the event");
    assert_eq!(attributions("Who complains about the tram bells?"), ["publisher unknown, 17 March 2031"]);
}

#[test]
fn a_source_without_an_address_has_no_link_and_the_others_link_to_the_passage() {
    assert_eq!(asked("Who complains about the tram bells?").citations[0].url, None);
    let url = asked("How long is the bridge?").citations[0].url.clone().expect("the Beacon has an address");
    assert!(url.starts_with("https://beacon.example/harbour-bridge-opens#:~:text=The%20bridge%20is%20612"), "{url}");
}

#[test]
fn lines_outside_the_article_range_are_neither_searched_nor_quoted() {
    for question in ["How much does a subscription to the Beacon cost?", "Did fish prices fall?", "Is a storm expected on Sunday?"] {
        let answer = asked(question);
        let quoted: String = answer.citations.iter().map(|quote| quote.text.as_str()).collect();
        assert!(!["Subscribe", "Fish prices", "Storm"].iter().any(|words| quoted.contains(words)), "{question}: {quoted}");
    }
}

#[test]
fn check_only_warns_that_the_invented_base_speaks_one_language() {
    let run = rapporteur(&harbour(), &["check", "--json"], "");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("check --json prints JSON");
    assert_eq!(run.status, 0, "{report}");
    for problem in report["problems"].as_array().expect("a list") {
        assert_eq!(problem["severity"], "warning", "{problem}");
        assert!(problem["what"].as_str().unwrap().ends_with("in it, fr, uk"), "{problem}");
    }
    assert_eq!(report["sentences"], report["sentences_covered"]);
    assert_eq!(
        (&report["sources"], &report["facts"], &report["gaps"], &report["concepts"]),
        (&5.into(), &12.into(), &3.into(), &10.into())
    );
}

#[test]
fn replacing_the_two_folders_replaces_what_is_known() {
    let folders = Base::small();
    let question = r#"{"id": 1, "question": "When did the lighthouse burn down?"}"#;
    let here = folders.rapporteur(&["ask", "--batch"], question).json_lines();
    let there = rapporteur(&harbour(), &["ask", "--batch"], question).json_lines();
    assert_eq!((&here[0]["outcome"], &here[0]["fact"]), (&"fact".into(), &"fire-date".into()));
    assert_eq!(there[0]["outcome"], "no_answer");
}
