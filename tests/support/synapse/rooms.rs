//! What members do in rooms: say, reply, edit, redact, react; and read what was said.

use serde_json::{Value, json};

use super::Member;
use super::http::part;

impl Member {
    /// Sends an event; its id.
    pub async fn send(&self, room: &str, kind: &str, content: &Value) -> String {
        let path = format!("rooms/{}/send/{kind}/{}", part(room), self.transaction());
        self.call("PUT", &path, Some(content)).await["event_id"].as_str().expect("an event id").to_owned()
    }

    /// Says something.
    pub async fn say(&self, room: &str, text: &str) -> String {
        self.send(room, "m.room.message", &json!({ "msgtype": "m.text", "body": text })).await
    }

    /// Says something to somebody, as clients with pills do.
    pub async fn mention(&self, room: &str, user: &str, text: &str) -> String {
        self.send(room, "m.room.message", &mention(user, text)).await
    }

    /// Replies to an event, as clients without the old quoted fallback do.
    pub async fn reply(&self, room: &str, to: &str, text: &str) -> String {
        let content = json!({ "msgtype": "m.text", "body": text, "m.relates_to": { "m.in_reply_to": { "event_id": to } } });
        self.send(room, "m.room.message", &content).await
    }

    /// Says something in the thread of an event.
    pub async fn say_in_thread(&self, room: &str, first: &str, mut content: Value) -> String {
        let last = json!({ "event_id": first });
        content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": first, "is_falling_back": true, "m.in_reply_to": last });
        self.send(room, "m.room.message", &content).await
    }

    /// Edits an event: it has this content from now on.
    pub async fn edit(&self, room: &str, event: &str, content: &Value) -> String {
        let mut edit = content.clone();
        edit["body"] = json!(format!("* {}", content["body"].as_str().unwrap_or_default()));
        edit["m.new_content"] = content.clone();
        edit["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": event });
        self.send(room, "m.room.message", &edit).await
    }

    /// Reacts to an event.
    pub async fn react(&self, room: &str, event: &str, key: &str) -> String {
        self.send(room, "m.reaction", &json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": event, "key": key } })).await
    }

    /// Redacts an event.
    pub async fn redact(&self, room: &str, event: &str) {
        let path = format!("rooms/{}/redact/{}/{}", part(room), part(event), self.transaction());
        self.call("PUT", &path, Some(&json!({}))).await;
    }

    /// An event as the server has it now; edits are in `unsigned`, a redacted one has no content.
    pub async fn event(&self, room: &str, event: &str) -> Value {
        self.call("GET", &format!("rooms/{}/event/{}", part(room), part(event)), None).await
    }

    /// Whether an event was redacted.
    pub async fn is_redacted(&self, room: &str, event: &str) -> bool {
        self.event(room, event).await["content"].as_object().is_some_and(serde_json::Map::is_empty)
    }

    /// Everything said in a room, the oldest first.
    pub async fn messages(&self, room: &str) -> Vec<Value> {
        let (mut all, mut from) = (Vec::new(), String::new());
        loop {
            let page = self.call("GET", &format!("rooms/{}/messages?dir=b&limit=500{from}", part(room)), None).await;
            let chunk = page["chunk"].as_array().expect("a list of events");
            all.extend(chunk.iter().cloned());
            match page["end"].as_str() {
                Some(end) if !chunk.is_empty() => from = format!("&from={}", part(end)),
                _ => break,
            }
        }
        all.reverse();
        all
    }

    /// The events that relate to one, of one kind of relation.
    pub async fn relations(&self, room: &str, event: &str, relation: &str) -> Vec<Value> {
        let path = format!("v1/rooms/{}/relations/{}/{relation}?limit=100", part(room), part(event));
        self.call("GET", &path, None).await["chunk"].as_array().expect("a list of events").clone()
    }
}

/// The content of a message with a pill.
pub(super) fn mention(user: &str, text: &str) -> Value {
    let name = user.trim_start_matches('@').split(':').next().unwrap_or_default();
    json!({
        "msgtype": "m.text",
        "body": format!("{name}: {text}"),
        "format": "org.matrix.custom.html",
        "formatted_body": format!("<a href=\"https://matrix.to/#/{user}\">{name}</a>: {text}"),
        "m.mentions": { "user_ids": [user] },
    })
}
