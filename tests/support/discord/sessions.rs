//! Sessions: who gets which event, what is kept for a resume, READY and RESUMED.
use std::time::Instant;

use serde_json::{Value, json};

use super::gateway::Frame;
use super::payload::{id_of, merge};
use super::state::{Id, State};

const GUILDS: u64 = 1;
const MESSAGE_CONTENT: u64 = 1 << 15;

/// A session, which outlives its connection.
pub struct Session {
    id: String,
    intents: u64,
    shard: (u64, u64),
    sequence: u64,
    /// Everything dispatched, by sequence number.
    sent: Vec<(u64, String)>,
    socket: Option<u64>,
}

impl Session {
    /// Whether the declared intents and the shard cover an event.
    fn wants(&self, event: &str, guild: Option<Id>) -> bool {
        let shard = guild.map_or(0, |g| (g >> 22) % self.shard.1);
        let need = match event {
            _ if event.starts_with("MESSAGE_REACTION") => guild.map_or(1 << 13, |_| 1 << 10),
            _ if event.starts_with("MESSAGE_") => guild.map_or(1 << 12, |_| 1 << 9),
            _ if ["GUILD_", "CHANNEL_", "THREAD_"].iter().any(|p| event.starts_with(p)) => GUILDS,
            _ => 0,
        };
        shard == self.shard.0 && self.intents & need == need
    }
}

impl State {
    /// Sends an event to every session that may see it; says whether one has a live connection.
    pub(super) fn dispatch(&mut self, event: &str, guild: Option<Id>, data: &Value) -> bool {
        let mut live = false;
        for session in 0..self.sessions.len() {
            if self.sessions[session].wants(event, guild) {
                let mut data = data.clone();
                if event.starts_with("MESSAGE_") && self.sessions[session].intents & MESSAGE_CONTENT == 0 && guild.is_some() {
                    redact(&mut data, self.bot);
                }
                live |= self.push(session, event, &data);
            }
        }
        live
    }

    /// Numbers, keeps and sends one event.
    pub(super) fn push(&mut self, session: usize, event: &str, data: &Value) -> bool {
        let session = &mut self.sessions[session];
        session.sequence += 1;
        let text = json!({"op": 0, "t": event, "s": session.sequence, "d": data}).to_string();
        session.sent.push((session.sequence, text.clone()));
        let socket = session.socket.and_then(|s| self.sockets.get(&s));
        socket.inspect(|s| s.tell(Frame::Text(text))).is_some()
    }

    /// Parts a connection from its session and tells it how to end: later events are only kept for a resume.
    pub(super) fn detach(&mut self, socket: u64, last: Frame) {
        for session in self.sessions.iter_mut().filter(|s| s.socket == Some(socket)) {
            session.socket = None;
        }
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.session = None;
            socket.tell(last);
        }
    }

    /// The connections that carry a shard.
    pub(super) fn sockets_of(&self, shard: u64) -> Vec<u64> {
        self.sessions.iter().filter(|s| s.shard.0 == shard).filter_map(|s| s.socket).collect()
    }

    /// Ends the sessions of a shard for good.
    pub(super) fn end_shard(&mut self, shard: u64) {
        self.sessions.retain(|s| s.shard.0 != shard);
    }

    /// Ends the session of a connection for good.
    pub(super) fn forget(&mut self, socket: u64) {
        self.sessions.retain(|s| s.socket != Some(socket));
    }

    /// Starts the session the latest IDENTIFY of this connection asked for.
    pub(super) fn ready(&mut self, socket: u64, data: &Value) {
        let number = self.id();
        let id = format!("{number:032x}");
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        entry.session = Some(id.clone());
        let shard = (data["shard"][0].as_u64().unwrap_or(0), data["shard"][1].as_u64().unwrap_or(1));
        let intents = data["intents"].as_u64().unwrap_or(0);
        // A shard that identifies anew leaves its old session behind.
        self.sessions.retain(|s| s.shard != shard || s.socket.is_some());
        self.sessions.push(Session { id: id.clone(), intents, shard, sequence: 0, sent: Vec::new(), socket: Some(socket) });
        let session = self.sessions.len() - 1;
        let mine: Vec<Id> = self.guilds.keys().copied().filter(|g| (g >> 22) % shard.1 == shard.0).collect();
        let mut user = self.users[&self.bot].value.clone();
        merge(&mut user, json!({"verified": true, "mfa_enabled": true, "email": null, "flags": 0}));
        let ready = json!({
            "v": 10, "user": user, "session_id": id, "resume_gateway_url": self.gateway_url(), "shard": [shard.0, shard.1],
            "guilds": mine.iter().map(|g| json!({"id": g.to_string(), "unavailable": true})).collect::<Vec<_>>(),
            "application": {"id": self.bot.to_string(), "flags": self.app_flags}, "private_channels": [], "relationships": [],
            "presences": [], "user_settings": {}, "geo_ordered_rtc_regions": [], "session_type": "normal", "auth": {}, "_trace": [],
        });
        self.push(session, "READY", &ready);
        if intents & GUILDS != 0 {
            for guild in mine {
                let create = self.guild_create(guild);
                let event = if create["unavailable"] == true { "GUILD_DELETE" } else { "GUILD_CREATE" };
                self.push(session, event, &create);
            }
        }
    }

    pub(super) fn resume(&mut self, socket: u64, data: &Value) {
        self.resumes.push(data.clone());
        let refused = self.refuse_resumes > 0;
        self.refuse_resumes = self.refuse_resumes.saturating_sub(1);
        let known = self.sessions.iter().position(|s| Some(s.id.as_str()) == data["session_id"].as_str());
        if !self.token_fits(data) {
            return self.detach(socket, Frame::Close(Some(4004)));
        }
        let Some(index) = known.filter(|_| !refused) else {
            if let Some(index) = known {
                self.excuse_unanswered();
                self.sessions.remove(index);
            }
            return self.sockets[&socket].tell(Frame::Text(json!({"op": 9, "d": false, "s": null, "t": null}).to_string()));
        };
        let Some(seen) = data["seq"].as_u64().filter(|seen| *seen <= self.sessions[index].sequence) else {
            self.sessions.remove(index);
            return self.refuse(socket, 4007, "a resume from a sequence number never sent");
        };
        if let Some(old) = self.sessions[index].socket {
            self.detach(old, Frame::Drop);
        }
        let session = &mut self.sessions[index];
        session.socket = Some(socket);
        let entry = self.sockets.get_mut(&socket).expect("the connection that asks");
        entry.session = Some(session.id.clone());
        for (_, text) in session.sent.iter().filter(|(n, _)| *n > seen) {
            entry.tell(Frame::Text(text.clone()));
            for waiting in self.interactions.values_mut().filter(|i| i.answer.is_none() && text.contains(&i.token)) {
                waiting.delivered = Some(Instant::now());
            }
        }
        self.push(index, "RESUMED", &json!({"_trace": []}));
    }
}

/// Empties what Discord hides from bots without the message content intent.
pub(super) fn redact(message: &mut Value, bot: Id) {
    let bot = bot.to_string();
    let mine = message["author"]["id"] == bot.as_str();
    let mentioned = message["mentions"].as_array().is_some_and(|m| m.iter().any(|u| u["id"] == bot.as_str()));
    if message.get("content").is_some() && !mine && !mentioned {
        merge(message, json!({"content": "", "embeds": [], "attachments": [], "components": []}));
    }
    if message["referenced_message"].is_object() {
        redact(&mut message["referenced_message"], id_of(&json!(bot)).expect("an id"));
    }
}
