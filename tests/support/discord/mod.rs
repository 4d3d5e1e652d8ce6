//! A stateful Discord on loopback for integration tests: REST and gateway, with members who act and faults on demand.
#![allow(dead_code, reason = "each test uses its part of the peer")]
#![allow(unused_imports, reason = "each test uses its part of the peer")]
#![allow(unreachable_pub, reason = "public to the tests, which are binaries of their own")]

mod commands;
mod faults;
mod gateway;
mod interactions;
mod members;
mod messages;
mod observe;
mod payload;
mod proxy;
mod rest;
mod sessions;
mod state;
mod threads;
mod tls;
mod validate;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Request as Http, State as Shelf};
use axum::routing::{any, get};
use axum::serve::ListenerExt as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use faults::{Fault, Rest, RestFault};
use gateway::Frame;
pub use members::MessageSpec;
pub use proxy::Proxy;
pub use state::{
    ADD_REACTIONS, EMBED_LINKS, EPHEMERAL, Guild, Id, Identify, READ_MESSAGE_HISTORY, Request, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS,
    SUPPRESS_EMBEDS, State, USUAL, VIEW_CHANNEL,
};

pub use tls::Tls;

/// The token the bot must use, unless the test sets another.
pub const TOKEN: &str = "MTA0NzE3MzYwNDA1MDI5MDc2OQ.GtEsTs.the-only-token-this-Discord-accepts_00";

/// The state, and a bell that rings after each change.
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Shared {
    /// Works on the state, then wakes whoever waits for it to change.
    fn change<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        // A test that panics inside leaves nothing half done that matters.
        let result = work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
        result
    }
}

/// A running fake Discord; it ends when dropped, and then panics if the bot did something Discord would refuse.
pub struct Discord {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Discord {
    /// Starts on a free port, with the bot's own account and nothing else.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut state = State {
            origin: format!("http://{}", listener.local_addr().expect("an address")),
            token: TOKEN.into(),
            app_flags: 1 << 19,
            privileged: gateway::PRIVILEGED,
            heartbeat_ms: 41_250,
            shards: 1,
            starts_left: 1000,
            ..State::default()
        };
        state.bot = state.add_user("rapporteur", true);
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: watch::Sender::new(()) });
        let upgrade =
            |Shelf(shared): Shelf<Arc<Shared>>, ws: WebSocketUpgrade| async move { ws.on_upgrade(|socket| gateway::serve(socket, shared)) };
        let rest = |Shelf(shared): Shelf<Arc<Shared>>, http: Http| rest::serve(shared, http);
        let app = Router::new().route("/", get(upgrade)).fallback(any(rest)).with_state(Arc::clone(&shared));
        // As Discord's servers do: small frames do not wait for each other's acknowledgement.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("serve never fails") });
        Self { shared, server }
    }

    /// `http://127.0.0.1:PORT`, to which requests add `/api/v10/...`.
    pub fn origin(&self) -> String {
        self.shared.change(|state| state.origin.clone())
    }

    /// The bot's user and application id.
    pub fn bot(&self) -> Id {
        self.shared.change(|state| state.bot)
    }

    /// Reads or changes anything the other methods do not cover.
    pub fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        self.shared.change(work)
    }

    /// A new guild, which the bot joins at once.
    pub fn guild(&self, name: &str) -> Id {
        self.shared.change(|state| {
            let (id, owner) = (state.lone_id(), state.bot);
            state.guilds.insert(id, Guild { name: name.into(), locale: "en-US".into(), unavailable: false, owner });
            let create = state.guild_create(id);
            state.dispatch("GUILD_CREATE", Some(id), &create);
            id
        })
    }

    /// The bot is removed from a guild, or, with `outage`, the guild becomes unavailable until [`Discord::restore`].
    pub fn lose_guild(&self, guild: Id, outage: bool) {
        self.shared.change(|state| {
            let data = if outage { json!({"id": guild.to_string(), "unavailable": true}) } else { json!({"id": guild.to_string()}) };
            state.dispatch("GUILD_DELETE", Some(guild), &data);
            if outage {
                state.guilds.get_mut(&guild).expect("a guild").unavailable = true;
            } else {
                state.guilds.remove(&guild);
                state.channels.retain(|_, c| c.guild != Some(guild));
            }
        });
    }

    /// An outage ends.
    pub fn restore(&self, guild: Id) {
        self.shared.change(|state| {
            state.guilds.get_mut(&guild).expect("a guild").unavailable = false;
            let create = state.guild_create(guild);
            state.dispatch("GUILD_CREATE", Some(guild), &create);
        });
    }

    /// A new text channel.
    pub fn text_channel(&self, guild: Id, name: &str) -> Id {
        self.channel(guild, 0, name)
    }

    /// A new forum.
    pub fn forum_channel(&self, guild: Id, name: &str) -> Id {
        self.channel(guild, 15, name)
    }

    fn channel(&self, guild: Id, kind: u64, name: &str) -> Id {
        self.shared.change(|state| {
            let id = state.id();
            state.add_channel(id, Some(guild), &payload::channel(id, guild, kind, name))
        })
    }

    /// A channel or thread is deleted.
    pub fn delete_channel(&self, channel: Id) {
        self.shared.change(|state| {
            let gone = state.channels.remove(&channel).expect("a channel");
            let event = if gone.kind() == 11 { "THREAD_DELETE" } else { "CHANNEL_DELETE" };
            state.dispatch(event, gone.guild, &gone.value);
        });
    }

    /// The direct conversation of a user with the bot.
    pub fn dm_channel(&self, user: Id) -> Id {
        self.shared.change(|state| state.dm_channel(user))
    }

    /// A person, member of every guild.
    pub fn user(&self, name: &str) -> Id {
        self.shared.change(|state| state.add_user(name, false))
    }

    /// Another bot, member of every guild.
    pub fn bot_user(&self, name: &str) -> Id {
        self.shared.change(|state| state.add_user(name, true))
    }

    /// The language of a user's client, `en-US` by default.
    pub fn set_locale(&self, user: Id, locale: &str) {
        self.shared.change(|state| state.users.get_mut(&user).expect("a user").locale = locale.into());
    }

    /// The language of a guild, `en-US` by default.
    pub fn set_guild_locale(&self, guild: Id, locale: &str) {
        self.shared.change(|state| state.guilds.get_mut(&guild).expect("a guild").locale = locale.into());
    }

    /// The permission bits of a user (or the bot) in every guild, [`USUAL`] by default.
    pub fn set_permissions(&self, user: Id, permissions: u64) {
        self.shared.change(|state| state.users.get_mut(&user).expect("a user").permissions = permissions);
    }

    /// The roles of a user.
    pub fn set_roles(&self, user: Id, roles: &[Id]) {
        self.shared.change(|state| state.users.get_mut(&user).expect("a user").roles = roles.to_vec());
    }

    /// Takes permissions away from the bot in a channel and its threads; 0 gives them back.
    pub fn deny(&self, channel: Id, permissions: u64) {
        self.shared.change(|state| {
            let parent = channel.to_string();
            for (id, place) in state.channels.iter_mut().filter(|(id, c)| **id == channel || c.value["parent_id"] == parent.as_str()) {
                place.denied = permissions;
                if *id == channel {
                    let overwrite = json!({"id": state.bot.to_string(), "type": 1, "allow": "0", "deny": permissions.to_string()});
                    place.value["permission_overwrites"] = json!([overwrite]);
                }
            }
            let (value, guild) = (state.channels[&channel].value.clone(), state.channels[&channel].guild);
            state.dispatch("CHANNEL_UPDATE", guild, &value);
        });
    }

    /// Lets the bot ping this user or role; otherwise being able to is a violation.
    pub fn allow_ping(&self, id: Id) {
        self.shared.change(|state| state.pings.insert(id));
    }

    /// The token to accept from now on.
    pub fn set_token(&self, token: &str) {
        self.shared.change(|state| state.token = token.into());
    }

    /// The interval announced to connections opened from now on.
    pub fn set_heartbeat_interval(&self, ms: u64) {
        self.shared.change(|state| state.heartbeat_ms = ms);
    }

    /// The privileged intents granted (bits 1, 8, 15); declaring another closes with 4014. Without message content the
    /// application's flags lose it too, and GET hides contents.
    pub fn set_intents_allowed(&self, intents: u64) {
        self.shared.change(|state| {
            state.privileged = intents;
            if intents & 1 << 15 == 0 {
                state.app_flags &= !messages::CONTENT_FLAGS;
            }
        });
    }

    /// The application's flags: `1 << 18` message content, `1 << 19` (the default) the same for an unverified bot.
    pub fn set_application_flags(&self, flags: u64) {
        self.shared.change(|state| state.app_flags = flags);
    }

    /// Recommended shards, and what is left of the session start limit.
    pub fn set_start(&self, shards: u64, remaining: u64) {
        self.shared.change(|state| (state.shards, state.starts_left) = (shards, remaining));
    }

    /// Compresses payloads, one by one, for clients that identify with `compress`.
    pub fn set_compress(&self, on: bool) {
        self.shared.change(|state| state.compress = on);
    }

    /// Enforces 50 requests a second.
    pub fn set_limits(&self, on: bool) {
        self.shared.change(|state| state.limits = on);
    }

    /// Lets something go wrong on the gateway.
    pub fn fault(&self, fault: Fault) {
        self.shared.change(|state| state.apply(fault));
    }

    /// One shard's connection ends without a close frame, or goes half-open; with `ended` its session can't be resumed.
    pub fn fault_of_shard(&self, shard: u64, half_open: bool, ended: bool) {
        let last = if half_open { Frame::HalfOpen } else { Frame::Drop };
        self.shared.change(|state| state.apply_to_shard(shard, &last, ended));
    }

    /// Connections that went silent or half-open end.
    pub fn drop_deaf(&self) {
        self.shared.change(|state| state.sockets.values().filter(|s| s.session.is_none()).for_each(|s| s.tell(Frame::Drop)));
    }

    /// One shard's connection is closed with a code that ends its session.
    pub fn close_shard(&self, shard: u64, code: u16) {
        self.shared.change(|state| state.apply_to_shard(shard, &Frame::Close(Some(code)), true));
    }

    /// Lets the next `times` requests of this method (empty for any) with this in their path go wrong.
    pub fn rest_fault(&self, method: &str, path: &str, times: usize, rest: Rest) {
        let fault = RestFault { method: method.into(), path: path.into(), left: times, rest };
        self.shared.change(|state| state.rest_faults.push(fault));
    }

    /// Ends all faults that last. Connections that went silent or half-open stay so until they are dropped.
    pub fn heal(&self) {
        self.shared.change(|state| {
            state.rest_faults.clear();
            (state.silent, state.refuse_resumes, state.ready_delay) = (false, 0, None);
        });
    }

    /// Makes an interaction older than it is, to see it expire.
    pub fn age(&self, interaction: Id, by: Duration) {
        self.shared.change(|state| {
            let entry = state.interactions.get_mut(&interaction).expect("an interaction");
            for at in std::iter::once(&mut entry.created).chain(&mut entry.delivered) {
                *at = at.checked_sub(by).expect("a machine up for that long");
            }
        });
    }

    /// Ends the test: what the bot did wrong, including interactions it never acknowledged.
    pub fn finish(self) -> Vec<String> {
        self.shared.change(|state| {
            state.close_interactions();
            state.interactions.clear();
            std::mem::take(&mut state.violations)
        })
    }
}

impl Drop for Discord {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.shared.change(|state| {
            state.closed = true;
            state.sockets.values().for_each(|s| s.tell(Frame::Drop));
            state.close_interactions();
            std::mem::take(&mut state.violations)
        });
        assert!(violations.is_empty() || std::thread::panicking(), "the bot did what Discord refuses:\n  {}", violations.join("\n  "));
    }
}
