//! Questions that came while the bot was not listening: after a lost session or a restart they are read from the channels'
//! history, within bounds. What was handled is in the journal, so nothing is answered twice.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serenity::all::{ChannelId, GetMessages, Guild, GuildId, Message, MessageId};

use crate::platform::discord::bot::{Bot, PLATFORM, id_at, is_forum};
use crate::platform::discord::outbox::{Failure, failure, persist};

/// The most messages read of a channel, and channels of a server or private ones.
const MESSAGES: u8 = 100;
const CHANNELS: usize = 50;
/// When the bot last listened is known only so exactly.
const MARGIN: Duration = Duration::from_secs(10);

impl Bot {
    /// Notes that what was said in a server since a time may have been missed, unless it is known that more was.
    pub(super) fn missed(&self, guild: GuildId, since: SystemTime) {
        let mut missed = self.missed_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = missed.entry(guild).or_insert(since);
        *known = since.min(*known);
    }

    /// From when on messages are read, where the bot last listened at a time.
    fn from(&self, since: SystemTime) -> SystemTime {
        (since - MARGIN).max(SystemTime::now() - self.settings.catch_up)
    }

    /// Reads a server's channels in which something was said that may have been missed.
    pub(super) async fn catch_up_guild(self: &Arc<Self>, guild: &Guild) {
        let missed = self.missed_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&guild.id);
        let Some(since) = missed.map(|since| self.from(since)) else { return };
        let after = id_at(since);
        let spoke = |last: Option<MessageId>| last.is_some_and(|last| last.get() > after);
        let channels = guild.channels.values().filter(|channel| !is_forum(channel.kind)).chain(&guild.threads);
        let mut channels: Vec<(MessageId, ChannelId)> = channels
            .filter(|channel| spoke(channel.last_message_id))
            .filter_map(|channel| Some((channel.last_message_id?, channel.id)))
            .collect();
        // The latest first, should there be more than are read.
        channels.sort_by(|a, b| b.cmp(a));
        if channels.len() > CHANNELS {
            tracing::warn!(guild = guild.id.get(), channels = channels.len(), "more channels were active than are caught up with");
        }
        for (_, channel) in channels.into_iter().take(CHANNELS) {
            self.catch_up_channel(channel, Some(guild.id), after).await;
        }
    }

    /// Reads the private conversations of the last days.
    pub(super) async fn catch_up_direct(self: &Arc<Self>, since: SystemTime) {
        let since = self.from(since);
        let lately = SystemTime::now() - Duration::from_hours(168);
        let channels = self.journal().direct(PLATFORM, lately, CHANNELS).unwrap_or_default();
        for channel in channels.iter().filter_map(|id| id.parse::<u64>().ok()) {
            self.catch_up_channel(ChannelId::new(channel), None, id_at(since)).await;
        }
    }

    async fn catch_up_channel(&self, channel: ChannelId, guild: Option<GuildId>, after: u64) {
        // The latest: who asked earlier has waited longer, and may have gone.
        let read = || channel.messages(&self.http, GetMessages::new().limit(MESSAGES));
        let mut messages: Vec<Message> = match persist(Duration::from_mins(1), read).await {
            Ok(messages) => messages,
            Err(error) => {
                if !matches!(failure(&error), Failure::Forbidden | Failure::Gone) {
                    tracing::warn!(%error, channel = channel.get(), "a channel is not caught up with");
                }
                return;
            }
        };
        messages.retain(|message| message.id.get() > after);
        messages.sort_by_key(|message| message.id);
        for message in messages {
            self.said(&message, guild).await;
        }
    }
}
