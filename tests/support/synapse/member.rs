//! A member without encryption: an account with one device, over plain client-server HTTP.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::http::{part, request};
use super::timeline::Timeline;

/// Somebody with an account.
pub struct Member {
    /// The user id.
    pub id: String,
    /// The password.
    pub password: String,
    /// The token of the device.
    pub token: String,
    /// The device.
    pub device: String,
    port: u16,
    sent: AtomicU64,
    pub(super) timeline: Mutex<Timeline>,
}

impl Member {
    pub(super) fn new(port: u16, registered: &Value, password: String) -> Self {
        let text = |key: &str| registered[key].as_str().unwrap_or_else(|| panic!("no {key}: {registered}")).to_owned();
        let (id, token, device) = (text("user_id"), text("access_token"), text("device_id"));
        Self { id, password, token, device, port, sent: AtomicU64::new(0), timeline: Mutex::default() }
    }

    /// The part of the user id between `@` and `:`.
    pub fn name(&self) -> &str {
        self.id.trim_start_matches('@').split(':').next().unwrap_or_default()
    }

    /// Requests something of version 3 of the interface, or of the one the path begins with; the status and what came.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let version = if path.starts_with("v1/") { "" } else { "v3/" };
        let path = format!("/_matrix/client/{version}{path}");
        let answer = request(self.port, method, &path, Some(&self.token), body).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        (answer.status, answer.body)
    }

    /// Requests something that must be granted.
    ///
    /// # Panics
    /// If it is not.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.try_call(method, path, body).await;
        assert_eq!(status, 200, "{} {method} {path}: {answer}", self.id);
        answer
    }

    /// Creates a room with these options of `createRoom`; its id.
    pub async fn create_room(&self, options: &Value) -> String {
        self.call("POST", "createRoom", Some(options)).await["room_id"].as_str().expect("a room id").to_owned()
    }

    /// A room for those invited.
    pub async fn room(&self, invite: &[&str]) -> String {
        self.create_room(&json!({ "preset": "private_chat", "invite": invite })).await
    }

    /// A direct room with somebody.
    pub async fn direct_room(&self, other: &str) -> String {
        let room = self.create_room(&json!({ "preset": "trusted_private_chat", "invite": [other], "is_direct": true })).await;
        let direct = format!("user/{}/account_data/m.direct", part(&self.id));
        self.call("PUT", &direct, Some(&json!({ other: [room] }))).await;
        room
    }

    async fn membership(&self, room: &str, action: &str, body: Value) {
        self.call("POST", &format!("rooms/{}/{action}", part(room)), Some(&body)).await;
    }

    /// Invites somebody.
    pub async fn invite(&self, room: &str, user: &str) {
        self.membership(room, "invite", json!({ "user_id": user })).await;
    }

    /// Joins.
    pub async fn join(&self, room: &str) {
        self.membership(room, "join", json!({})).await;
    }

    /// Leaves.
    pub async fn leave(&self, room: &str) {
        self.membership(room, "leave", json!({})).await;
    }

    /// Puts somebody out.
    pub async fn kick(&self, room: &str, user: &str) {
        self.membership(room, "kick", json!({ "user_id": user })).await;
    }

    /// Replaces the room by one of another version; the new one's id.
    pub async fn upgrade(&self, room: &str, version: &str) -> String {
        let path = format!("rooms/{}/upgrade", part(room));
        let upgraded = self.call("POST", &path, Some(&json!({ "new_version": version }))).await;
        upgraded["replacement_room"].as_str().expect("a room id").to_owned()
    }

    /// What somebody is in a room: `join`, `invite`, `leave`, or nothing.
    pub async fn membership_of(&self, room: &str, user: &str) -> Option<String> {
        let path = format!("rooms/{}/state/m.room.member/{}", part(room), part(user));
        let (_, answer) = self.try_call("GET", &path, None).await;
        answer["membership"].as_str().map(str::to_owned)
    }

    /// Gives somebody a power level.
    pub async fn set_power(&self, room: &str, user: &str, level: i64) {
        let path = format!("rooms/{}/state/m.room.power_levels/", part(room));
        let mut levels = self.call("GET", &path, None).await;
        levels["users"][user] = json!(level);
        self.call("PUT", &path, Some(&levels)).await;
    }

    /// Takes a new name.
    pub async fn rename(&self, name: &str) {
        let path = format!("profile/{}/displayname", part(&self.id));
        self.call("PUT", &path, Some(&json!({ "displayname": name }))).await;
    }

    /// The devices of the account.
    pub async fn devices(&self) -> Vec<String> {
        let devices = self.call("GET", "devices", None).await;
        let id = |device: &Value| device["device_id"].as_str().unwrap_or_default().to_owned();
        devices["devices"].as_array().expect("a list").iter().map(id).collect()
    }

    /// A transaction id of the device.
    pub(super) fn transaction(&self) -> u64 {
        self.sent.fetch_add(1, Ordering::Relaxed)
    }
}
