//! `rapporteur completions`: completions for the shell.

use clap::CommandFactory as _;

use crate::cli::{ANSWERED, Cli};

/// Which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  rapporteur completions bash > ~/.local/share/bash-completion/completions/rapporteur")]
pub(super) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

/// Runs the subcommand.
pub(super) fn run(args: &Args) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rapporteur", &mut script);
    outln!("{}", String::from_utf8_lossy(&script).trim_end());
    ANSWERED
}
