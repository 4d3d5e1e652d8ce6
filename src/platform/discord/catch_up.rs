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
    /// Notes that a shard may have missed what came since a time, unless it is known to have missed more.
    pub(super) fn missed(&self, shard: u32, since: SystemTime) {
        let earliest = SystemTime::now() - self.settings.catch_up;
        let since = (since - MARGIN).max(earliest);
        self.missed_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(shard, since);
    }

    fn since(&self, shard: u32) -> Option<SystemTime> {
        self.missed_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&shard).copied()
    }

    /// Reads a server's channels in which something was said since.
    pub(super) async fn catch_up_guild(self: &Arc<Self>, shard: u32, guild: &Guild) {
        let Some(since) = self.since(shard) else { return };
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
    pub(super) async fn catch_up_direct(self: &Arc<Self>, shard: u32) {
        let Some(since) = self.since(shard) else { return };
        let lately = SystemTime::now() - Duration::from_secs(7 * 86_400);
        let channels = self.journal().direct(PLATFORM, lately, CHANNELS).unwrap_or_default();
        for channel in channels.iter().filter_map(|id| id.parse::<u64>().ok()) {
            self.catch_up_channel(ChannelId::new(channel), None, id_at(since)).await;
        }
    }

    async fn catch_up_channel(&self, channel: ChannelId, guild: Option<GuildId>, after: u64) {
        let read = || channel.messages(&self.http, GetMessages::new().after(MessageId::new(after.max(1))).limit(MESSAGES));
        let mut messages: Vec<Message> = match persist(Duration::from_secs(60), read).await {
            Ok(messages) => messages,
            Err(error) => {
                if !matches!(failure(&error), Failure::Forbidden | Failure::Gone) {
                    tracing::warn!(%error, channel = channel.get(), "a channel is not caught up with");
                }
                return;
            }
        };
        messages.sort_by_key(|message| message.id);
        for message in messages {
            self.said(&message, guild).await;
        }
    }
}
