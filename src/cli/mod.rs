//! The command line: one file per subcommand.

mod ask;
mod batch;
mod calibrate;
mod chat;
mod check;
mod completions;
mod eval;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::answer::Calibration;
use crate::knowledge::Diagnostic;
use crate::snapshot::{Folders, Progress, Snapshot, SnapshotError};

/// Answered.
const ANSWERED: u8 = 0;
/// The sources do not say.
const NO_ANSWER: u8 = 1;
/// Wrong usage, or a broken knowledge base.
const USAGE: u8 = 2;

/// Answers questions about an event, only with what its sources say: a short answer, the verbatim quote, publisher,
/// date and link; or "the sources do not say".
#[derive(Debug, Parser)]
#[command(
    name = "rapporteur",
    version,
    after_help = "Without a subcommand it opens a chat in the terminal.\n\nExamples:\n  rapporteur\n  rapporteur ask \"Quali sono le cinque garanzie di sicurezza?\"\n  rapporteur ask --batch < questions.jsonl > answers.jsonl\n  rapporteur check\n  rapporteur eval"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    base: Base,
}

/// Which knowledge base, and where indexes are kept.
#[derive(Debug, Clone, clap::Args)]
pub struct Base {
    /// Folder of the source texts
    #[arg(long, global = true, env = "RAPPORTEUR_SEEDS", default_value = "seeds", value_name = "DIR")]
    seeds: PathBuf,
    /// Folder of manifest, facts, gaps and thesaurus
    #[arg(long, global = true, env = "RAPPORTEUR_KNOWLEDGE", default_value = "knowledge", value_name = "DIR")]
    knowledge: PathBuf,
    /// Folder for the indexes of large archives [default: the user's cache folder]
    #[arg(long, global = true, env = "RAPPORTEUR_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Chat in the terminal (what happens without a subcommand)
    Chat(chat::Args),
    /// Answer one question, or a stream of them
    Ask(ask::Args),
    /// Show the state of the knowledge base and every problem in it
    Check(check::Args),
    /// Ask question sets and print the scorecard
    Eval(eval::Args),
    /// Learn the decision figures from the development questions
    Calibrate(calibrate::Args),
    /// Print shell completions
    Completions(completions::Args),
}

/// Runs the command line; errors are printed here, once.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let base = &cli.base;
    let Some(command) = cli.command else {
        return finish(chat::Args::from_environment().and_then(|args| chat::run(base, &args)));
    };
    let result = match command {
        Command::Chat(args) => chat::run(base, &args),
        Command::Ask(args) => ask::run(base, &args),
        Command::Check(args) => check::run(base, &args),
        Command::Eval(args) => eval::run(base, &args),
        Command::Calibrate(args) => calibrate::run(base, &args),
        Command::Completions(args) => Ok(completions::run(&args)),
    };
    finish(result)
}

fn finish(result: anyhow::Result<u8>) -> ExitCode {
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("rapporteur: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

impl Base {
    /// The folders named, with the default for the data folder.
    fn folders(&self) -> Folders {
        let home = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = || home("XDG_CACHE_HOME").or_else(|| home("HOME").map(|home| home.join(".cache"))).unwrap_or_else(std::env::temp_dir);
        Folders {
            seeds: self.seeds.clone(),
            knowledge: self.knowledge.clone(),
            data: self.data.clone().unwrap_or_else(|| cache().join("rapporteur")),
        }
    }

    /// Loads the knowledge base; its errors become one message.
    ///
    /// It lives as long as the process, which serves nothing else: taking it apart at the end would cost more than an
    /// answer.
    fn snapshot(&self) -> anyhow::Result<&'static Snapshot> {
        let bar = std::sync::OnceLock::new();
        let progress = |progress: Progress| show_progress(&bar, progress);
        let loaded = Snapshot::load(&self.folders(), &progress);
        loaded.map(|snapshot| &*Box::leak(Box::new(snapshot))).map_err(|error| match error {
            SnapshotError::Broken(diagnostics) => anyhow::anyhow!("{}", broken(&diagnostics)),
            SnapshotError::Index(error) => anyhow::Error::from(error),
        })
    }

    /// The calibration: the base's own if it brings one, else the built-in.
    fn calibration(&self) -> anyhow::Result<Calibration> {
        let path = self.knowledge.join("calibration.toml");
        if !path.exists() {
            return Ok(Calibration::default());
        }
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Calibration::parse(&text)
            .map_err(|reason| anyhow::anyhow!("{}: {reason}; remove the file to use the built-in figures", path.display()))
    }
}

fn broken(diagnostics: &[Diagnostic]) -> String {
    use std::fmt::Write as _;
    const SHOWN: usize = 10;
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.severity == crate::knowledge::Severity::Error).collect();
    let mut message = format!("the knowledge base has {} error(s); nothing is served from it\n", errors.len());
    for error in errors.iter().take(SHOWN) {
        let _ = writeln!(message, "{error}");
    }
    if errors.len() > SHOWN {
        let _ = writeln!(message, "... and {} more: see `rapporteur check`", errors.len() - SHOWN);
    }
    message.trim_end().to_owned()
}

fn show_progress(bar: &std::sync::OnceLock<indicatif::ProgressBar>, progress: Progress) {
    let bar = bar.get_or_init(|| {
        let style = indicatif::ProgressStyle::with_template("indexing {wide_bar} {bytes}/{total_bytes} {eta}")
            .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar());
        indicatif::ProgressBar::new(progress.total).with_style(style)
    });
    bar.set_position(progress.done);
    if progress.done >= progress.total {
        bar.finish_and_clear();
    }
}
