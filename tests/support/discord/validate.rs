//! What Discord accepts in a message: lengths, counts, embeds, components, modals.
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Problems found in a body, each with its path, Discord's code and a sentence.
#[derive(Default)]
pub struct Check {
    problems: Vec<(String, String, String)>,
}

/// The flag of messages made of components only.
const COMPONENTS_V2: u64 = 1 << 15;

impl Check {
    /// Notes a problem.
    pub(super) fn problem(&mut self, path: impl Into<String>, code: &str, message: impl Into<String>) {
        self.problems.push((path.into(), code.into(), message.into()));
    }

    /// The same problems, in a part of a larger body.
    pub(super) fn under(mut self, part: &str) -> Self {
        self.problems.iter_mut().for_each(|(path, ..)| *path = format!("{part}.{path}"));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The nested `errors` object.
    pub(super) fn errors(&self) -> Value {
        let mut errors = json!({});
        for (path, code, message) in &self.problems {
            let mut at = &mut errors;
            for key in path.split('.') {
                at = at.as_object_mut().expect("an object").entry(key).or_insert_with(|| Value::Object(Map::new()));
            }
            let list = at.as_object_mut().expect("an object").entry("_errors").or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list").push(json!({"code": code, "message": message}));
        }
        errors
    }

    pub(super) fn summary(&self) -> String {
        self.problems.iter().map(|(path, _, message)| format!("{path}: {message}")).collect::<Vec<_>>().join("; ")
    }

    /// Checks the length in characters of a string, which may be missing if `min` is 0; returns it.
    pub(super) fn text(&mut self, path: String, value: &Value, min: usize, max: usize) -> usize {
        if value.is_null() && min == 0 {
            return 0;
        }
        let Some(text) = value.as_str() else {
            self.problem(path, "BASE_TYPE_REQUIRED", "This field is required");
            return 0;
        };
        // White space alone is nothing, yet it counts towards the limit.
        let length = text.chars().count();
        if text.trim().chars().count() < min {
            self.problem(path, "BASE_TYPE_REQUIRED", "This field is required");
        } else if length > max {
            self.problem(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {min} and {max} in length, not {length}."));
        }
        length
    }

    /// Checks how many elements a list has, and gives them; a missing list is empty.
    pub(super) fn list<'a>(&mut self, path: &str, value: &'a Value, min: usize, max: usize) -> &'a [Value] {
        let list = value.as_array().map_or(&[][..], Vec::as_slice);
        if !value.is_null() && !value.is_array() {
            self.problem(path, "BASE_TYPE_LIST", "Must be a list");
        } else if list.len() < min || list.len() > max {
            self.problem(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {min} and {max} in length, not {}.", list.len()));
        }
        list
    }

    fn url(&mut self, path: String, value: &Value) {
        let Some(url) = value.as_str() else { return };
        let known =
            ["https://", "http://", "discord://", "attachment://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
        if !known || url.contains(char::is_whitespace) {
            self.problem(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
        } else if url.chars().count() > 2048 {
            self.problem(path, "BASE_TYPE_MAX_LENGTH", "Must be 2048 or fewer in length.");
        }
    }

    /// A message to create or edit, or the data of an answer to an interaction.
    pub(super) fn message(body: &Value) -> Self {
        let mut check = Self::default();
        if !body.is_object() {
            check.problem("body", "BASE_TYPE_REQUIRED", "A JSON object is required");
            return check;
        }
        let v2 = body["flags"].as_u64().unwrap_or(0) & COMPONENTS_V2 != 0;
        if v2 && (body["content"].as_str().is_some_and(|c| !c.is_empty()) || body["embeds"].as_array().is_some_and(|e| !e.is_empty())) {
            check.problem("flags", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "content and embeds cannot be used");
        }
        check.text("content".into(), &body["content"], 0, 2000);
        let mut total = 0;
        for (n, embed) in check.list("embeds", &body["embeds"], 0, 10).iter().enumerate() {
            total += check.embed(&format!("embeds.{n}"), embed);
        }
        if total > 6000 {
            check.problem("embeds", "MAX_EMBED_SIZE_EXCEEDED", format!("Embed size exceeds maximum size of 6000, it is {total}"));
        }
        check.components(&body["components"], v2);
        let nonce = body["nonce"].as_str().map_or(0, str::len);
        if nonce > 25 {
            check.problem("nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.");
        }
        check.allowed_mentions(&body["allowed_mentions"]);
        check
    }

    fn allowed_mentions(&mut self, allowed: &Value) {
        let parses = |kind: &str| allowed["parse"].as_array().is_some_and(|p| p.iter().any(|k| k == kind));
        for kind in ["users", "roles"] {
            let list = self.list(&format!("allowed_mentions.{kind}"), &allowed[kind], 0, 100);
            if !list.is_empty() && parses(kind) {
                self.problem(
                    "allowed_mentions",
                    "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                    format!("parse:[\"{kind}\"] and {kind} together"),
                );
            }
        }
    }

    fn embed(&mut self, path: &str, embed: &Value) -> usize {
        let at = |part: &str| format!("{path}.{part}");
        let mut total = self.text(at("title"), &embed["title"], 0, 256);
        total += self.text(at("description"), &embed["description"], 0, 4096);
        total += self.text(at("author.name"), &embed["author"]["name"], usize::from(embed["author"].is_object()), 256);
        total += self.text(at("footer.text"), &embed["footer"]["text"], usize::from(embed["footer"].is_object()), 2048);
        for (n, field) in self.list(&at("fields"), &embed["fields"], 0, 25).iter().enumerate() {
            total += self.text(at(&format!("fields.{n}.name")), &field["name"], 1, 256);
            total += self.text(at(&format!("fields.{n}.value")), &field["value"], 1, 1024);
        }
        for (part, url) in [
            ("url", &embed["url"]),
            ("author.url", &embed["author"]["url"]),
            ("image.url", &embed["image"]["url"]),
            ("thumbnail.url", &embed["thumbnail"]["url"]),
            ("footer.icon_url", &embed["footer"]["icon_url"]),
        ] {
            self.url(at(part), url);
        }
        if embed["color"].as_u64().is_some_and(|c| c > 0xFF_FFFF) {
            self.problem(at("color"), "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.");
        }
        let shown = ["image", "thumbnail", "video", "provider"].iter().any(|p| embed[p].is_object());
        if total == 0 && !shown {
            self.problem(at("description"), "BASE_TYPE_REQUIRED", "This field is required");
        }
        total
    }

    fn components(&mut self, components: &Value, v2: bool) {
        let mut ids = BTreeSet::new();
        if v2 {
            return self.free_components("components", components, &mut ids);
        }
        for (n, row) in self.list("components", components, 0, 5).iter().enumerate() {
            if row["type"] == 1 {
                self.row(&format!("components.{n}"), row, &mut ids);
            } else {
                self.problem(format!("components.{n}.type"), "UNION_TYPE_CHOICES", "Only action rows (1) are allowed here");
            }
        }
    }

    /// Components of the newer kind: only what can be pressed is looked at.
    fn free_components(&mut self, path: &str, components: &Value, ids: &mut BTreeSet<String>) {
        for (n, component) in self.list(path, components, 0, 40).iter().enumerate() {
            let at = format!("{path}.{n}");
            match component["type"].as_u64() {
                Some(1) => self.row(&at, component, ids),
                Some(9..=17) => {
                    self.free_components(&format!("{at}.components"), &component["components"], ids);
                    if component["accessory"]["type"] == 2 {
                        self.button(&format!("{at}.accessory"), &component["accessory"], ids);
                    }
                }
                _ => self.problem(at, "UNION_TYPE_CHOICES", "Not a component type allowed here"),
            }
        }
    }

    fn row(&mut self, path: &str, row: &Value, ids: &mut BTreeSet<String>) {
        let list = self.list(&format!("{path}.components"), &row["components"], 1, 5);
        for (n, component) in list.iter().enumerate() {
            let at = format!("{path}.components.{n}");
            match component["type"].as_u64() {
                Some(2) => self.button(&at, component, ids),
                Some(3 | 5..=8) if list.len() == 1 => self.select(&at, component, ids),
                Some(3 | 5..=8) => self.problem(path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select menu must be alone in its row"),
                _ => self.problem(at, "UNION_TYPE_CHOICES", "Not a component type allowed in a row"),
            }
        }
    }

    fn custom_id(&mut self, path: &str, component: &Value, ids: &mut BTreeSet<String>) {
        let at = format!("{path}.custom_id");
        self.text(at.clone(), &component["custom_id"], 1, 100);
        if let Some(id) = component["custom_id"].as_str()
            && !ids.insert(id.to_owned())
        {
            self.problem(at, "COMPONENT_CUSTOM_ID_DUPLICATED", format!("Component custom id cannot be duplicated: {id}"));
        }
    }

    fn button(&mut self, path: &str, button: &Value, ids: &mut BTreeSet<String>) {
        self.text(format!("{path}.label"), &button["label"], 0, 80);
        let bare = button["label"].as_str().is_none_or(str::is_empty) && !button["emoji"].is_object();
        match button["style"].as_u64() {
            Some(5) if !button["custom_id"].is_null() => {
                self.problem(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A link button has no custom id");
            }
            Some(5) => {
                self.text(format!("{path}.url"), &button["url"], 1, 512);
                self.url(format!("{path}.url"), &button["url"]);
            }
            Some(1..=4) if !button["url"].is_null() => {
                self.problem(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Only a link button has a url");
            }
            Some(1..=4) => self.custom_id(path, button, ids),
            Some(6) if !button["sku_id"].is_null() => return,
            _ => self.problem(format!("{path}.style"), "BASE_TYPE_CHOICES", "Value must be one of 1 to 6."),
        }
        if bare {
            self.problem(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button needs a label or an emoji");
        }
    }

    fn select(&mut self, path: &str, select: &Value, ids: &mut BTreeSet<String>) {
        self.custom_id(path, select, ids);
        self.text(format!("{path}.placeholder"), &select["placeholder"], 0, 150);
        let (least, most) = (select["min_values"].as_u64().unwrap_or(1), select["max_values"].as_u64().unwrap_or(1));
        if least > 25 || most == 0 || most > 25 || least > most {
            self.problem(format!("{path}.max_values"), "NUMBER_TYPE_MAX", "min_values 0 to 25, max_values 1 to 25, in that order");
        }
        if select["type"] != 3 {
            return;
        }
        let mut values = BTreeSet::new();
        let options = self.list(&format!("{path}.options"), &select["options"], 1, 25);
        for (n, option) in options.iter().enumerate() {
            let at = |part: &str| format!("{path}.options.{n}.{part}");
            self.text(at("label"), &option["label"], 1, 100);
            self.text(at("value"), &option["value"], 1, 100);
            self.text(at("description"), &option["description"], 0, 100);
            if !values.insert(option["value"].to_string()) {
                self.problem(at("value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used");
            }
        }
        if most as usize > options.len().max(1) {
            self.problem(format!("{path}.max_values"), "SELECT_COMPONENT_MAX_VALUES_TOO_HIGH", "More than there are options");
        }
        if options.iter().filter(|o| o["default"] == true).count() > most as usize {
            self.problem(format!("{path}.options"), "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "More defaults than max_values");
        }
    }

    /// The data of a modal.
    pub(super) fn modal(data: &Value) -> Self {
        let mut check = Self::default();
        let mut ids = BTreeSet::new();
        check.text("data.title".into(), &data["title"], 1, 45);
        check.text("data.custom_id".into(), &data["custom_id"], 1, 100);
        for (n, row) in check.list("data.components", &data["components"], 1, 5).iter().enumerate() {
            let at = format!("data.components.{n}");
            let label = row["type"] == 18;
            if label {
                check.text(format!("{at}.label"), &row["label"], 1, 45);
                check.text(format!("{at}.description"), &row["description"], 0, 100);
            }
            let inner = if label { &row["component"] } else { &row["components"][0] };
            match inner["type"].as_u64() {
                Some(4) => check.text_input(&at, inner, label, &mut ids),
                Some(3 | 5..=8 | 19) if label => check.custom_id(&at, inner, &mut ids),
                _ if row["type"] == 10 => {}
                _ => check.problem(at, "UNION_TYPE_CHOICES", "Not a component type allowed in a modal"),
            }
        }
        check
    }

    fn text_input(&mut self, path: &str, input: &Value, labelled: bool, ids: &mut BTreeSet<String>) {
        self.custom_id(path, input, ids);
        self.text(format!("{path}.label"), &input["label"], usize::from(!labelled), 45);
        self.text(format!("{path}.placeholder"), &input["placeholder"], 0, 100);
        self.text(format!("{path}.value"), &input["value"], 0, 4000);
        let (least, most) = (input["min_length"].as_u64().unwrap_or(0), input["max_length"].as_u64().unwrap_or(4000));
        if least > 4000 || most == 0 || most > 4000 || least > most {
            self.problem(format!("{path}.max_length"), "NUMBER_TYPE_MAX", "min_length 0 to 4000, max_length 1 to 4000, in that order");
        }
        if !matches!(input["style"].as_u64(), Some(1 | 2)) {
            self.problem(format!("{path}.style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.");
        }
    }
}
