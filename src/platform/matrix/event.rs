//! Events of a room's timeline, translated once into what the bot needs of them. Their JSON is other people's: whatever is
//! missing or of another type makes an event nothing to the bot, never an error.

use serde_json::Value;

/// An event of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) id: String,
    pub(super) sender: String,
    /// When it was sent, by its homeserver's clock, in milliseconds since 1970.
    pub(super) sent_ms: u64,
    /// How long ago it was sent, by the bot's homeserver, in milliseconds.
    pub(super) age_ms: Option<u64>,
    pub(super) what: What,
}

/// What an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Somebody said something.
    Said(Said),
    /// Somebody edited what they had said; this is what it is now.
    Edited(String, Said),
    /// Somebody took an event back.
    Redacted(String),
    /// Somebody reacted to an event with a sign.
    Reacted(String, String),
    /// Somebody joined, who was not in the room before.
    Joined(String),
    /// The room was replaced by another.
    Replaced,
    /// Nothing to the bot.
    Other,
}

/// Something said in a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) body: String,
    pub(super) html: String,
    /// Who is mentioned, as the event says.
    pub(super) mentions: Vec<String>,
    /// The first event of the thread it belongs to.
    pub(super) thread: Option<String>,
    /// The event it replies to.
    pub(super) reply_to: Option<String>,
}

/// Reads an event.
pub(super) fn read(json: &str) -> Option<Heard> {
    let event: Value = serde_json::from_str(json).ok()?;
    let what = match text(&event["type"])? {
        "m.room.message" => read_message(&event["content"]),
        "m.room.redaction" => {
            text(&event["redacts"]).or_else(|| text(&event["content"]["redacts"])).map(|target| What::Redacted(target.to_owned()))
        }
        "m.reaction" => {
            let relation = &event["content"]["m.relates_to"];
            let is_reaction = relation["rel_type"] == "m.annotation";
            text(&relation["event_id"])
                .zip(text(&relation["key"]))
                .filter(|_| is_reaction)
                .map(|(target, key)| What::Reacted(target.to_owned(), key.to_owned()))
        }
        "m.room.member" => {
            let joined = event["content"]["membership"] == "join" && event["unsigned"]["prev_content"]["membership"] != "join";
            text(&event["state_key"]).filter(|_| joined).map(|who| What::Joined(who.to_owned()))
        }
        "m.room.tombstone" => event["state_key"].is_string().then_some(What::Replaced),
        _ => None,
    };
    Some(Heard {
        id: text(&event["event_id"])?.to_owned(),
        sender: text(&event["sender"])?.to_owned(),
        sent_ms: event["origin_server_ts"].as_u64().unwrap_or_default(),
        age_ms: event["unsigned"]["age"].as_u64(),
        what: what.unwrap_or(What::Other),
    })
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn read_message(content: &Value) -> Option<What> {
    let relation = &content["m.relates_to"];
    if relation["rel_type"] == "m.replace" {
        let said = read_said(&content["m.new_content"])?;
        return Some(What::Edited(text(&relation["event_id"])?.to_owned(), said));
    }
    let said = read_said(content)?;
    let thread = text(&relation["event_id"]).filter(|_| relation["rel_type"] == "m.thread").map(str::to_owned);
    // In a thread, clients that know none are shown the message before as the one that is replied to.
    let is_reply = thread.is_none() || relation["is_falling_back"] != true;
    let reply_to = text(&relation["m.in_reply_to"]["event_id"]).filter(|_| is_reply).map(str::to_owned);
    Some(What::Said(Said { thread, reply_to, ..said }))
}

/// What is said by members: bots say notices.
fn read_said(content: &Value) -> Option<Said> {
    if content["msgtype"] != "m.text" {
        return None;
    }
    let mentions = content["m.mentions"]["user_ids"].as_array();
    Some(Said {
        body: text(&content["body"])?.to_owned(),
        html: text(&content["formatted_body"]).unwrap_or_default().to_owned(),
        mentions: mentions.into_iter().flatten().filter_map(text).map(str::to_owned).collect(),
        thread: None,
        reply_to: None,
    })
}

/// What a message says since its author edited it, as the homeserver gives the edit with it.
pub(super) fn edited(json: &str) -> Option<Said> {
    let event: Value = serde_json::from_str(json).ok()?;
    let edit = &event["unsigned"]["m.relations"]["m.replace"];
    if edit["sender"] != event["sender"] || !edit.is_object() {
        return None;
    }
    match read_message(&edit["content"])? {
        What::Edited(_, said) => Some(said),
        _ => None,
    }
}

/// The event a message replies to, of whatever type and however encrypted: relations are sent in clear.
pub(super) fn replied_to(json: &str) -> Option<String> {
    let event: Value = serde_json::from_str(json).ok()?;
    let relation = &event["content"]["m.relates_to"];
    text(&relation["m.in_reply_to"]["event_id"]).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn what(kind: &str, content: &Value) -> What {
        let event =
            json!({ "type": kind, "event_id": "$1", "sender": "@a:b", "origin_server_ts": 7, "state_key": "@a:b", "content": content });
        read(&event.to_string()).expect("it is an event").what
    }

    #[test]
    fn messages_are_told_from_notices_edits_and_what_is_malformed() {
        let said = |content: Value| what("m.room.message", &content);
        let plain = Said { body: "hi".to_owned(), ..Said::default() };
        assert_eq!(said(json!({ "msgtype": "m.text", "body": "hi" })), What::Said(plain.clone()));
        assert_eq!(said(json!({ "msgtype": "m.notice", "body": "hi" })), What::Other);
        assert_eq!(said(json!({ "msgtype": "m.text", "body": 3 })), What::Other);
        assert_eq!(said(json!({})), What::Other);
        let edit = json!({
            "msgtype": "m.text", "body": "* hi", "m.new_content": { "msgtype": "m.text", "body": "hi" },
            "m.relates_to": { "rel_type": "m.replace", "event_id": "$0" },
        });
        assert_eq!(said(edit), What::Edited("$0".to_owned(), plain));
    }

    #[test]
    fn threads_and_replies_are_told_apart() {
        let read = |relation: Value| match what("m.room.message", &json!({ "msgtype": "m.text", "body": "x", "m.relates_to": relation })) {
            What::Said(said) => (said.thread, said.reply_to),
            other => panic!("{other:?}"),
        };
        let (root, reply) = (Some("$r".to_owned()), Some("$p".to_owned()));
        assert_eq!(read(json!({ "m.in_reply_to": { "event_id": "$p" } })), (None, reply.clone()));
        let thread = json!({ "rel_type": "m.thread", "event_id": "$r", "is_falling_back": true, "m.in_reply_to": { "event_id": "$p" } });
        assert_eq!(read(thread), (root.clone(), None));
        let thread = json!({ "rel_type": "m.thread", "event_id": "$r", "m.in_reply_to": { "event_id": "$p" } });
        assert_eq!(read(thread), (root, reply));
    }

    #[test]
    fn redactions_reactions_and_joins_are_read() {
        assert_eq!(what("m.room.redaction", &json!({ "redacts": "$0" })), What::Redacted("$0".to_owned()));
        let reaction = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$0", "key": "👍" } });
        assert_eq!(what("m.reaction", &reaction), What::Reacted("$0".to_owned(), "👍".to_owned()));
        assert_eq!(what("m.room.member", &json!({ "membership": "join" })), What::Joined("@a:b".to_owned()));
        assert_eq!(what("m.room.member", &json!({ "membership": "leave" })), What::Other);
        assert_eq!(read("[]"), None);
    }
}
