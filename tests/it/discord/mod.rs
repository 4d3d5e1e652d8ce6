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

use std::sync::Arc;
use std::time::Duration;

use rapporteur::platform::discord::{DiscordError, Settings, serve};
use rapporteur::respond::Responder;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::fake_discord::{Discord, TOKEN};
use crate::setup::Setup;

/// Long enough for anything that comes at all.
pub(super) const SOON: Duration = Duration::from_secs(10);
/// Long enough to be sure that nothing comes.
pub(super) const QUIET: Duration = Duration::from_millis(400);

impl Setup {
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
        let responder = self.responder();
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
