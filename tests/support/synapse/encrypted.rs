//! A member with encryption: matrix-nio, driven line by line. It is another implementation than the bot's.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::environment::python;
use super::timeline::shown;
use super::{Homeserver, Member};

/// Longer than anything the script waits for by itself.
const PATIENCE: Duration = Duration::from_secs(150);

/// A member whose messages are encrypted where the room is.
pub struct EncryptedMember {
    /// The user id.
    pub id: String,
    /// The same person on a second device, without encryption: to join, to count, to react.
    pub plain: Member,
    lines: Mutex<Script>,
    store: TempDir,
}

struct Script {
    /// Killed when dropped.
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl EncryptedMember {
    /// Registers an account and logs in to it with encryption.
    ///
    /// # Panics
    /// If that fails.
    pub async fn enter(server: &Homeserver, name: &str) -> Self {
        let plain = server.member(name).await;
        let store = tempfile::tempdir().expect("a folder for the member's keys");
        std::fs::write(store.path().join("member.py"), include_str!("member.py")).expect("the member's script");
        let mut command = Command::new(python());
        command.arg(store.path().join("member.py")).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("Python starts");
        let (stdin, stdout) = (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
        let lines = Mutex::new(Script { child, stdin, stdout: BufReader::new(stdout).lines() });
        let member = Self { id: plain.id.clone(), plain, lines, store };
        let store = member.store.path().display().to_string();
        let login = json!({ "homeserver": server.address(), "user": member.id, "password": member.plain.password, "store": store });
        member.call("login", login).await;
        member
    }

    /// Lets the script do something.
    async fn call(&self, what: &str, mut arguments: Value) -> Value {
        arguments["do"] = json!(what);
        let mut script = self.lines.lock().await;
        script.stdin.write_all(format!("{arguments}\n").as_bytes()).await.expect("the script reads");
        let line = tokio::time::timeout(PATIENCE, script.stdout.next_line()).await.expect("the script answers in time");
        let line = line.expect("the script writes").unwrap_or_else(|| panic!("the script ended at {arguments}"));
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(answer.get("error").is_none(), "{arguments}: {answer}");
        answer["ok"].take()
    }

    /// A new encrypted room.
    pub async fn create_room(&self, invite: &[&str], direct: bool) -> String {
        let made = self.call("create_room", json!({ "invite": invite, "direct": direct })).await;
        made.as_str().expect("a room id").to_owned()
    }

    /// Waits until a user has joined and has devices to encrypt for; the devices.
    pub async fn await_member(&self, room: &str, user: &str) -> Vec<String> {
        let devices = self.call("await_member", json!({ "room": room, "user": user })).await;
        serde_json::from_value(devices).expect("a list of devices")
    }

    /// Joins a room.
    pub async fn join(&self, room: &str) {
        self.call("join", json!({ "room": room })).await;
    }

    /// Sends a message with this content, encrypted where the room is; its event id.
    pub async fn send(&self, room: &str, content: Value) -> String {
        self.call("send", json!({ "room": room, "content": content })).await.as_str().expect("an event id").to_owned()
    }

    /// Sends an event of this kind, encrypted: its kind too is only what the member says it is.
    pub async fn send_as(&self, room: &str, kind: &str, content: Value) -> String {
        self.call("send", json!({ "room": room, "content": content, "kind": kind })).await.as_str().expect("an event id").to_owned()
    }

    /// Says something.
    pub async fn say(&self, room: &str, text: &str) -> String {
        self.send(room, json!({ "msgtype": "m.text", "body": text })).await
    }

    /// From the next message on, this user's devices get no keys.
    pub async fn withhold_keys(&self, room: &str, user: &str) {
        self.call("withhold", json!({ "user": user })).await;
        self.call("new_session", json!({ "room": room })).await;
    }

    /// Gives the key of the room's session after all.
    pub async fn hand_over_keys(&self, room: &str, user: &str) {
        let given = self.call("hand_over", json!({ "room": room, "user": user })).await;
        assert_ne!(given, json!(0), "{user} has no device");
    }

    /// Waits for the answer to an event, as decrypted. It must have come encrypted.
    ///
    /// # Panics
    /// If none comes, or an unencrypted one.
    pub async fn answer(&self, room: &str, to: &str, sender: &str, within: Duration) -> Value {
        let arguments = json!({ "room": room, "to": to, "sender": sender, "seconds": within.as_secs_f64() });
        let found = self.call("wait_answer", arguments).await;
        let messages = if found["encrypted"] == true { Vec::new() } else { self.plain.messages(room).await };
        assert_eq!(found["encrypted"], true, "no encrypted answer to {to}: {found}; the room:\n{}", shown(&messages));
        found["event"].clone()
    }

    /// Waits for an edit of an event that says something, as decrypted.
    pub async fn edit(&self, room: &str, of: &str, sender: &str, words: &str, within: Duration) -> Option<Value> {
        let arguments = json!({ "room": room, "of": of, "sender": sender, "words": words, "seconds": within.as_secs_f64() });
        let found = self.call("wait_edit", arguments).await;
        found.get("event").cloned()
    }

    /// Waits for a message that says something, as decrypted.
    pub async fn hears(&self, room: &str, sender: &str, words: &str, within: Duration) -> Option<Value> {
        let arguments = json!({ "room": room, "sender": sender, "words": words, "seconds": within.as_secs_f64() });
        let found = self.call("wait_text", arguments).await;
        found.get("event").cloned()
    }
}
