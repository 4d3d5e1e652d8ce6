//! How probable it is that each candidate answers the question, or that none does.
//!
//! A multinomial logit over the candidates and the alternative "none of them": one model ranks, abstains and knows its
//! margin, since a close competitor takes probability away. (McFadden 1974; as a ranking loss: Cao et al., `ListNet`, 2007.)

use crate::answer::calibration::{ALTERNATIVE, CANDIDATE_FEATURES, Calibration, DERIVED, NONE, SHOW};
use crate::knowledge::Fact;
use crate::retrieval::{Candidate, Entry, FEATURES, Question, RankedPassage, UnitKind};
use crate::snapshot::Snapshot;

/// A candidate with its features and its probability.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// The candidate.
    pub candidate: Candidate,
    /// All its features.
    pub features: [f32; CANDIDATE_FEATURES],
    /// Probability that this entry is what the question means.
    pub probability: f32,
}

/// All alternatives of a question.
#[derive(Debug, Clone)]
pub struct Alternatives {
    /// Candidates, the most probable first.
    pub candidates: Vec<Weighed>,
    /// Features of "none of them".
    pub none_features: [f32; NONE],
    /// Probability of "none of them".
    pub none: f32,
}

/// Computes the features and probabilities of all alternatives.
#[must_use]
pub fn weigh(snapshot: &Snapshot, question: &Question, candidates: Vec<Candidate>, ranked: &[RankedPassage], calibration: &Calibration) -> Alternatives {
    let best = candidates.iter().map(|candidate| candidate.features[0]).fold(0.0, f32::max);
    let least_missing = candidates.iter().map(|candidate| candidate.features[14]).fold(f32::INFINITY, f32::min);
    let none_features = none_features(question, ranked, least_missing);
    let weighed = candidates.into_iter().map(|candidate| {
        let mut features = [0.0; CANDIDATE_FEATURES];
        features[..FEATURES].copy_from_slice(&candidate.features);
        features[FEATURES..].copy_from_slice(&derived(snapshot, &candidate, ranked, best));
        Weighed { candidate, features, probability: 0.0 }
    });
    let mut alternatives = Alternatives { candidates: weighed.collect(), none_features, none: 1.0 };
    let scores: Vec<f32> = alternatives.candidates.iter().map(|weighed| calibration.score(&row(&weighed.features, &[0.0; NONE]))).collect();
    let none = calibration.score(&row(&[0.0; CANDIDATE_FEATURES], &none_features));
    let highest = scores.iter().copied().fold(none, f32::max);
    let total: f32 = scores.iter().map(|score| (score - highest).exp()).sum::<f32>() + (none - highest).exp();
    for (weighed, score) in alternatives.candidates.iter_mut().zip(scores) {
        weighed.probability = (score - highest).exp() / total;
    }
    alternatives.none = (none - highest).exp() / total;
    alternatives.candidates.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    alternatives
}

/// The features of an alternative in one row.
#[must_use]
pub fn row(candidate: &[f32; CANDIDATE_FEATURES], none: &[f32; NONE]) -> [f32; ALTERNATIVE] {
    let mut row = [0.0; ALTERNATIVE];
    row[..CANDIDATE_FEATURES].copy_from_slice(candidate);
    row[CANDIDATE_FEATURES..].copy_from_slice(none);
    row
}

fn derived(snapshot: &Snapshot, candidate: &Candidate, ranked: &[RankedPassage], best: f32) -> [f32; DERIVED] {
    let features = &candidate.features;
    let (mut passage_agrees, mut sentence_agrees) = (0.0_f32, 0.0_f32);
    if let Entry::Fact(index) = candidate.entry {
        let fact = &snapshot.knowledge.curated.facts[index];
        for (rank, passage) in ranked.iter().take(5).enumerate() {
            let (cited, sentence) = agreement(snapshot, fact, passage);
            passage_agrees = passage_agrees.max(cited / (1.0 + rank as f32));
            sentence_agrees = sentence_agrees.max(sentence / (1.0 + rank as f32));
        }
    }
    let truth = |value: bool| f32::from(u8::from(value));
    let gap = features[18];
    [
        passage_agrees,
        sentence_agrees,
        features[0] * features[0],
        features[3].min(features[5]),
        features[8] * features[0],
        gap * features[0],
        truth(features[10] + features[11] + features[12] > 0.0),
        truth(features[13] > 0.0),
        truth(features[0] >= best),
        features[0] - best,
    ]
}

/// Whether a fact cites a ranked passage, and its best sentence.
fn agreement(snapshot: &Snapshot, fact: &Fact, ranked: &RankedPassage) -> (f32, f32) {
    let Some(record) = snapshot.passages.record(ranked.passage) else { return (0.0, 0.0) };
    let (article, start) = (record.article(), record.start());
    let passage = start..start + record.text().map_or(0, str::len);
    let sentence = record.sentences().nth(ranked.sentence).map(|sentence| start + sentence.bytes.start..start + sentence.bytes.end);
    let cites = |range: &std::ops::Range<usize>| {
        fact.citations.iter().any(|citation| citation.source == article && citation.range.start < range.end && range.start < citation.range.end)
    };
    let number = |value: bool| f32::from(u8::from(value));
    (number(cites(&passage)), number(sentence.is_some_and(|sentence| cites(&sentence))))
}

fn none_features(question: &Question, ranked: &[RankedPassage], least_missing: f32) -> [f32; NONE] {
    let informative: Vec<_> = question.units.iter().filter(|unit| unit.is_informative()).collect();
    let unknown = informative.iter().filter(|unit| !unit.known).count() as f32;
    let names = informative.iter().filter(|unit| matches!(unit.unit.kind, UnitKind::Person | UnitKind::Name)).count() as f32;
    [
        1.0,
        unknown.min(3.0),
        unknown / informative.len().max(1) as f32,
        (informative.len() as f32 / 8.0).min(1.5),
        f32::from(u8::from(informative.len() <= 1)),
        ranked.first().map_or(0.0, |passage| passage.features[11]),
        names.min(4.0),
        if least_missing.is_finite() { least_missing } else { 1.0 },
    ]
}

/// Features of the decision to show the best passages.
#[must_use]
pub fn show_features(question: &Question, ranked: &[RankedPassage]) -> [f32; SHOW] {
    let Some(best) = ranked.first() else { return [0.0; SHOW] };
    let unknown = question.units.iter().filter(|unit| unit.is_informative() && !unit.known).count() as f32;
    [
        1.0,
        best.score,
        best.score - ranked.get(1).map_or(0.0, |next| next.score),
        best.features[1],
        best.features[11],
        best.features[9],
        best.features[10],
        unknown.min(3.0),
        best.features[8],
    ]
}

/// The probability that the best passages answer.
#[must_use]
pub fn show_probability(question: &Question, ranked: &[RankedPassage], calibration: &Calibration) -> f32 {
    if ranked.is_empty() { 0.0 } else { sigmoid(dot(&show_features(question, ranked), &calibration.show)) }
}

fn dot<const N: usize>(features: &[f32; N], weights: &[f32; N]) -> f32 {
    features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum()
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
