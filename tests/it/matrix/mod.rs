//! Matrix: the adapter as its users meet it, in rooms of a real homeserver, by clients that are not ours.

mod asking;
mod binary;
mod clocks;
mod edits;
mod encryption;
mod federation;
mod invitations;
mod moderators;
mod questions;
mod reactions;
mod restarts;
mod scene;
mod wrong;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rapporteur::platform::matrix::{MatrixError, Settings, serve};
use rapporteur::respond::Responder;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::setup::Setup;
use crate::synapse::{Homeserver, Member};

/// Long enough for anything that comes at all: a debug build on a busy machine, with a homeserver beside it.
pub(super) const SOON: Duration = Duration::from_mins(1);

impl Setup {
    /// The environment of a bot with this account.
    pub(super) fn environment(&self, server: &Homeserver, account: &Member) -> BTreeMap<&'static str, String> {
        let own =
            [("MATRIX_HOMESERVER", server.address()), ("MATRIX_USER", account.id.clone()), ("MATRIX_PASSWORD", account.password.clone())];
        own.into_iter().chain(self.variables.iter().map(|(name, value)| (*name, value.clone()))).collect()
    }

    /// Starts the bot; what was asked before it listens is answered later.
    pub(crate) fn start_on(&self, server: &Homeserver, account: &Member) -> Bot {
        let environment = self.environment(server, account);
        let read = Settings::read(|name| environment.get(name).cloned()).expect("the settings are in order");
        let settings = read.expect("there is a homeserver");
        let responder = self.responder();
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
