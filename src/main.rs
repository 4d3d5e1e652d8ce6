//! The binary: settings, tracing, command line.

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // The real environment wins over the file; no file is no problem, a broken one is.
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => {
            eprintln!("rapporteur: .env: {error}; correct the line or remove the file");
            return ExitCode::from(2);
        }
        _ => {}
    }
    let filter = EnvFilter::try_from_env("RAPPORTEUR_LOG").unwrap_or_else(|_| EnvFilter::new(rapporteur::cli::reported()));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .init();
    rapporteur::cli::run(rapporteur::cli::Cli::parse())
}
