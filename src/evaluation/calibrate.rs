//! Learns the figures of `calibration.toml` from the development questions. The test part is never looked at.
//!
//! Four steps, each from what the former gives: which sentence of a passage answers; which passage; which fact, or none;
//! and the thresholds. Aliases help to learn what a good match is: each is asked as a question with itself left out.

use std::collections::BTreeMap;

use crate::answer::{Answer, CANDIDATE_FEATURES, Calibration, Engine, Findings, Hidden, NONE, Outcome, SHOW, show_features};
use crate::evaluation::fit::{Choice, binary, multinomial, network};
use crate::evaluation::set::EvalQuestion;
use crate::knowledge::{Citation, Fact};
use crate::retrieval::{Entry, PASSAGE_FEATURES, SENTENCE_FEATURES, Without};
use crate::snapshot::Snapshot;

/// One alias in so many is asked as a question.
const ALIAS_STEP: usize = 3;
/// How much an alias counts beside a question: aliases are many and written by the curators themselves.
const ALIAS_WEIGHT: f32 = 0.15;

/// How much a gap counts that is asked with itself left out: the near misses that matter most.
const GAP_WEIGHT: f32 = 0.15;

/// Units of the layer beside the linear score, and the penalty on its weights.
const UNITS: usize = 12;
const PENALTY: f32 = 0.001;

/// Answers that may be wrong, and unanswerable questions that may be answered, on the development part: half of what
/// is tolerated in the end, since new questions fare worse than those learned from.
const TOLERATED_WRONG: f32 = 0.015;
const TOLERATED_FALSE: f32 = 0.02;
/// The same for a base nobody has curated, where passages are marked as not reviewed.
const TOLERATED_UNCURATED: f32 = 0.35;

/// A question set with the base it is asked of.
#[derive(Debug)]
pub struct Part<'a> {
    /// The base.
    pub snapshot: &'a Snapshot,
    /// Its questions.
    pub questions: &'a [EvalQuestion],
}

/// Learns all figures. `curated` is asked of a base with facts, `general` of one without.
#[must_use]
pub fn calibrate(curated: &Part<'_>, general: &[Part<'_>], start: &Calibration) -> (Calibration, BTreeMap<&'static str, String>) {
    let mut calibration = start.clone();
    let mut reasons = BTreeMap::new();
    let parts: Vec<&Part<'_>> = general.iter().collect();
    let choices = sentence_choices(&parts, &calibration);
    reasons.insert("sentence", format!("Which sentence of the right passage answers: {} questions on bases without facts.", choices.len()));
    calibration.ranking.sentence = fixed::<SENTENCE_FEATURES>(&multinomial(&choices, &[0.0; SENTENCE_FEATURES], 0.3));
    let choices = passage_choices(&parts, &calibration);
    reasons.insert("passage", format!("Which passage answers: {} questions on bases without facts.", choices.len()));
    calibration.ranking.passage = fixed::<PASSAGE_FEATURES>(&multinomial(&choices, &[0.0; PASSAGE_FEATURES], 0.3));

    let examples: Vec<(Vec<f32>, bool)> = parts.iter().flat_map(|part| show_examples(part, &calibration)).collect();
    reasons.insert("show", format!("Whether the best sentence answers: {} questions on bases without facts.", examples.len()));
    calibration.show = fixed::<SHOW>(&binary(&examples, SHOW, 0.3));

    let choices = fact_choices(curated, &calibration);
    reasons.insert("candidate", format!("Which fact a question means: {} development questions and left-out aliases.", choices.len()));
    reasons.insert("none", "That no fact answers: the same questions.".to_owned());
    let start: Vec<f32> = vec![0.0; CANDIDATE_FEATURES + NONE];
    let linear = multinomial(&choices, &start, 0.4);
    let network = network(
        &choices,
        &linear,
        std::env::var("X_UNITS").map_or(UNITS, |v| v.parse().unwrap()),
        std::env::var("X_PEN").map_or(PENALTY, |v| v.parse().unwrap()),
    );
    calibration.candidate = fixed::<CANDIDATE_FEATURES>(&network.linear[..CANDIDATE_FEATURES]);
    calibration.none = fixed::<NONE>(&network.linear[CANDIDATE_FEATURES..]);
    calibration.hidden = Hidden { input: network.input, bias: network.bias, output: network.output };
    reasons.insert("hidden", "What features mean together: the same questions.".to_owned());
    thresholds(curated, &parts, &mut calibration, &mut reasons);
    (calibration, reasons)
}

fn fixed<const N: usize>(values: &[f32]) -> [f32; N] {
    std::array::from_fn(|at| values[at])
}

fn sentence_choices(parts: &[&Part<'_>], calibration: &Calibration) -> Vec<Choice> {
    each(parts, calibration, |engine, question, findings| {
        let (ranked, right) = findings.ranked.iter().find_map(|ranked| {
            let right: Vec<bool> = (0..ranked.sentences.len())
                .map(|at| engine.sentence(ranked, at).is_some_and(|quote| question.is_held_by(&quote.source, &quote.range)))
                .collect();
            right.contains(&true).then_some((ranked, right))
        })?;
        Some(Choice { alternatives: ranked.sentences.iter().map(|features| features.to_vec()).collect(), right, weight: 1.0 })
    })
}

fn passage_choices(parts: &[&Part<'_>], calibration: &Calibration) -> Vec<Choice> {
    each(parts, calibration, |engine, question, findings| {
        let top = engine.top(findings, findings.ranked.len());
        let right: Vec<bool> = top.iter().map(|top| question.is_held_by(&top.passage.source, &top.passage.range)).collect();
        let alternatives = findings.ranked.iter().map(|ranked| ranked.features.to_vec()).collect();
        (right.contains(&true) && right.len() == findings.ranked.len()).then_some(Choice { alternatives, right, weight: 1.0 })
    })
}

fn each<T>(parts: &[&Part<'_>], calibration: &Calibration, make: impl Fn(&Engine<'_>, &EvalQuestion, &Findings) -> Option<T>) -> Vec<T> {
    parts
        .iter()
        .flat_map(|part| {
            let engine = Engine::new(part.snapshot, calibration);
            let make = &make;
            part.questions
                .iter()
                .filter(|question| question.is_answerable())
                .filter_map(move |question| make(&engine, question, &engine.find(&question.question, Some(question.language), None)))
        })
        .collect()
}

fn show_examples(part: &Part<'_>, calibration: &Calibration) -> Vec<(Vec<f32>, bool)> {
    let engine = Engine::new(part.snapshot, calibration);
    let example = |question: &EvalQuestion| {
        let findings = engine.find(&question.question, Some(question.language), None);
        let holds = engine.top(&findings, 1).first().is_some_and(|top| question.is_held_by(&top.sentence.source, &top.sentence.range));
        (!findings.ranked.is_empty()).then(|| (show_features(&findings.question, &findings.ranked).to_vec(), holds))
    };
    part.questions.iter().filter_map(example).collect()
}

/// Questions, and aliases asked with themselves left out, as choices between candidates and none.
fn fact_choices(part: &Part<'_>, calibration: &Calibration) -> Vec<Choice> {
    let engine = Engine::new(part.snapshot, calibration);
    let curated = &part.snapshot.knowledge.curated;
    let mut choices = Vec::new();
    for question in part.questions {
        let findings = engine.find(&question.question, Some(question.language), None);
        let is_right = |entry: Entry| match entry {
            Entry::Fact(index) => question.is_answerable() && holds(part.snapshot, &curated.facts[index], question),
            Entry::Gap(_) => !question.is_answerable(),
        };
        choices.extend(choice(&findings, is_right, !question.is_answerable(), 1.0));
    }
    for (entry, language, index) in part.snapshot.matcher.aliases().step_by(ALIAS_STEP) {
        let aliases = match entry {
            Entry::Fact(at) => &curated.facts[at].aliases,
            Entry::Gap(at) => &curated.gaps[at].aliases,
        };
        let Some(text) = aliases.get(&language).and_then(|texts| texts.get(index)) else { continue };
        let findings = engine.find(text, Some(language), Some(Without::Alias(entry, language, index)));
        let is_right = |other: Entry| match (entry, other) {
            (Entry::Fact(own), Entry::Fact(other)) => own == other || overlap(&curated.facts[own], &curated.facts[other]),
            (own, other) => own == other,
        };
        choices.extend(choice(
            &findings,
            is_right,
            matches!(entry, Entry::Gap(_)),
            std::env::var("X_AW").map_or(ALIAS_WEIGHT, |v| v.parse().unwrap()),
        ));
    }
    // A gap nobody has noted yet: asked with the whole entry left out, nothing else may answer.
    for (entry, language, index) in part.snapshot.matcher.aliases() {
        let Entry::Gap(at) = entry else { continue };
        let Some(text) = curated.gaps[at].aliases.get(&language).and_then(|texts| texts.get(index)) else { continue };
        let findings = engine.find(text, Some(language), Some(Without::Entry(entry)));
        choices.extend(choice(
            &findings,
            |other| matches!(other, Entry::Gap(_)),
            true,
            std::env::var("X_GW").map_or(GAP_WEIGHT, |v| v.parse().unwrap()),
        ));
    }
    choices
}

fn holds(snapshot: &Snapshot, fact: &Fact, question: &EvalQuestion) -> bool {
    fact.citations.iter().any(|citation| question.is_held_by(&snapshot.knowledge.sources[citation.source].metadata.id, &citation.range))
}

fn overlap(a: &Fact, b: &Fact) -> bool {
    let touch = |a: &Citation, b: &Citation| a.source == b.source && a.range.start < b.range.end && b.range.start < a.range.end;
    a.citations.first().is_some_and(|a| b.citations.first().is_some_and(|b| touch(a, b)))
}

/// The alternatives of a question side by side: the features of a candidate, then those of "none".
fn choice(findings: &Findings, is_right: impl Fn(Entry) -> bool, none_is_right: bool, weight: f32) -> Option<Choice> {
    let alternatives = &findings.alternatives;
    if alternatives.candidates.is_empty() {
        return None;
    }
    let mut right: Vec<bool> = alternatives.candidates.iter().map(|weighed| is_right(weighed.candidate.entry)).collect();
    // A question whose fact was not even found teaches to abstain.
    let none_is_right = none_is_right || !right.contains(&true);
    let mut rows: Vec<Vec<f32>> = alternatives.candidates.iter().map(|weighed| [&weighed.features[..], &[0.0; NONE]].concat()).collect();
    rows.push([&[0.0; CANDIDATE_FEATURES][..], &alternatives.none_features].concat());
    right.push(none_is_right);
    Some(Choice { alternatives: rows, right, weight })
}

/// The lowest thresholds that keep wrong and false answers within what is tolerated.
fn thresholds(curated: &Part<'_>, general: &[&Part<'_>], calibration: &mut Calibration, reasons: &mut BTreeMap<&'static str, String>) {
    let open = |calibration: &Calibration, fact: f32, passages: f32| {
        let mut opened = calibration.clone();
        (opened.thresholds.fact, opened.thresholds.passages, opened.thresholds.passages_uncurated) = (fact, passages, passages);
        opened
    };
    // Facts alone first: passages are kept silent by a threshold nothing reaches.
    let opened = open(calibration, 0.0, 2.0);
    let mut answers = judged(curated, &opened);
    let (fact, right) = lowest(&mut answers, TOLERATED_WRONG, TOLERATED_FALSE);
    calibration.thresholds.fact = fact;
    reasons.insert(
        "fact",
        format!(
            "Lowest at which at most {:.1}% of the answerable are answered wrongly and {:.1}% of the unanswerable answered: {right} right.",
            100.0 * TOLERATED_WRONG,
            100.0 * TOLERATED_FALSE
        ),
    );
    calibration.thresholds.suggest = (fact / 4.0).max(0.04);
    reasons.insert("suggest", "A quarter of the former: likely enough to be worth a tap, too unlikely to be said.".to_owned());
    let opened = open(calibration, 2.0, 0.0);
    let mut answers = judged(curated, &opened);
    let (passages, right) = lowest(&mut answers, TOLERATED_WRONG / 5.0, TOLERATED_FALSE / 4.0);
    calibration.thresholds.passages = passages;
    reasons.insert(
        "passages",
        format!("Beside facts, passages speak only where they alone would hardly ever be wrong: {right} right by themselves."),
    );
    let mut answers: Vec<Judged> = general.iter().flat_map(|part| judged(part, &open(calibration, 2.0, 0.0))).collect();
    let (uncurated, right) = lowest(&mut answers, TOLERATED_UNCURATED, TOLERATED_UNCURATED);
    calibration.thresholds.passages_uncurated = uncurated;
    reasons.insert(
        "passages_uncurated",
        format!(
            "Without facts, passages are all there is, marked as not reviewed: at most {:.0}% wrong, {right} right.",
            100.0 * TOLERATED_UNCURATED
        ),
    );
}

/// A question's score if everything were answered, and how that would go.
#[derive(Debug)]
struct Judged {
    score: f32,
    answerable: bool,
    right: bool,
    answered: bool,
}

fn judged(part: &Part<'_>, calibration: &Calibration) -> Vec<Judged> {
    let engine = Engine::new(part.snapshot, calibration);
    let judge = |question: &EvalQuestion| {
        let answer: Answer = engine.answer(&question.question, Some(question.language));
        Judged {
            score: answer.score,
            answerable: question.is_answerable(),
            right: answer.citations.iter().any(|quote| question.is_held_by(&quote.source, &quote.range)),
            answered: matches!(answer.outcome, Outcome::Fact | Outcome::Passages),
        }
    };
    part.questions.iter().map(judge).collect()
}

/// The lowest threshold within the tolerances, and how many right answers it lets through.
fn lowest(answers: &mut [Judged], wrong: f32, false_answers: f32) -> (f32, usize) {
    let answerable = answers.iter().filter(|one| one.answerable).count().max(1) as f32;
    let unanswerable = answers.iter().filter(|one| !one.answerable).count().max(1) as f32;
    answers.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut bad, mut invented, mut right) = (0.0, 0.0, 0);
    let mut found = (1.0, 0);
    for one in answers.iter().filter(|one| one.answered) {
        bad += f32::from(u8::from(one.answerable && !one.right));
        invented += f32::from(u8::from(!one.answerable));
        right += usize::from(one.right);
        if bad / answerable <= wrong && invented / unanswerable <= false_answers {
            found = (one.score - 1e-4, right);
        }
    }
    found
}
