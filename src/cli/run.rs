//! `rapporteur run`: serves every platform that is configured, until it is told to stop.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cli::{ANSWERED, Base, USAGE};
use crate::cooldown::{Allowance, Cooldowns};
use crate::journal::Journal;
#[cfg(feature = "discord")]
use crate::platform::discord;
#[cfg(feature = "matrix")]
use crate::platform::matrix;
use crate::respond::{Now, Responder};

/// The variable that names each platform's server or token: with it the platform is served.
const CONFIGURED_BY: &[&str] = &[
    #[cfg(feature = "discord")]
    "DISCORD_TOKEN",
    #[cfg(feature = "matrix")]
    "MATRIX_HOMESERVER",
];

/// How to serve.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Discord is served where DISCORD_TOKEN is set, Matrix where MATRIX_HOMESERVER is; .env.example lists every variable.\nSIGHUP serves the files as they are now, SIGTERM and Ctrl-C stop within ten seconds.\n\nExit status: 0 stopped, 2 wrong settings, a refused token or password, or a broken knowledge base.\n\nExamples:\n  rapporteur run --dry-run\n  DISCORD_TOKEN=... rapporteur run\n  MATRIX_HOMESERVER=https://matrix.example.org MATRIX_USER=bot MATRIX_PASSWORD=... rapporteur run"
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

/// The platforms that are configured.
#[derive(Default)]
struct Platforms {
    #[cfg(feature = "discord")]
    discord: Option<discord::Settings>,
    #[cfg(feature = "matrix")]
    matrix: Option<matrix::Settings>,
}

/// Whether a platform is configured.
pub(super) fn is_configured() -> bool {
    CONFIGURED_BY.iter().any(|name| variable(name).is_some())
}

pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

impl Platforms {
    /// Reads the settings of all platforms; one line for each variable that cannot be read.
    fn read() -> anyhow::Result<Self> {
        let mut platforms = Self::default();
        let mut wrong: Vec<String> = Vec::new();
        #[cfg(feature = "discord")]
        match discord::Settings::read(variable) {
            Ok(settings) => platforms.discord = settings,
            Err(lines) => wrong.push(lines),
        }
        #[cfg(feature = "matrix")]
        match matrix::Settings::read(variable) {
            Ok(settings) => platforms.matrix = settings,
            Err(lines) => wrong.push(lines),
        }
        if wrong.is_empty() { Ok(platforms) } else { bail!(wrong.join("\n")) }
    }

    /// What would be registered and sent, by platform; that of a single one as it is.
    fn rehearsal(&self, responder: &Responder) -> serde_json::Value {
        let mut all = serde_json::Map::new();
        #[cfg(feature = "discord")]
        all.extend(self.discord.iter().map(|settings| ("discord".to_owned(), discord::rehearsal(settings, responder))));
        #[cfg(feature = "matrix")]
        all.extend(self.matrix.iter().map(|settings| ("matrix".to_owned(), matrix::rehearsal(settings, responder))));
        if all.len() == 1 { all.into_values().next().unwrap_or_default() } else { all.into() }
    }

    /// Serves them all. One that fails is reported and leaves the others at work; whether none failed.
    #[cfg_attr(not(feature = "matrix"), expect(unused_variables, reason = "only Matrix keeps more than the journal"))]
    async fn serve(self, base: &Base, responder: &Arc<Responder>, stop: &watch::Receiver<bool>) -> bool {
        let mut serving: JoinSet<(&str, Result<(), String>)> = JoinSet::new();
        #[cfg(feature = "discord")]
        if let Some(settings) = self.discord {
            let (responder, stop) = (responder.clone(), stop.clone());
            serving.spawn(async move { ("Discord", discord::serve(settings, responder, stop).await.map_err(|error| error.to_string())) });
        }
        #[cfg(feature = "matrix")]
        if let Some(settings) = self.matrix {
            let (responder, stop, data) = (responder.clone(), stop.clone(), base.folders().data);
            serving
                .spawn(async move { ("Matrix", matrix::serve(settings, responder, &data, stop).await.map_err(|error| error.to_string())) });
        }
        let mut well = true;
        while let Some(ended) = serving.join_next().await {
            let (platform, error) = match ended {
                Ok((_, Ok(()))) => continue,
                Ok((platform, Err(error))) => (platform, error),
                Err(panic) => ("a platform", panic.to_string()),
            };
            well = false;
            if serving.is_empty() {
                tracing::error!("{error}");
            } else {
                tracing::error!("{error}; {platform} is no longer served, the other platform is");
            }
        }
        well
    }
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let platforms = Platforms::read()?;
    if !is_configured() {
        bail!(
            "no platform is configured; set {} (see .env.example), or use `rapporteur chat` for the terminal",
            CONFIGURED_BY.join(" or ")
        );
    }
    let journal = if args.dry_run {
        Journal::in_memory()?
    } else {
        Journal::open(&base.folders().data).context(base.folders().data.display().to_string())?
    };
    let store = Arc::new(base.store()?);
    let responder = Arc::new(Responder::new(store, journal, Cooldowns::new(args.member_cooldown, args.channel_cooldown)));
    if args.dry_run {
        outln!("{}", serde_json::to_string_pretty(&platforms.rehearsal(&responder))?);
        return Ok(ANSWERED);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the asynchronous runtime")?;
    let served = runtime.block_on(async {
        let stop = stopped_by_signals(responder.clone())?;
        anyhow::Ok(platforms.serve(base, &responder, &stop).await)
    });
    // Requests that go on in the background keep nobody waiting.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    if served? {
        tracing::info!("stopped");
        Ok(ANSWERED)
    } else {
        Ok(USAGE)
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
