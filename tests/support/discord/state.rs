//! What the fake Discord holds: users, guilds, channels, messages, interactions, commands, and a record of what the bot did.
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::faults::RestFault;
use super::gateway::Socket;
use super::payload;
use super::sessions::Session;

/// A Discord snowflake.
pub type Id = u64;

/// The first millisecond of Discord's clock, as Unix time.
pub const EPOCH_MS: u64 = 1_420_070_400_000;
/// Permission bits the fake looks at.
pub const VIEW_CHANNEL: u64 = 1 << 10;
/// Send messages in a channel.
pub const SEND_MESSAGES: u64 = 1 << 11;
/// Show embeds: without it Discord drops them silently.
pub const EMBED_LINKS: u64 = 1 << 14;
/// Read earlier messages; also needed to reply to one.
pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
/// Add a reaction.
pub const ADD_REACTIONS: u64 = 1 << 6;
/// Send messages in a thread or forum post.
pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
/// View, send, embed, history, react, send in threads, application commands.
pub const USUAL: u64 =
    VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | READ_MESSAGE_HISTORY | ADD_REACTIONS | SEND_MESSAGES_IN_THREADS | 1 << 31;
/// Message flag: embeds are not shown, and links get none.
pub const SUPPRESS_EMBEDS: u64 = 1 << 2;
/// Message flag: only the member who asked sees it.
pub const EPHEMERAL: u64 = 1 << 6;
/// Message flag: a deferred answer, not there yet.
pub const LOADING: u64 = 1 << 7;

/// A person or bot.
pub struct User {
    /// The user object.
    pub value: Value,
    /// The client language sent with interactions.
    pub locale: String,
    /// Permission bits, in every guild.
    pub permissions: u64,
    /// Roles in every guild.
    pub roles: Vec<Id>,
}

/// A guild the bot is in.
pub struct Guild {
    /// Its name.
    pub name: String,
    /// `preferred_locale`.
    pub locale: String,
    /// An outage: listed, but unavailable.
    pub unavailable: bool,
    /// Who owns it.
    pub owner: Id,
}

/// A guild channel, thread or direct conversation.
pub struct Channel {
    /// The channel object.
    pub value: Value,
    /// The guild, if not a direct conversation.
    pub guild: Option<Id>,
    /// Permission bits the bot lacks here.
    pub denied: u64,
}

impl Channel {
    /// Discord's channel type: 0 text, 1 DM, 11 public thread, 15 forum.
    pub fn kind(&self) -> u64 {
        self.value["type"].as_u64().unwrap_or(0)
    }

    /// Whether the bot can see the channel at all.
    pub fn visible(&self) -> bool {
        self.denied & VIEW_CHANNEL == 0
    }
}

/// A message, kept after it is deleted so that a late edit can be told from a made-up id.
pub struct Message {
    /// The message object, without the gateway's `guild_id` and `member`.
    pub value: Value,
    /// Where it is.
    pub channel: Id,
    /// Who wrote it.
    pub author: Id,
    /// Gone.
    pub deleted: bool,
    /// When it was created.
    pub created: Instant,
    /// Earlier contents, oldest first.
    pub history: Vec<Value>,
}

impl Message {
    /// The message's flag bits.
    pub fn flags(&self) -> u64 {
        self.value["flags"].as_u64().unwrap_or(0)
    }
}

/// Something a member did with the bot, and how the bot answered.
pub struct Interaction {
    /// 2 command, 3 component, 4 autocomplete, 5 modal.
    pub kind: u64,
    /// The payload as sent.
    pub value: Value,
    /// Its token.
    pub token: String,
    /// When it was made.
    pub created: Instant,
    /// When it was sent on a live connection: only then can the bot be blamed for silence, and from then on for being late.
    pub delivered: Option<Instant>,
    /// A fault hit it: silence is not the bot's doing.
    pub excused: bool,
    /// The callback, as type and data.
    pub answer: Option<(u64, Value)>,
    /// The message `@original` stands for.
    pub original: Option<Id>,
    /// How often that message had been edited when the interaction was acknowledged.
    pub edits_before: usize,
    /// Messages sent afterwards.
    pub followups: Vec<Id>,
}

/// One REST request of the bot.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST and so on.
    pub method: String,
    /// Path with query, `/api/v10` left out.
    pub path: String,
    /// Body, `null` without one.
    pub body: Value,
    /// When it arrived.
    pub at: Instant,
    /// Status answered, 0 while or when none was.
    pub status: u16,
}

/// One IDENTIFY of the bot.
#[derive(Clone, Debug)]
pub struct Identify {
    /// The payload's `d`.
    pub data: Value,
    /// When it arrived.
    pub at: Instant,
    /// The close code it was refused with, if it was.
    pub refused: Option<u16>,
}

/// Everything, under one lock.
#[allow(clippy::struct_excessive_bools, reason = "switches, each of its own")]
#[derive(Default)]
pub struct State {
    /// Loopback address, `http://127.0.0.1:PORT`.
    pub origin: String,
    /// The only token accepted.
    pub token: String,
    /// The bot's user and application id.
    pub bot: Id,
    /// Application flags.
    pub app_flags: u64,
    /// Privileged intents the application may declare.
    pub privileged: u64,
    /// Announced in HELLO, in milliseconds.
    pub heartbeat_ms: u64,
    /// Recommended shards.
    pub shards: u64,
    /// What is left of the session start limit.
    pub starts_left: u64,
    /// Compress payloads for clients that ask.
    pub compress: bool,
    /// Enforce rate limits.
    pub limits: bool,
    /// The test is over: nobody gets an answer.
    pub closed: bool,
    /// Users by id.
    pub users: BTreeMap<Id, User>,
    /// Guilds by id.
    pub guilds: BTreeMap<Id, Guild>,
    /// Channels by id.
    pub channels: BTreeMap<Id, Channel>,
    /// Messages by id.
    pub messages: BTreeMap<Id, Message>,
    /// The bot's messages by nonce.
    pub nonces: BTreeMap<String, Id>,
    /// Interactions by id.
    pub interactions: BTreeMap<Id, Interaction>,
    /// Registered commands, global ones under `None`.
    pub commands: BTreeMap<Option<Id>, Vec<Value>>,
    /// Reactions of the bot, as message and emoji.
    pub reactions: BTreeSet<(Id, String)>,
    /// Gateway sessions that can be resumed.
    pub sessions: Vec<Session>,
    /// Open gateway connections.
    pub sockets: BTreeMap<u64, Socket>,
    /// REST faults still to happen.
    pub rest_faults: Vec<RestFault>,
    /// Resumes still to refuse.
    pub refuse_resumes: usize,
    /// Delay of the next READY.
    pub ready_delay: Option<Duration>,
    /// New connections get nothing, not even HELLO.
    pub silent: bool,
    /// REST requests.
    pub requests: Vec<Request>,
    /// IDENTIFYs.
    pub identifies: Vec<Identify>,
    /// RESUMEs, their `d`.
    pub resumes: Vec<Value>,
    /// Close codes the bot sent.
    pub closes: Vec<Option<u16>>,
    /// Presences the bot set with op 3.
    pub presences: Vec<Value>,
    /// What Discord would have refused, or should never see.
    pub violations: Vec<String>,
    /// Users and roles the bot may ping.
    pub pings: BTreeSet<Id>,
    /// Messages already handed out by `next_message`.
    pub handed: BTreeSet<Id>,
    /// The latest id given out.
    pub last_id: Id,
}

impl State {
    /// A new snowflake: the present time, and never the same twice.
    pub fn id(&mut self) -> Id {
        let ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64;
        self.last_id = ((ms - EPOCH_MS) << 22).max(self.last_id + 1);
        self.last_id
    }

    /// A snowflake in a millisecond of its own, so that guilds made in a row fall on different shards.
    pub fn lone_id(&mut self) -> Id {
        let last = self.last_id;
        self.last_id = ((last >> 22) + 1) << 22;
        self.id()
    }

    /// Adds a user.
    pub fn add_user(&mut self, name: &str, bot: bool) -> Id {
        let id = self.id();
        let value = payload::user(id, name, bot);
        self.users.insert(id, User { value, locale: "en-US".into(), permissions: USUAL, roles: Vec::new() });
        id
    }

    /// Adds a channel, and tells the bot if it is in a guild.
    pub fn add_channel(&mut self, id: Id, guild: Option<Id>, value: &Value) -> Id {
        self.channels.insert(id, Channel { value: value.clone(), guild, denied: 0 });
        if guild.is_some() {
            self.dispatch("CHANNEL_CREATE", guild, value);
        }
        id
    }

    /// The direct conversation with a user, opened if there is none.
    pub fn dm_channel(&mut self, user: Id) -> Id {
        let key = user.to_string();
        let with = |c: &Channel| c.kind() == 1 && c.value["recipients"][0]["id"] == key.as_str();
        if let Some((id, _)) = self.channels.iter().find(|(_, c)| with(c)) {
            return *id;
        }
        let id = self.id();
        let value = payload::dm(id, &self.users[&user]);
        self.add_channel(id, None, &value)
    }

    /// The permissions the bot has in a channel.
    pub fn bot_permissions(&self, channel: Id) -> u64 {
        self.users[&self.bot].permissions & !self.channels.get(&channel).map_or(0, |c| c.denied)
    }

    /// A stored message that is still there.
    pub fn message(&self, id: Id) -> Option<&Message> {
        self.messages.get(&id).filter(|m| !m.deleted)
    }

    /// The bot's visible, finished messages in a channel, oldest first.
    pub fn bot_messages(&self, channel: Id) -> Vec<Value> {
        let mine = |m: &&Message| m.channel == channel && m.author == self.bot && !m.deleted && m.flags() & (EPHEMERAL | LOADING) == 0;
        self.messages.values().filter(mine).map(|m| m.value.clone()).collect()
    }

    /// What became of an interaction, `None` before it is acknowledged.
    pub fn response(&self, id: Id) -> Option<Value> {
        let interaction = &self.interactions[&id];
        let (kind, data) = interaction.answer.as_ref()?;
        let stored = |id: &Id| self.message(*id).map_or(Value::Null, |m| m.value.clone());
        let original = interaction.original.as_ref();
        Some(json!({
            "type": kind,
            "data": data,
            "message": original.map(stored),
            "edits": original.map_or(0, |o| self.messages[o].history.len() - interaction.edits_before),
            "deleted": original.is_some_and(|o| self.messages[o].deleted),
            "followups": interaction.followups.iter().map(stored).collect::<Vec<_>>(),
        }))
    }

    /// Records something the bot should not have done.
    pub fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }
}
