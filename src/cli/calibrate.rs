//! `rapporteur calibrate`: learns the decision figures from the development questions.

use std::path::PathBuf;

use crate::cli::{ANSWERED, Base};
use crate::evaluation::calibrate::{Part, calibrate};
use crate::evaluation::set;

/// What to learn from, and where to write.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The figures go into src/answer/calibration.toml, which is part of the program, or into the\ncalibration.toml of a knowledge folder, which then uses its own.\n\nExample:\n  rapporteur calibrate > src/answer/calibration.toml.new && mv src/answer/calibration.toml.new src/answer/calibration.toml"
)]
pub(super) struct Args {
    /// Development questions on the knowledge base: a file or a folder
    #[arg(long, default_value = "tests/eval/dev", value_name = "PATH")]
    dev: PathBuf,
    /// Folder of a collection without facts: articles/ and dev/
    #[arg(long, default_value = "tests/eval/general", value_name = "DIR")]
    general: PathBuf,
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let start = base.calibration()?;
    let general = Base { seeds: args.general.join("articles"), knowledge: args.general.clone(), data: base.data.clone() }.snapshot()?;
    let general_questions = set::load_all(&args.general.join("dev"), general)?;
    let turns = base.turns(set::load_all(&args.dev, base.snapshot()?)?)?;
    let curated: Vec<Part<'_>> = turns.iter().map(|turn| Part { snapshot: &turn.snapshot, questions: &turn.questions }).collect();
    let (calibration, reasons) = calibrate(&curated, &[Part { snapshot: general, questions: &general_questions }], &start);
    print!("{}", calibration.to_toml(&reasons));
    Ok(ANSWERED)
}
