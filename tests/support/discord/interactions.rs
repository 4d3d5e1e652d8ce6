//! Answers to interactions: the callback, `@original`, and followups.
use std::time::Duration;

use serde_json::{Value, json};

use super::messages::empty;
use super::payload::{id_of, merge};
use super::rest::{Call, Reply, number};
use super::state::{EPHEMERAL, Id, Interaction, LOADING, State};
use super::validate::Check;

/// How long a bot may take to acknowledge.
const ACKNOWLEDGE: Duration = Duration::from_secs(3);
/// How long the token is good.
const TOKEN: Duration = Duration::from_mins(15);

impl Interaction {
    fn user(&self) -> &Value {
        if self.value["member"].is_object() { &self.value["member"]["user"] } else { &self.value["user"] }
    }

    /// The message whose component was used.
    fn source(&self) -> Option<Id> {
        id_of(&self.value["message"]["id"])
    }
}

impl State {
    pub(super) fn callback(&mut self, id: Id, token: &str, call: &Call) -> Reply {
        let Some(interaction) = self.interactions.get_mut(&id).filter(|i| i.token == token) else {
            return Reply::refuse(404, 10062, "Unknown interaction");
        };
        if interaction.answer.is_some() && interaction.excused {
            // The first answer got lost: trying again is right, and this is how the bot learns that it came through.
            return Reply::error(400, 40060, "Interaction has already been acknowledged.");
        }
        if interaction.answer.is_some() {
            return Reply::refuse(400, 40060, "Interaction has already been acknowledged.");
        }
        if interaction.created.elapsed() > ACKNOWLEDGE {
            // Reported here, so not again at the end.
            interaction.excused = true;
            // After an outage it may come too late to be answered, which is nobody's fault.
            if interaction.delivered.is_none_or(|at| at.duration_since(interaction.created) > Duration::from_secs(2)) {
                return Reply::error(404, 10062, "Unknown interaction");
            }
            return Reply::refuse(404, 10062, "Unknown interaction: acknowledged after 3 s");
        }
        let (kind, data) = (call.body["type"].as_u64().unwrap_or(0), &call.body["data"]);
        let source = interaction.source();
        let check = check_callback(interaction.kind, kind, data, source.is_some());
        if !check.is_empty() {
            return Reply::invalid(&check);
        }
        if kind == 4 && empty(data) {
            return Reply::refuse(400, 50006, "Cannot send an empty message");
        }
        let original = match kind {
            4 => {
                self.check_pings(data, None, true, "interaction answer");
                Some(self.answer_with(id, data, 0))
            }
            5 => Some(self.answer_with(id, &json!({"flags": data["flags"]}), LOADING)),
            6 => source,
            7 => {
                let source = source.expect("checked above");
                if let Some(refusal) = self.edit_message(source, data, "interaction update") {
                    return refusal;
                }
                Some(source)
            }
            _ => None,
        };
        let edits_before = original.map_or(0, |m| self.messages[&m].history.len());
        let interaction = self.interactions.get_mut(&id).expect("looked up above");
        interaction.edits_before = edits_before;
        interaction.answer = Some((kind, data.clone()));
        interaction.original = original;
        if call.query("with_response") != Some("true") {
            return Reply::none();
        }
        let mut value = json!({"interaction": {"id": id.to_string(), "type": interaction.kind}, "resource": {"type": kind}});
        if let Some(message) = original.map(|m| &self.messages[&m]) {
            value["resource"]["message"] = message.value.clone();
            value["interaction"]["response_message_id"] = message.value["id"].clone();
            value["interaction"]["response_message_loading"] = json!(message.flags() & LOADING != 0);
            value["interaction"]["response_message_ephemeral"] = json!(message.flags() & EPHEMERAL != 0);
        }
        Reply::ok(value)
    }

    /// Posts a message on behalf of an interaction.
    fn answer_with(&mut self, id: Id, data: &Value, flags: u64) -> Id {
        let channel = id_of(&self.interactions[&id].value["channel_id"]).expect("a channel");
        let mut value = self.compose(channel, self.bot, data, None, true);
        let interaction = &self.interactions[&id];
        let kind = match (interaction.kind, interaction.value["data"]["type"].as_u64()) {
            (2, Some(1)) => 20,
            (2, _) => 23,
            _ => 19,
        };
        let owners = &interaction.value["authorizing_integration_owners"];
        let mut metadata = json!({
            "id": id.to_string(), "type": interaction.kind, "user": interaction.user(), "authorizing_integration_owners": owners,
        });
        if let Some(source) = interaction.source().filter(|_| interaction.kind == 3) {
            metadata["interacted_message_id"] = json!(source.to_string());
        }
        merge(
            &mut value,
            json!({
                "type": kind, "webhook_id": self.bot.to_string(), "application_id": self.bot.to_string(), "interaction_metadata": metadata,
            }),
        );
        if interaction.kind == 2 {
            let name = &interaction.value["data"]["name"];
            value["interaction"] = json!({"id": id.to_string(), "type": 2, "name": name, "user": interaction.user()});
        }
        value["flags"] = json!(value["flags"].as_u64().unwrap_or(0) | flags);
        self.post(channel, self.bot, value)
    }

    pub(super) fn route_webhook(&mut self, call: &Call, token: &str, rest: &[&str]) -> Reply {
        let Some((&id, interaction)) = self.interactions.iter().find(|(_, i)| i.token == token && i.answer.is_some()) else {
            return Reply::refuse(404, 10015, "Unknown Webhook: not acknowledged yet, or never known");
        };
        if interaction.created.elapsed() > TOKEN {
            return Reply::refuse(401, 50027, "Invalid Webhook Token: used after 15 minutes");
        }
        let original = interaction.original;
        let deferred = original.filter(|o| self.messages[o].flags() & LOADING != 0 && !self.messages[o].deleted);
        match (call.method, rest) {
            ("POST", []) => match deferred {
                // The first followup after a deferral takes the place of the waiting message.
                Some(message) => self.edit_or_refuse(message, call.body),
                None => self.followup(id, call.body),
            },
            (method, ["messages", which]) => {
                let known = |m: &Id| Some(*m) == original || interaction.followups.contains(m);
                let target = if *which == "@original" { original } else { number(which).filter(known) };
                let Some(target) = target else {
                    return Reply::refuse(404, 10008, "Unknown Message");
                };
                if self.messages[&target].deleted {
                    return Reply::error(404, 10008, "Unknown Message");
                }
                match method {
                    "GET" => Reply::ok(self.messages[&target].value.clone()),
                    "PATCH" => self.edit_or_refuse(target, call.body),
                    "DELETE" => {
                        self.delete_message(target);
                        Reply::none()
                    }
                    _ => Reply::refuse(405, 0, "405: Method Not Allowed"),
                }
            }
            _ => Reply::refuse(404, 0, "404: Not Found"),
        }
    }

    fn edit_or_refuse(&mut self, message: Id, body: &Value) -> Reply {
        self.edit_message(message, body, "interaction edit").unwrap_or_else(|| Reply::ok(self.messages[&message].value.clone()))
    }

    fn followup(&mut self, id: Id, body: &Value) -> Reply {
        let check = Check::message(body);
        if !check.is_empty() {
            return Reply::invalid(&check);
        }
        if empty(body) {
            return Reply::refuse(400, 50006, "Cannot send an empty message");
        }
        self.check_pings(body, None, true, "followup");
        let message = self.answer_with(id, body, 0);
        self.interactions.get_mut(&id).expect("an interaction").followups.push(message);
        Reply::ok(self.messages[&message].value.clone())
    }

    /// Adds to the violations what was delivered and never acknowledged.
    pub(super) fn close_interactions(&mut self) {
        let silent = self.interactions.values().filter(|i| i.delivered.is_some() && !i.excused && i.answer.is_none());
        let silent: Vec<String> = silent.map(|i| format!("never acknowledged: interaction {}", i.value["data"])).collect();
        self.violations.extend(silent);
    }
}

/// Whether an answer of this kind fits an interaction of that kind, and its data.
fn check_callback(interaction: u64, kind: u64, data: &Value, on_message: bool) -> Check {
    let fits = match interaction {
        2 => matches!(kind, 4 | 5 | 9),
        3 => matches!(kind, 4..=7 | 9),
        4 => kind == 8,
        _ => matches!(kind, 4 | 5) || on_message && matches!(kind, 6 | 7),
    };
    let mut check = match kind {
        4 | 7 => Check::message(data).under("data"),
        9 => Check::modal(data),
        _ => Check::default(),
    };
    if !fits {
        check.problem("type", "INTERACTION_CALLBACK_TYPE", format!("An interaction of type {interaction} cannot be answered with {kind}"));
    }
    if kind == 5 && data["flags"].as_u64().unwrap_or(0) & !EPHEMERAL != 0 {
        check.problem("data.flags", "BITFIELD", "A deferral may only be ephemeral");
    }
    if kind == 8 {
        check_choices(&mut check, "data.choices", &data["choices"]);
        if !data["choices"].is_array() {
            check.problem("data.choices", "BASE_TYPE_REQUIRED", "This field is required");
        }
    }
    check
}

/// Choices of an option or of an autocomplete answer.
pub(super) fn check_choices(check: &mut Check, path: &str, choices: &Value) {
    for (n, choice) in check.list(path, choices, 0, 25).iter().enumerate() {
        check.text(format!("{path}.{n}.name"), &choice["name"], 1, 100);
        if !choice["value"].is_number() {
            check.text(format!("{path}.{n}.value"), &choice["value"], 1, 100);
        }
    }
}
