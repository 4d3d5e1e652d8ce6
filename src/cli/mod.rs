//! The command line: one file per subcommand.

/// Prints a line on standard output. Whoever reads no further, as `head` does, ends the program quietly.
macro_rules! outln {
    () => {
        $crate::cli::print_line(format_args!(""))
    };
    ($($text:tt)*) => {
        $crate::cli::print_line(format_args!($($text)*))
    };
}

mod ask;
mod batch;
mod calibrate;
mod chat;
mod check;
mod completions;
mod eval;
#[cfg(feature = "matrix")]
mod matrix;
#[cfg(any(feature = "discord", feature = "matrix"))]
mod run;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::answer::Calibration;
use crate::evaluation::set::EvalQuestion;
use crate::evaluation::unseen::{self, Turn};
use crate::knowledge::{self, Diagnostic};
use crate::serving::{self, LoadError, Store};
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
    /// Serve the platforms that are configured
    #[cfg(any(feature = "discord", feature = "matrix"))]
    Run(run::Args),
    /// Log in on Matrix, or show the session
    #[cfg(feature = "matrix")]
    Matrix(matrix::Args),
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

/// What is reported unless the environment says otherwise, as a filter of tracing-subscriber.
#[must_use]
pub fn reported() -> String {
    let own = "warn,rapporteur=info";
    #[cfg(feature = "matrix")]
    return format!("{own},{}", crate::platform::matrix::REPORTED);
    #[cfg(not(feature = "matrix"))]
    own.to_owned()
}

/// Runs the command line; errors are printed here, once.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let base = &cli.base;
    let Some(command) = cli.command else {
        #[cfg(any(feature = "discord", feature = "matrix"))]
        if run::is_configured() {
            // Read as if `run` had been typed, so that the environment's defaults hold.
            return match Cli::try_parse_from(["rapporteur", "run"]) {
                Ok(Cli { command: Some(Command::Run(args)), .. }) => finish(run::run(base, &args)),
                Ok(_) => finish(Ok(USAGE)),
                Err(error) => error.exit(),
            };
        }
        return finish(chat::Args::from_environment().and_then(|args| chat::run(base, &args)));
    };
    let result = match command {
        Command::Chat(args) => chat::run(base, &args),
        #[cfg(any(feature = "discord", feature = "matrix"))]
        Command::Run(args) => run::run(base, &args),
        #[cfg(feature = "matrix")]
        Command::Matrix(args) => matrix::run(base, &args),
        Command::Ask(args) => ask::run(base, &args),
        Command::Check(args) => check::run(base, &args),
        Command::Eval(args) => eval::run(base, &args),
        Command::Calibrate(args) => calibrate::run(base, &args),
        Command::Completions(args) => Ok(completions::run(&args)),
    };
    finish(result)
}

fn print_line(text: std::fmt::Arguments<'_>) {
    let Err(error) = writeln!(std::io::stdout().lock(), "{text}") else { return };
    if error.kind() != std::io::ErrorKind::BrokenPipe {
        eprintln!("rapporteur: standard output: {error}");
    }
    std::process::exit(i32::from(USAGE));
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

    /// The base in turns that have not seen the questions asked of them.
    fn turns(&self, questions: Vec<EvalQuestion>) -> anyhow::Result<Vec<Turn>> {
        let load = || knowledge::load(&self.seeds, &self.knowledge);
        Ok(unseen::turns(load, &self.folders(), questions)?)
    }

    /// Loads the knowledge base to be served, and served anew.
    fn store(&self) -> anyhow::Result<Store> {
        let bar = std::sync::OnceLock::new();
        let progress = |progress: Progress| show_progress(&bar, progress);
        Store::load(self.folders(), &progress).map_err(|error| match error {
            LoadError::Snapshot(SnapshotError::Broken(diagnostics)) => anyhow::anyhow!("{}", broken(&diagnostics)),
            other => other.into(),
        })
    }

    /// The calibration: the base's own if it brings one, else the built-in.
    fn calibration(&self) -> anyhow::Result<Calibration> {
        serving::calibration(&self.knowledge).map_err(|reason| anyhow::anyhow!("{reason}"))
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
