//! Application commands: registration, and what Discord checks when they are registered.
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::interactions::check_choices;
use super::payload::merge;
use super::rest::{Call, Reply, found, number};
use super::state::{Id, State};
use super::validate::Check;

/// The locales Discord knows.
const LOCALES: [&str; 32] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE",
    "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
];

impl State {
    pub(super) fn route_commands(&mut self, call: &Call, rest: &[&str]) -> Reply {
        let (scope, rest) = match rest {
            ["commands", rest @ ..] => (None, rest),
            ["guilds", guild, "commands", rest @ ..] => (Some(number(guild).unwrap_or(0)), rest),
            _ => return Reply::refuse(404, 0, "404: Not Found"),
        };
        if scope.is_some_and(|guild| !self.guilds.contains_key(&guild)) {
            return Reply::refuse(403, 50001, "Missing Access");
        }
        let held = self.commands.get(&scope).cloned().unwrap_or_default();
        let at = rest.first().and_then(|id| held.iter().position(|c| c["id"] == *id));
        match (call.method, rest) {
            ("GET", []) => Reply::ok(json!(held)),
            ("PUT", []) => {
                let given = call.body.as_array().cloned().unwrap_or_default();
                self.register(scope, &held, given, call.body.is_array())
            }
            ("POST", []) => {
                let same = |c: &Value| c["name"] == call.body["name"] && kind(c) == kind(call.body);
                let mut given: Vec<Value> = held.iter().filter(|c| !same(c)).cloned().collect();
                given.push(call.body.clone());
                let reply = self.register(scope, &held, given, true);
                let last = reply.body.as_ref().and_then(|b| b.as_array()?.last().cloned());
                last.map_or(reply, |command| Reply { status: 201, ..Reply::ok(command) })
            }
            ("GET", [_]) => found(at.map(|n| held[n].clone()), 10063, "Unknown application command"),
            ("DELETE", [_]) if at.is_some() => {
                self.commands.entry(scope).or_default().remove(at.expect("just tested"));
                Reply::none()
            }
            ("DELETE", [_]) => Reply::error(404, 10063, "Unknown application command"),
            _ => Reply::refuse(404, 0, "404: Not Found"),
        }
    }

    fn register(&mut self, scope: Option<Id>, held: &[Value], given: Vec<Value>, list: bool) -> Reply {
        let check = check_commands(&given, list);
        if !check.is_empty() {
            return Reply::invalid(&check);
        }
        let mut commands = Vec::new();
        for command in given {
            let version = self.id().to_string();
            let old = held.iter().find(|c| c["name"] == command["name"] && kind(c) == kind(&command));
            let id = old.map_or_else(|| version.clone(), |c| c["id"].as_str().expect("an id").to_owned());
            let mut value = json!({
                "name_localizations": null, "description": "", "description_localizations": null, "options": [], "dm_permission": true,
                "default_member_permissions": null, "nsfw": false, "contexts": null, "integration_types": [0], "type": 1,
            });
            merge(&mut value, command);
            merge(&mut value, json!({"id": id, "application_id": self.bot.to_string(), "version": version}));
            if let Some(guild) = scope {
                value["guild_id"] = json!(guild.to_string());
            }
            commands.push(value);
        }
        self.commands.insert(scope, commands.clone());
        Reply::ok(json!(commands))
    }

    /// The id of a registered command, or a new one: members may still see a command that is gone.
    pub(super) fn command_id(&mut self, guild: Option<Id>, name: &str, wanted: u64) -> String {
        let scopes = [guild, None];
        let all = scopes.iter().filter_map(|scope| self.commands.get(scope)).flatten();
        let known = all.into_iter().find(|c| c["name"] == name && kind(c) == wanted).map(|c| c["id"].as_str().expect("an id").to_owned());
        known.unwrap_or_else(|| self.id().to_string())
    }
}

/// 1 slash, 2 user, 3 message.
fn kind(command: &Value) -> u64 {
    command["type"].as_u64().unwrap_or(1)
}

fn check_commands(commands: &[Value], list: bool) -> Check {
    let mut check = Check::default();
    if !list {
        check.problem("body", "LIST_TYPE_CONVERT", "A list is required");
    }
    let mut seen = BTreeSet::new();
    for (n, command) in commands.iter().enumerate() {
        let path = n.to_string();
        if !seen.insert((kind(command), command["name"].to_string())) {
            check.problem(format!("{path}.name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique");
        }
        if kind(command) == 1 {
            check_named(&mut check, &path, command);
            check_options(&mut check, &path, &command["options"], 0);
        } else {
            check.text(format!("{path}.name"), &command["name"], 1, 32);
            check_localized(&mut check, &path, command, "name", 32);
            if command["description"].as_str().is_some_and(|d| !d.is_empty())
                || command["options"].as_array().is_some_and(|o| !o.is_empty())
            {
                check.problem(
                    format!("{path}.description"),
                    "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
                    "Only slash commands have these",
                );
            }
        }
        let permissions = &command["default_member_permissions"];
        if !permissions.is_null() && permissions.as_str().is_none_or(|p| p.parse::<u64>().is_err()) {
            check.problem(format!("{path}.default_member_permissions"), "BITFIELD", "A bit set in a string");
        }
        let size = size(command);
        if size > 8000 {
            check.problem(path, "APPLICATION_COMMAND_TOO_LARGE", format!("Command exceeds maximum size (8000), it is {size}"));
        }
    }
    for (of, most) in [(1, 100), (2, 15), (3, 15)] {
        if commands.iter().filter(|c| kind(c) == of).count() > most {
            check.problem("body", "APPLICATION_COMMANDS_MAX", format!("At most {most} commands of type {of}"));
        }
    }
    check
}

/// Name and description of a slash command or option, with their translations.
fn check_named(check: &mut Check, path: &str, value: &Value) {
    let name = value["name"].as_str().unwrap_or("");
    check_name(check, format!("{path}.name"), name);
    for (locale, name) in value["name_localizations"].as_object().into_iter().flatten() {
        check_name(check, format!("{path}.name_localizations.{locale}"), name.as_str().unwrap_or(""));
    }
    check.text(format!("{path}.description"), &value["description"], 1, 100);
    check_localized(check, path, value, "name", 32);
    check_localized(check, path, value, "description", 100);
}

fn check_name(check: &mut Check, path: String, name: &str) {
    let fits = (1..=32).contains(&name.chars().count()) && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '\''));
    if !fits {
        check.problem(path, "APPLICATION_COMMAND_INVALID_NAME", format!("Command name is invalid: {name:?}"));
    } else if name.to_lowercase() != name {
        check.problem(path, "APPLICATION_COMMAND_NAME_LOWERCASE", format!("Command name must be lower case: {name:?}"));
    }
}

fn check_localized(check: &mut Check, path: &str, value: &Value, key: &str, max: usize) {
    for (locale, text) in value[format!("{key}_localizations")].as_object().into_iter().flatten() {
        let at = format!("{path}.{key}_localizations.{locale}");
        if !LOCALES.contains(&locale.as_str()) {
            check.problem(at.clone(), "ENUM_TYPE_COERCE", format!("{locale} is not a locale Discord knows"));
        }
        check.text(at, text, usize::from(!text.is_null()), max);
    }
}

fn check_options(check: &mut Check, path: &str, options: &Value, depth: usize) {
    let (mut names, mut optional) = (BTreeSet::new(), false);
    for (n, option) in check.list(&format!("{path}.options"), options, 0, 25).iter().enumerate() {
        let at = format!("{path}.options.{n}");
        check_named(check, &at, option);
        if !names.insert(option["name"].to_string()) {
            check.problem(format!("{at}.name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names must be unique");
        }
        match option["type"].as_u64() {
            Some(1 | 2) if depth < 2 => check_options(check, &at, &option["options"], depth + 1),
            Some(3..=11) => {}
            _ => check.problem(format!("{at}.type"), "BASE_TYPE_CHOICES", "Not an option type allowed here"),
        }
        let required = option["required"] == true;
        if required && optional {
            check.problem(at.clone(), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must come before the others");
        }
        optional |= !required;
        check_choices(check, &format!("{at}.choices"), &option["choices"]);
        for (n, choice) in option["choices"].as_array().into_iter().flatten().enumerate() {
            check_localized(check, &format!("{at}.choices.{n}"), choice, "name", 100);
        }
        if option["autocomplete"] == true && option["choices"].as_array().is_some_and(|c| !c.is_empty()) {
            check.problem(at, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", "Choices and autocomplete exclude each other");
        }
    }
}

/// What counts towards 8,000: names, descriptions and values, each in its longest language.
fn size(value: &Value) -> usize {
    let longest = |key: &str| {
        let texts = value[format!("{key}_localizations")].as_object().into_iter().flatten().map(|(_, text)| text);
        texts.chain([&value[key]]).filter_map(Value::as_str).map(|t| t.chars().count()).max().unwrap_or(0)
    };
    let nested = ["options", "choices"].iter().filter_map(|k| value[k].as_array()).flatten().map(size).sum::<usize>();
    longest("name") + longest("description") + value["value"].as_str().map_or(0, |v| v.chars().count()) + nested
}
