//! One worker for each room: its events are handled one after the other, in the order they came; rooms do not wait for
//! each other.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::platform::matrix::bot::{Bot, PLATFORM};
use crate::platform::matrix::event::Heard;

/// Something to do in a room.
#[derive(Debug)]
pub(super) enum Task {
    /// An event came.
    Heard(Heard),
    /// An earlier run began this event and did not finish.
    Unfinished(String),
    /// This event could not be read; perhaps it can now. Otherwise its sender may be told so.
    Unreadable {
        /// The event.
        event: String,
        /// Whether its sender is to be told.
        tell: bool,
    },
}

impl Task {
    /// The event it is about.
    pub(super) fn event(&self) -> &str {
        match self {
            Self::Heard(heard) => &heard.id,
            Self::Unfinished(event) | Self::Unreadable { event, .. } => event,
        }
    }
}

/// The workers. They end when this is dropped.
pub(super) struct Workers {
    bot: Arc<Bot>,
    queues: HashMap<String, mpsc::UnboundedSender<Task>>,
    running: JoinSet<()>,
}

impl Workers {
    pub(super) fn new(bot: Arc<Bot>) -> Self {
        Self { bot, queues: HashMap::new(), running: JoinSet::new() }
    }

    /// Gives a room something to do after what it has to do already.
    pub(super) fn push(&mut self, room: String, task: Task) {
        let bot = &self.bot;
        let running = &mut self.running;
        let queue = self.queues.entry(room.clone()).or_insert_with(|| {
            let (queue, tasks) = mpsc::unbounded_channel();
            running.spawn(work(bot.clone(), room, tasks));
            queue
        });
        // A worker ends only once it is told to.
        let _ = queue.send(task);
    }

    /// Waits until what was begun is finished; what was not is left for the next start.
    pub(super) async fn finish(mut self, within: Duration) -> bool {
        self.queues.clear();
        let all = async { while self.running.join_next().await.is_some() {} };
        tokio::time::timeout(within, all).await.is_ok()
    }
}

async fn work(bot: Arc<Bot>, room: String, mut tasks: mpsc::UnboundedReceiver<Task>) {
    while let Some(task) = tasks.recv().await {
        if *bot.stop.borrow() {
            return;
        }
        let span = tracing::info_span!("message", message.platform = PLATFORM, room);
        let started = std::time::Instant::now();
        let event = task.event().to_owned();
        // What goes wrong with one event must not silence the room, nor be met again at every start.
        if AssertUnwindSafe(bot.handle(&room, task).instrument(span)).catch_unwind().await.is_err() {
            tracing::error!(room, event, "an event could not be handled: the program has a fault");
            bot.note(&event, None, None);
        }
        tracing::debug!(duration_ms = started.elapsed().as_millis() as u64, "handled");
    }
}
