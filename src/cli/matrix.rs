//! `rapporteur matrix`: the first login, and what the session is.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::cli::run::variable as set;
use crate::cli::{ANSWERED, Base};
use crate::journal::Journal;
use crate::platform::matrix::{Credentials, Settings, log_in, status};

/// What to do.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Exit status: 0 done, 2 no session, a refused login, or a homeserver that does not answer.\n\nExamples:\n  MATRIX_HOMESERVER=https://matrix.example.org rapporteur matrix login\n  rapporteur matrix status"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Say who is logged in, by which device, whether it is verified, and in which rooms
    Status,
    /// Log in for the first time and have the device verified; asks for what the environment does not say
    #[command(
        after_help = "The session is kept in the data folder, so that `rapporteur run` needs only MATRIX_HOMESERVER afterwards.\nWithout MATRIX_RECOVERY_KEY, and where the account has none, a recovery key is made and shown once."
    )]
    Login,
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let data = base.folders().data;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the asynchronous runtime")?;
    match args.what {
        What::Status => outln!("{}", runtime.block_on(status(&data))?),
        What::Login => {
            let settings = settings()?;
            let journal = Journal::open(&data).context(data.display().to_string())?;
            let (who, recovery_key) = runtime.block_on(log_in(&settings, &journal, &data))?;
            outln!("logged in as {who}");
            if let Some(key) = recovery_key {
                outln!(
                    "recovery key: {key}\nKeep it: with it as MATRIX_RECOVERY_KEY a later device of the bot is verified too. It is not shown again."
                );
            }
        }
    }
    Ok(ANSWERED)
}

/// The settings of the environment, completed by asking.
fn settings() -> anyhow::Result<Settings> {
    let homeserver = match set("MATRIX_HOMESERVER") {
        Some(homeserver) => homeserver,
        None => ask("homeserver (https://matrix.example.org, or example.org)", false)?,
    };
    // The user is checked with its password, which is asked for below.
    let variable = |name: &str| if name == "MATRIX_HOMESERVER" { Some(homeserver.clone()) } else { set(name) };
    let Some(settings) = Settings::read(variable).map_err(|wrong| anyhow::anyhow!("{wrong}"))? else { bail!("no homeserver was given") };
    if settings.credentials != Credentials::Kept {
        return Ok(settings);
    }
    let user = match &settings.user {
        Some(user) => user.clone(),
        None => ask("user (@bot:example.org, or bot)", false)?,
    };
    let password = ask("password", true)?;
    Ok(settings.with_password(&user, &password))
}

/// Asks for a line. What is secret is not shown while it is typed, where that is a terminal.
fn ask(what: &str, secret: bool) -> anyhow::Result<String> {
    let hidden = secret && std::io::stdin().is_terminal();
    eprint!("{what}: ");
    std::io::stderr().flush()?;
    if hidden {
        echo(false);
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if hidden {
        echo(true);
        eprintln!();
    }
    read?;
    match line.trim() {
        "" => bail!("no {what} was given"),
        line => Ok(line.to_owned()),
    }
}

/// Turns the terminal's echo on or off; a terminal that cannot is left as it is.
fn echo(on: bool) {
    let _ = Command::new("stty").arg(if on { "echo" } else { "-echo" }).stdin(Stdio::inherit()).status();
}
