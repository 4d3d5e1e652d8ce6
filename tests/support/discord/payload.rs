//! JSON as Discord's documentation shows it: users, members, guilds, channels, messages.
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::state::{EPOCH_MS, Id, State, USUAL, User};

/// An ISO 8601 time the way Discord writes it.
pub(super) fn timestamp(unix_ms: u64) -> String {
    let (days, rest) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    // Days to civil date, after Howard Hinnant: years start in March, eras are of 400 years.
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + u64::from(month <= 2);
    let (hour, minute, second, ms) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}000+00:00")
}

/// When a snowflake was made.
pub(super) fn made(id: Id) -> String {
    timestamp((id >> 22) + EPOCH_MS)
}

/// The present time.
pub(super) fn now() -> String {
    timestamp(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64)
}

/// An id read back from its string.
pub(super) fn id_of(value: &Value) -> Option<Id> {
    value.as_str().and_then(|s| s.parse().ok()).or_else(|| value.as_u64())
}

pub(super) fn user(id: Id, name: &str, bot: bool) -> Value {
    let mut value = json!({
        "id": id.to_string(), "username": name, "discriminator": if bot { "0001" } else { "0" }, "global_name": null, "avatar": null,
        "avatar_decoration_data": null, "collectibles": null, "clan": null, "primary_guild": null, "public_flags": 0,
    });
    if bot {
        value["bot"] = json!(true);
    } else {
        value["global_name"] = json!(name);
    }
    value
}

/// A guild member; messages carry it without the user.
pub(super) fn member(user: &User, with_user: bool) -> Value {
    let roles: Vec<String> = user.roles.iter().map(ToString::to_string).collect();
    let mut value = json!({
        "roles": roles, "joined_at": "2024-03-01T10:00:00.000000+00:00", "premium_since": null, "nick": null, "avatar": null, "banner": null,
        "communication_disabled_until": null, "deaf": false, "mute": false, "flags": 0, "pending": false, "avatar_decoration_data": null,
    });
    if with_user {
        value["user"] = user.value.clone();
    }
    value
}

pub(super) fn role(id: Id, name: &str, permissions: u64) -> Value {
    json!({
        "id": id.to_string(), "name": name, "color": 0, "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null},
        "hoist": false, "icon": null, "unicode_emoji": null, "position": 0, "permissions": permissions.to_string(), "managed": false,
        "mentionable": false, "flags": 0,
    })
}

/// A text channel (0) or forum (15).
pub(super) fn channel(id: Id, guild: Id, kind: u64, name: &str) -> Value {
    let mut value = json!({
        "id": id.to_string(), "type": kind, "guild_id": guild.to_string(), "name": name, "position": 0, "permission_overwrites": [],
        "parent_id": null, "topic": null, "nsfw": false, "rate_limit_per_user": 0, "last_message_id": null, "flags": 0,
    });
    if kind == 15 {
        value["available_tags"] = json!([]);
        value["default_reaction_emoji"] = Value::Null;
        value["default_sort_order"] = Value::Null;
        value["default_forum_layout"] = json!(0);
    }
    value
}

pub(super) fn dm(id: Id, recipient: &User) -> Value {
    json!({"id": id.to_string(), "type": 1, "last_message_id": null, "flags": 0, "recipients": [recipient.value]})
}

pub(super) fn thread(id: Id, guild: Id, parent: Id, owner: Id, name: &str) -> Value {
    json!({
        "id": id.to_string(), "type": 11, "guild_id": guild.to_string(), "parent_id": parent.to_string(), "owner_id": owner.to_string(),
        "name": name, "last_message_id": null, "message_count": 0, "member_count": 1, "total_message_sent": 0, "rate_limit_per_user": 0,
        "flags": 0, "applied_tags": [], "thread_metadata": {
            "archived": false, "archive_timestamp": made(id), "auto_archive_duration": 4320, "locked": false, "create_timestamp": made(id),
        },
    })
}

pub(super) fn message(id: Id, channel: Id, author: &Value, content: &str) -> Value {
    json!({
        "id": id.to_string(), "channel_id": channel.to_string(), "author": author, "content": content, "timestamp": made(id),
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [],
        "embeds": [], "components": [], "pinned": false, "type": 0, "flags": 0,
    })
}

impl State {
    /// The guild as GET /guilds gives it.
    pub(super) fn guild_value(&self, id: Id) -> Value {
        let guild = &self.guilds[&id];
        json!({
            "id": id.to_string(), "name": guild.name, "icon": null, "splash": null, "discovery_splash": null, "banner": null,
            "owner_id": guild.owner.to_string(), "region": "deprecated", "afk_channel_id": null, "afk_timeout": 300, "widget_enabled": false,
            "widget_channel_id": null, "verification_level": 1, "default_message_notifications": 1, "explicit_content_filter": 0,
            "roles": [role(id, "@everyone", USUAL)], "emojis": [], "stickers": [], "features": ["COMMUNITY"], "mfa_level": 0,
            "application_id": null, "system_channel_id": null, "system_channel_flags": 0, "rules_channel_id": null, "max_presences": null,
            "max_members": 500_000, "vanity_url_code": null, "description": null, "premium_tier": 0, "premium_subscription_count": 0,
            "preferred_locale": guild.locale, "public_updates_channel_id": null, "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50, "nsfw_level": 0, "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null,
            "incidents_data": null, "hub_type": null, "latest_onboarding_question_id": null,
        })
    }

    /// The guild as `GUILD_CREATE` gives it, with what the bot can see.
    pub(super) fn guild_create(&self, id: Id) -> Value {
        if self.guilds[&id].unavailable {
            return json!({"id": id.to_string(), "unavailable": true});
        }
        let here = |thread: bool| {
            let fits = move |c: &&super::state::Channel| c.guild == Some(id) && (c.kind() == 11) == thread && c.visible();
            self.channels.values().filter(fits).map(|c| c.value.clone()).collect::<Vec<_>>()
        };
        let mut value = self.guild_value(id);
        let extra = json!({
            "joined_at": "2024-03-01T10:00:00.000000+00:00", "large": false, "unavailable": false, "member_count": self.users.len(),
            "voice_states": [], "members": [member(&self.users[&self.bot], true)], "channels": here(false), "threads": here(true),
            "presences": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        });
        merge(&mut value, extra);
        value
    }

    pub(super) fn application(&self) -> Value {
        let user = &self.users[&self.bot].value;
        let owner = self.users.values().find(|u| u.value["bot"] != true).map_or(user, |u| &u.value);
        json!({
            "id": self.bot.to_string(), "name": user["username"], "icon": null, "description": "", "bot_public": true,
            "bot_require_code_grant": false, "bot": user, "owner": owner, "summary": "", "verify_key": "0".repeat(64), "team": null,
            "flags": self.app_flags, "approximate_guild_count": self.guilds.len(), "hook": true, "integration_types_config": {"0": {}},
        })
    }
}

/// Puts the fields of `extra` into `value`.
pub(super) fn merge(value: &mut Value, extra: Value) {
    if let (Value::Object(value), Value::Object(extra)) = (value, extra) {
        value.extend(extra);
    }
}
