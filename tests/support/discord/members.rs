//! What members do: talk, edit, delete, post in forums, use commands, buttons, menus and forms.
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Discord;
use super::payload::{id_of, made, member, merge};
use super::state::{Id, Interaction, State};

/// A message out of the ordinary.
#[derive(Clone, Debug, Default)]
pub struct MessageSpec {
    /// The text.
    pub content: String,
    /// Puts a mention of the bot in front of the text.
    pub mentions_bot: bool,
    /// The message it replies to, pinging its author.
    pub reply_to: Option<Id>,
    /// A reply that does not ping.
    pub no_ping: bool,
    /// Written so long ago, as its id tells.
    pub ago: Duration,
    /// Sent by a webhook, under the user's name.
    pub webhook: bool,
    /// Embeds.
    pub embeds: Vec<Value>,
    /// Attachments, as attachment objects.
    pub attachments: Vec<Value>,
    /// A message type other than 0 and 19: 6 pin, 7 join, 18 thread created, 21 thread starter.
    pub kind: Option<u64>,
}

impl Discord {
    /// A member writes.
    pub fn say(&self, channel: Id, user: Id, text: &str) -> Id {
        self.say_with(channel, user, &MessageSpec { content: text.into(), ..MessageSpec::default() })
    }

    /// A member, or a webhook, writes something out of the ordinary.
    pub fn say_with(&self, channel: Id, user: Id, spec: &MessageSpec) -> Id {
        self.shared.change(|state| {
            let mention = if spec.mentions_bot { format!("<@{}> ", state.bot) } else { String::new() };
            let target = spec.reply_to.and_then(|id| state.message(id)).map(|m| m.value.clone());
            let mut body = json!({"content": format!("{mention}{}", spec.content), "embeds": spec.embeds});
            if spec.no_ping {
                body["allowed_mentions"] = json!({"parse": ["users"], "replied_user": false});
            }
            let mut value = state.compose(channel, user, &body, target, true);
            if let Some(id) = id_of(&value["id"]).filter(|_| !spec.ago.is_zero()) {
                let id = id - ((spec.ago.as_millis() as Id) << 22);
                merge(&mut value, json!({"id": id.to_string(), "timestamp": made(id)}));
            }
            value["attachments"] = json!(spec.attachments);
            if let Some(kind) = spec.kind {
                value["type"] = json!(kind);
            }
            if spec.webhook {
                value["webhook_id"] = value["author"]["id"].clone();
                value["author"]["bot"] = json!(true);
            }
            state.post(channel, user, value)
        })
    }

    /// A member wrote something a while ago, which is delivered only now, if at all: its id and time are of then.
    pub fn said_earlier(&self, channel: Id, user: Id, spec: &MessageSpec, ago: Duration) -> Id {
        self.say_with(channel, user, &MessageSpec { ago, ..spec.clone() })
    }

    /// A member changes a message.
    pub fn edit(&self, message: Id, text: &str) {
        self.shared.change(|state| {
            let (channel, author) = (state.messages[&message].channel, state.messages[&message].author);
            let mut value = state.messages[&message].value.clone();
            // Whoever a reply pinged stays mentioned.
            let target = Some(value["referenced_message"].clone()).filter(Value::is_object);
            let pinged = |m: &Value| target.as_ref().is_some_and(|t| t["author"]["id"] == m["id"]);
            let ping = value["mentions"].as_array().is_some_and(|m| m.iter().any(pinged));
            let body = json!({"content": text, "allowed_mentions": {"parse": ["users"], "replied_user": ping}});
            let fresh = state.compose(channel, author, &body, target, true);
            merge(&mut value, json!({"content": text, "mentions": fresh["mentions"]}));
            state.change_message(message, value);
        });
    }

    /// Discord fills in the preview of a link: a `MESSAGE_UPDATE` in which the member changed nothing.
    pub fn unfurl(&self, message: Id, embed: &Value) {
        self.shared.change(|state| {
            let mut value = state.messages[&message].value.clone();
            value["embeds"] = json!([embed]);
            state.change_message(message, value);
        });
    }

    /// A member or moderator deletes a message, whoever wrote it.
    pub fn delete(&self, message: Id) {
        self.shared.change(|state| state.delete_message(message));
    }

    /// A moderator, or a ban, deletes several messages of a channel at once.
    pub fn delete_bulk(&self, channel: Id, messages: &[Id]) {
        self.shared.change(|state| {
            for id in messages {
                state.messages.get_mut(id).expect("a message").deleted = true;
            }
            let ids: Vec<String> = messages.iter().map(ToString::to_string).collect();
            let mut data = json!({"ids": ids, "channel_id": channel.to_string()});
            let guild = state.channels[&channel].guild;
            if let Some(guild) = guild {
                data["guild_id"] = json!(guild.to_string());
            }
            state.dispatch("MESSAGE_DELETE_BULK", guild, &data);
        });
    }

    /// A member opens a forum post; the first message has the thread's id.
    pub fn forum_post(&self, forum: Id, user: Id, title: &str, text: &str) -> Id {
        self.shared.change(|state| {
            let thread = state.start_thread(forum, user, title, None);
            let mut value = state.compose(thread, user, &json!({"content": text}), None, true);
            merge(&mut value, json!({"id": thread.to_string(), "position": 0}));
            state.post(thread, user, value)
        })
    }

    /// A member opens a thread on a message; it has the message's id.
    pub fn thread(&self, message: Id, user: Id, name: &str) -> Id {
        self.shared.change(|state| state.start_thread(state.messages[&message].channel, user, name, Some(message)))
    }

    /// A moderator archives a thread, and locks it if asked to.
    pub fn archive(&self, thread: Id, lock: bool) {
        self.shared.change(|state| {
            let place = state.channels.get_mut(&thread).expect("a thread");
            merge(&mut place.value["thread_metadata"], json!({"archived": true, "locked": lock}));
            let (value, guild) = (place.value.clone(), place.guild);
            state.dispatch("THREAD_UPDATE", guild, &value);
        });
    }

    /// A member uses a slash command.
    pub fn slash(&self, channel: Id, user: Id, name: &str, options: Value) -> Id {
        self.command(2, channel, user, name, options)
    }

    /// A member types in an option with completion; the option being typed in has `"focused": true`.
    pub fn autocomplete(&self, channel: Id, user: Id, name: &str, options: Value) -> Id {
        self.command(4, channel, user, name, options)
    }

    fn command(&self, kind: u64, channel: Id, user: Id, name: &str, options: Value) -> Id {
        self.shared.change(|state| {
            let guild = state.channels[&channel].guild;
            let mut data = json!({"id": state.command_id(guild, name, 1), "name": name, "type": 1});
            let options = if options.is_object() { json!([options]) } else { options };
            if options.as_array().is_some_and(|o| !o.is_empty()) {
                data["options"] = options;
            }
            state.interact(kind, channel, user, &data, None)
        })
    }

    /// A member uses a message command. Its message comes with its content, whatever the intents.
    pub fn message_command(&self, channel: Id, user: Id, name: &str, message: Id) -> Id {
        self.shared.change(|state| {
            let target = state.messages[&message].value.clone();
            let id = state.command_id(state.channels[&channel].guild, name, 3);
            let key = message.to_string();
            let data = json!({"id": id, "name": name, "type": 3, "target_id": key, "resolved": {"messages": {&key: target}}});
            state.interact(2, channel, user, &data, None)
        })
    }

    /// A member presses a button, which the message may no longer have.
    pub fn press(&self, message: Id, user: Id, custom_id: &str) -> Id {
        let data = json!({"component_type": 2, "custom_id": custom_id, "id": 2});
        self.shared.change(|state| state.interact(3, state.messages[&message].channel, user, &data, Some(message)))
    }

    /// A member chooses in a menu.
    pub fn select(&self, message: Id, user: Id, custom_id: &str, values: &[&str]) -> Id {
        let data = json!({"component_type": 3, "custom_id": custom_id, "values": values, "id": 2});
        self.shared.change(|state| state.interact(3, state.messages[&message].channel, user, &data, Some(message)))
    }

    /// A member sends the form that was the answer to `interaction`, with these values by custom id.
    pub fn submit_modal(&self, interaction: Id, user: Id, values: &[(&str, &str)]) -> Id {
        self.shared.change(|state| {
            let asked = &state.interactions[&interaction];
            let Some((9, form)) = &asked.answer else { panic!("interaction {interaction} was not answered with a form") };
            let mut rows = Vec::new();
            for row in form["components"].as_array().into_iter().flatten() {
                let label = row["type"] == 18;
                let input = if label { &row["component"] } else { &row["components"][0] };
                let value = values.iter().find(|(id, _)| input["custom_id"] == *id).map_or("", |(_, value)| *value);
                let filled = json!({"type": input["type"], "custom_id": input["custom_id"], "value": value, "id": 2});
                rows.push(if label {
                    json!({"type": 18, "id": 1, "component": filled})
                } else {
                    json!({"type": 1, "id": 1, "components": [filled]})
                });
            }
            let data = json!({"custom_id": form["custom_id"], "components": rows});
            let message = asked.value["message"]["id"].as_str().and_then(|id| id.parse().ok());
            let channel = asked.value["channel_id"].as_str().and_then(|id| id.parse().ok()).expect("a channel");
            state.interact(5, channel, user, &data, message)
        })
    }

    /// The custom ids of a message's buttons and menus, as stored now.
    pub fn custom_ids(message: &Value) -> Vec<String> {
        let rows = message["components"].as_array().into_iter().flatten();
        let parts = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        parts.filter_map(|c| c["custom_id"].as_str().map(str::to_owned)).collect()
    }
}

impl State {
    /// Makes an interaction and sends it.
    fn interact(&mut self, kind: u64, channel: Id, user: Id, data: &Value, message: Option<Id>) -> Id {
        let id = self.id();
        // Real tokens are long and opaque; this one only needs to be both.
        let token = format!("aW50ZXJhY3Rpb246{id:0>24}{}", "Zx".repeat(40));
        let (place, person) = (&self.channels[&channel], &self.users[&user]);
        let guild = place.guild;
        let mut within = place.value.clone();
        within["permissions"] = json!(person.permissions.to_string());
        let mut value = json!({
            "id": id.to_string(), "application_id": self.bot.to_string(), "type": kind, "data": data, "channel": within,
            "channel_id": channel.to_string(), "token": token, "version": 1, "locale": person.locale, "entitlements": [],
            "app_permissions": self.bot_permissions(channel).to_string(), "attachment_size_limit": 10_485_760,
            "entitlement_sku_ids": [],
        });
        if let Some(guild) = guild {
            let mut who = member(person, true);
            who["permissions"] = json!(person.permissions.to_string());
            let locale = &self.guilds[&guild].locale;
            merge(
                &mut value,
                json!({
                    "guild_id": guild.to_string(), "guild_locale": locale, "context": 0, "member": who,
                    "guild": {"id": guild.to_string(), "locale": locale, "features": ["COMMUNITY"]},
                    "authorizing_integration_owners": {"0": guild.to_string()},
                }),
            );
        } else {
            merge(&mut value, json!({"user": person.value, "context": 1, "authorizing_integration_owners": {"0": "0"}}));
        }
        if let Some(message) = message {
            value["message"] = self.messages[&message].value.clone();
        }
        let delivered = self.dispatch("INTERACTION_CREATE", guild, &value).then(Instant::now);
        let interaction = Interaction {
            kind,
            value,
            token,
            created: Instant::now(),
            delivered,
            excused: false,
            answer: None,
            original: None,
            edits_before: 0,
            followups: Vec::new(),
        };
        self.interactions.insert(id, interaction);
        id
    }
}
