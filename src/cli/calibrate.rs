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
    let curated = base.snapshot()?;
    let general = Base { seeds: args.general.join("articles"), knowledge: args.general.clone(), data: base.data.clone() }.snapshot()?;
    let load = |path: &PathBuf, snapshot| -> anyhow::Result<Vec<_>> {
        let mut questions = Vec::new();
        for file in set::files(path)? {
            questions.extend(set::load(&file, snapshot)?);
        }
        Ok(questions)
    };
    let questions = load(&args.dev, curated)?;
    let general_questions = load(&args.general.join("dev"), general)?;
    let parts = [Part { snapshot: general, questions: &general_questions }];
    let (calibration, reasons) = calibrate(&Part { snapshot: curated, questions: &questions }, &parts, &start);
    print!("{}", calibration.to_toml(&reasons));
    Ok(ANSWERED)
}
