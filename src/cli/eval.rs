//! `rapporteur eval`: asks question sets and prints the scorecard.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::answer::Engine;
use crate::cli::{ANSWERED, Base, NO_ANSWER};
use crate::evaluation::score::{self, Counts, CurvePoint, Ranking, Scorecard, Scored, Verdict};
use crate::evaluation::set;

/// Question sets, and what to print of them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A question set is JSON Lines: id, question, language, kind, gold (a list of file or source, and text;\nempty where the sources do not say). See README, \"Scorecard\".\n\nExamples:\n  rapporteur eval\n  rapporteur eval --failures tests/eval/dev\n  rapporteur eval --json > before.json; rapporteur eval --compare before.json\n  rapporteur eval --seeds tests/eval/general/articles --knowledge tests/eval/general tests/eval/general/test"
)]
pub(super) struct Args {
    /// Question sets: files, or folders of files
    #[arg(default_values_os_t = [PathBuf::from("tests/eval/dev"), PathBuf::from("tests/eval/test")], value_name = "FILES")]
    sets: Vec<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Print every miss with its explanation
    #[arg(long)]
    failures: bool,
    /// Print id, score and verdict of each question, tab separated
    #[arg(long)]
    scores: bool,
    /// Show what changed since an earlier run (its --json output)
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Exit with status 1 if a figure falls below the floors of a file
    #[arg(long, value_name = "FILE")]
    floors: Option<PathBuf>,
}

/// A scorecard by question set.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Report {
    version: String,
    sets: BTreeMap<String, SetReport>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SetReport {
    scorecard: Scorecard,
    ranking: Ranking,
}

/// Least shares a set must reach, and most it may.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    right: Option<f32>,
    wrong_at_most: Option<f32>,
    false_answers_at_most: Option<f32>,
    passage_first: Option<f32>,
    sentence_first: Option<f32>,
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let (snapshot, calibration) = (base.snapshot()?, base.calibration()?);
    let mut report = Report { version: snapshot.version.clone(), sets: BTreeMap::new() };
    for path in &args.sets {
        let (mut scored, mut ranking) = (Vec::new(), Ranking::default());
        for turn in base.turns(set::load_all(path, snapshot)?)? {
            let engine = Engine::new(&turn.snapshot, &calibration);
            ranking.add(score::ranking(&engine, &turn.questions));
            scored.extend(score::run(&engine, turn.questions, args.failures));
        }
        let name = path.display().to_string();
        let scorecard = score::tally(&scored, snapshot);
        if !args.json {
            print(&name, &scorecard, &ranking);
        }
        if args.failures {
            print_failures(&scored);
        }
        if args.scores {
            for one in &scored {
                outln!("{}\t{}\t{}", one.question.id, one.answer.score, serde_json::to_value(one.verdict)?.as_str().unwrap_or_default());
            }
        }
        report.sets.insert(name, SetReport { scorecard, ranking });
    }
    if args.json {
        outln!("{}", serde_json::to_string_pretty(&report)?);
    }
    if let Some(path) = &args.compare {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let before: Report = serde_json::from_str(&text).with_context(|| format!("{}: not the output of `eval --json`", path.display()))?;
        compare(&before, &report);
    }
    match &args.floors {
        Some(path) => check_floors(path, &report),
        None => Ok(ANSWERED),
    }
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1}%", 100.0 * part as f32 / whole as f32) }
}

fn print(name: &str, card: &Scorecard, ranking: &Ranking) {
    outln!("{name}");
    outln!(
        "  {:<14} {:>5} {:>7} {:>7} {:>9} {:>9} | {:>6} {:>7}",
        "",
        "asked",
        "right",
        "wrong",
        "suggested",
        "abstained",
        "unansw",
        "false"
    );
    let row = |label: &str, counts: &Counts| {
        let (answerable, unanswerable) = (counts.answerable(), counts.unanswerable());
        outln!(
            "  {label:<14} {answerable:>5} {:>7} {:>7} {:>9} {:>9} | {unanswerable:>6} {:>7}",
            percent(counts.right, answerable),
            percent(counts.wrong, answerable),
            percent(counts.suggested, answerable),
            percent(counts.abstained, answerable),
            percent(counts.false_answers, unanswerable),
        );
    };
    row("all", &card.total);
    for (language, counts) in &card.languages {
        row(language, counts);
    }
    for (kind, counts) in &card.kinds {
        row(kind, counts);
    }
    outln!("  quotes byte-exact: {} of {}", card.exact_quotes, card.quotes);
    outln!(
        "  passages alone: right passage first {}, in five {}, right sentence {}",
        percent(ranking.passage_first, ranking.questions),
        percent(ranking.passage_in_five, ranking.questions),
        percent(ranking.sentence_first, ranking.questions)
    );
    let [p50, p90, p99, max] = card.latency_us;
    outln!("  latency: p50 {p50} us, p90 {p90} us, p99 {p99} us, max {max} us");
    print_curve(&card.curve);
    outln!();
}

/// Risk against coverage: the share of answers that are wrong, as more questions are answered.
fn print_curve(curve: &[CurvePoint]) {
    outln!("  risk (share of answers wrong) by coverage (share of the answerable answered):");
    for point in curve.iter().filter(|point| point.coverage > 0.0) {
        let bar = "#".repeat((point.risk * 200.0).round() as usize);
        outln!("    {:>5.1}% {:>5.1}% {bar}", 100.0 * point.coverage, 100.0 * point.risk);
    }
}

fn print_failures(scored: &[Scored]) {
    for one in scored.iter().filter(|one| !matches!(one.verdict, Verdict::Right | Verdict::Declined)) {
        let verdict = serde_json::to_value(one.verdict).unwrap_or_default();
        outln!(
            "{} {} {} [{}] {}",
            verdict.as_str().unwrap_or_default(),
            one.question.id,
            one.question.kind,
            one.question.language,
            one.question.question
        );
        if let Some(explanation) = &one.answer.explanation {
            outln!(
                "    asked {:?}: {}; none {:.2}, passages {:.2}",
                explanation.kind,
                explanation.units.join(" "),
                explanation.none,
                explanation.passages
            );
            for candidate in &explanation.candidates {
                outln!("    {:.2} {} by {:?}; lacks {:?}", candidate.probability, candidate.id, candidate.alias, candidate.uncovered);
            }
        }
        for gold in one.question.gold.iter().take(1) {
            outln!("    gold: {} {:?}", gold.source, gold.ranges);
        }
    }
}

fn compare(before: &Report, now: &Report) {
    outln!("since version {} (now {}):", before.version, now.version);
    for (name, set) in &now.sets {
        let Some(old) = before.sets.get(name) else {
            outln!("  {name}: not in the earlier run");
            continue;
        };
        let (was, is) = (old.scorecard.total, set.scorecard.total);
        outln!(
            "  {name}: right {} -> {}, wrong {} -> {}, false answers {} -> {}",
            was.right,
            is.right,
            was.wrong,
            is.wrong,
            was.false_answers,
            is.false_answers
        );
        for (id, verdict) in &set.scorecard.verdicts {
            match old.scorecard.verdicts.get(id) {
                Some(earlier) if earlier != verdict => outln!("    {id}: {earlier:?} -> {verdict:?}"),
                _ => {}
            }
        }
    }
}

fn check_floors(path: &std::path::Path, report: &Report) -> anyhow::Result<u8> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let floors: BTreeMap<String, Floor> = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let mut below = 0;
    for (name, set) in &report.sets {
        let Some(floor) = floors.get(name) else {
            anyhow::bail!("{} has no floors for {name:?}; name the set as it stands there", path.display());
        };
        let total = set.scorecard.total;
        let share = |part: usize, whole: usize| part as f32 / whole.max(1) as f32;
        let ranking = &set.ranking;
        let figures = [
            ("right", share(total.right, total.answerable()), floor.right, None),
            ("wrong", share(total.wrong, total.answerable()), None, floor.wrong_at_most),
            ("false answers", share(total.false_answers, total.unanswerable()), None, floor.false_answers_at_most),
            ("passage first", share(ranking.passage_first, ranking.questions), floor.passage_first, None),
            ("sentence first", share(ranking.sentence_first, ranking.questions), floor.sentence_first, None),
            ("exact quotes", share(set.scorecard.exact_quotes, set.scorecard.quotes), (set.scorecard.quotes > 0).then_some(1.0), None),
        ];
        for (figure, value, least, most) in figures {
            if least.is_some_and(|least| value < least) || most.is_some_and(|most| value > most) {
                eprintln!("{name}: {figure} is {:.1}%, beyond its floor in {}", 100.0 * value, path.display());
                below += 1;
            }
        }
    }
    Ok(if below == 0 { ANSWERED } else { NO_ANSWER })
}
