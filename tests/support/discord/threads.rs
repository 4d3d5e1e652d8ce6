//! Threads, and whom a message of the bot may ping.
use serde_json::{Value, json};

use super::payload::{self, id_of};
use super::rest::{Call, Reply, found};
use super::state::{Channel, Id, State};

impl State {
    /// Opens a thread, on a message (which lends it its id) or in a forum.
    pub(super) fn start_thread(&mut self, parent: Id, owner: Id, name: &str, message: Option<Id>) -> Id {
        let id = message.unwrap_or_else(|| self.id());
        let (guild, denied) = (self.channels[&parent].guild.expect("threads are in guilds"), self.channels[&parent].denied);
        let value = payload::thread(id, guild, parent, owner, name);
        let mut data = value.clone();
        data["newly_created"] = json!(true);
        self.channels.insert(id, Channel { value, guild: Some(guild), denied });
        if self.channels[&id].visible() {
            self.dispatch("THREAD_CREATE", Some(guild), &data);
        }
        id
    }

    pub(super) fn patch_thread(&mut self, call: &Call, thread: Id) -> Reply {
        let place = self.channels.get_mut(&thread).expect("a thread");
        for key in ["archived", "locked", "auto_archive_duration"] {
            if let Some(value) = call.body.get(key) {
                place.value["thread_metadata"][key] = value.clone();
            }
        }
        if call.body["name"].is_string() {
            place.value["name"] = call.body["name"].clone();
        }
        let (value, guild) = (place.value.clone(), place.guild);
        self.dispatch("THREAD_UPDATE", guild, &value);
        found(Some(value), 10003, "Unknown Channel")
    }

    /// Records what could ping somebody the test has not allowed. A new message must say whom it may ping.
    pub(super) fn check_pings(&mut self, body: &Value, replied_to: Option<Id>, creating: bool, what: &str) {
        let allowed = &body["allowed_mentions"];
        let content = body["content"].as_str().unwrap_or("");
        if !allowed.is_object() {
            if creating || content.contains("<@") || content.contains("@everyone") || content.contains("@here") {
                self.violation(format!("{what}: allowed_mentions missing: everything in the text would ping"));
            }
            return;
        }
        for kind in allowed["parse"].as_array().into_iter().flatten() {
            self.violation(format!("{what}: allowed_mentions parses {kind}"));
        }
        let mut whom: Vec<Id> = ["users", "roles"].iter().filter_map(|k| allowed[k].as_array()).flatten().filter_map(id_of).collect();
        if allowed["replied_user"] == true {
            whom.extend(replied_to);
        }
        for id in whom.into_iter().filter(|id| !self.pings.contains(id)).collect::<Vec<_>>() {
            self.violation(format!("{what}: may ping {id}, which the test did not allow"));
        }
    }
}

/// The users a text mentions.
pub(super) fn mentioned(content: &str) -> Vec<Id> {
    let ids = content.split("<@").skip(1).filter_map(|rest| rest.split_once('>')?.0.trim_start_matches('!').parse().ok());
    let mut ids: Vec<Id> = ids.collect();
    ids.dedup();
    ids
}
