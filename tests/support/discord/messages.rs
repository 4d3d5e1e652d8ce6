//! Channels and messages on REST: create, edit, delete, list, react, threads; and what the bot may ping.
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::payload::{self, id_of, merge};
use super::rest::{Call, Reply, number};
use super::state::{
    ADD_REACTIONS, EMBED_LINKS, EPHEMERAL, Id, LOADING, Message, READ_MESSAGE_HISTORY, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS,
    SUPPRESS_EMBEDS, State,
};
use super::threads::mentioned;
use super::validate::Check;

/// Application flags that allow reading message content: full and limited.
pub(super) const CONTENT_FLAGS: u64 = 1 << 18 | 1 << 19;
/// How long a nonce is remembered.
const NONCE_MEMORY: Duration = Duration::from_mins(5);

impl State {
    pub(super) fn route_channel(&mut self, call: &Call, channel: Id, rest: &[&str]) -> Reply {
        let permissions = self.bot_permissions(channel);
        match (call.method, rest) {
            ("GET", []) => Reply::ok(self.channels[&channel].value.clone()),
            ("PATCH", []) if self.channels[&channel].kind() == 11 => self.patch_thread(call, channel),
            ("POST", ["typing"]) | ("PUT" | "DELETE", ["thread-members", "@me"]) => Reply::none(),
            ("GET", ["messages"]) => self.list(call, channel, permissions),
            ("POST", ["messages"]) => self.create(call, channel, permissions),
            (_, ["messages", message, rest @ ..]) => {
                let id = number(message).unwrap_or(0);
                let usable = |m: &&Message| m.channel == channel && m.flags() & EPHEMERAL == 0;
                match (self.message(id).filter(usable), self.messages.contains_key(&id)) {
                    (Some(_), _) => self.route_message(call, channel, id, rest, permissions),
                    // Deleted in the meantime: nobody's fault.
                    (None, true) => Reply::error(404, 10008, "Unknown Message"),
                    (None, false) => Reply::refuse(404, 10008, "Unknown Message"),
                }
            }
            _ => Reply::refuse(404, 0, "404: Not Found"),
        }
    }

    fn route_message(&mut self, call: &Call, channel: Id, id: Id, rest: &[&str], permissions: u64) -> Reply {
        let mine = self.messages[&id].author == self.bot;
        let guild = self.channels[&channel].guild.map(|g| g.to_string());
        match (call.method, rest) {
            ("GET", []) if permissions & READ_MESSAGE_HISTORY == 0 => Reply::error(403, 50001, "Missing Access"),
            ("GET", []) => Reply::ok(self.readable(id)),
            ("PATCH", []) if !mine => Reply::refuse(403, 50005, "Cannot edit a message authored by another user"),
            ("PATCH", []) => {
                self.edit_message(id, call.body, "edit message").unwrap_or_else(|| Reply::ok(self.messages[&id].value.clone()))
            }
            ("DELETE", []) if !mine && (guild.is_none() || permissions & (1 << 13) == 0) => Reply::error(403, 50013, "Missing Permissions"),
            ("DELETE", []) => {
                self.delete_message(id);
                Reply::none()
            }
            ("PUT" | "DELETE", ["reactions", emoji, "@me"]) => {
                let event = if call.method == "PUT" { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
                if !emoji.contains('%') && !emoji.contains(':') {
                    return Reply::refuse(400, 10014, "Unknown Emoji");
                }
                if call.method == "PUT" && permissions & ADD_REACTIONS == 0 {
                    return Reply::error(403, 50013, "Missing Permissions");
                }
                let key = (id, (*emoji).to_owned());
                if if call.method == "PUT" { self.reactions.insert(key) } else { self.reactions.remove(&key) } {
                    let mut data = json!({
                        "user_id": self.bot.to_string(), "channel_id": channel.to_string(), "message_id": id.to_string(), "burst": false,
                        "type": 0, "emoji": {"id": null, "name": emoji},
                    });
                    if let Some(guild) = guild {
                        data["guild_id"] = json!(guild);
                    }
                    self.dispatch(event, self.channels[&channel].guild, &data);
                }
                Reply::none()
            }
            ("POST", ["threads"]) => {
                let thread = self.start_thread(channel, self.bot, call.body["name"].as_str().unwrap_or(""), Some(id));
                Reply { status: 201, ..Reply::ok(self.channels[&thread].value.clone()) }
            }
            _ => Reply::refuse(404, 0, "404: Not Found"),
        }
    }

    /// A message as GET gives it, empty of what the application may not read.
    fn readable(&self, id: Id) -> Value {
        let message = &self.messages[&id];
        let mut value = message.value.clone();
        if self.app_flags & CONTENT_FLAGS == 0 && self.channels[&message.channel].guild.is_some() {
            super::sessions::redact(&mut value, self.bot);
        }
        value
    }

    fn list(&self, call: &Call, channel: Id, permissions: u64) -> Reply {
        let limit = call.query("limit").map_or(Some(50), |l| l.parse().ok()).unwrap_or(0);
        if !(1..=100).contains(&limit) {
            let mut check = Check::default();
            check.problem("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.");
            return Reply::invalid(&check);
        }
        let (before, after) = (call.query("before").and_then(number), call.query("after").and_then(number));
        let fits = |(id, m): &(&Id, &Message)| {
            m.channel == channel
                && !m.deleted
                && m.flags() & EPHEMERAL == 0
                && before.is_none_or(|b| **id < b)
                && after.is_none_or(|a| **id > a)
        };
        let mut ids: Vec<Id> = self.messages.iter().filter(fits).map(|(id, _)| *id).collect();
        // With `after` Discord gives the messages next to it, and still the newest first.
        let cut = if after.is_some() { 0..limit.min(ids.len()) } else { ids.len().saturating_sub(limit)..ids.len() };
        ids = ids[cut].to_vec();
        if permissions & READ_MESSAGE_HISTORY == 0 {
            ids.clear();
        }
        Reply::ok(ids.iter().rev().map(|id| self.readable(*id)).collect())
    }

    fn create(&mut self, call: &Call, channel: Id, permissions: u64) -> Reply {
        let (body, place) = (call.body, &self.channels[&channel]);
        let needed = if place.kind() == 11 { SEND_MESSAGES_IN_THREADS } else { SEND_MESSAGES };
        if permissions & needed == 0 {
            return Reply::error(403, 50013, "Missing Permissions");
        }
        if place.kind() == 15 {
            return Reply::refuse(400, 50008, "Cannot send messages in a non-text channel");
        }
        if place.value["thread_metadata"]["locked"] == true {
            return Reply::error(400, 50083, "Thread is archived");
        }
        let mut check = Check::message(body);
        if !body["type"].is_null() {
            check.problem("type", "UNKNOWN_FIELD", "A message has no type of the bot's choosing");
        }
        if !check.is_empty() {
            return Reply::invalid(&check);
        }
        if empty(body) {
            return Reply::refuse(400, 50006, "Cannot send an empty message");
        }
        let nonce = &body["nonce"];
        if nonce.is_null() || body["enforce_nonce"] != true {
            self.violation("create message without nonce and enforce_nonce: a retry would post twice");
        } else if let Some(earlier) =
            self.nonces.get(&nonce.to_string()).and_then(|id| self.messages.get(id)).filter(|m| m.created.elapsed() < NONCE_MEMORY)
        {
            // Seen on the real thing (discord-api-docs#6647): a message deleted since is not made again either.
            let gone = Reply::error(404, 10008, "Unknown Message");
            return if earlier.deleted { gone } else { Reply::ok(earlier.value.clone()) };
        }
        let reference = id_of(&body["message_reference"]["message_id"]);
        let target = reference.and_then(|id| self.message(id)).filter(|m| m.channel == channel);
        if reference.is_some() && target.is_none() && body["message_reference"]["fail_if_not_exists"] != false {
            check.problem("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
            return Reply::invalid(&check);
        }
        if reference.is_some() && permissions & READ_MESSAGE_HISTORY == 0 {
            return Reply::error(400, 160_002, "You cannot reply without permission to read message history");
        }
        let (target, asked) = (target.map(|m| m.value.clone()), target.map(|m| m.author));
        self.check_pings(body, asked, true, "create message");
        let value = self.compose(channel, self.bot, body, target, permissions & EMBED_LINKS != 0);
        let id = self.post(channel, self.bot, value);
        self.nonces.insert(body["nonce"].to_string(), id);
        Reply::ok(self.messages[&id].value.clone())
    }

    /// A new message of the bot or a member, not yet posted.
    pub(super) fn compose(&mut self, channel: Id, author: Id, body: &Value, target: Option<Value>, embeds: bool) -> Value {
        let id = self.id();
        let mut value = payload::message(id, channel, &self.users[&author].value, "");
        if !body["nonce"].is_null() {
            value["nonce"] = body["nonce"].clone();
        }
        value["flags"] = json!(body["flags"].as_u64().unwrap_or(0) & (1 << 2 | EPHEMERAL | 1 << 12 | 1 << 15));
        self.fill(&mut value, body);
        if !embeds {
            value["embeds"] = json!([]);
        }
        if let Some(mut target) = target {
            let mut reference = json!({"type": 0, "channel_id": target["channel_id"], "message_id": target["id"]});
            if let Some(guild) = self.channels[&channel].guild {
                reference["guild_id"] = json!(guild.to_string());
            }
            target.as_object_mut().expect("a message").remove("referenced_message");
            let replied = body["allowed_mentions"].is_null() || body["allowed_mentions"]["replied_user"] == true;
            let known = value["mentions"].as_array().is_some_and(|m| m.iter().any(|u| u["id"] == target["author"]["id"]));
            if replied && !known && target["webhook_id"].is_null() {
                value["mentions"].as_array_mut().expect("a list").push(target["author"].clone());
            }
            merge(&mut value, json!({"type": 19, "message_reference": reference, "referenced_message": target}));
        }
        value
    }

    /// Puts what a body says into a message.
    fn fill(&self, value: &mut Value, body: &Value) {
        if let Some(content) = body.get("content") {
            let content = content.as_str().unwrap_or("").trim();
            let allowed = &body["allowed_mentions"];
            let may = |id: &Id| {
                let listed = |key: &str, what: &str| allowed[key].as_array().is_some_and(|l| l.iter().any(|x| x == what));
                allowed.is_null() || listed("parse", "users") || listed("users", &id.to_string())
            };
            let users = mentioned(content).into_iter().filter(may).filter_map(|id| self.users.get(&id));
            value["mentions"] = users.map(|u| u.value.clone()).collect();
            value["content"] = json!(content);
        }
        for key in ["embeds", "components"] {
            if let Some(list) = body.get(key) {
                value[key] = if list.is_array() { list.clone() } else { json!([]) };
            }
        }
        for embed in value["embeds"].as_array_mut().into_iter().flatten() {
            embed["type"] = json!("rich");
        }
    }

    /// Stores a message and tells everybody.
    pub(super) fn post(&mut self, channel: Id, author: Id, value: Value) -> Id {
        let id = id_of(&value["id"]).expect("an id");
        let hidden = value["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0;
        self.messages.insert(id, Message { value, channel, author, deleted: false, created: Instant::now(), history: Vec::new() });
        if !hidden {
            let place = self.channels.get_mut(&channel).expect("a channel");
            let last = id_of(&place.value["last_message_id"]).unwrap_or(0);
            place.value["last_message_id"] = json!(id.max(last).to_string());
            if place.kind() == 11 {
                place.value["thread_metadata"]["archived"] = json!(false);
                for count in ["message_count", "total_message_sent"] {
                    place.value[count] = json!(place.value[count].as_u64().unwrap_or(0) + 1);
                }
            }
            self.announce("MESSAGE_CREATE", id);
        }
        id
    }

    /// Sends a message event with what only the gateway adds.
    fn announce(&mut self, event: &str, id: Id) {
        let message = &self.messages[&id];
        let (channel, mut data) = (&self.channels[&message.channel], message.value.clone());
        if message.flags() & EPHEMERAL != 0 || !channel.visible() {
            return;
        }
        let guild = channel.guild;
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild.to_string());
            if data.get("webhook_id").is_none() {
                data["member"] = payload::member(&self.users[&message.author], false);
            }
            for user in data["mentions"].as_array_mut().into_iter().flatten() {
                let member = id_of(&user["id"]).and_then(|id| self.users.get(&id)).map(|u| payload::member(u, false));
                user["member"] = member.unwrap_or_default();
            }
        }
        data["channel_type"] = json!(channel.kind());
        self.dispatch(event, guild, &data);
    }

    /// Changes a message of the bot; a refusal is returned. `what` names the change in violations.
    pub(super) fn edit_message(&mut self, id: Id, body: &Value, what: &str) -> Option<Reply> {
        let check = Check::message(body);
        if !check.is_empty() {
            return Some(Reply::invalid(&check));
        }
        let loading = self.messages[&id].flags() & LOADING != 0;
        self.check_pings(body, None, loading, what);
        let mut value = self.messages[&id].value.clone();
        self.fill(&mut value, body);
        if empty(&value) {
            return Some(Reply::refuse(400, 50006, "Cannot send an empty message"));
        }
        let mut flags = self.messages[&id].flags() & !LOADING;
        // Of an existing message only this flag can be changed; it stays as it is unless the body says so.
        if let Some(wanted) = body["flags"].as_u64() {
            flags = flags & !SUPPRESS_EMBEDS | wanted & SUPPRESS_EMBEDS;
        }
        value["flags"] = json!(flags);
        self.change_message(id, value);
        None
    }

    /// Replaces a message, keeping what it was, and tells everybody.
    pub(super) fn change_message(&mut self, id: Id, mut value: Value) {
        // A link preview filled in by Discord is an update, but not an edit.
        if value["content"] != self.messages[&id].value["content"] || self.messages[&id].author == self.bot {
            value["edited_timestamp"] = json!(payload::now());
        }
        let message = self.messages.get_mut(&id).expect("a message");
        message.history.push(std::mem::replace(&mut message.value, value));
        self.announce("MESSAGE_UPDATE", id);
    }

    /// Deletes a message and tells everybody.
    pub(super) fn delete_message(&mut self, id: Id) {
        let Some(message) = self.messages.get_mut(&id).filter(|m| !m.deleted) else { return };
        message.deleted = true;
        let hidden = message.flags() & EPHEMERAL != 0;
        let channel = &self.channels[&message.channel];
        let (guild, visible) = (channel.guild, channel.visible() && !hidden);
        let mut data = json!({"id": id.to_string(), "channel_id": message.channel.to_string()});
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild.to_string());
        }
        if visible {
            self.dispatch("MESSAGE_DELETE", guild, &data);
        }
    }
}

/// Whether a message has nothing to show.
pub(super) fn empty(body: &Value) -> bool {
    let none = |key: &str| body[key].as_array().is_none_or(Vec::is_empty);
    let v2 = body["flags"].as_u64().unwrap_or(0) & (1 << 15) != 0;
    body["content"].as_str().unwrap_or("").trim().is_empty()
        && ["embeds", "attachments", "sticker_ids"].iter().all(|k| none(k))
        && body["poll"].is_null()
        && (!v2 || none("components"))
}
