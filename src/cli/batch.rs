//! The batch format: a contract, documented in the README ("The batch format").

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Engine, Quote, TopPassage};
use crate::knowledge::Language;
use crate::reply::sentence;

/// One line in.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    question: String,
    language: Option<String>,
}

/// One answer with its passages and the time it took.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) answer: Answer,
    pub(super) top: Vec<TopPassage>,
    wants_top: bool,
    text: String,
    elapsed_us: u64,
}

impl Output {
    /// Asks the engine.
    pub(super) fn new(engine: Engine<'_>, question: &str, language: Option<Language>, top: usize, explain: bool) -> Self {
        let start = Instant::now();
        let findings = engine.find(question, language);
        let answer = engine.decide(&findings, explain);
        let elapsed_us = start.elapsed().as_micros() as u64;
        let text = sentence(&answer, &engine.snapshot().knowledge.name);
        Self { top: engine.top(&findings, top), wants_top: top > 0, answer, text, elapsed_us }
    }

    /// The line out.
    pub(super) fn to_json(&self, id: &Value) -> Value {
        let answer = &self.answer;
        let suggestions: Vec<Value> = answer.suggestions.iter().map(|it| json!({"fact": it.fact, "question": it.question})).collect();
        let mut line = json!({
            "id": id,
            "outcome": answer.outcome,
            "language": answer.language,
            "text": self.text,
            "fact": answer.fact,
            "citations": answer.citations.iter().map(citation).collect::<Vec<_>>(),
            "suggestions": suggestions,
            "score": answer.score,
            "margin": answer.margin,
            "elapsed_us": self.elapsed_us,
        });
        if self.wants_top {
            line["passages"] = self.top.iter().map(passage).collect();
        }
        if let Some(explanation) = &answer.explanation {
            line["explanation"] = json!(explanation);
        }
        line
    }
}

fn citation(quote: &Quote) -> Value {
    json!({
        "source": quote.source,
        "file": quote.file,
        "start": quote.range.start,
        "end": quote.range.end,
        "quote": quote.text,
        "publisher": quote.publisher,
        "published": quote.published,
        "url": quote.url,
    })
}

fn passage(top: &TopPassage) -> Value {
    let (passage, sentence) = (&top.passage, &top.sentence);
    json!({
        "source": passage.source,
        "file": passage.file,
        "start": passage.range.start,
        "end": passage.range.end,
        "text": passage.text,
        "score": top.score,
        "sentence": {"start": sentence.range.start, "end": sentence.range.end, "text": sentence.text},
    })
}

/// Answers one line of a batch.
pub(super) fn answer_line(engine: Engine<'_>, line: &[u8], language: Option<Language>, top: usize, explain: bool) -> Value {
    let failed = |error: String| json!({"id": null, "error": error});
    let line: Line = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(error) => return failed(format!("this line is no question: {error}")),
    };
    let language = match line.language.as_deref().map(str::parse::<Language>).transpose() {
        Ok(named) => named.or(language),
        Err(error) => return failed(error),
    };
    Output::new(engine, &line.question, language, top, explain).to_json(&line.id)
}
