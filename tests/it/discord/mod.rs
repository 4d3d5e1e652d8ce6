//! Discord: the adapter as its users meet it, over a mocked gateway and REST interface behind the real client library.

mod asking;

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
    pub(super) fn with(mut self, variable: &'static str, value: impl ToString) -> Self {
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
        let served = tokio::spawn(serve(settings, responder.clone(), stopped));
        Bot { stop, served, responder }
    }
}

/// A bot at work. It ends with the test.
pub(super) struct Bot {
    stop: watch::Sender<bool>,
    served: JoinHandle<Result<(), DiscordError>>,
    pub(super) responder: Arc<Responder>,
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
    pub(super) async fn crash(self) {
        self.served.abort();
        let _ = self.served.await;
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
        if path.is_dir() { copy(&path, &target) } else { drop(std::fs::copy(&path, &target).expect("a copy")) }
    }
}
