//! What `rapporteur matrix status` says: asked of the homeserver with the session that is kept, beside a bot at work. The store
//! of keys is not opened: it is for one program at a time.

use std::fmt::Write as _;
use std::path::Path;

use matrix_sdk::Client;
use serde_json::{Value, json};

use crate::platform::matrix::MatrixError;
use crate::platform::matrix::session::{Folder, Kept};

/// A homeserver asked with the kept session's token.
struct Asked {
    client: Client,
    token: String,
}

/// Who is logged in by which device, whether it is verified, and the rooms, as lines.
///
/// # Errors
/// When there is no session, or the homeserver refuses it or does not answer.
pub async fn status(data: &Path) -> Result<String, MatrixError> {
    let Kept { homeserver, session } = Folder::of(data).kept()?.ok_or(MatrixError::NoSession)?;
    let builder = Client::builder().respect_login_well_known(false);
    let builder =
        if homeserver.contains("://") { builder.homeserver_url(&homeserver) } else { builder.server_name_or_homeserver_url(&homeserver) };
    let wrong = |reason: String| MatrixError::Homeserver { address: homeserver.clone(), reason };
    let unreachable = |reason: String| MatrixError::Setting(format!("the homeserver {homeserver} cannot be reached: {reason}"));
    let client = builder.build().await.map_err(|error| wrong(error.to_string()))?;
    let asked = Asked { client, token: session.tokens.access_token };
    let (code, who) = asked.get("account/whoami").await.map_err(&unreachable)?;
    if code == 401 {
        return Err(MatrixError::Token);
    }
    let Some(user) = who["user_id"].as_str() else { return Err(wrong(format!("it answers {code}"))) };
    let device = session.meta.device_id.as_str();
    let verified = asked.is_verified(user, device).await.map_err(&unreachable)?;
    let mut lines =
        format!("logged in as {user} on {homeserver}\ndevice {device}, {}\n", if verified { "verified" } else { "not verified" });
    let (_, rooms) = asked.get("joined_rooms").await.map_err(&unreachable)?;
    let rooms: Vec<&str> = rooms["joined_rooms"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    // Writing to a string never fails.
    let _ = write!(lines, "rooms: {}", rooms.len());
    for room in rooms {
        let (_, name) = asked.state(room, "m.room.name").await.map_err(&unreachable)?;
        let (code, _) = asked.state(room, "m.room.encryption").await.map_err(&unreachable)?;
        let name: String = name["name"].as_str().unwrap_or("(no name)").chars().filter(|c| !c.is_control()).collect();
        let _ = write!(lines, "\n- {room} {name}: {}", if code == 200 { "encrypted" } else { "not encrypted" });
    }
    Ok(lines)
}

impl Asked {
    async fn get(&self, path: &str) -> Result<(u16, Value), String> {
        let request = self.client.http_client().get(format!("{}_matrix/client/v3/{path}", self.client.homeserver()));
        let response = request.bearer_auth(&self.token).send().await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    async fn state(&self, room: &str, kind: &str) -> Result<(u16, Value), String> {
        let room = percent_encoding::utf8_percent_encode(room, percent_encoding::NON_ALPHANUMERIC);
        self.get(&format!("rooms/{room}/state/{kind}")).await
    }

    /// Whether the account's self-signing key has signed the device.
    async fn is_verified(&self, user: &str, device: &str) -> Result<bool, String> {
        let url = format!("{}_matrix/client/v3/keys/query", self.client.homeserver());
        let body = json!({ "device_keys": { user: [] } }).to_string();
        let response =
            self.client.http_client().post(url).bearer_auth(&self.token).body(body).send().await.map_err(|error| error.to_string())?;
        let keys: Value = serde_json::from_slice(&response.bytes().await.map_err(|error| error.to_string())?).unwrap_or_default();
        let signing = keys["self_signing_keys"][user]["keys"].as_object().and_then(|keys| keys.keys().next().cloned());
        let signatures = &keys["device_keys"][user][device]["signatures"][user];
        Ok(signing.is_some_and(|signing| signatures[signing.as_str()].is_string()))
    }
}
