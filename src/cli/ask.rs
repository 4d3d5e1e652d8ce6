//! `rapporteur ask`: one question, or a stream of them.

use std::io::{BufRead as _, Write as _};

use anyhow::bail;

use crate::answer::{Answer, Engine, Outcome};
use crate::cli::batch::{Output, answer_line};
use crate::cli::{ANSWERED, Base, NO_ANSWER};
use crate::knowledge::Language;
use crate::platform::console::{Style, render, render_explanation};
use crate::reply::Reply;

/// What to ask, and how to print the answer.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 answered, 1 no answer, 2 wrong usage or broken knowledge base.\n\nExamples:\n  rapporteur ask \"Quali sono le cinque garanzie di sicurezza?\"\n  rapporteur ask --lang en --explain \"Will Italy send troops?\"\n  echo '{\"id\": 1, \"question\": \"chi guidava la delegazione USA?\"}' | rapporteur ask --batch --top 3\n\nThe JSON is described in README, \"The batch format\"."
)]
pub(super) struct Args {
    /// The question
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    question: Option<String>,
    /// Language of the question [default: found from the text]
    #[arg(long, value_name = "it|en|fr|uk")]
    lang: Option<Language>,
    /// Print the answer as one line of JSON
    #[arg(long)]
    json: bool,
    /// Print why: matched alias, features, score, margin, version
    #[arg(long)]
    explain: bool,
    /// Read questions as JSON Lines from standard input, write answers as JSON Lines
    #[arg(long)]
    batch: bool,
    /// List the N best passages too, whatever is decided
    #[arg(long, value_name = "N", default_value_t = 0)]
    top: usize,
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let (snapshot, calibration) = (base.snapshot()?, base.calibration()?);
    let engine = Engine::new(snapshot, &calibration);
    if args.batch {
        batch(engine, args)?;
        return Ok(ANSWERED);
    }
    let question = args.question.as_deref().unwrap_or("").trim();
    if question.is_empty() {
        bail!("the question is empty; write it between quotation marks");
    }
    let output = Output::new(engine, question, args.lang, args.top, args.explain);
    if args.json {
        outln!("{}", serde_json::to_string(&output.to_json(&serde_json::Value::Null))?);
    } else {
        print(&output.answer, &snapshot.knowledge.name, args.explain);
        for (rank, top) in output.top.iter().enumerate() {
            outln!(
                "{}. {:.3} {} [{}..{}] {}",
                rank + 1,
                top.score,
                top.passage.source,
                top.passage.range.start,
                top.passage.range.end,
                top.sentence.text
            );
        }
    }
    Ok(if matches!(output.answer.outcome, Outcome::Fact | Outcome::Passages | Outcome::SmallTalk) { ANSWERED } else { NO_ANSWER })
}

fn print(answer: &Answer, name: &str, explain: bool) {
    outln!("{}", render(&Reply::to_answer(answer, name, answer.language), Style::detect()));
    if explain {
        outln!("\n{:?}: score {:.3}, margin {:.3}", answer.outcome, answer.score, answer.margin);
        if let Some(explanation) = &answer.explanation {
            outln!("{}", render_explanation(explanation));
        }
    }
}

/// Answers line by line, in order; a malformed line is answered with an error and the rest goes on.
fn batch(engine: Engine<'_>, args: &Args) -> anyhow::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        serde_json::to_writer(&mut output, &answer_line(engine, &line, args.lang, args.top, args.explain))?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
}
