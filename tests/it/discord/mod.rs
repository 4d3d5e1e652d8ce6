//! Discord: the adapter as its users meet it, over a mocked gateway and REST interface behind the real client library.

mod asking;
mod binary;
mod buttons;
mod catching_up;
mod commands;
mod edits;
mod hostile;
mod manners;
mod moderators;
mod operators;
mod outages;
mod questions;
mod reliability;
mod replies;
mod running;
mod scene;
mod tls;
mod trace;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rapporteur::cooldown::{Allowance, Cooldowns};
use rapporteur::journal::Journal;
use rapporteur::platform::discord::{DiscordError, Settings, serve};
use rapporteur::respond::Responder;
use rapporteur::serving::Store;
use rapporteur::snapshot::Folders;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::fake_discord::{Discord, TOKEN};
use crate::support::harbour;

/// Long enough for anything that comes at all.
pub(super) const SOON: Duration = Duration::from_secs(10);
/// Long enough to be sure that nothing comes.
pub(super) const QUIET: Duration = Duration::from_millis(400);

/// What a bot is started with.
pub(super) struct Setup {
    /// The base it serves.
    pub(super) folders: Folders,
    /// Where its journal is.
    pub(super) data: Arc<TempDir>,
    /// Its environment, besides token and address.
    pub(super) variables: BTreeMap<&'static str, String>,
    /// How often a member, and a channel, may ask.
    pub(super) cooldowns: (&'static str, &'static str),
}

impl Default for Setup {
    fn default() -> Self {
        let data = Arc::new(tempfile::tempdir().expect("a folder for the journal"));
        Self { folders: harbour(), data, variables: BTreeMap::new(), cooldowns: ("off", "off") }
    }
}

impl Setup {
    pub(super) fn with(mut self, variable: &'static str, value: impl std::fmt::Display) -> Self {
        self.variables.insert(variable, value.to_string());
        self
    }

    pub(super) fn journal(&self) -> Journal {
        Journal::open(self.data.path()).expect("the journal opens")
    }

    /// Starts the bot and waits until it listens.
    pub(super) async fn start(&self, discord: &Discord) -> Bot {
        let bot = self.start_unready(discord);
        discord.wait_ready(1, SOON).await;
        bot
    }

    /// Starts the bot.
    pub(super) fn start_unready(&self, discord: &Discord) -> Bot {
        self.begin(discord, false)
    }

    /// Starts a bot that can crash, and waits until it listens. Its log is not that of the test.
    pub(super) async fn start_apart(&self, discord: &Discord) -> Bot {
        let bot = self.begin(discord, true);
        discord.wait_ready(1, SOON).await;
        bot
    }

    fn begin(&self, discord: &Discord, apart: bool) -> Bot {
        let variable = |name: &str| match name {
            "DISCORD_TOKEN" => Some(self.variables.get(name).cloned().unwrap_or_else(|| TOKEN.to_owned())),
            "DISCORD_API_URL" => Some(discord.origin()),
            _ => self.variables.get(name).cloned(),
        };
        let settings = Settings::read(variable).expect("the settings are in order").expect("there is a token");
        let store = Arc::new(Store::load(self.folders.clone(), &|_| {}).expect("the base loads"));
        let allowance = |text: &str| text.parse::<Allowance>().expect("an allowance");
        let cooldowns = Cooldowns::new(allowance(self.cooldowns.0), allowance(self.cooldowns.1));
        let responder = Arc::new(Responder::new(store, self.journal(), cooldowns));
        let (stop, stopped) = watch::channel(false);
        // A runtime of its own is a program of its own: with it everything ends.
        let apart = apart.then(|| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(1).enable_all().build().expect("a runtime")
        });
        let serving = serve(settings, responder.clone(), stopped);
        let served = apart.as_ref().map_or_else(tokio::runtime::Handle::current, |apart| apart.handle().clone()).spawn(serving);
        Bot { stop, served, responder, apart }
    }
}

/// A bot at work. It ends with the test.
pub(super) struct Bot {
    stop: watch::Sender<bool>,
    served: JoinHandle<Result<(), DiscordError>>,
    pub(super) responder: Arc<Responder>,
    apart: Option<Runtime>,
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.served.abort();
        if let Some(apart) = self.apart.take() {
            apart.shutdown_background();
        }
    }
}

impl Bot {
    /// Tells the bot to stop, and waits for it.
    pub(super) async fn stop(self) -> Result<(), DiscordError> {
        let _ = self.stop.send(true);
        self.ended().await
    }

    /// Waits until the bot ends by itself.
    pub(super) async fn ended(mut self) -> Result<(), DiscordError> {
        tokio::time::timeout(Duration::from_secs(20), &mut self.served).await.expect("it ends").expect("it does not panic")
    }

    /// Ends the bot as a crash would: nothing is finished, nothing is closed.
    pub(super) async fn crash(mut self) {
        let apart = self.apart.take().expect("a bot of its own runtime: others leave tasks behind");
        // Waits for the threads, which end where their tasks wait next.
        let ended = tokio::task::spawn_blocking(move || apart.shutdown_timeout(Duration::from_secs(5))).await;
        ended.expect("it ends");
    }
}

/// The text of a message's embed.
pub(super) fn text(message: &Value) -> String {
    let embed = &message["embeds"][0];
    embed["description"].as_str().or_else(|| message["content"].as_str()).unwrap_or_default().to_owned()
}

/// A copy of the invented base, to be changed.
pub(super) fn harbour_copy(folder: &Path) -> Folders {
    let from = harbour();
    for (source, name) in [(&from.seeds, "seeds"), (&from.knowledge, "knowledge")] {
        copy(source, &folder.join(name));
    }
    Folders { seeds: folder.join("seeds"), knowledge: folder.join("knowledge"), data: folder.join("data") }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the fixture") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &target) } else { assert!(std::fs::copy(&path, &target).is_ok(), "a copy") }
    }
}
