//! Matrix: the adapter as its users meet it, in rooms of a real homeserver, by clients that are not ours.

mod asking;
mod binary;
mod edits;
mod encryption;
mod invitations;
mod moderators;
mod questions;
mod reactions;
mod restarts;
mod scene;
mod wrong;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rapporteur::cooldown::{Allowance, Cooldowns};
use rapporteur::journal::Journal;
use rapporteur::platform::matrix::{MatrixError, Settings, serve};
use rapporteur::respond::Responder;
use rapporteur::serving::Store;
use rapporteur::snapshot::Folders;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::harbour;
use crate::synapse::{Homeserver, Member};

/// Long enough for anything that comes at all: a debug build on a busy machine, with a homeserver beside it.
pub(super) const SOON: Duration = Duration::from_secs(60);

/// What a bot is started with.
pub(super) struct Setup {
    /// The base it serves.
    pub(super) folders: Folders,
    /// Where its journal, its session and its keys are.
    pub(super) data: Arc<TempDir>,
    /// Its environment, besides homeserver, user and password.
    pub(super) variables: BTreeMap<&'static str, String>,
    /// How often a member, and a room, may ask.
    pub(super) cooldowns: (&'static str, &'static str),
}

impl Default for Setup {
    fn default() -> Self {
        let data = Arc::new(tempfile::tempdir().expect("a folder for the journal"));
        Self { folders: harbour(), data, variables: BTreeMap::new(), cooldowns: ("off", "off") }
    }
}

impl Setup {
    pub(super) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.insert(variable, value.into());
        self
    }

    pub(super) fn journal(&self) -> Journal {
        Journal::open(self.data.path()).expect("the journal opens")
    }

    /// The environment of a bot with this account.
    pub(super) fn environment(&self, server: &Homeserver, account: &Member) -> BTreeMap<&'static str, String> {
        let own =
            [("MATRIX_HOMESERVER", server.address()), ("MATRIX_USER", account.id.clone()), ("MATRIX_PASSWORD", account.password.clone())];
        own.into_iter().chain(self.variables.iter().map(|(name, value)| (*name, value.clone()))).collect()
    }

    /// Starts the bot; what was asked before it listens is answered later.
    pub(super) fn start(&self, server: &Homeserver, account: &Member) -> Bot {
        let environment = self.environment(server, account);
        let read = Settings::read(|name| environment.get(name).cloned()).expect("the settings are in order");
        let settings = read.expect("there is a homeserver");
        let store = Arc::new(Store::load(self.folders.clone(), &|_| {}).expect("the base loads"));
        let allowance = |text: &str| text.parse::<Allowance>().expect("an allowance");
        let cooldowns = Cooldowns::new(allowance(self.cooldowns.0), allowance(self.cooldowns.1));
        let responder = Arc::new(Responder::new(store, self.journal(), cooldowns));
        let (stop, end) = watch::channel(false);
        let (data, serving) = (self.data.clone(), responder.clone());
        let task = tokio::spawn(async move { serve(settings, serving, data.path(), end).await });
        Bot { stop, served: task, responder }
    }
}

/// A bot at work. It ends with the test.
pub(super) struct Bot {
    stop: watch::Sender<bool>,
    served: JoinHandle<Result<(), MatrixError>>,
    pub(super) responder: Arc<Responder>,
}

impl Bot {
    /// Tells the bot to stop, and waits for it.
    pub(super) async fn stop(self) -> Result<(), MatrixError> {
        let _ = self.stop.send(true);
        self.ended().await
    }

    /// Waits until the bot ends by itself.
    pub(super) async fn ended(mut self) -> Result<(), MatrixError> {
        tokio::time::timeout(SOON, &mut self.served).await.expect("it ends").expect("it does not panic")
    }

    /// Ends the bot as a crash would: nothing is finished, nothing is closed.
    pub(super) async fn crash(self) {
        self.served.abort();
        let _ = self.served.await;
    }

    /// Whether the bot has ended, which it should not.
    pub(super) fn has_ended(&self) -> bool {
        self.served.is_finished()
    }
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
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}
