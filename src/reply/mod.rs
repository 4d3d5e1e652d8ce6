//! Answer -> Reply: what is said, in blocks no platform is mentioned in. Platforms render blocks.

mod action;
mod wording;

pub use action::{Action, Pages, Spot};
pub use wording::{Wording, fill};

use crate::answer::{Answer, Outcome, Quote, Suggestion};
use crate::knowledge::{Language, Written};

/// How far what is said has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Curated by moderators.
    Verified,
    /// Found by search.
    NotReviewed,
}

/// One part of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// The answer, or a sentence of the bot's own.
    Text(String),
    /// Whether moderators have checked what is said.
    Standing(Standing, String),
    /// A verbatim quote.
    Quote(Quoted),
    /// A line that introduces questions, and the questions.
    Questions(String, Vec<Suggestion>),
    /// What a reader can do with the reply.
    Actions(Vec<Action>),
}

/// A quote with what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    /// The quote.
    pub quote: Quote,
    /// Publisher, day, language, remarks; in the reader's language.
    pub attribution: String,
}

/// What the bot says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The language of what is said around the answer: labels, notes, dates.
    pub language: Language,
    /// Whether it is meant for one reader alone.
    pub private: bool,
    /// Its parts, in order.
    pub blocks: Vec<Block>,
}

impl Reply {
    /// A reply of one sentence.
    #[must_use]
    pub fn text(language: Language, text: impl Into<String>) -> Self {
        Self { language, private: false, blocks: vec![Block::Text(text.into())] }
    }

    /// A sentence for one reader alone.
    #[must_use]
    pub fn notice(language: Language, text: impl Into<String>) -> Self {
        Self { private: true, ..Self::text(language, text) }
    }

    /// Says an answer, with labels in the reader's language. `name` is the knowledge base's.
    #[must_use]
    pub fn to_answer(answer: &Answer, name: &str, language: Language) -> Self {
        let wording = Wording::of(language);
        let mut blocks = vec![Block::Text(sentence_in(answer, name, language))];
        match answer.outcome {
            Outcome::Fact => {
                let as_of = answer.as_of.map(|date| format!(", {}", wording.as_of(date))).unwrap_or_default();
                blocks.push(Block::Standing(Standing::Verified, format!("{}{as_of}", wording.verified)));
            }
            Outcome::Passages => blocks.push(Block::Standing(Standing::NotReviewed, wording.not_reviewed.clone())),
            _ => {}
        }
        blocks.extend(
            shown(&answer.citations).map(|quote| Block::Quote(Quoted { attribution: attribution(quote, language), quote: quote.clone() })),
        );
        if !answer.suggestions.is_empty() {
            let lead = match answer.outcome {
                Outcome::Fact => wording.related.clone(),
                Outcome::NoAnswer => wording.closest.clone(),
                _ => String::new(),
            };
            blocks.push(Block::Questions(lead, answer.suggestions.clone()));
        }
        Self { language, private: false, blocks }
    }
}

/// How many quotes a reply shows.
const QUOTES: usize = 3;

/// The quotes worth showing: a headline says nothing that the sentence quoted beside it does not.
fn shown(citations: &[Quote]) -> impl Iterator<Item = &Quote> {
    let only_headlines = citations.iter().all(|quote| quote.headline);
    citations.iter().filter(move |quote| only_headlines || !quote.headline).take(QUOTES)
}

/// The one sentence that answers: the fact's, or the bot's own.
#[must_use]
pub fn sentence(answer: &Answer, name: &str) -> String {
    sentence_in(answer, name, answer.language)
}

/// The same, where the bot's own sentences are in the reader's language.
fn sentence_in(answer: &Answer, name: &str, language: Language) -> String {
    let wording = Wording::of(language);
    match answer.outcome {
        Outcome::Fact => answer.text.clone().unwrap_or_default(),
        Outcome::Passages => wording.passages.clone(),
        Outcome::Suggestions => wording.suggestions.clone(),
        Outcome::NoAnswer => wording.no_answer.clone(),
        Outcome::SmallTalk => answer.topic.map_or_else(|| wording.no_answer.clone(), |topic| wording.small_talk(topic, name)),
    }
}

/// Who published a quote and when, with what a reader should know of it.
#[must_use]
pub fn attribution(quote: &Quote, language: Language) -> String {
    let wording = Wording::of(language);
    let mut parts = vec![
        quote.publisher.clone().unwrap_or_else(|| wording.unknown_publisher.clone()),
        quote.published.map_or_else(|| wording.undated.clone(), |date| wording.date(date)),
    ];
    if quote.language != language {
        parts.push(wording.in_language(quote.language));
    }
    if quote.written == Some(Written::Before) {
        parts.push(wording.before_event.clone());
    }
    if quote.machine_translated {
        parts.push(wording.machine_translated.clone());
    }
    parts.join(", ")
}
