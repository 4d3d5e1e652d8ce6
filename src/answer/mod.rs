//! Question + snapshot -> Answer: evidence, probability, abstention.

mod calibration;
mod engine;
mod weigh;

use std::ops::Range;

use jiff::civil::Date;
use serde::Serialize;

pub use calibration::{
    ALTERNATIVE, CANDIDATE_FEATURES, Calibration, Hidden, NONE, NONE_NAMES, SHOW, SHOW_NAMES, Thresholds, candidate_names,
};
pub use engine::{Engine, Findings, TopPassage};
pub use weigh::{Alternatives, Weighed, show_features};

use crate::knowledge::{Language, Written};
use crate::retrieval::{Kind, Topic};

/// What the bot concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A curated fact answers.
    Fact,
    /// Passages of the sources answer; nobody has reviewed that.
    Passages,
    /// Curated questions close to what was asked.
    Suggestions,
    /// The sources do not say.
    NoAnswer,
    /// Nothing was asked about the event.
    SmallTalk,
}

/// A citation ready to be shown: a verbatim quote with its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Id of the source.
    pub source: String,
    /// File name inside the seeds folder.
    pub file: String,
    /// Byte range of the quote in the source's text.
    pub range: Range<usize>,
    /// The quote: exactly those bytes.
    pub text: String,
    /// Who published the source, if known.
    pub publisher: Option<String>,
    /// The source's headline, if known.
    pub title: Option<String>,
    /// Publication date, if known.
    pub published: Option<Date>,
    /// Whether it is a headline of the source.
    pub headline: bool,
    /// Language of the quote.
    pub language: Language,
    /// Whether the source was written before the event.
    pub written: Option<Written>,
    /// Whether the source is a machine translation.
    pub machine_translated: bool,
    /// The original at the passage, if the source has an address.
    pub url: Option<String>,
}

/// A curated question offered instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Id of the fact.
    pub fact: String,
    /// The question, in the asker's language.
    pub question: String,
}

/// Why the bot concluded what it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The kind of answer asked for.
    pub kind: Kind,
    /// The informative units of the question; `+` before a mended one.
    pub units: Vec<String>,
    /// The best candidates: id, probability, matched alias, and every feature that is not zero.
    pub candidates: Vec<ExplainedCandidate>,
    /// Probability that no candidate answers.
    pub none: f32,
    /// Probability that the best passages answer.
    pub passages: f32,
    /// The snapshot's version.
    pub version: String,
}

/// One candidate of an explanation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedCandidate {
    /// Id of the fact or gap.
    pub id: String,
    /// Its probability.
    pub probability: f32,
    /// The alias it matched by.
    pub alias: String,
    /// Informative units its evidence does not cover.
    pub uncovered: Vec<String>,
    /// Features that are not zero.
    pub features: Vec<(String, f32)>,
}

/// The conclusion, with all that is needed to say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was concluded.
    pub outcome: Outcome,
    /// The language to answer in.
    pub language: Language,
    /// The fact's short answer, where a fact answers.
    pub text: Option<String>,
    /// The day the fact was true of, where it says so.
    pub as_of: Option<Date>,
    /// Id of the fact that answers.
    pub fact: Option<String>,
    /// The quotes it rests on, the best first.
    pub citations: Vec<Quote>,
    /// Curated questions to offer.
    pub suggestions: Vec<Suggestion>,
    /// What small talk was about.
    pub topic: Option<Topic>,
    /// Probability that this answers, from 0 to 1.
    pub score: f32,
    /// By how much it leads over the best alternative.
    pub margin: f32,
    /// How it came about.
    pub explanation: Option<Explanation>,
}
