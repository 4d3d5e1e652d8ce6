//! The binary: parse, start tracing, run.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    rapporteur::cli::run(rapporteur::cli::Cli::parse())
}
