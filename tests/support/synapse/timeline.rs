//! What a member has heard so far, and waiting for more: by long polls of `/sync`.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Member;
use super::http::part;

/// One long poll.
const POLL: Duration = Duration::from_secs(5);
/// Enough for what is said between two polls.
const FILTER: &str = r#"{"room":{"timeline":{"limit":200},"ephemeral":{"types":[]}},"presence":{"types":[]}}"#;

/// What a member has heard.
#[derive(Debug, Default)]
pub struct Timeline {
    since: Option<String>,
    /// Room and event, in the order in which they came.
    heard: Vec<(String, Value)>,
    /// Rooms the member was invited to and has not joined.
    invited: Vec<String>,
}

impl Timeline {
    fn take(&mut self, sync: &Value) {
        self.since = sync["next_batch"].as_str().map(str::to_owned);
        let none = Map::new();
        let rooms = |kind: &str| sync["rooms"][kind].as_object().unwrap_or(&none);
        for (room, news) in rooms("join").iter().chain(rooms("leave")) {
            let events = ["state", "timeline"].into_iter().filter_map(|part| news[part]["events"].as_array()).flatten();
            self.heard.extend(events.map(|event| (room.clone(), event.clone())));
        }
        self.invited.extend(rooms("invite").keys().cloned());
    }
}

impl Member {
    /// Waits until an event of the room is what is looked for.
    pub async fn hears(&self, room: &str, within: Duration, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut timeline = self.timeline.lock().await;
        let (end, mut next) = (Instant::now() + within, 0);
        loop {
            let news = timeline.heard.iter().skip(next);
            if let Some((_, event)) = news.clone().find(|(place, event)| place == room && fits(event)) {
                return Some(event.clone());
            }
            next = timeline.heard.len();
            let left = end.checked_duration_since(Instant::now())?;
            let since = timeline.since.as_deref().map(|since| format!("&since={}", part(since))).unwrap_or_default();
            let path = format!("sync?timeout={}&filter={}{since}", left.min(POLL).as_millis(), part(FILTER));
            let (status, sync) = self.try_call("GET", &path, None).await;
            assert_eq!(status, 200, "{sync}");
            timeline.take(&sync);
        }
    }

    /// Waits until somebody is in a room.
    ///
    /// # Panics
    /// If that does not happen.
    pub async fn sees_join(&self, room: &str, user: &str, within: Duration) {
        let joined =
            |event: &Value| event["type"] == "m.room.member" && event["state_key"] == user && event["content"]["membership"] == "join";
        assert!(self.hears(room, within, joined).await.is_some(), "{user} does not join within {within:?}");
    }

    /// Waits for what somebody says in reply to an event.
    pub async fn try_answer(&self, room: &str, to: &str, by: &str, within: Duration) -> Option<Value> {
        self.hears(room, within, |event| is_said_by(event, by) && answered_event(event) == Some(to)).await
    }

    /// The same, of what must come.
    ///
    /// # Panics
    /// If nothing comes.
    pub async fn answer(&self, room: &str, to: &str, by: &str, within: Duration) -> Value {
        match self.try_answer(room, to, by, within).await {
            Some(answer) => answer,
            None => panic!("no answer to {to} within {within:?}; the room:\n{}", shown(&self.messages(room).await)),
        }
    }

    /// Waits for an edit of an event that says something; the edit.
    ///
    /// # Panics
    /// If none comes.
    pub async fn edited(&self, room: &str, event: &Value, words: &str, within: Duration) -> Value {
        let id = event["event_id"].as_str().expect("an event id");
        let fits = |event: &Value| {
            is_edit_of(event, id) && event["content"]["m.new_content"]["body"].as_str().is_some_and(|body| body.contains(words))
        };
        match self.hears(room, within, fits).await {
            Some(edit) => edit,
            None => panic!("{id} is not edited to {words:?} within {within:?}; the room:\n{}", shown(&self.messages(room).await)),
        }
    }

    /// Waits until an event is redacted.
    ///
    /// # Panics
    /// If it is not.
    pub async fn sees_redacted(&self, room: &str, event: &Value, within: Duration) {
        let id = &event["event_id"];
        let redacts =
            |event: &Value| event["type"] == "m.room.redaction" && (&event["content"]["redacts"] == id || &event["redacts"] == id);
        assert!(self.hears(room, within, redacts).await.is_some(), "{id} is not redacted within {within:?}");
        assert!(self.is_redacted(room, id.as_str().expect("an event id")).await);
    }
}

/// Whether this is a message, plain or encrypted, by this user, and no edit.
pub fn is_said_by(event: &Value, user: &str) -> bool {
    let is_message = event["type"] == "m.room.message" || event["type"] == "m.room.encrypted";
    is_message && event["sender"] == user && event["content"]["m.relates_to"]["rel_type"] != "m.replace"
}

/// The event a message replies to.
pub fn answered_event(event: &Value) -> Option<&str> {
    event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"].as_str()
}

/// Whether this edits an event.
pub fn is_edit_of(event: &Value, id: &str) -> bool {
    let relation = &event["content"]["m.relates_to"];
    relation["rel_type"] == "m.replace" && relation["event_id"] == id
}

/// What a message says in plain text; the new one of an edit.
pub fn body(event: &Value) -> &str {
    text(event, "body")
}

/// What a message says in HTML; the new one of an edit.
pub fn html(event: &Value) -> &str {
    text(event, "formatted_body")
}

fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    let content = &event["content"];
    content["m.new_content"][key].as_str().or_else(|| content[key].as_str()).unwrap_or_default()
}

/// Events, a line each.
pub fn shown(events: &[Value]) -> String {
    let line = |event: &Value| {
        let mut content = event["content"].clone();
        if let Some(content) = content.as_object_mut() {
            content.remove("ciphertext");
        }
        format!("{} {} {} {content}", event["event_id"], event["sender"], event["type"])
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}
