//! Messages in channels, threads and private conversations: said, edited, deleted.

use std::time::{Duration, SystemTime};

use serenity::all::{
    ChannelId, CreateMessage, EditMessage, GetMessages, GuildId, Message, MessageFlags, MessageId, MessageReference, MessageType,
    MessageUpdateEvent, Nonce, UserId,
};
use tracing::Instrument as _;

use crate::intent::Intent;
use crate::journal::{Event, Handled, Kept};
use crate::knowledge::Language;
use crate::message::{Address, Author, Conversation, Message as Said, Role};
use crate::platform::discord::bot::{Bot, Listening, PLATFORM, made_at};
use crate::platform::discord::outbox::{Failure, create, failure, persist, report};
use crate::platform::discord::render::{nobody, render};
use crate::platform::discord::text::words;
use crate::reply::{Reply, Wording, fill};
use crate::respond::{Now, Response};

/// An edit changes the answer for so long after the question was asked.
const EDITS_FOLLOWED: Duration = Duration::from_mins(15);

/// A message as its events tell of it.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) id: MessageId,
    pub(super) channel: ChannelId,
    pub(super) guild: Option<GuildId>,
    author: UserId,
    text: String,
    /// The title of the post it begins.
    title: Option<String>,
    address: Address,
    /// The nonce of its answer: Discord remembers it even after the answer was taken back, so an edit has its own.
    nonce: String,
}

impl Heard {
    fn message(&self) -> Said {
        Said {
            // What moderators do, they do by commands.
            author: Author { id: self.author.to_string(), role: Role::Member },
            conversation: Conversation { platform: PLATFORM, id: self.channel.to_string() },
            address: self.address,
            intent: if self.text.is_empty() && self.address != Address::Overheard { Intent::Help } else { Intent::Ask(self.text.clone()) },
            locale: None,
        }
    }
}

impl Bot {
    /// A message was said.
    pub(super) async fn said(&self, message: &Message, guild: Option<GuildId>) {
        let Some(heard) = self.hear(message, guild).await else { return };
        let Some(_leave) = self.begin().await else { return };
        let span = tracing::info_span!("message", message.platform = PLATFORM, message.id = heard.id.get(), channel = heard.channel.get());
        self.answer(heard).instrument(span).await;
    }

    /// Whether a message is for the bot, and how. Bots, webhooks and Discord's own messages never are.
    async fn hear(&self, message: &Message, guild: Option<GuildId>) -> Option<Heard> {
        if message.author.bot || message.author.system || message.webhook_id.is_some() || self.is_me(message.author.id) {
            return None;
        }
        if !matches!(message.kind, MessageType::Regular | MessageType::InlineReply) {
            return None;
        }
        let guild = message.guild_id.or(guild);
        let mentioned = message.mentions.iter().any(|user| self.is_me(user.id));
        let replied = message.referenced_message.as_ref().is_some_and(|referenced| self.is_me(referenced.author.id));
        let (address, title) = match guild {
            None => (Address::Private, None),
            Some(_) if mentioned || replied => (Address::Open, None),
            Some(_) => match self.listening(message.channel_id, message.id).await? {
                Listening::Always => (Address::Overheard, None),
                Listening::First(title) => (Address::Overheard, Some(title)),
            },
        };
        let text = words(&message.content);
        // Without the privilege to read messages, a reply that mentions nobody comes without its text.
        if text.is_empty() && title.is_none() && !mentioned {
            return None;
        }
        Some(Heard {
            id: message.id,
            channel: message.channel_id,
            guild,
            author: message.author.id,
            text,
            title,
            address,
            nonce: message.id.to_string(),
        })
    }

    async fn answer(&self, heard: Heard) {
        let _turn = self.turn_of(heard.id).await;
        let (id, channel) = (heard.id.to_string(), heard.channel.to_string());
        let event = Event { platform: PLATFORM, id: &id, conversation: &channel, direct: heard.guild.is_none() };
        match self.journal().begin(event, SystemTime::now()) {
            Ok(Handled::New) => {}
            Ok(Handled::Known) => return,
            Ok(Handled::Doubtful) => {
                if let Some(reply) = self.find_reply(&heard).await {
                    self.note(&id, Some(&reply.to_string()), None);
                    return;
                }
            }
            // Without the journal an answer may come twice after a crash; that is better than none.
            Err(error) => tracing::error!(%error, "what is handled is not noted"),
        }
        let started = std::time::Instant::now();
        let mut response = self.responder.respond(&heard.message(), Now::real());
        if let (Response::Silence, Some(title)) = (&response, &heard.title) {
            let titled = Heard { text: words(title), ..heard.clone() };
            response = self.responder.respond(&titled.message(), Now::real());
        }
        self.send(&heard, response).await;
        tracing::debug!(duration_ms = started.elapsed().as_millis() as u64, "handled");
    }

    async fn send(&self, heard: &Heard, response: Response) {
        let (id, asker) = (heard.id.to_string(), heard.author.to_string());
        let (message, answered) = match response {
            Response::Silence | Response::Leave => return self.note(&id, None, None),
            Response::Wait(reply) => {
                self.tell_privately(heard.author, &reply).await;
                return self.note(&id, None, None);
            }
            Response::Again(kept, language) => {
                (CreateMessage::new().content(again(heard.guild, &kept, language)).flags(MessageFlags::SUPPRESS_EMBEDS), None)
            }
            Response::Say(reply, answer) => {
                let rendered = render(&reply, &asker, None);
                let answered = answer.and_then(|answer| Some((answer.fact?, answer.language)));
                (CreateMessage::new().embed(rendered.embed).components(rendered.rows), answered)
            }
        };
        let reference = MessageReference::from((heard.channel, heard.id)).fail_if_not_exists(false);
        let message =
            message.reference_message(reference).allowed_mentions(nobody()).nonce(Nonce::String(heard.nonce.clone())).enforce_nonce(true);
        match create(&self.http, heard.channel, &message).await {
            Ok(sent) => self.note(&id, Some(&sent.id.to_string()), answered.as_ref().map(|(fact, language)| (fact.as_str(), *language))),
            Err(error) => {
                report(&error, "a question stays unanswered", heard.channel);
                // What can heal is left open, to be caught up with.
                if failure(&error) != Failure::Passing {
                    self.note(&id, None, None);
                }
            }
        }
    }

    fn note(&self, event: &str, reply: Option<&str>, answered: Option<(&str, Language)>) {
        if let Err(error) = self.journal().done(PLATFORM, event, reply, answered) {
            tracing::error!(%error, "what is handled is not noted");
        }
    }

    /// A notice for one member alone. Who takes no private messages gets none.
    async fn tell_privately(&self, member: UserId, reply: &Reply) {
        let rendered = render(reply, &member.to_string(), None);
        let message = CreateMessage::new().embed(rendered.embed).allowed_mentions(nobody());
        let minute = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() / 60);
        // One notice a minute: a flood is not answered by a flood.
        let message = message.nonce(Nonce::String(format!("w{minute}-{}", member.get() % 1_000_000_000_000))).enforce_nonce(true);
        let sent = async { member.create_dm_channel(&self.http).await?.id.send_message(&self.http, message).await };
        if let Err(error) = sent.await {
            tracing::debug!(%error, "a private notice was not delivered");
        }
    }

    /// The reply an earlier run sent, if it did.
    async fn find_reply(&self, heard: &Heard) -> Option<MessageId> {
        let after = || heard.channel.messages(&self.http, GetMessages::new().after(heard.id).limit(100));
        let messages = persist(Duration::from_secs(30), after).await.ok()?;
        let is_reply = |message: &&Message| {
            self.is_me(message.author.id)
                && message.message_reference.as_ref().is_some_and(|reference| reference.message_id == Some(heard.id))
        };
        messages.iter().find(is_reply).map(|message| message.id)
    }

    /// A message was edited: its answer follows, for a while.
    pub(super) async fn edited(&self, update: MessageUpdateEvent) {
        // Discord updates a message also when it adds a preview; an edit has a time.
        let Some(edited) = update.edited_timestamp else { return };
        // It has that time also when a preview is added, or the message pinned, afterwards.
        if made_at(update.id.get()) + EDITS_FOLLOWED < SystemTime::now() || !self.is_new_edit(update.id, edited) {
            return;
        }
        let (Some(content), Some(author)) = (update.content, update.author) else { return };
        if author.bot || self.is_me(author.id) {
            return;
        }
        let Some(_leave) = self.begin().await else { return };
        let turn = self.turn_of(update.id).await;
        let kept = self.journal().kept(PLATFORM, &update.id.to_string()).unwrap_or_default();
        let mentioned = update.mentions.is_some_and(|mentions| mentions.iter().any(|user| self.is_me(user.id)));
        let replied = update.referenced_message.flatten().is_some_and(|referenced| self.is_me(referenced.author.id));
        let address = match update.guild_id {
            None => Some(Address::Private),
            Some(_) if mentioned || replied => Some(Address::Open),
            Some(_) => self.listening(update.channel_id, update.id).await.map(|_| Address::Overheard),
        };
        let text = words(&content);
        let heard = address.filter(|_| !text.is_empty()).map(|address| Heard {
            id: update.id,
            channel: update.channel_id,
            guild: update.guild_id,
            author: author.id,
            text,
            title: None,
            address,
            nonce: format!("{}e{}", update.id, edited.unix_timestamp() % 1000),
        });
        match (heard, kept.and_then(|kept| kept.reply)) {
            (Some(heard), Some(reply)) => self.answer_anew(&heard, &reply).await,
            // It became a question, or one that can be answered.
            (Some(heard), None) => {
                if let Err(error) = self.journal().forget(PLATFORM, &heard.id.to_string()) {
                    tracing::error!(%error, "an edited question is not noted");
                }
                drop(turn);
                self.answer(heard).await;
            }
            (None, Some(reply)) => self.take_back(update.channel_id, &reply).await,
            (None, None) => {}
        }
    }

    async fn answer_anew(&self, heard: &Heard, reply: &str) {
        let Ok(reply_id) = reply.parse::<u64>().map(MessageId::new) else { return };
        // Its own earlier answer is no reason to link to it.
        if let Err(error) = self.journal().done(PLATFORM, &heard.id.to_string(), Some(reply), None) {
            tracing::error!(%error, "an edited question is not noted");
        }
        let (edit, answered) = match self.responder.respond(&heard.message(), Now::real()) {
            Response::Say(said, answer) => {
                let rendered = render(&said, &heard.author.to_string(), None);
                let edit = EditMessage::new().content("").embed(rendered.embed).components(rendered.rows).suppress_embeds(false);
                (edit, answer.and_then(|answer| Some((answer.fact?, answer.language))))
            }
            Response::Again(kept, language) => {
                let line = again(heard.guild, &kept, language);
                (EditMessage::new().content(line).embeds(Vec::new()).components(Vec::new()).suppress_embeds(true), None)
            }
            Response::Wait(notice) => return self.tell_privately(heard.author, &notice).await,
            Response::Silence | Response::Leave => return self.take_back(heard.channel, reply).await,
        };
        let edit = edit.allowed_mentions(nobody());
        let sent = persist(Duration::from_mins(1), || heard.channel.edit_message(&self.http, reply_id, edit.clone())).await;
        match sent {
            Ok(_) => self.note(&heard.id.to_string(), Some(reply), answered.as_ref().map(|(fact, language)| (fact.as_str(), *language))),
            Err(error) => report(&error, "an answer does not follow an edit", heard.channel),
        }
    }

    /// A message was deleted: its answer goes too.
    pub(super) async fn deleted(&self, channel: ChannelId, message: MessageId) {
        let Some(_leave) = self.begin().await else { return };
        let _turn = self.turn_of(message).await;
        match self.journal().kept(PLATFORM, &message.to_string()) {
            Ok(Some(Kept { reply: Some(reply), .. })) => self.take_back(channel, &reply).await,
            Ok(_) => {
                // Somebody removed the bot's own message.
                if let Err(error) = self.journal().unsay(PLATFORM, &message.to_string()) {
                    tracing::error!(%error, "a removed reply is not noted");
                }
            }
            Err(error) => tracing::error!(%error, "the answer to a deleted question is not known"),
        }
    }

    /// Deletes a reply.
    pub(super) async fn take_back(&self, channel: ChannelId, reply: &str) {
        let Ok(id) = reply.parse::<u64>().map(MessageId::new) else { return };
        if let Err(error) = self.journal().unsay(PLATFORM, reply) {
            tracing::error!(%error, "a removed reply is not noted");
        }
        if let Err(error) = persist(Duration::from_mins(1), || channel.delete_message(&self.http, id)).await
            && failure(&error) != Failure::Gone
        {
            report(&error, "a reply stays though its question is gone", channel);
        }
    }
}

/// The line that links to an answer given a moment ago.
pub(super) fn again(guild: Option<GuildId>, kept: &Kept, language: Language) -> String {
    let place = guild.map_or_else(|| "@me".to_owned(), |guild| guild.to_string());
    let link = format!("https://discord.com/channels/{place}/{}/{}", kept.conversation, kept.reply.as_deref().unwrap_or_default());
    fill(&Wording::of(language).again, &[("link", &link)])
}
