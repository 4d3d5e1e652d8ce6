//! Keys of encrypted rooms that come late, or never; and those of the bot's own device.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::broadcast;

use crate::journal::Unreadable;
use crate::platform::matrix::bot::{Bot, PLATFORM};
use crate::platform::matrix::workers::Task;

/// A key often comes a moment after the message: so long nothing is said of it.
const GRACE: Duration = Duration::from_secs(5);

/// Has events tried again whose key came.
pub(super) async fn await_keys(bot: Arc<Bot>) {
    let Some(keys) = bot.client.encryption().room_keys_received_stream().await else { return };
    tokio::pin!(keys);
    while let Some(received) = keys.next().await {
        // Who cannot keep up with the keys tries everything again.
        let sessions: Vec<Option<(String, String)>> = match received {
            Ok(keys) => keys.into_iter().map(|key| Some((key.room_id.to_string(), key.session_id))).collect(),
            Err(_) => vec![None],
        };
        for session in sessions {
            let session = session.as_ref().map(|(room, session)| (room.as_str(), session.as_str()));
            for unreadable in bot.journal().unreadable(PLATFORM, session).unwrap_or_default() {
                let task = Task::Unreadable { event: unreadable.event, tell: false };
                let _ = bot.later.send((unreadable.conversation, task));
            }
        }
    }
}

/// Has the sender told that an event cannot be read, unless its key comes first.
pub(super) async fn tell_later(bot: Arc<Bot>, unreadable: Unreadable) {
    tokio::time::sleep(GRACE).await;
    let _ = bot.later.send((unreadable.conversation, Task::Unreadable { event: unreadable.event, tell: true }));
}

/// Ends when the homeserver knows other keys of this device: its store was lost, or is an old copy.
pub(super) async fn uploaded_twice<T: Clone>(duplicates: &mut broadcast::Receiver<T>) {
    loop {
        match duplicates.recv().await {
            Ok(_) => return,
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending::<()>().await,
        }
    }
}
