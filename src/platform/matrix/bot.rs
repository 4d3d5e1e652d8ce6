//! What all events share: the line, the settings, the client, and what is known of a room.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::ruma::events::room::power_levels::UserPowerLevel;
use matrix_sdk::ruma::{EventId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId};
use matrix_sdk::{Client, Error, Room, RoomState};
use tokio::sync::{mpsc, watch};

use crate::journal::Journal;
use crate::knowledge::Language;
use crate::message::Role;
use crate::platform::matrix::hearing::Place;
use crate::platform::matrix::outbox::{Failure, attempt, failure, persist};
use crate::platform::matrix::settings::Settings;
use crate::platform::matrix::workers::Task;
use crate::respond::Responder;

/// The platform's name in the journal.
pub(super) const PLATFORM: &str = "matrix";
/// From this power level on a member is a moderator, as in Matrix's own defaults.
const MODERATOR: i64 = 50;
/// So many replaced rooms are looked back through.
const REPLACED: usize = 10;

/// What all events share.
#[derive(Debug)]
pub(super) struct Bot {
    pub(super) responder: Arc<Responder>,
    pub(super) settings: Settings,
    pub(super) client: Client,
    pub(super) me: OwnedUserId,
    /// The account's display name.
    name: Option<String>,
    /// Rooms in which questions need no mention, by their ids.
    answer_rooms: Vec<String>,
    /// The languages of rooms, by their ids.
    languages: Vec<(String, Language)>,
    /// Whether it was said that the homeserver's clock and this one differ.
    pub(super) skew_said: AtomicBool,
    /// Who was told to wait, and in which minute.
    pub(super) told_to_wait: Mutex<(u64, HashSet<String>)>,
    /// Replaced rooms that were looked at.
    pub(super) followed: Mutex<HashSet<OwnedRoomId>>,
    pub(super) stop: watch::Receiver<bool>,
    /// What is to be done later in a room.
    pub(super) later: mpsc::UnboundedSender<(String, Task)>,
}

impl Bot {
    pub(super) async fn new(
        responder: Arc<Responder>,
        settings: Settings,
        client: Client,
        stop: watch::Receiver<bool>,
        later: mpsc::UnboundedSender<(String, Task)>,
    ) -> Result<Self, Error> {
        let me = client.user_id().ok_or(Error::AuthenticationRequired)?.to_owned();
        // Without its name the bot is called by its id.
        let name = client.account().get_display_name().await.unwrap_or_default();
        let mut answer_rooms = Vec::new();
        for room in &settings.answer_rooms {
            answer_rooms.extend(resolve(&client, &stop, responder.journal(), "MATRIX_ANSWER_ROOMS", room).await);
        }
        let mut languages = Vec::new();
        for (room, language) in &settings.languages {
            let id = resolve(&client, &stop, responder.journal(), "MATRIX_LANGUAGES", room).await;
            languages.extend(id.map(|id| (id, *language)));
        }
        let skew_said = AtomicBool::new(false);
        let (told_to_wait, followed) = (Mutex::default(), Mutex::default());
        Ok(Self { responder, settings, client, me, name, answer_rooms, languages, skew_said, told_to_wait, followed, stop, later })
    }

    pub(super) fn journal(&self) -> &Journal {
        self.responder.journal()
    }

    /// A room the bot is in.
    pub(super) fn room(&self, id: &str) -> Option<Room> {
        let room = self.client.get_room(&RoomId::parse(id).ok()?)?;
        (room.state() == RoomState::Joined).then_some(room)
    }

    /// What decides in a room who is meant.
    pub(super) async fn place(&self, room: &Room) -> Place {
        let member = room.get_member_no_sync(&self.me).await.ok().flatten();
        let here = member.and_then(|member| member.display_name().map(str::to_owned));
        let mut names = vec![self.me.to_string()];
        names.extend(here.or_else(|| self.name.clone()).or_else(|| Some(self.me.localpart().to_owned())));
        Place { me: self.me.to_string(), names, prefix: self.settings.prefix, direct: self.is_direct(room), answers: self.answers_in(room) }
    }

    /// Whether a room is for one person and the bot, as the person said when inviting it.
    pub(super) fn is_direct(&self, room: &Room) -> bool {
        let invited_so = || self.journal().meta(&direct_key(room.room_id())).is_ok_and(|noted| noted.is_some());
        room.active_members_count() <= 2 && (room.is_dm() || invited_so())
    }

    /// Notes that a room is for one person and the bot.
    pub(super) fn note_direct(&self, room: &RoomId) {
        if let Err(error) = self.journal().set_meta(&direct_key(room), b"1") {
            tracing::error!(%error, "a direct room is not noted");
        }
    }

    /// Whether questions need no mention in a room, or in the one it replaced.
    fn answers_in(&self, room: &Room) -> bool {
        let mut room = room.clone();
        for _ in 0..REPLACED {
            if self.answer_rooms.iter().any(|id| id == room.room_id().as_str()) {
                return true;
            }
            let before = room.predecessor_room().and_then(|before| self.client.get_room(&before.room_id));
            // Anybody can say that their room replaces another; the other must say so too.
            let replaced = before.filter(|before| before.successor_room().is_some_and(|after| after.room_id == room.room_id()));
            let Some(before) = replaced else { return false };
            room = before;
        }
        false
    }

    /// What a member may do in a room. In a room of one's own power means nothing.
    pub(super) async fn role(&self, room: &Room, user: &str) -> Role {
        if self.settings.moderators.iter().any(|moderator| moderator == user) {
            return Role::Moderator;
        }
        let Ok(user) = UserId::parse(user) else { return Role::Member };
        if self.is_direct(room) {
            return Role::Member;
        }
        let is_moderator = match room.get_user_power_level(&user).await {
            Ok(UserPowerLevel::Infinite) => true,
            Ok(UserPowerLevel::Int(level)) => i64::from(level) >= MODERATOR,
            Ok(_) | Err(_) => false,
        };
        if is_moderator { Role::Moderator } else { Role::Member }
    }

    /// An event of a room, decrypted if that is possible.
    pub(super) async fn fetch(&self, room: &Room, event: &str) -> Result<TimelineEvent, Error> {
        let id = EventId::parse(event)?;
        persist(&self.stop, || room.event(&id, None)).await
    }

    /// The language of what is said in a room to nobody's question.
    pub(super) fn language_of(&self, room: &Room) -> Language {
        let set = self.languages.iter().find(|(id, _)| id == room.room_id().as_str());
        set.map_or_else(|| self.responder.store().current().snapshot.knowledge.default_language, |(_, language)| *language)
    }

    /// Notes what came of an event.
    pub(super) fn note(&self, event: &str, reply: Option<&str>, answered: Option<(&str, Language)>) {
        if let Err(error) = self.journal().done(PLATFORM, event, reply, answered) {
            tracing::error!(%error, "what is handled is not noted");
        }
    }

    /// Notes that the bot listens.
    pub(super) fn note_heard(&self) {
        if let Err(error) = self.journal().set_heard(PLATFORM, SystemTime::now()) {
            tracing::error!(%error, "that the bot listens is not noted");
        }
    }
}

fn direct_key(room: &RoomId) -> String {
    format!("direct {PLATFORM} {room}")
}

/// The id of a room given by id or alias; what is wrong with it is said. Where the alias cannot be asked for now, as another
/// homeserver's may not, it is what it was the last time.
async fn resolve(client: &Client, stop: &watch::Receiver<bool>, journal: &Journal, variable: &str, room: &str) -> Option<String> {
    if room.starts_with('!') {
        return Some(room.to_owned());
    }
    let alias = RoomAliasId::parse(room).ok()?;
    let key = format!("alias {PLATFORM} {room}");
    let resolved = attempt(stop, 2, || client.resolve_room_alias(&alias)).await.map(|resolved| resolved.room_id.to_string());
    let error = match resolved {
        Ok(id) => {
            if let Err(error) = journal.set_meta(&key, id.as_bytes()) {
                tracing::error!(%error, "which room an alias means is not noted");
            }
            return Some(id);
        }
        Err(error) => error,
    };
    let before = match failure(&error) {
        Failure::Passing(_) => journal.meta(&key).ok().flatten().and_then(|id| String::from_utf8(id).ok()),
        _ => None,
    };
    if before.is_none() {
        tracing::error!(%error, "{variable}: {room} is not found, and not served so until the next start; correct it, or write the room's id");
    }
    before
}
