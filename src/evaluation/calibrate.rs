//! Learns the figures of `calibration.toml` from the development questions. The test part is never looked at.
//!
//! Four steps, each from what the former gives: which sentence of a passage answers; which passage; which fact, or none;
//! and the thresholds. The development questions come in turns, each with a base that has not seen them
//! ([`crate::evaluation::unseen`]).

use std::collections::BTreeMap;

use crate::answer::{Answer, CANDIDATE_FEATURES, Calibration, Engine, Findings, Hidden, NONE, Outcome, SHOW, show_features};
use crate::evaluation::fit::{Choice, binary, multinomial, network};
use crate::evaluation::set::EvalQuestion;
use crate::knowledge::Fact;
use crate::retrieval::{Entry, PASSAGE_FEATURES, SENTENCE_FEATURES};
use crate::snapshot::Snapshot;

/// Units of the layer beside the linear score, and the penalty on its weights.
const UNITS: usize = 64;
const PENALTY: f32 = 0.0005;
/// Parts the development questions are split into to judge each by figures learned without it.
const FOLDS: usize = 8;

/// Wrong answers to the answerable, and answers to the unanswerable, that are tolerated: what the scorecard aims at.
const TOLERATED_WRONG: f32 = 0.02;
const TOLERATED_FALSE: f32 = 0.03;
/// Probability above which passages speak beside facts.
const PASSAGES_BESIDE_FACTS: f32 = 0.97;
/// Probability above which passages speak where nobody has curated facts.
const PASSAGES_UNCURATED: f32 = 0.3;

/// A question set with the base it is asked of.
#[derive(Debug)]
pub struct Part<'a> {
    /// The base.
    pub snapshot: &'a Snapshot,
    /// Its questions.
    pub questions: &'a [EvalQuestion],
}

/// Learns all figures. `curated` are the turns asked of a base with facts, `general` those of one without.
#[must_use]
pub fn calibrate(curated: &[Part<'_>], general: &[Part<'_>], start: &Calibration) -> (Calibration, BTreeMap<&'static str, String>) {
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

    let asked: Vec<Vec<Choice>> = curated.iter().map(|part| question_choices(part, &calibration)).collect();
    let whole: Vec<Choice> = asked.iter().flatten().cloned().collect();
    reasons.insert("candidate", format!("Which fact a question means: {} development questions.", whole.len()));
    reasons.insert("none", "That no fact answers: the same questions.".to_owned());
    reasons.insert("hidden", "What features mean together: the same questions.".to_owned());
    let judged = held_out(curated, &calibration, &asked);
    fit_facts(&mut calibration, &whole);
    thresholds(judged, &mut calibration, &mut reasons);
    (calibration, reasons)
}

/// Learns the choice between facts and none.
fn fit_facts(calibration: &mut Calibration, choices: &[Choice]) {
    let linear = multinomial(choices, &[0.0; CANDIDATE_FEATURES + NONE], 0.4);
    let network = network(choices, &linear, UNITS, PENALTY);
    calibration.candidate = fixed::<CANDIDATE_FEATURES>(&network.linear[..CANDIDATE_FEATURES]);
    calibration.none = fixed::<NONE>(&network.linear[CANDIDATE_FEATURES..]);
    calibration.hidden = Hidden { input: network.input, bias: network.bias, output: network.output };
}

/// How each development question would go if the figures had been learned without it: thresholds taken from questions
/// that were learned from would promise too much.
fn held_out(curated: &[Part<'_>], calibration: &Calibration, asked: &[Vec<Choice>]) -> Vec<Judged> {
    let fold = |fold: usize| {
        let seen = asked.iter().enumerate().filter(|(turn, _)| turn % FOLDS != fold).flat_map(|(_, choices)| choices.iter().cloned());
        let mut fitted = calibration.clone();
        fit_facts(&mut fitted, &seen.collect::<Vec<_>>());
        // Facts alone: passages are kept silent by a threshold nothing reaches.
        let opened = open(&fitted, 0.0, 2.0);
        let turns = curated.iter().enumerate().filter(|(turn, _)| turn % FOLDS == fold);
        turns.flat_map(|(_, part)| judged(part, &opened)).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let fold = &fold;
        let running: Vec<_> = (0..FOLDS).map(|number| scope.spawn(move || fold(number))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// The calibration with other thresholds.
fn open(calibration: &Calibration, fact: f32, passages: f32) -> Calibration {
    let mut opened = calibration.clone();
    (opened.thresholds.fact, opened.thresholds.passages, opened.thresholds.passages_uncurated) = (fact, passages, passages);
    opened
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
        Some(Choice { alternatives: ranked.sentences.iter().map(|features| features.to_vec()).collect(), right })
    })
}

fn passage_choices(parts: &[&Part<'_>], calibration: &Calibration) -> Vec<Choice> {
    each(parts, calibration, |engine, question, findings| {
        let top = engine.top(findings, findings.ranked.len());
        let right: Vec<bool> = top.iter().map(|top| question.is_held_by(&top.passage.source, &top.passage.range)).collect();
        let alternatives = findings.ranked.iter().map(|ranked| ranked.features.to_vec()).collect();
        (right.contains(&true) && right.len() == findings.ranked.len()).then_some(Choice { alternatives, right })
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
                .filter_map(move |question| make(&engine, question, &engine.find(&question.question, Some(question.language))))
        })
        .collect()
}

fn show_examples(part: &Part<'_>, calibration: &Calibration) -> Vec<(Vec<f32>, bool)> {
    let engine = Engine::new(part.snapshot, calibration);
    let example = |question: &EvalQuestion| {
        let findings = engine.find(&question.question, Some(question.language));
        let holds = engine.top(&findings, 1).first().is_some_and(|top| question.is_held_by(&top.sentence.source, &top.sentence.range));
        (!findings.ranked.is_empty()).then(|| (show_features(&findings.question, &findings.ranked).to_vec(), holds))
    };
    part.questions.iter().filter_map(example).collect()
}

/// Development questions as choices between candidates and none.
fn question_choices(part: &Part<'_>, calibration: &Calibration) -> Vec<Choice> {
    let engine = Engine::new(part.snapshot, calibration);
    let curated = &part.snapshot.knowledge.curated;
    let choice_of = |question: &EvalQuestion| {
        let findings = engine.find(&question.question, Some(question.language));
        let is_right = |entry: Entry| match entry {
            Entry::Fact(index) => question.is_answerable() && holds(part.snapshot, &curated.facts[index], question),
            Entry::Gap(_) => !question.is_answerable(),
        };
        choice(&findings, is_right, !question.is_answerable())
    };
    part.questions.iter().filter_map(choice_of).collect()
}

fn holds(snapshot: &Snapshot, fact: &Fact, question: &EvalQuestion) -> bool {
    fact.citations.iter().any(|citation| question.is_held_by(&snapshot.knowledge.sources[citation.source].metadata.id, &citation.range))
}

/// The alternatives of a question side by side: the features of a candidate, then those of "none".
fn choice(findings: &Findings, is_right: impl Fn(Entry) -> bool, none_is_right: bool) -> Option<Choice> {
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
    Some(Choice { alternatives: rows, right })
}

/// The lowest thresholds that keep wrong and false answers within what is tolerated. `answers` are those of facts, each
/// judged by figures learned without its question.
fn thresholds(mut answers: Vec<Judged>, calibration: &mut Calibration, reasons: &mut BTreeMap<&'static str, String>) {
    let (fact, right) = lowest(&mut answers, TOLERATED_WRONG, TOLERATED_FALSE);
    calibration.thresholds.fact = fact;
    reasons.insert(
        "fact",
        format!(
            "Lowest at which at most {:.1}% of the answerable are answered wrongly and {:.1}% of the unanswerable answered, by figures learned without the question: {right} right of {}.",
            100.0 * TOLERATED_WRONG,
            100.0 * TOLERATED_FALSE,
            answers.iter().filter(|one| one.answerable).count()
        ),
    );
    calibration.thresholds.suggest = (fact / 4.0).max(0.04);
    reasons.insert("suggest", "A quarter of the former: likely enough to be worth a tap, too unlikely to be said.".to_owned());
    calibration.thresholds.passages = PASSAGES_BESIDE_FACTS;
    reasons.insert(
        "passages",
        "Where facts are curated, what they do not answer is rarely in the sources: passages speak only when nearly sure.".to_owned(),
    );
    calibration.thresholds.passages_uncurated = PASSAGES_UNCURATED;
    let reason = "Without facts, passages are all there is, and they are marked as not reviewed: shown unless they probably do not answer.";
    reasons.insert("passages_uncurated", reason.to_owned());
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
