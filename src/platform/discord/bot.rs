//! What all events share: the line, the settings, the REST client, and what must be known while the program runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serenity::all::{ChannelId, ChannelType, GuildChannel, GuildId, Http, MessageId, Permissions, RoleId, Timestamp, UserId};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::journal::Journal;
use crate::message::Role;
use crate::platform::discord::Settings;
use crate::respond::Responder;

/// The platform's name in the journal.
pub(super) const PLATFORM: &str = "discord";
/// So many events are handled at once; the rest waits.
const AT_ONCE: u32 = 512;
/// Above so many, turns that nobody waits for any more are cleared away.
const TURNS: usize = 4 * AT_ONCE as usize;
/// Of so many threads it is remembered which forum they belong to.
const THREADS: usize = 10_000;

/// How to listen in a channel without being addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listening {
    /// To every message.
    Always,
    /// To a post's first message only; with the post's title, which often is the question.
    First(String),
}

/// What all events share.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(super) responder: Arc<Responder>,
    pub(super) settings: Settings,
    pub(super) http: Arc<Http>,
    me: AtomicU64,
    /// Whether messages are shown to the bot where nobody mentions it.
    pub(super) reads_content: AtomicBool,
    /// Payloads the library could not read.
    pub(super) unread: AtomicU64,
    /// Events of one message are handled one after the other. No two messages share a turn: one may take minutes.
    turns: Mutex<HashMap<MessageId, Weak<tokio::sync::Mutex<()>>>>,
    under_way: Semaphore,
    /// Interactions have three seconds: they do not wait behind messages.
    acting: Semaphore,
    stopping: AtomicBool,
    /// Threads under channels to listen in: whether they are posts, and their titles.
    threads: Mutex<HashMap<ChannelId, (bool, String)>>,
    /// Channels to listen in that are forums.
    forums: Mutex<Vec<ChannelId>>,
    /// When messages were last edited, as far as that is handled.
    edits: Mutex<HashMap<MessageId, Timestamp>>,
    /// Since when something may have been missed in servers that are not known yet.
    pub(super) missed_since: Mutex<HashMap<GuildId, SystemTime>>,
}

impl Bot {
    pub(super) fn new(responder: Arc<Responder>, settings: Settings, http: Arc<Http>) -> Self {
        Self {
            responder,
            settings,
            http,
            me: AtomicU64::new(0),
            reads_content: AtomicBool::new(false),
            unread: AtomicU64::new(0),
            turns: Mutex::default(),
            under_way: Semaphore::new(AT_ONCE as usize),
            acting: Semaphore::new(AT_ONCE as usize),
            stopping: AtomicBool::new(false),
            threads: Mutex::default(),
            forums: Mutex::default(),
            edits: Mutex::default(),
            missed_since: Mutex::default(),
        }
    }

    pub(super) fn journal(&self) -> &Journal {
        self.responder.journal()
    }

    pub(super) fn set_me(&self, me: UserId) {
        self.me.store(me.get(), Ordering::Relaxed);
    }

    pub(super) fn is_me(&self, user: UserId) -> bool {
        user.get() == self.me.load(Ordering::Relaxed)
    }

    /// Waits until the events of a message that came before are handled.
    pub(super) async fn turn_of(&self, message: MessageId) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() > TURNS {
                turns.retain(|_, turn| turn.strong_count() > 0);
            }
            turns.get(&message).and_then(Weak::upgrade).unwrap_or_else(|| {
                let turn = Arc::new(tokio::sync::Mutex::new(()));
                turns.insert(message, Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }

    /// Whether an edit is told of for the first time.
    pub(super) fn is_new_edit(&self, message: MessageId, edited: Timestamp) -> bool {
        let mut edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        if edits.len() >= THREADS {
            edits.clear();
        }
        edits.insert(message, edited) != Some(edited)
    }

    /// Leave to handle an event; none once the program is stopping.
    pub(super) async fn begin(&self) -> Option<SemaphorePermit<'_>> {
        if self.stopping.load(Ordering::Acquire) {
            return None;
        }
        self.under_way.acquire().await.ok()
    }

    /// Leave to handle an interaction; none once the program is stopping.
    pub(super) async fn act(&self) -> Option<SemaphorePermit<'_>> {
        if self.stopping.load(Ordering::Acquire) {
            return None;
        }
        self.acting.acquire().await.ok()
    }

    /// Takes no more questions, and waits for those under way.
    pub(super) async fn finish(&self, within: Duration) -> bool {
        self.stopping.store(true, Ordering::Release);
        let all = async { tokio::join!(self.under_way.acquire_many(AT_ONCE), self.acting.acquire_many(AT_ONCE)) };
        tokio::time::timeout(within, all).await.is_ok()
    }

    /// What a member may do.
    pub(super) fn role(&self, permissions: Option<Permissions>, roles: &[RoleId]) -> Role {
        let manages = permissions.is_some_and(|has| has.manage_guild() || has.administrator());
        let named = roles.iter().any(|role| self.settings.moderator_roles.contains(&role.get()));
        if manages || named { Role::Moderator } else { Role::Member }
    }

    /// Remembers a forum to listen in.
    pub(super) fn saw_forum(&self, forum: ChannelId) {
        let mut forums = self.forums.lock().unwrap_or_else(PoisonError::into_inner);
        if self.settings.answer_channels.contains(&forum.get()) && !forums.contains(&forum) {
            forums.push(forum);
        }
    }

    /// Remembers a thread under a channel to listen in.
    pub(super) fn saw_thread(&self, thread: &GuildChannel) {
        let Some(parent) = thread.parent_id.filter(|parent| self.settings.answer_channels.contains(&parent.get())) else { return };
        let is_post = self.forums.lock().unwrap_or_else(PoisonError::into_inner).contains(&parent);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.len() >= THREADS {
            threads.clear();
        }
        threads.insert(thread.id, (is_post, thread.name.clone()));
    }

    /// How to listen in a channel where nobody has addressed the bot. A post's first message has the id of its thread.
    pub(super) async fn listening(&self, channel: ChannelId, message: MessageId) -> Option<Listening> {
        if self.settings.answer_channels.is_empty() {
            return None;
        }
        if self.settings.answer_channels.contains(&channel.get()) {
            return Some(Listening::Always);
        }
        let is_first = message.get() == channel.get();
        let known = self.threads.lock().unwrap_or_else(PoisonError::into_inner).get(&channel).cloned();
        match known {
            Some((true, title)) => is_first.then_some(Listening::First(title)),
            Some((false, _)) => Some(Listening::Always),
            None if is_first => {
                // The post's own event may still be on its way.
                let thread = self.http.get_channel(channel).await.ok()?.guild()?;
                let parent = thread.parent_id?;
                self.settings.answer_channels.contains(&parent.get()).then(|| Listening::First(thread.name.clone()))
            }
            None => None,
        }
    }
}

/// Whether a channel is one of posts.
pub(super) fn is_forum(kind: ChannelType) -> bool {
    // A media channel (16) is a forum by another look; the library does not name it.
    kind == ChannelType::Forum || u8::from(kind) == 16
}

/// When an id was made: <https://docs.discord.com/developers/reference#snowflakes>.
pub(super) fn made_at(id: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis((id >> 22) + 1_420_070_400_000)
}

/// The smallest id of a time.
pub(super) fn id_at(time: SystemTime) -> u64 {
    let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    millis.saturating_sub(1_420_070_400_000) << 22
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_when_they_were_made() {
        // The example of Discord's documentation.
        let made = made_at(175_928_847_299_117_063);
        assert_eq!(made.duration_since(UNIX_EPOCH).map(|since| since.as_millis()).ok(), Some(1_462_015_105_796));
        assert_eq!(made_at(id_at(made)), made);
    }
}
