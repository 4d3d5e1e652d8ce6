//! The learned figures: what each feature is worth, and above which probability the bot speaks.
//!
//! They are stored in `calibration.toml`, written by `rapporteur calibrate` from the development questions, each with
//! its reason. A knowledge base may bring its own file of the same form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::retrieval::{
    FEATURE_NAMES, FEATURES, PASSAGE_FEATURE_NAMES, PASSAGE_FEATURES, RankingWeights, SENTENCE_FEATURE_NAMES, SENTENCE_FEATURES,
};

/// Features of a candidate that need more than the candidate itself: agreement with the passage search, interactions.
pub(super) const DERIVED_NAMES: [&str; DERIVED] = [
    "passage_agrees",
    "sentence_agrees",
    "f1_squared",
    "weakest_coverage",
    "kind_and_f1",
    "gap_and_f1",
    "names_missing_any",
    "unknown_any",
    "best_of_all",
    "lead",
    "lead_same_kind",
    "lead_own_language",
    "lead_evidence",
    "asks_who",
    "asks_when",
    "asks_where",
    "asks_number",
    "asks_why",
    "asks_how",
    "asks_yes_no",
    "key_words",
    "cited_coverage",
    "cited_behind",
];
/// How many of them there are.
pub(super) const DERIVED: usize = 23;
/// All features of a candidate.
pub const CANDIDATE_FEATURES: usize = FEATURES + DERIVED;

/// Features of the alternative "none of them".
pub const NONE_NAMES: [&str; NONE] = [
    "bias",
    "unknown_units",
    "unknown_share",
    "question_weight",
    "one_unit",
    "passage_score",
    "names",
    "uncovered_by_all",
    "best_fact_f1",
    "best_gap_f1",
    "best_fact_evidence",
    "best_fact_same_kind",
    "asks_who",
    "asks_when",
    "asks_where",
    "asks_number",
    "asks_why",
    "asks_how",
    "asks_yes_no",
    "key_words",
];
/// How many of them there are.
pub const NONE: usize = 20;

/// Features of the decision to show passages.
pub const SHOW_NAMES: [&str; SHOW] =
    ["bias", "score", "lead", "coverage", "sentence_coverage", "heaviest_covered", "uncovered_names", "unknown_units", "kind_held"];
/// How many of them there are.
pub const SHOW: usize = 9;

/// Features of any alternative: a candidate's, then those of "none of them"; the other half is zero.
pub const ALTERNATIVE: usize = CANDIDATE_FEATURES + NONE;

type Named = BTreeMap<String, f32>;

/// Probabilities above which the bot speaks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A fact is given.
    pub fact: f32,
    /// Facts are suggested.
    pub suggest: f32,
    /// Passages are shown, in a base with facts.
    pub passages: f32,
    /// Passages are shown, in a base without facts.
    pub passages_uncurated: f32,
}

/// One layer of units beside the linear score, for what features mean together (a covered name in the wrong role, a
/// question kind no alias asks). Empty: the score is linear.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    /// Weights of each unit's features, in the order of the alternatives' features.
    pub input: Vec<Vec<f32>>,
    /// Each unit's bias.
    pub bias: Vec<f32>,
    /// What each unit adds to the score.
    pub output: Vec<f32>,
}

/// The file's form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    thresholds: Thresholds,
    candidate: Named,
    none: Named,
    #[serde(default)]
    hidden: Hidden,
    sentence: Named,
    passage: Named,
    show: Named,
}

/// The figures, as arrays.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Probabilities above which the bot speaks.
    pub thresholds: Thresholds,
    /// Worth of a candidate's features.
    pub candidate: [f32; CANDIDATE_FEATURES],
    /// Worth of the features of "none of them".
    pub none: [f32; NONE],
    /// What features mean together.
    pub hidden: Hidden,
    /// Worth of sentence and passage features.
    pub ranking: RankingWeights,
    /// Worth of the features of showing passages.
    pub show: [f32; SHOW],
}

impl Default for Calibration {
    /// The figures shipped with the program.
    fn default() -> Self {
        Self::parse(include_str!("calibration.toml")).unwrap_or_else(|error| panic!("the built-in calibration does not parse: {error}"))
    }
}

impl Calibration {
    /// Reads a calibration file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self {
            thresholds: file.thresholds,
            candidate: array(&file.candidate, &candidate_names(), "candidate")?,
            none: array(&file.none, &NONE_NAMES, "none")?,
            hidden: file.hidden.checked()?,
            ranking: RankingWeights {
                sentence: array::<SENTENCE_FEATURES>(&file.sentence, &SENTENCE_FEATURE_NAMES, "sentence")?,
                passage: array::<PASSAGE_FEATURES>(&file.passage, &PASSAGE_FEATURE_NAMES, "passage")?,
            },
            show: array(&file.show, &SHOW_NAMES, "show")?,
        })
    }

    /// Writes the file, with the reason for each part.
    #[must_use]
    pub fn to_toml(&self, reasons: &BTreeMap<&str, String>) -> String {
        use std::fmt::Write as _;
        let mut text = String::from("# Written by `rapporteur calibrate` from the development questions; not edited by hand.\n");
        let Thresholds { fact, suggest, passages, passages_uncurated } = self.thresholds;
        let candidate = candidate_names();
        // Writing to a string never fails.
        let _ = writeln!(text, "\n[thresholds]");
        for (name, value) in [("fact", fact), ("suggest", suggest), ("passages", passages), ("passages_uncurated", passages_uncurated)] {
            let _ = writeln!(text, "# {}\n{name} = {value:.3}", reasons.get(name).map_or("", String::as_str));
        }
        let parts: [(&str, &[&str], &[f32]); 5] = [
            ("candidate", &candidate, &self.candidate),
            ("none", &NONE_NAMES, &self.none),
            ("sentence", &SENTENCE_FEATURE_NAMES, &self.ranking.sentence),
            ("passage", &PASSAGE_FEATURE_NAMES, &self.ranking.passage),
            ("show", &SHOW_NAMES, &self.show),
        ];
        for (name, names, values) in parts {
            let _ = writeln!(text, "\n# {}\n[{name}]", reasons.get(name).map_or("", String::as_str));
            for (name, value) in names.iter().zip(values) {
                let _ = writeln!(text, "{name} = {value:.4}");
            }
        }
        let Hidden { input, bias, output } = &self.hidden;
        let row = |values: &[f32]| values.iter().map(|value| format!("{value:.3}")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "\n# {}\n[hidden]\nbias = [{}]\noutput = [{}]\ninput = [",
            reasons.get("hidden").map_or("", String::as_str),
            row(bias),
            row(output)
        );
        for unit in input {
            let _ = writeln!(text, "  [{}],", row(unit));
        }
        text.push_str("]\n");
        text
    }

    /// The score of an alternative: its logit.
    #[must_use]
    pub fn score(&self, features: &[f32; ALTERNATIVE]) -> f32 {
        let linear: f32 = self.candidate.iter().chain(&self.none).zip(features).map(|(weight, feature)| weight * feature).sum();
        let units = self.hidden.input.iter().zip(&self.hidden.bias).zip(&self.hidden.output);
        linear
            + units
                .map(|((weights, bias), output)| {
                    let sum: f32 = weights.iter().zip(features).map(|(weight, feature)| weight * feature).sum();
                    output * (bias + sum).max(0.0)
                })
                .sum::<f32>()
    }
}

impl Hidden {
    fn checked(self) -> Result<Self, String> {
        let fits = self.input.iter().all(|unit| unit.len() == ALTERNATIVE)
            && self.bias.len() == self.input.len()
            && self.output.len() == self.input.len();
        if fits { Ok(self) } else { Err(format!("[hidden] needs {ALTERNATIVE} weights a unit, and one bias and output each")) }
    }
}

/// Names of all features of a candidate, in order.
#[must_use]
pub fn candidate_names() -> [&'static str; CANDIDATE_FEATURES] {
    std::array::from_fn(|at| if at < FEATURES { FEATURE_NAMES[at] } else { DERIVED_NAMES[at - FEATURES] })
}

fn array<const N: usize>(values_by_name: &Named, names: &[&str; N], part: &str) -> Result<[f32; N], String> {
    if let Some(unknown) = values_by_name.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("[{part}] has an unknown key {unknown:?}"));
    }
    let mut values = [0.0; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = *values_by_name.get(*name).ok_or_else(|| format!("[{part}] lacks {name:?}"))?;
    }
    Ok(values)
}
