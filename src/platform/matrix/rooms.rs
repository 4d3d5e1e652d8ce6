//! Rooms: invitations accepted or declined, replaced rooms followed.

use std::sync::PoisonError;

use matrix_sdk::deserialized_responses::RawAnySyncOrStrippedState;
use matrix_sdk::ruma::events::StateEventType;
use matrix_sdk::ruma::{OwnedUserId, RoomOrAliasId, UserId};
use matrix_sdk::{Error, Room, RoomState};
use serde_json::Value;

use crate::platform::matrix::bot::Bot;
use crate::platform::matrix::outbox::{Failure, failure, persist};
use crate::platform::matrix::settings::Settings;

impl Bot {
    /// Accepts an invitation, or declines it.
    pub(super) async fn answer_invitation(&self, room: Room) {
        let inviter = match room.invite_details().await {
            Ok(invitation) => invitation.inviter_id,
            Err(error) => return tracing::warn!(%error, room = %room.room_id(), "an invitation cannot be read"),
        };
        let accepted = is_welcome(&self.settings, &self.me, &inviter);
        if accepted && room.is_direct().await.unwrap_or(false) {
            self.note_direct(room.room_id());
        }
        let answered = if accepted { persist(&self.stop, || room.join()).await } else { persist(&self.stop, || room.leave()).await };
        match answered {
            Ok(()) if accepted => tracing::info!(room = %room.room_id(), "joined a room"),
            Ok(()) => tracing::info!(
                room = %room.room_id(), server = %inviter.server_name(),
                "declined an invitation; MATRIX_INVITES says whose are accepted"
            ),
            // It was answered before, or taken back.
            Err(error) if room.state() != RoomState::Invited || matches!(failure(&error), Failure::Gone | Failure::Forbidden) => {
                tracing::info!(%error, room = %room.room_id(), "an invitation is no longer open");
            }
            Err(error) => {
                tracing::warn!(%error, room = %room.room_id(), "an invitation is not answered now; it is tried again at the next start");
            }
        }
    }

    /// Joins the room that replaced one the bot is in, once: where it was put out it does not come back by itself.
    pub(super) async fn follow_replacement(&self, room: Room) {
        let Some(successor) = room.successor_room() else { return };
        let was_there = |room: Room| !matches!(room.state(), RoomState::Invited | RoomState::Knocked);
        let is_new = self.followed.lock().unwrap_or_else(PoisonError::into_inner).insert(room.room_id().to_owned());
        if !is_new || self.client.get_room(&successor.room_id).is_some_and(was_there) {
            return;
        }
        // Whoever may not invite the bot may not send it elsewhere either.
        if !self.replacer(&room).await.is_some_and(|replacer| is_welcome(&self.settings, &self.me, &replacer)) {
            return tracing::info!(
                from = %room.room_id(), to = %successor.room_id,
                "a replaced room is not followed: MATRIX_INVITES leaves out who replaced it; invite the bot to the new one"
            );
        }
        if self.is_direct(&room) {
            self.note_direct(&successor.room_id);
        }
        let through = room.route().await.unwrap_or_default();
        let id: &RoomOrAliasId = (&*successor.room_id).into();
        let joined: Result<Room, Error> = persist(&self.stop, || self.client.join_room_by_id_or_alias(id, &through)).await;
        match joined {
            Ok(_) => tracing::info!(from = %room.room_id(), to = %successor.room_id, "followed a room to its replacement"),
            Err(error) => {
                tracing::warn!(%error, from = %room.room_id(), to = %successor.room_id, "a replaced room could not be followed; invite the bot to the new one");
            }
        }
    }
}

impl Bot {
    /// Who replaced a room.
    async fn replacer(&self, room: &Room) -> Option<OwnedUserId> {
        let event = room.get_state_event(StateEventType::RoomTombstone, "").await.ok()??;
        let json = match event {
            RawAnySyncOrStrippedState::Sync(event) => event.into_json(),
            RawAnySyncOrStrippedState::Stripped(event) => event.into_json(),
        };
        let event: Value = serde_json::from_str(json.get()).ok()?;
        UserId::parse(event["sender"].as_str()?).ok()
    }
}

/// Whether somebody's invitations are accepted: those of the bot's own homeserver, unless the settings say whose.
fn is_welcome(settings: &Settings, me: &OwnedUserId, inviter: &UserId) -> bool {
    if settings.invites.is_empty() {
        return inviter.server_name() == me.server_name();
    }
    settings.invites.iter().any(|welcome| welcome == inviter.as_str() || welcome == inviter.server_name().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_are_welcome_from_the_own_homeserver_or_from_whom_the_settings_say() {
        let me = UserId::parse("@bot:example.org").expect("a user");
        let welcome = |invites: &str, inviter: &str| {
            let variable = |name: &str| match name {
                "MATRIX_HOMESERVER" => Some("https://example.org".to_owned()),
                "MATRIX_INVITES" => Some(invites.to_owned()),
                _ => None,
            };
            let settings = Settings::read(variable).expect("in order").expect("there is a homeserver");
            is_welcome(&settings, &me, &UserId::parse(inviter).expect("a user"))
        };
        assert!(welcome("", "@anna:example.org") && !welcome("", "@anna:example.com"));
        assert!(welcome("example.com", "@anna:example.com") && !welcome("example.com", "@anna:example.org"));
        assert!(welcome("example.com,@bea:example.net", "@bea:example.net") && !welcome("@bea:example.net", "@carla:example.net"));
    }
}
