//! How probable it is that each candidate answers the question, or that none does.
//!
//! A multinomial logit over the candidates and the alternative "none of them": one model ranks, abstains and knows its
//! margin, since a close competitor takes probability away. (`McFadden` 1974; as a ranking loss: Cao et al., `ListNet`, 2007.)

use crate::answer::calibration::{ALTERNATIVE, CANDIDATE_FEATURES, Calibration, DERIVED, NONE, SHOW};
use crate::knowledge::Fact;
use crate::retrieval::{Candidate, Entry, FEATURES, Kind, Question, QuestionUnit, RankedPassage, UnitKind};
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
pub(super) fn weigh(
    snapshot: &Snapshot,
    question: &Question,
    candidates: Vec<Candidate>,
    ranked: &[RankedPassage],
    calibration: &Calibration,
) -> Alternatives {
    let field = Field::of(&candidates);
    let none_features = none_features(question, ranked, &field);
    let weighed = candidates.into_iter().map(|candidate| {
        let mut features = [0.0; CANDIDATE_FEATURES];
        features[..FEATURES].copy_from_slice(&candidate.features);
        features[FEATURES..].copy_from_slice(&derived(snapshot, question, &candidate, ranked, &field));
        Weighed { candidate, features, probability: 0.0 }
    });
    let mut alternatives = Alternatives { candidates: weighed.collect(), none_features, none: 1.0 };
    alternatives.candidates.retain(|weighed| !is_barred(question, weighed));
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

/// Whether a fact is out of the question whatever else fits: it knows nothing of a year or a person the question names. What was
/// asked of one person is never answered by what another said, nor one year by what happened in another.
fn is_barred(question: &Question, weighed: &Weighed) -> bool {
    let Candidate { entry: Entry::Fact(_), uncovered, .. } = &weighed.candidate else { return false };
    question.units.iter().filter(|unit| uncovered.contains(&unit.surface)).any(|unit| is_year(unit) || unit.unit.kind == UnitKind::Person)
}

/// Whether a unit of a question is a year.
#[must_use]
pub(super) fn is_year(unit: &QuestionUnit) -> bool {
    unit.surface.len() == 4 && unit.surface.parse().is_ok_and(|year: u32| (1900..2100).contains(&year))
}

/// The features of an alternative in one row.
#[must_use]
pub(super) fn row(candidate: &[f32; CANDIDATE_FEATURES], none: &[f32; NONE]) -> [f32; ALTERNATIVE] {
    let mut row = [0.0; ALTERNATIVE];
    row[..CANDIDATE_FEATURES].copy_from_slice(candidate);
    row[CANDIDATE_FEATURES..].copy_from_slice(none);
    row
}

fn derived(snapshot: &Snapshot, question: &Question, candidate: &Candidate, ranked: &[RankedPassage], field: &Field) -> [f32; DERIVED] {
    let features = &candidate.features;
    let (mut passage_agrees, mut sentence_agrees) = (0.0_f32, 0.0_f32);
    let (mut cited_coverage, mut cited_behind) = (0.0_f32, -5.0_f32);
    if let Entry::Fact(index) = candidate.entry {
        let fact = &snapshot.knowledge.curated.facts[index];
        for (rank, passage) in ranked.iter().take(5).enumerate() {
            let (cited, sentence) = agreement(snapshot, fact, passage);
            if cited > 0.0 && cited_coverage <= 0.0 {
                cited_coverage = passage.features[11];
                cited_behind = passage.score - ranked[0].score;
            }
            passage_agrees = passage_agrees.max(cited / (1.0 + rank as f32));
            sentence_agrees = sentence_agrees.max(sentence / (1.0 + rank as f32));
        }
    }
    let truth = |value: bool| f32::from(u8::from(value));
    let gap = features[18];
    let [who, when, place, number, why, how, yes_no, key_words] = kinds(question.kind);
    let lead = |at: usize, nth: usize| features[at] - field.best_but(nth, features[at]);
    [
        passage_agrees,
        sentence_agrees,
        features[0] * features[0],
        features[3].min(features[5]),
        features[8] * features[0],
        gap * features[0],
        truth(features[10] + features[11] + features[12] > 0.0),
        truth(features[13] > 0.0),
        truth(features[F1] >= field.best[0][0]),
        features[F1] - field.best[0][0],
        lead(SAME_KIND, 1),
        lead(OWN_LANGUAGE, 2),
        lead(EVIDENCE, 3),
        who,
        when,
        place,
        number,
        why,
        how,
        yes_no,
        key_words,
        cited_coverage,
        cited_behind.max(-5.0) / 5.0,
    ]
}

/// Positions of the features that are compared between candidates.
const F1: usize = 0;
const OWN_LANGUAGE: usize = 1;
const EVIDENCE: usize = 5;
const HEAVIEST: usize = 14;
const GAP: usize = 18;
const SAME_KIND: usize = 24;

/// What the candidates reach together.
#[derive(Debug, Default)]
struct Field {
    /// The best and second best of four features: match, match by question kind, in the question's language, evidence.
    best: [[f32; 2]; 4],
    fact_f1: f32,
    gap_f1: f32,
    fact_evidence: f32,
    fact_same_kind: f32,
    least_missing: f32,
}

impl Field {
    fn of(candidates: &[Candidate]) -> Self {
        let mut field = Self { least_missing: if candidates.is_empty() { 1.0 } else { f32::INFINITY }, ..Self::default() };
        for Candidate { features, .. } in candidates {
            for (best, at) in field.best.iter_mut().zip([F1, SAME_KIND, OWN_LANGUAGE, EVIDENCE]) {
                if features[at] > best[0] {
                    *best = [features[at], best[0]];
                } else if features[at] > best[1] {
                    best[1] = features[at];
                }
            }
            field.least_missing = field.least_missing.min(features[HEAVIEST]);
            if features[GAP] > 0.0 {
                field.gap_f1 = field.gap_f1.max(features[F1]);
            } else {
                field.fact_f1 = field.fact_f1.max(features[F1]);
                field.fact_evidence = field.fact_evidence.max(features[EVIDENCE]);
                field.fact_same_kind = field.fact_same_kind.max(features[SAME_KIND]);
            }
        }
        field
    }

    /// The best of the others.
    fn best_but(&self, nth: usize, own: f32) -> f32 {
        let [best, second] = self.best[nth];
        if own >= best { second } else { best }
    }
}

/// What a kind asks for, one figure each.
fn kinds(kind: Kind) -> [f32; 8] {
    let is = |of: Kind| f32::from(u8::from(kind.group() == of));
    let exactly = |of: Kind| f32::from(u8::from(kind == of));
    [
        is(Kind::Who),
        is(Kind::When),
        is(Kind::Where),
        is(Kind::HowMany),
        is(Kind::Why),
        exactly(Kind::How),
        is(Kind::YesNo),
        exactly(Kind::Keyword),
    ]
}

/// Whether a fact cites a ranked passage, and its best sentence.
fn agreement(snapshot: &Snapshot, fact: &Fact, ranked: &RankedPassage) -> (f32, f32) {
    let Some(record) = snapshot.passages.record(ranked.passage) else { return (0.0, 0.0) };
    let (article, start) = (record.article(), record.start());
    let passage = start..start + record.text().map_or(0, str::len);
    let sentence = record.sentences().nth(ranked.sentence).map(|sentence| start + sentence.bytes.start..start + sentence.bytes.end);
    let cites = |range: &std::ops::Range<usize>| {
        fact.citations
            .iter()
            .any(|citation| citation.source == article && citation.range.start < range.end && range.start < citation.range.end)
    };
    let number = |value: bool| f32::from(u8::from(value));
    (number(cites(&passage)), number(sentence.is_some_and(|sentence| cites(&sentence))))
}

fn none_features(question: &Question, ranked: &[RankedPassage], field: &Field) -> [f32; NONE] {
    let informative: Vec<_> = question.units.iter().filter(|unit| unit.is_informative()).collect();
    let unknown = informative.iter().filter(|unit| !unit.known).count() as f32;
    let [who, when, place, number, why, how, yes_no, key_words] = kinds(question.kind);
    let names = informative.iter().filter(|unit| matches!(unit.unit.kind, UnitKind::Person | UnitKind::Name)).count() as f32;
    [
        1.0,
        unknown.min(3.0),
        unknown / informative.len().max(1) as f32,
        (informative.len() as f32 / 8.0).min(1.5),
        f32::from(u8::from(informative.len() <= 1)),
        ranked.first().map_or(0.0, |passage| passage.features[11]),
        names.min(4.0),
        field.least_missing,
        field.fact_f1,
        field.gap_f1,
        field.fact_evidence,
        field.fact_same_kind,
        who,
        when,
        place,
        number,
        why,
        how,
        yes_no,
        key_words,
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
pub(super) fn show_probability(question: &Question, ranked: &[RankedPassage], calibration: &Calibration) -> f32 {
    if ranked.is_empty() { 0.0 } else { sigmoid(dot(&show_features(question, ranked), &calibration.show)) }
}

fn dot<const N: usize>(features: &[f32; N], weights: &[f32; N]) -> f32 {
    features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum()
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
