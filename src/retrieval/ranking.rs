//! Re-ranks the passages a search found, and picks the sentence that answers.
//!
//! BM25 counts words; what tells the right paragraph from its neighbours is how the words stand: close together, in the
//! question's order, in one sentence, with something of the asked kind beside them. Those are the features here; their
//! weights are learned ([`crate::answer`]).

use crate::retrieval::analysis::{UnitKind, UnitTerms};
use crate::retrieval::passages::{IndexError, Passages};
use crate::retrieval::question::Question;
use crate::retrieval::record::{EMPTY, NAME, NUMBER, REASON, Record, RecordToken, TIME, head};
use crate::retrieval::words::Kind;

/// How many passages are re-ranked.
pub const RERANKED: usize = 24;
/// Most units of a question that take part: the rarest ones.
const MOST_UNITS: usize = 16;
/// How many passages a term may stand in before it is left out of the search when rarer ones exist: it would cost the
/// most and tell the least.
const COMMON_SHARE: f64 = 0.35;

/// Number of features of a sentence.
pub const SENTENCE_FEATURES: usize = 12;
/// Number of features of a passage.
pub const PASSAGE_FEATURES: usize = 14;

/// Names of the sentence features, in order.
pub const SENTENCE_FEATURE_NAMES: [&str; SENTENCE_FEATURES] = [
    "coverage",
    "soft_coverage",
    "neighbour_coverage",
    "ordered_pairs",
    "near_pairs",
    "kind_held",
    "kind_missing",
    "heaviest_covered",
    "length",
    "first",
    "density",
    "kind_near",
];

/// Names of the passage features, in order.
pub const PASSAGE_FEATURE_NAMES: [&str; PASSAGE_FEATURES] = [
    "bm25",
    "coverage",
    "title_coverage",
    "soft_coverage",
    "best_sentence",
    "second_sentence",
    "ordered_pairs",
    "near_pairs",
    "kind_held",
    "heaviest_covered",
    "uncovered_names",
    "best_sentence_coverage",
    "length",
    "bm25_relative",
];

/// The learned weights of both steps.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingWeights {
    /// Of the sentence features.
    pub sentence: [f32; SENTENCE_FEATURES],
    /// Of the passage features.
    pub passage: [f32; PASSAGE_FEATURES],
}

/// A passage, ranked.
#[derive(Debug, Clone)]
pub struct RankedPassage {
    /// Number of the passage.
    pub passage: usize,
    /// Learned score; the higher, the better.
    pub score: f32,
    /// The passage's features.
    pub features: [f32; PASSAGE_FEATURES],
    /// Its best sentence.
    pub sentence: usize,
    /// Features of each of its sentences.
    pub sentences: Vec<[f32; SENTENCE_FEATURES]>,
    /// Scores of each of its sentences.
    pub sentence_scores: Vec<f32>,
}

/// A question unit as the re-ranker sees it.
#[derive(Debug)]
struct Probe {
    terms: UnitTerms,
    head: u16,
    weight: f32,
    is_name: bool,
}

/// Finds and ranks passages for a question.
///
/// # Errors
/// When the index cannot be read.
pub fn rank(passages: &Passages, question: &Question, weights: &RankingWeights) -> Result<Vec<RankedPassage>, IndexError> {
    let probes = probes(passages, question);
    let terms = search_terms(passages, &probes);
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let hits = passages.search(&terms, RERANKED)?;
    let best = hits.first().map_or(1.0, |hit| hit.score).max(f32::EPSILON);
    let total: f32 = probes.iter().map(|probe| probe.weight).sum::<f32>().max(f32::EPSILON);
    let mut ranked: Vec<RankedPassage> = hits
        .iter()
        .filter_map(|hit| {
            let record = passages.record(hit.passage)?;
            Some(measure(hit.passage, hit.score, best, &record, &probes, total, question.kind, weights))
        })
        .collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
    Ok(ranked)
}

fn probes(passages: &Passages, question: &Question) -> Vec<Probe> {
    let count = passages.len() as f32;
    let mut probes: Vec<Probe> = question
        .units
        .iter()
        .filter(|unit| unit.unit.kind != UnitKind::Filler)
        .map(|unit| {
            // A unit is as rare as its commonest term: the concept of a rare word is what the base calls it.
            let frequency = unit.unit.terms.iter().map(|&term| passages.frequency(term)).max().unwrap_or(0) as f32;
            let weight = ((count - frequency + 0.5).max(0.5) / (frequency + 0.5)).ln_1p();
            Probe {
                head: head(&unit.surface),
                terms: unit.unit.terms,
                weight,
                is_name: matches!(unit.unit.kind, UnitKind::Person | UnitKind::Name | UnitKind::Number),
            }
        })
        .collect();
    if probes.len() > MOST_UNITS {
        let mut weights: Vec<f32> = probes.iter().map(|probe| probe.weight).collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        let least = weights[MOST_UNITS - 1];
        probes.retain(|probe| probe.weight >= least);
        probes.truncate(MOST_UNITS);
    }
    probes
}

/// The terms searched for: of each unit those the index holds; very common ones only where nothing rarer is left.
fn search_terms(passages: &Passages, probes: &[Probe]) -> Vec<(u32, f32)> {
    let ceiling = (passages.len() as f64 * COMMON_SHARE) as u64;
    let mut found: Vec<(u32, u64)> = Vec::new();
    for probe in probes {
        // Where a concept stands for the word, its term holds every passage the stem would find.
        let terms = if probe.terms.len() > 1 { &probe.terms[..1] } else { &probe.terms[..] };
        found.extend(terms.iter().map(|&term| (term, passages.frequency(term))).filter(|(_, frequency)| *frequency > 0));
    }
    let rare = found.iter().filter(|(_, frequency)| *frequency <= ceiling).count();
    if rare >= 2 && passages.len() > 1000 {
        found.retain(|(_, frequency)| *frequency <= ceiling);
    }
    found.into_iter().map(|(term, _)| (term, 1.0)).collect()
}

/// What a token has to do with the question.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The probe it matches.
    probe: Option<u8>,
    /// The probe it shares its first letters with.
    soft: Option<u8>,
    flags: u8,
}

fn see(token: RecordToken, probes: &[Probe]) -> Seen {
    let mut seen = Seen { probe: None, soft: None, flags: token.flags };
    if token.stem == 0 {
        return seen;
    }
    for (at, probe) in probes.iter().enumerate() {
        if probe.terms.iter().any(|&term| term == token.stem || (token.concept != 0 && term == token.concept)) {
            seen.probe = Some(at as u8);
            break;
        }
        if seen.soft.is_none() && token.head != 0 && token.head == probe.head {
            seen.soft = Some(at as u8);
        }
    }
    seen
}

#[expect(clippy::too_many_arguments, reason = "one pass over a record; a struct for one caller would only rename them")]
fn measure(
    passage: usize,
    score: f32,
    best: f32,
    record: &Record<'_>,
    probes: &[Probe],
    total: f32,
    kind: Kind,
    weights: &RankingWeights,
) -> RankedPassage {
    let seen: Vec<Seen> = record.tokens().map(|token| see(token, probes)).collect();
    let mut in_title = 0_u32;
    for title in record.titles() {
        for (at, probe) in probes.iter().enumerate() {
            if probe.terms.contains(&title) {
                in_title |= 1 << at;
            }
        }
    }
    let share =
        |mask: u32| probes.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0).map(|(_, probe)| probe.weight).sum::<f32>() / total;
    let spans: Vec<std::ops::Range<usize>> =
        record.sentences().map(|sentence| sentence.tokens.start.min(seen.len())..sentence.tokens.end.min(seen.len())).collect();
    let masks: Vec<(u32, u32)> = spans.iter().map(|span| masks(&seen[span.clone()])).collect();
    let heaviest = probes.iter().enumerate().max_by(|a, b| a.1.weight.total_cmp(&b.1.weight)).map_or(0, |(at, _)| 1_u32 << at);
    let mut sentences = Vec::with_capacity(spans.len());
    let mut pairs_best = (0.0_f32, 0.0_f32);
    for (at, span) in spans.iter().enumerate() {
        let tokens = &seen[span.clone()];
        let (exact, soft) = masks[at];
        let around = (if at > 0 { masks[at - 1].0 } else { 0 }) | masks.get(at + 1).map_or(0, |mask| mask.0) | in_title;
        let (ordered, near) = pairs(tokens, probes, total);
        pairs_best = (pairs_best.0.max(ordered), pairs_best.1.max(near));
        let (held, close) = holds(kind, tokens);
        let content = tokens.iter().filter(|token| token.flags & EMPTY == 0).count() as f32;
        let asks = asks(kind);
        sentences.push([
            share(exact),
            share(exact | soft) - share(exact),
            share(exact | around) - share(exact),
            ordered,
            near,
            f32::from(u8::from(asks && held)),
            f32::from(u8::from(asks && !held)),
            f32::from(u8::from(exact & heaviest != 0)),
            (content / 20.0).min(2.0),
            f32::from(u8::from(at == 0)),
            exact.count_ones() as f32 / content.max(4.0),
            f32::from(u8::from(asks && close)),
        ]);
    }
    let sentence_scores: Vec<f32> = sentences.iter().map(|features| dot(features, &weights.sentence)).collect();
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    order.sort_by(|&a, &b| sentence_scores[b].total_cmp(&sentence_scores[a]).then(a.cmp(&b)));
    let sentence = order.first().copied().unwrap_or(0);
    let at = |nth: usize| order.get(nth).map_or(0.0, |&at| sentence_scores[at]);
    let (exact, soft) = masks.iter().fold((0, 0), |all, mask| (all.0 | mask.0, all.1 | mask.1));
    let uncovered_names = probes
        .iter()
        .enumerate()
        .filter(|(at, probe)| probe.is_name && (exact | in_title) & (1 << at) == 0)
        .map(|(_, probe)| probe.weight)
        .sum::<f32>();
    let features = [
        score / (2.2 * total),
        share(exact | in_title),
        share(in_title),
        share(exact | soft | in_title) - share(exact | in_title),
        at(0),
        at(1) - at(0),
        pairs_best.0,
        pairs_best.1,
        sentences.get(sentence).map_or(0.0, |features| features[5] - features[6]),
        f32::from(u8::from((exact | in_title) & heaviest != 0)),
        uncovered_names / total,
        sentences.iter().map(|features| features[0]).fold(0.0, f32::max),
        (seen.len() as f32 / 100.0).min(3.0),
        score / best,
    ];
    RankedPassage { passage, score: dot(&features, &weights.passage), features, sentence, sentences, sentence_scores }
}

fn dot<const N: usize>(features: &[f32; N], weights: &[f32; N]) -> f32 {
    features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum()
}

/// Which probes the tokens match exactly, and which by their first letters.
fn masks(tokens: &[Seen]) -> (u32, u32) {
    tokens
        .iter()
        .fold((0, 0), |(exact, soft), token| (exact | token.probe.map_or(0, |at| 1 << at), soft | token.soft.map_or(0, |at| 1 << at)))
}

/// The weight of neighbouring question units that stand near each other in the sentence: in order, and in any order.
fn pairs(tokens: &[Seen], probes: &[Probe], total: f32) -> (f32, f32) {
    let places: Vec<(usize, usize)> =
        tokens.iter().enumerate().filter_map(|(at, token)| token.probe.map(|probe| (at, usize::from(probe)))).collect();
    let (mut ordered, mut near) = (0_u32, 0_u32);
    for (nth, &(at, first)) in places.iter().enumerate() {
        for &(other_at, second) in &places[nth + 1..] {
            if other_at - at > 8 {
                break;
            }
            if second == first + 1 && other_at - at <= 5 {
                ordered |= 1 << first;
            }
            if second.abs_diff(first) == 1 {
                near |= 1 << first.min(second);
            }
        }
    }
    let weight = |mask: u32| {
        (0..probes.len().saturating_sub(1))
            .filter(|at| mask & (1 << at) != 0)
            .map(|at| probes[at].weight.min(probes[at + 1].weight))
            .sum::<f32>()
            / total
    };
    (weight(ordered), weight(near))
}

/// Whether a kind of question asks for something a sentence visibly holds or lacks.
fn asks(kind: Kind) -> bool {
    matches!(kind, Kind::Who | Kind::When | Kind::Where | Kind::HowMany | Kind::HowMuch | Kind::HowLong | Kind::Why)
}

/// Whether a sentence holds something of the asked kind that the question did not name itself, and near what it named.
fn holds(kind: Kind, tokens: &[Seen]) -> (bool, bool) {
    let wanted = match kind {
        Kind::Who | Kind::Where => NAME,
        Kind::When => TIME,
        Kind::HowMany | Kind::HowMuch | Kind::HowLong => NUMBER,
        Kind::Why => REASON,
        _ => return (false, false),
    };
    let mut held = false;
    for (at, token) in tokens.iter().enumerate() {
        let fits = token.flags & wanted != 0 || (kind == Kind::When && token.flags & NUMBER != 0);
        if fits && token.probe.is_none() {
            held = true;
            let from = at.saturating_sub(4);
            if tokens[from..(at + 5).min(tokens.len())].iter().any(|near| near.probe.is_some()) {
                return (true, true);
            }
        }
    }
    (held, false)
}
