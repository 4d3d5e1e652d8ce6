//! The scorecard: right, wrong, suggested, abstained, per language and kind, with the risk-coverage curve.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Engine, Outcome};
use crate::evaluation::set::EvalQuestion;
use crate::snapshot::Snapshot;

/// How one question went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Answered with a gold passage.
    Right,
    /// Answered with another.
    Wrong,
    /// Only curated questions were offered, one of which is right.
    Suggested,
    /// Declined, or offered questions none of which is right.
    Abstained,
    /// Unanswerable, and answered.
    FalseAnswer,
    /// Unanswerable, and declined.
    Declined,
}

/// One question with its answer and verdict.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The question.
    pub question: EvalQuestion,
    /// The answer.
    pub answer: Answer,
    /// How it went.
    pub verdict: Verdict,
    /// Time through the whole engine, in microseconds.
    pub elapsed_us: u64,
}

/// Counts of verdicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Answered with a gold passage.
    pub right: usize,
    /// Answered with another.
    pub wrong: usize,
    /// A right question was offered.
    pub suggested: usize,
    /// Declined though the sources answer.
    pub abstained: usize,
    /// Answered though the sources do not say.
    pub false_answers: usize,
    /// Declined rightly.
    pub declined: usize,
}

impl Counts {
    fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Right => &mut self.right,
            Verdict::Wrong => &mut self.wrong,
            Verdict::Suggested => &mut self.suggested,
            Verdict::Abstained => &mut self.abstained,
            Verdict::FalseAnswer => &mut self.false_answers,
            Verdict::Declined => &mut self.declined,
        } += 1;
    }

    /// Questions the sources answer.
    #[must_use]
    pub fn answerable(&self) -> usize {
        self.right + self.wrong + self.suggested + self.abstained
    }

    /// Questions they do not.
    #[must_use]
    pub fn unanswerable(&self) -> usize {
        self.false_answers + self.declined
    }
}

/// The figures of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    /// All questions.
    pub total: Counts,
    /// By language.
    pub languages: BTreeMap<String, Counts>,
    /// By kind.
    pub kinds: BTreeMap<String, Counts>,
    /// Quotes shown.
    pub quotes: usize,
    /// Quotes that are exactly the source's bytes.
    pub exact_quotes: usize,
    /// Points of the risk-coverage curve.
    pub curve: Vec<CurvePoint>,
    /// Latency through the whole engine, in microseconds: 50th, 90th, 99th percentile and maximum.
    pub latency_us: [u64; 4],
    /// The verdict of each question.
    pub verdicts: BTreeMap<String, Verdict>,
}

/// What a stricter or laxer threshold would give: answers ordered by score, and how many of them are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Share of all answerable questions that would be answered.
    pub coverage: f32,
    /// Share of the answers given that would be wrong or false.
    pub risk: f32,
}

/// Asks every question.
#[must_use]
pub fn run(engine: &Engine<'_>, questions: Vec<EvalQuestion>, explain: bool) -> Vec<Scored> {
    questions
        .into_iter()
        .map(|question| {
            let start = Instant::now();
            let mut answer = engine.answer(&question.question, Some(question.language));
            let elapsed_us = start.elapsed().as_micros() as u64;
            if explain {
                answer = engine.explain(&question.question, Some(question.language));
            }
            Scored { verdict: judge(&question, &answer, engine.snapshot()), question, answer, elapsed_us }
        })
        .collect()
}

fn judge(question: &EvalQuestion, answer: &Answer, snapshot: &Snapshot) -> Verdict {
    let answered = matches!(answer.outcome, Outcome::Fact | Outcome::Passages);
    if !question.is_answerable() {
        return if answered { Verdict::FalseAnswer } else { Verdict::Declined };
    }
    if answered {
        let held = answer.citations.iter().any(|quote| question.is_held_by(&quote.source, &quote.range));
        return if held { Verdict::Right } else { Verdict::Wrong };
    }
    let offers = answer.outcome == Outcome::Suggestions
        && answer.suggestions.iter().any(|suggestion| {
            snapshot
                .knowledge
                .curated
                .facts
                .iter()
                .filter(|fact| fact.id == suggestion.fact)
                .flat_map(|fact| &fact.citations)
                .any(|citation| question.is_held_by(&snapshot.knowledge.sources[citation.source].metadata.id, &citation.range))
        });
    if offers { Verdict::Suggested } else { Verdict::Abstained }
}

/// Adds up a run.
#[must_use]
pub fn tally(scored: &[Scored], snapshot: &Snapshot) -> Scorecard {
    let mut card = Scorecard::default();
    for one in scored {
        card.total.add(one.verdict);
        card.languages.entry(one.question.language.code().to_owned()).or_default().add(one.verdict);
        card.kinds.entry(one.question.kind.clone()).or_default().add(one.verdict);
        card.verdicts.insert(one.question.id.clone(), one.verdict);
        for quote in &one.answer.citations {
            card.quotes += 1;
            let exact = snapshot.knowledge.sources.iter().any(|source| {
                source.metadata.id == quote.source && source.text.as_bytes().get(quote.range.clone()) == Some(quote.text.as_bytes())
            });
            card.exact_quotes += usize::from(exact);
        }
    }
    card.curve = curve(scored);
    let mut latencies: Vec<u64> = scored.iter().map(|one| one.elapsed_us).collect();
    latencies.sort_unstable();
    let at = |share: f64| {
        latencies.get(((latencies.len() as f64 * share) as usize).min(latencies.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    card.latency_us = [at(0.5), at(0.9), at(0.99), at(1.0)];
    card
}

fn curve(scored: &[Scored]) -> Vec<CurvePoint> {
    let answerable = scored.iter().filter(|one| one.question.is_answerable()).count().max(1);
    let mut answers: Vec<(f32, bool, bool)> = scored
        .iter()
        .filter(|one| matches!(one.answer.outcome, Outcome::Fact | Outcome::Passages))
        .map(|one| (one.answer.score, one.verdict == Verdict::Right, one.question.is_answerable()))
        .collect();
    answers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut bad, mut covered) = (0, 0);
    let mut points = Vec::new();
    for (nth, (_, right, is_answerable)) in answers.iter().enumerate() {
        bad += usize::from(!right);
        covered += usize::from(*is_answerable);
        points.push(CurvePoint { coverage: covered as f32 / answerable as f32, risk: bad as f32 / (nth + 1) as f32 });
    }
    // Twenty points say what there is to see.
    let step = points.len().div_ceil(20).max(1);
    let last = points.last().copied();
    let mut thinned: Vec<CurvePoint> = points.into_iter().step_by(step).collect();
    if thinned.last() != last.as_ref() {
        thinned.extend(last);
    }
    thinned
}

/// Where the gold passage and the gold sentence come out in the ranking, for retrieval without facts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Answerable questions.
    pub questions: usize,
    /// The passage first in the ranking is from a gold source and holds the answer.
    pub passage_first: usize,
    /// It is among the first five.
    pub passage_in_five: usize,
    /// The best sentence of the first passage holds the answer.
    pub sentence_first: usize,
}

impl Ranking {
    /// Takes in the counts of further questions.
    pub fn add(&mut self, other: Self) {
        self.questions += other.questions;
        self.passage_first += other.passage_first;
        self.passage_in_five += other.passage_in_five;
        self.sentence_first += other.sentence_first;
    }
}

/// Measures the ranking alone.
#[must_use]
pub fn ranking(engine: &Engine<'_>, questions: &[EvalQuestion]) -> Ranking {
    let mut ranking = Ranking::default();
    for question in questions.iter().filter(|question| question.is_answerable()) {
        ranking.questions += 1;
        let top = engine.top(&engine.find(&question.question, Some(question.language)), 5);
        let held = |quote: &crate::answer::Quote| question.is_held_by(&quote.source, &quote.range);
        ranking.passage_first += usize::from(top.first().is_some_and(|top| held(&top.passage)));
        ranking.passage_in_five += usize::from(top.iter().any(|top| held(&top.passage)));
        ranking.sentence_first += usize::from(top.first().is_some_and(|top| held(&top.sentence)));
    }
    ranking
}
