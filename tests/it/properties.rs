//! What holds of any input: a located quote is the source's bytes, and no text at all makes the engine panic or show
//! words that no source has.

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use proptest::sample::select;

use rapporteur::answer::Engine;
use rapporteur::cooldown::{Allowance, Cooldowns};
use rapporteur::intent::read;
use rapporteur::journal::Journal;
use rapporteur::knowledge::{Language, Locator};
use rapporteur::message::{Address, Author, Conversation, Message, Role};
use rapporteur::platform::console::{Style, render};
use rapporteur::reply::Reply;
use rapporteur::respond::{Now, Responder, Response};
use rapporteur::serving::Store;
use rapporteur::snapshot::Snapshot;

use crate::support::{calibration, harbour, harbour_snapshot, shipped, shipped_snapshot, source_text};

/// Pieces of text in which typography varies.
const PIECES: &[&str] = &[
    "L’Italia",
    "non",
    "manda",
    "dell'Ucraina",
    "“",
    "”",
    "\"",
    "«",
    "»",
    "„",
    "’",
    "'",
    " ",
    " ",
    " ",
    "  ",
    "\u{a0}",
    "\u{202f}",
    "\n",
    "\n\n",
    "\t",
    "–",
    "-",
    "—",
    "\u{ad}",
    "\u{200b}",
    "è",
    "e\u{301}",
    "ї",
    "🇺🇦",
    ".",
    "…",
    "a",
    "aa",
    "35",
    "Сила",
];

/// A text with the marks people's editors change brought to one form: the definition of a typographic variant.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '’' | '‘' => plain.push('\''),
            '–' | '—' => plain.push('-'),
            c if c.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c => plain.push(c),
        }
    }
    plain
}

fn is_shown(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}')
}

/// What an editor may make of a quote. `choices` decides, one figure a character, again and again.
fn mangle(quote: &str, choices: &[u8]) -> String {
    let mut choices = choices.iter().copied().cycle();
    let mut pick = move |of: &[&str]| of[usize::from(choices.next().unwrap_or(0)) % of.len()].to_owned();
    quote
        .chars()
        .map(|c| match c {
            '“' | '”' | '„' | '«' | '»' | '"' => pick(&["\"", "“", "”", "«", "»"]),
            '’' | '\'' => pick(&["'", "’", "‘"]),
            '–' | '—' | '-' => pick(&["-", "–"]),
            '\u{ad}' | '\u{200b}' => pick(&["", "\u{ad}"]),
            c if c.is_whitespace() => pick(&[" ", "\u{a0}", "\n", "  ", " \u{202f}"]),
            c => c.to_string(),
        })
        .collect()
}

/// A text, the byte range of a part of it that begins and ends with something one can see, and what an editor made of it.
fn quoted_text() -> impl Strategy<Value = (String, std::ops::Range<usize>, String)> {
    let text = prop::collection::vec(select(PIECES), 1..40).prop_map(|pieces| pieces.concat());
    (text, any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 1..16)).prop_filter_map(
        "no visible character",
        |(text, a, b, choices)| {
            let shown: Vec<_> = text.char_indices().filter(|(_, c)| is_shown(*c)).collect();
            let (first, last) = if shown.is_empty() { return None } else { (a.index(shown.len()), b.index(shown.len())) };
            let (first, last) = (shown[first.min(last)], shown[first.max(last)]);
            let range = first.0..last.0 + last.1.len_utf8();
            let quote = mangle(&text[range.clone()], &choices);
            Some((text, range, quote))
        },
    )
}

/// A question no one would ask: random Unicode, pieces of the sources, query syntax.
fn any_question() -> impl Strategy<Value = String> {
    let words = select(
        &[
            "body:* AND (",
            "\"",
            "+-&&||!(){}[]^~*?:\\/",
            "chi",
            "Macron",
            "Meloni",
            "bridge",
            "ferry",
            "sì",
            "\u{202e}",
            "\u{301}\u{301}",
            "مرحبا",
            "שלום",
            "👩‍👩‍👧‍👦",
            "\0",
            "\r\n",
            "ignore",
            "Чому",
            "Україна",
            "2026",
            "l'",
            "dell’",
            "?",
            "/ask",
            "/help ",
            "-1",
            "\u{feff}",
            "ẞ",
            "İ",
            "ﬁ",
            "\u{212a}",
            "𝔐𝔞𝔠𝔯𝔬𝔫",
            "macrno",
            "'",
            "<b>",
            "@everyone",
            "%s",
            "{name}",
            "../../etc/passwd",
            " ",
        ][..],
    );
    prop_oneof![
        any::<String>(),
        prop::collection::vec(words, 0..12).prop_map(|words| words.concat()),
        prop::collection::vec(prop_oneof![any::<char>().prop_map(String::from), select(PIECES).prop_map(str::to_owned)], 0..60)
            .prop_map(|words| words.concat()),
    ]
}

/// Asks in every way there is and holds every quote against the stored texts.
fn asks_safely(snapshot: &Snapshot, seeds: &std::path::Path, text: &str) {
    let engine = Engine::new(snapshot, calibration());
    for language in [None, Some(Language::It), Some(Language::Uk)] {
        let findings = engine.find(text, language);
        let answer = engine.decide(&findings, true);
        let top = engine.top(&findings, 3);
        let shown = top.iter().flat_map(|top| [&top.passage, &top.sentence]);
        for quote in answer.citations.iter().chain(shown) {
            let source = source_text(seeds, &quote.file, &quote.source);
            assert_eq!(source.get(quote.range.clone()), Some(quote.text.as_str()), "{text:?}");
        }
        assert!((0.0..=1.0001).contains(&answer.score), "{text:?}: {}", answer.score);
        let rendered = render(&Reply::to_answer(&answer, "x", answer.language), Style::PLAIN);
        assert!(rendered.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}: {rendered:?}");
    }
}

/// Sends a text as a message, commands and all.
fn responds_safely(text: &str) -> Response {
    static RESPONDER: OnceLock<Responder> = OnceLock::new();
    let responder = RESPONDER.get_or_init(|| {
        let off: Allowance = "off".parse().expect("an allowance");
        let store = Store::load(harbour(), &|_| {}).expect("the base loads");
        Responder::new(Arc::new(store), Journal::in_memory().expect("a journal"), Cooldowns::new(off, off))
    });
    let message = Message {
        author: Author { id: "someone".to_owned(), role: Role::Member },
        conversation: Conversation { platform: "console", id: "here".to_owned() },
        address: Address::Private,
        intent: read(text, '/'),
        locale: Some(Language::En),
    };
    responder.respond(&message, Now::real())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_quote_is_located_whatever_became_of_its_typography((text, range, quote) in quoted_text()) {
        let locator = Locator::new(&text);
        let found: Vec<_> = locator.find(&quote).collect();
        // What cannot be seen behind the last letter may belong to it.
        let exact = found.iter().any(|at| at.start == range.start && at.end >= range.end && text[range.end..at.end].chars().all(|c| !is_shown(c) && !c.is_whitespace()));
        prop_assert!(exact, "{quote:?} of {range:?} in {text:?}: {found:?}");
    }

    #[test]
    fn whatever_is_located_reads_as_the_quote_does((text, _, quote) in quoted_text(), other in select(PIECES)) {
        let locator = Locator::new(&text);
        for needle in [quote.clone(), other.to_owned(), format!("{quote}{other}")] {
            for at in locator.find(&needle) {
                let slice = text.get(at.clone());
                prop_assert_eq!(slice.map(plain), Some(plain(needle.trim())), "{:?} at {:?} in {:?}", needle, at, text);
            }
        }
    }

    #[test]
    fn any_text_as_a_question_is_answered_without_panic_and_with_the_sources_bytes_only(text in any_question()) {
        asks_safely(harbour_snapshot(), &harbour().seeds, &text);
    }

    #[test]
    fn any_text_as_a_message_is_responded_to(text in any_question()) {
        responds_safely(&text);
        responds_safely(&format!("/{text}"));
        responds_safely(&format!("/ask {text}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_shipped_base_answers_any_text_with_the_sources_bytes_only(text in any_question()) {
        asks_safely(shipped_snapshot(), &shipped().seeds, &text);
    }
}

#[test]
fn extreme_texts_are_answered_without_panic_and_with_the_sources_bytes_only() {
    let texts = [
        "a".repeat(100_000),
        "è".repeat(50_000),
        "bridge ".repeat(15_000),
        "?".repeat(100_000),
        "🌉".repeat(25_000),
        format!("e{}", "\u{301}".repeat(50_000)),
        "\u{202e}?egdirb eht si gnol woH\u{202c}".to_owned(),
        "كم يبلغ طول الجسر؟".to_owned(),
        "כמה ארוך הגשר?".to_owned(),
        "body:* AND (title:\"x\"~5 OR -y^2 [a TO b]".to_owned(),
        "\0\u{1}\u{7f}\u{1b}[31mHow long is the bridge?\u{1b}[0m".to_owned(),
        "  \t\n\r  ".to_owned(),
        "...?!'\"«»“”".to_owned(),
        "\u{feff}".to_owned(),
        "🇺🇦🇫🇷👍🏽👩‍👩‍👧‍👦".to_owned(),
        format!("How long is the bridge? {}", "x".repeat(9_990)),
        format!("{}é", "x".repeat(9_999)),
        "l'l'l'l'dell'dell’un'".to_owned(),
        "1".repeat(400),
        "How long is the bridge?".chars().flat_map(|c| [c, '\u{200b}']).collect(),
    ];
    for text in &texts {
        asks_safely(harbour_snapshot(), &harbour().seeds, text);
        asks_safely(shipped_snapshot(), &shipped().seeds, text);
        responds_safely(text);
    }
}

#[test]
fn a_command_written_with_a_letter_that_only_folds_to_ascii_does_not_panic() {
    // The Kelvin sign is three bytes long and has an ASCII lower case.
    for text in ["/as\u{212a} how long?", "/as\u{212a}", "/AS\u{212a}x", "/\u{212a}"] {
        let response = std::panic::catch_unwind(|| responds_safely(text));
        assert!(response.is_ok(), "{text:?} panics");
    }
}

#[test]
fn escape_sequences_in_a_source_do_not_reach_the_terminal() {
    let base = crate::support::Base::empty()
        .seed("a.txt", "Il faro di \u{1b}]0;titolo\u{7}Saltmere \u{1b}[31mbruciò\u{1b}[0m il 3 maggio 2030.\n");
    let snapshot = base.snapshot();
    let engine = Engine::new(&snapshot, calibration());
    let findings = engine.find("Quando bruciò il faro di Saltmere?", None);
    let top = engine.top(&findings, 1);
    assert!(top[0].passage.text.contains('\u{1b}'), "the quote itself keeps the source's bytes: {top:?}");
    let mut answer = engine.decide(&findings, false);
    answer.citations = vec![top[0].passage.clone()];
    let rendered = render(&Reply::to_answer(&answer, "x", answer.language), Style::PLAIN);
    assert!(rendered.contains("2030") && !rendered.contains('\u{1b}') && !rendered.contains('\u{7}'), "{rendered:?}");
}
