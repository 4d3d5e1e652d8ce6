//! `rapporteur run`: serves every platform that is configured, until it is told to stop.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::{ANSWERED, Base, USAGE};
use crate::cooldown::{Allowance, Cooldowns};
use crate::journal::Journal;
use crate::platform::discord;
use crate::respond::{Now, Responder};

/// How to serve.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Discord is served where DISCORD_TOKEN is set; .env.example lists every variable.\nSIGHUP serves the files as they are now, SIGTERM and Ctrl-C stop within ten seconds.\n\nExit status: 0 stopped, 2 wrong settings, a refused token or a broken knowledge base.\n\nExamples:\n  rapporteur run --dry-run\n  DISCORD_TOKEN=... rapporteur run"
)]
pub(super) struct Args {
    /// Print what would be registered and sent, and end
    #[arg(long)]
    dry_run: bool,
    /// Questions one member may ask, and in how many seconds; off for no limit
    #[arg(long, env = "RAPPORTEUR_MEMBER_COOLDOWN", default_value = "5/30s", value_name = "N/SECONDS")]
    member_cooldown: Allowance,
    /// Questions that may be asked in one channel, and in how many seconds; off for no limit
    #[arg(long, env = "RAPPORTEUR_CHANNEL_COOLDOWN", default_value = "20/30s", value_name = "N/SECONDS")]
    channel_cooldown: Allowance,
}

/// Whether a platform is configured.
pub(super) fn is_configured() -> bool {
    variable("DISCORD_TOKEN").is_some()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let Some(settings) = discord::Settings::read(variable).map_err(|wrong| anyhow::anyhow!("{wrong}"))? else {
        bail!("no platform is configured; set DISCORD_TOKEN (see .env.example), or use `rapporteur chat` for the terminal");
    };
    let journal = if args.dry_run {
        Journal::in_memory()?
    } else {
        Journal::open(&base.folders().data).context(base.folders().data.display().to_string())?
    };
    let store = Arc::new(base.store()?);
    let responder = Arc::new(Responder::new(store, journal, Cooldowns::new(args.member_cooldown, args.channel_cooldown)));
    if args.dry_run {
        outln!("{}", serde_json::to_string_pretty(&discord::rehearsal(&settings, &responder))?);
        return Ok(ANSWERED);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the asynchronous runtime")?;
    let served = runtime.block_on(async {
        let stop = stopped_by_signals(responder.clone())?;
        anyhow::Ok(discord::serve(settings, responder, stop).await)
    });
    // Requests that go on in the background keep nobody waiting.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    match served? {
        Ok(()) => {
            tracing::info!("stopped");
            Ok(ANSWERED)
        }
        Err(error) => {
            tracing::error!("{error}");
            Ok(USAGE)
        }
    }
}

/// Becomes true at SIGTERM or Ctrl-C; SIGHUP reloads.
fn stopped_by_signals(responder: Arc<Responder>) -> anyhow::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt, mut reload) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = reload.recv() => {
                    let responder = responder.clone();
                    let reloaded = tokio::task::spawn_blocking(move || {
                        let language = crate::knowledge::Language::En;
                        tracing::warn!("SIGHUP: {}", responder.reload("signal", "operator", language, Now::real()));
                    });
                    if let Err(error) = reloaded.await {
                        tracing::error!(%error, "reloading failed");
                    }
                }
            }
        }
        tracing::info!("stopping");
        // Nobody listens where everything has ended by itself.
        let _ = stop.send(true);
    });
    Ok(stopped)
}
