//! What a sync brought to a room: its new events, those of a gap before them, and which of them are for the bot.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::EventId;
use matrix_sdk::sync::Timeline;

use crate::journal::Unreadable;
use crate::platform::matrix::bot::{Bot, PLATFORM};
use crate::platform::matrix::event::{Heard, What, read};
use crate::platform::matrix::hearing::{Place, may_concern};
use crate::platform::matrix::offer::pressed;
use crate::platform::matrix::outbox::attempt;

/// A gap is filled from so many pages of so many events.
const PAGES: usize = 20;
const PAGE: u32 = 100;
/// So often the homeserver may answer that it cannot give a page, which takes some six minutes: long enough for a restart of what
/// stands before it.
const ATTEMPTS: usize = 12;
/// Clocks may differ so much; delivery takes a moment too.
const CLOCKS_APART: Duration = Duration::from_mins(2);

/// An event with what the library could make of it.
#[derive(Debug, Clone)]
pub(super) struct Came {
    pub(super) heard: Heard,
    /// The session whose key is awaited, where the event cannot be read.
    awaited: Option<String>,
}

/// What of a room's events is for the bot.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    pub(super) events: Vec<Heard>,
    /// Those that cannot be read, and whether their sender is still to be told.
    pub(super) unreadable: Vec<(Unreadable, bool)>,
    /// Questions that are older than what is caught up with.
    pub(super) skipped: usize,
}

/// Reads an event of the library's. What was encrypted is its sender's word alone: no homeserver has seen whether they may redact,
/// or who joined.
pub(super) fn hear(event: &TimelineEvent) -> Option<Heard> {
    let mut heard = read(event.raw().json().get())?;
    let is_said = matches!(heard.what, What::Said(_) | What::Edited(..) | What::Reacted(..));
    if matches!(event.kind, TimelineEventKind::Decrypted(_)) && !is_said {
        heard.what = What::Other;
    }
    Some(heard)
}

fn came(event: &TimelineEvent) -> Option<Came> {
    let heard = hear(event)?;
    let awaited = match &event.kind {
        TimelineEventKind::UnableToDecrypt { utd_info, .. } => Some(utd_info.session_id.clone().unwrap_or_default()),
        _ => None,
    };
    Some(Came { heard, awaited })
}

impl Bot {
    /// The events that came to a room since the last one known. Of a room just joined, those after the bot joined. None where the
    /// program stops before a gap is filled.
    pub(super) async fn events_of(&self, room: &Room, timeline: &Timeline, oldest: Option<Duration>) -> Option<Vec<Came>> {
        let known = self.journal().latest(PLATFORM, room.room_id().as_str()).unwrap_or_default();
        let mut events = Vec::new();
        if timeline.limited && !timeline.events.iter().any(|event| self.begins_here(event)) {
            events = self.gap(room, timeline.prev_batch.clone(), known.as_deref(), oldest).await?;
        }
        events.extend(timeline.events.iter().filter_map(came));
        // What was said before the bot joined is none of its business.
        let joined = events.iter().rposition(|came| came.heard.what == What::Joined(self.me.to_string()));
        events.drain(..joined.map_or(0, |at| at + 1));
        Some(events)
    }

    fn begins_here(&self, event: &TimelineEvent) -> bool {
        hear(event).is_some_and(|heard| heard.what == What::Joined(self.me.to_string()))
    }

    /// The events between the last one known and those that came, in their order. What cannot be read of them is left out: the
    /// other rooms wait for this one.
    async fn gap(&self, room: &Room, mut from: Option<String>, known: Option<&str>, oldest: Option<Duration>) -> Option<Vec<Came>> {
        let mut backward = Vec::new();
        'pages: for page in 0.. {
            let Some(token) = from.take() else { break };
            if page == PAGES {
                tracing::warn!(room = %room.room_id(), events = backward.len(), "a gap is longer than what is read of it; older questions are skipped");
                break;
            }
            let read_page = || {
                let mut options = MessagesOptions::backward().from(token.as_str());
                options.limit = PAGE.into();
                room.messages(options)
            };
            let messages = match attempt(&self.stop, ATTEMPTS, read_page).await {
                Ok(messages) => messages,
                Err(_) if *self.stop.borrow() => return None,
                Err(error) => {
                    tracing::error!(%error, room = %room.room_id(), "a gap in a room's messages cannot be read; questions in it are not answered");
                    break;
                }
            };
            for event in &messages.chunk {
                if known.is_some() && event.event_id().as_deref().map(EventId::as_str) == known {
                    break 'pages;
                }
                let Some(came) = came(event) else { continue };
                let begins = came.heard.what == What::Joined(self.me.to_string());
                let too_old = oldest.zip(came.heard.age_ms).is_some_and(|(oldest, age)| Duration::from_millis(age) > oldest);
                backward.push(came);
                if begins || too_old {
                    break 'pages;
                }
            }
            from = messages.end;
        }
        backward.reverse();
        Some(backward)
    }

    /// What of a room's events is for the bot. `oldest` is how far back is caught up with, after the bot was away for longer.
    pub(super) async fn sift(&self, room: &Room, events: Vec<Came>, oldest: Option<Duration>) -> Sifted {
        let mut sifted = Sifted::default();
        if events.is_empty() {
            return sifted;
        }
        for came in &events {
            self.compare_clocks(&came.heard);
        }
        let place = self.place(room).await;
        let mut begun = Vec::new();
        for Came { heard, awaited } in events {
            if heard.sender == place.me {
                continue;
            }
            let concerns = awaited.is_some() || self.concerns(&heard, &place, &begun);
            if !concerns {
                continue;
            }
            if oldest.zip(heard.age_ms).is_some_and(|(oldest, age)| Duration::from_millis(age) > oldest) {
                sifted.skipped += 1;
            } else if let Some(session) = awaited {
                let conversation = room.room_id().to_string();
                let told = self.journal().was_told_unreadable(PLATFORM, &conversation, &heard.sender).unwrap_or(true);
                sifted.unreadable.push((Unreadable { event: heard.id, conversation, session, direct: place.direct }, !told));
            } else {
                begun.push(heard.id.clone());
                sifted.events.push(heard);
            }
        }
        sifted
    }

    /// Says, once, that the homeserver's clock and this one differ: the homeserver says how long ago its users sent an event.
    fn compare_clocks(&self, heard: &Heard) {
        let Some(age) = heard.age_ms.filter(|_| heard.sender.ends_with(&format!(":{}", self.me.server_name()))) else { return };
        let here = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let apart = Duration::from_millis(here.abs_diff(heard.sent_ms.saturating_add(age)));
        if apart > CLOCKS_APART && !self.skew_said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                seconds = apart.as_secs(),
                "the homeserver's clock and this machine's differ; set both right (NTP). Questions are answered all the same"
            );
        }
    }

    fn concerns(&self, heard: &Heard, place: &Place, begun: &[String]) -> bool {
        let known = |id: &String| begun.contains(id) || self.journal().begun_at(PLATFORM, id).is_ok_and(|at| at.is_some());
        match &heard.what {
            What::Said(said) => may_concern(said, place),
            What::Edited(original, said) => known(original) || may_concern(said, place),
            What::Redacted(target) => {
                known(target) || self.journal().of_reply(PLATFORM, target).is_ok_and(|kept| kept.is_some()) || self.awaits(target)
            }
            What::Reacted(_, key) => pressed(key).is_some(),
            What::Joined(_) | What::Replaced | What::Other => false,
        }
    }

    /// Whether an event could not be read yet.
    pub(super) fn awaits(&self, event: &str) -> bool {
        self.journal().is_unreadable(PLATFORM, event).unwrap_or(false)
    }
}
