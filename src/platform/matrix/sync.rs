//! Listening: syncs one after the other. What one brought and where the next begins are noted in one transaction, then it
//! is answered; so nothing is lost or answered twice, wherever the program ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::encryption::DuplicateOneTimeKeyErrorMessage;
use matrix_sdk::ruma::api::client::filter::{FilterDefinition, LazyLoadOptions, RoomEventFilter};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::Filter;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::ruma::{OwnedRoomId, uint};
use matrix_sdk::sync::SyncResponse;
use matrix_sdk::{Error, Room};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;

use crate::journal::{Batch, Event, JournalError, Unreadable};
use crate::platform::matrix::MatrixError;
use crate::platform::matrix::bot::{Bot, PLATFORM};
use crate::platform::matrix::event::Heard;
use crate::platform::matrix::keys::{await_keys, tell_later, uploaded_twice};
use crate::platform::matrix::outbox::{Failure, Waits, failure, told_to_stop};
use crate::platform::matrix::trust::{establish, is_verified};
use crate::platform::matrix::workers::{Task, Workers};

/// The homeserver holds a sync without news for so long.
const HELD: Duration = Duration::from_secs(30);
/// What takes no longer is no absence.
pub(super) const MOMENT: Duration = Duration::from_mins(1);
/// So many events of a room that could not be read are tried again at a start.
const TRIED_AGAIN: usize = 50;

/// How listening ended.
pub(super) enum End {
    /// The program stops.
    Stopped,
    /// Beginning again would not help.
    Fatal(MatrixError),
    /// The homeserver knows other keys of this device than the store.
    StoreLost,
    /// The session is to be opened anew: why, and whether anything was heard in it.
    Lost(String, bool),
}

/// What a sync brought, taken in.
#[derive(Debug, Default)]
struct Taken {
    events: Vec<(String, Heard)>,
    unreadable: Vec<(Unreadable, bool)>,
    latest: Vec<(String, String)>,
    skipped: usize,
}

/// Listens until told to stop.
pub(super) async fn listen(bot: &Arc<Bot>, later: mpsc::UnboundedReceiver<(String, Task)>) -> End {
    let next = match bot.journal().next_batch(PLATFORM) {
        Ok(next) => next,
        Err(error) => return End::Lost(error.to_string(), false),
    };
    let mut listener = Listener {
        bot: bot.clone(),
        workers: Workers::new(bot.clone()),
        background: JoinSet::new(),
        later,
        duplicates: bot.client.subscribe_to_duplicate_key_upload_errors(),
        stop: bot.stop.clone(),
        next,
        waits: Waits::default(),
        introduced: false,
    };
    listener.begin();
    let end = loop {
        if let Err(end) = listener.hear().await {
            break end;
        }
    };
    if matches!(end, End::Stopped) && !listener.workers.finish(super::STOPPED_WITHIN).await {
        tracing::warn!("some questions were not finished in time; they are answered after the next start");
    }
    end
}

/// What listening needs. All that runs beside it ends with it.
struct Listener {
    bot: Arc<Bot>,
    workers: Workers,
    background: JoinSet<()>,
    later: mpsc::UnboundedReceiver<(String, Task)>,
    duplicates: broadcast::Receiver<Option<DuplicateOneTimeKeyErrorMessage>>,
    stop: watch::Receiver<bool>,
    /// Where the next sync begins.
    next: Option<String>,
    waits: Waits,
    introduced: bool,
}

impl Listener {
    /// Takes up what earlier runs left.
    fn begin(&mut self) {
        self.background.spawn(await_keys(self.bot.clone()));
        for (room, task) in left_over(&self.bot) {
            self.workers.push(room, task);
        }
        for room in self.bot.client.invited_rooms() {
            self.invited(room);
        }
        for room in self.bot.client.joined_rooms() {
            self.look_at(room);
        }
    }

    /// One sync: asked for, taken in, and given to the workers.
    async fn hear(&mut self) -> Result<(), End> {
        let response = match self.sync().await? {
            Ok(response) => response,
            Err(error) => return self.pause(&error).await,
        };
        self.waits = Waits::default();
        let oldest = oldest(&self.bot, self.introduced);
        let taken = match take_in(&self.bot, &response, self.next.is_none(), oldest).await {
            Ok(taken) => taken,
            Err(_) if *self.stop.borrow() => return Err(End::Stopped),
            Err(reason) => return Err(self.lost(reason)),
        };
        for (room, heard) in taken.events {
            self.workers.push(room, Task::Heard(heard));
        }
        for (unreadable, _) in taken.unreadable.into_iter().filter(|(_, tell)| *tell) {
            self.background.spawn(tell_later(self.bot.clone(), unreadable));
        }
        let bot = self.bot.clone();
        let rooms = |id: &OwnedRoomId| bot.client.get_room(id);
        response.rooms.invited.keys().filter_map(rooms).for_each(|room| self.invited(room));
        response.rooms.joined.keys().filter_map(rooms).for_each(|room| self.look_at(room));
        self.bot.note_heard();
        self.next = Some(response.next_batch);
        if std::mem::replace(&mut self.introduced, true) {
            return Ok(());
        }
        let introduced = introduce(&self.bot);
        tokio::select! {
            introduced = introduced => introduced.map_err(End::Fatal),
            () = told_to_stop(&mut self.stop) => Err(End::Stopped),
        }
    }

    /// Asks what is new; meanwhile what is to be done later is given to the workers.
    async fn sync(&mut self) -> Result<Result<SyncResponse, Error>, End> {
        let syncing = self.bot.client.sync_once(settings(self.next.clone(), self.introduced));
        tokio::pin!(syncing);
        loop {
            tokio::select! {
                response = &mut syncing => return Ok(response),
                Some((room, task)) = self.later.recv() => self.workers.push(room, task),
                _ = self.background.join_next(), if !self.background.is_empty() => {}
                () = uploaded_twice(&mut self.duplicates) => return Err(End::StoreLost),
                () = told_to_stop(&mut self.stop) => return Err(End::Stopped),
            }
        }
    }

    /// Waits after an error, or ends where there is no use in it.
    async fn pause(&mut self, error: &Error) -> Result<(), End> {
        let wait = failed(error, &mut self.waits).map_err(|end| end.unwrap_or_else(|| self.lost(error.to_string())))?;
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = told_to_stop(&mut self.stop) => Err(End::Stopped),
        }
    }

    fn lost(&self, reason: String) -> End {
        End::Lost(reason, self.introduced)
    }

    fn invited(&mut self, room: Room) {
        let bot = self.bot.clone();
        self.background.spawn(async move { bot.answer_invitation(room).await });
    }

    /// Follows a room that was replaced.
    fn look_at(&mut self, room: Room) {
        if room.is_tombstoned() {
            let bot = self.bot.clone();
            self.background.spawn(async move { bot.follow_replacement(room).await });
        }
    }
}

/// Has the device verified, which takes that the homeserver knows its keys, and says who listens.
async fn introduce(bot: &Bot) -> Result<(), MatrixError> {
    establish(&bot.client, bot.settings.recovery_key.as_ref().map(|key| key.0.as_str())).await?;
    let device = bot.client.device_id().map(ToString::to_string).unwrap_or_default();
    let verified = is_verified(&bot.client).await;
    tracing::info!(user = %bot.me, device, verified, rooms = bot.client.joined_rooms().len(), "listening on Matrix");
    if !verified {
        tracing::warn!(
            "this device is not verified: clients that refuse unverified devices do not let the bot read encrypted rooms; set MATRIX_RECOVERY_KEY, or verify the device from another session of the account"
        );
    }
    Ok(())
}

fn settings(next: Option<String>, hold: bool) -> SyncSettings {
    let mut filter = FilterDefinition::default();
    filter.presence = matrix_sdk::ruma::api::client::filter::Filter::ignore_all();
    filter.room.ephemeral = RoomEventFilter::ignore_all();
    filter.room.timeline.limit = Some(uint!(50));
    filter.room.state.lazy_load_options = LazyLoadOptions::Enabled { include_redundant_members: false };
    SyncSettings::new()
        .token(next.map_or(SyncToken::NoToken, SyncToken::Specific))
        .timeout(if hold { HELD } else { Duration::ZERO })
        .filter(Filter::FilterDefinition(filter))
        .set_presence(PresenceState::Online)
}

/// How long to wait after an error, or how it ends listening; none where the session is lost.
fn failed(error: &Error, waits: &mut Waits) -> Result<Duration, Option<End>> {
    match failure(error) {
        Failure::Unauthorised => Err(Some(End::Fatal(MatrixError::Token))),
        // The library may have taken the answer for heard: only a new session hears it again.
        Failure::Store => Err(None),
        Failure::Passing(said) => {
            let wait = waits.next(said);
            tracing::warn!(%error, wait_ms = wait.as_millis() as u64, "the homeserver does not answer; trying again");
            Ok(wait)
        }
        _ => {
            let wait = waits.next(None).max(Duration::from_secs(1));
            tracing::error!(%error, wait_ms = wait.as_millis() as u64, "the homeserver refuses to say what is new; trying again");
            Ok(wait)
        }
    }
}

/// Takes in what a sync brought. At the first sync of all, everything was said before the bot came.
/// What is older than `oldest` is skipped.
async fn take_in(bot: &Bot, response: &SyncResponse, first: bool, oldest: Option<Duration>) -> Result<Taken, String> {
    let mut taken = Taken::default();
    for (id, update) in &response.rooms.joined {
        let Some(room) = bot.client.get_room(id) else { continue };
        let last = update.timeline.events.iter().rev().find_map(matrix_sdk::deserialized_responses::TimelineEvent::event_id);
        taken.latest.extend(last.map(|last| (id.to_string(), last.to_string())));
        if first {
            continue;
        }
        let events = bot.events_of(&room, &update.timeline, oldest).await.ok_or("the program stops")?;
        let sifted = bot.sift(&room, events, oldest).await;
        taken.skipped += sifted.skipped;
        taken.events.extend(sifted.events.into_iter().map(|heard| (id.to_string(), heard)));
        taken.unreadable.extend(sifted.unreadable);
    }
    if taken.skipped > 0 {
        tracing::warn!(questions = taken.skipped, "older questions are skipped; MATRIX_CATCH_UP_HOURS says how far back they are answered");
    }
    let left: Vec<String> = response.rooms.left.keys().map(ToString::to_string).collect();
    note(bot, &mut taken, &left, &response.next_batch).map_err(|error| error.to_string())?;
    Ok(taken)
}

/// Notes what a sync brought and where the next begins; keeps of it what is new.
fn note(bot: &Bot, taken: &mut Taken, left: &[String], next: &str) -> Result<(), JournalError> {
    let direct = |room: &str| bot.room(room).is_some_and(|room| bot.is_direct(&room));
    let event = |(room, heard): &(String, Heard)| (room.clone(), heard.id.clone(), direct(room));
    let events: Vec<_> = taken.events.iter().map(event).collect();
    let batch = Batch {
        events: events.iter().map(|(room, id, direct)| Event { platform: PLATFORM, id, conversation: room, direct: *direct }).collect(),
        unreadable: taken.unreadable.iter().map(|(unreadable, _)| unreadable.clone()).collect(),
        latest: taken.latest.iter().map(|(room, event)| (room.as_str(), event.as_str())).collect(),
        left: left.iter().map(String::as_str).collect(),
        next: Some(next),
    };
    let mut new = bot.journal().take_in(PLATFORM, &batch, SystemTime::now())?.into_iter();
    taken.events.retain(|_| new.next().unwrap_or(true));
    Ok(())
}

/// How old a question may be that is caught up with; any age, unless the bot was away for longer. While it runs, an outage is
/// more than a moment.
fn oldest(bot: &Bot, runs: bool) -> Option<Duration> {
    let heard = bot.journal().heard(PLATFORM).unwrap_or_default()?;
    let away = SystemTime::now().duration_since(heard).ok()?;
    let oldest = if runs { bot.settings.catch_up.max(MOMENT) } else { bot.settings.catch_up };
    (away > oldest).then_some(oldest)
}

/// What earlier runs left: begun and not done, or not readable. What is older than is caught up with is let go.
fn left_over(bot: &Bot) -> Vec<(String, Task)> {
    let unfinished = bot.journal().unfinished(PLATFORM).unwrap_or_default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let oldest = i64::try_from(now.saturating_sub(bot.settings.catch_up.max(MOMENT).as_secs())).unwrap_or(i64::MAX);
    let is_old = |event: &str| bot.journal().begun_at(PLATFORM, event).is_ok_and(|at| at.is_some_and(|at| at < oldest));
    let (old, young): (Vec<_>, Vec<_>) = unfinished.into_iter().partition(|unfinished| is_old(&unfinished.event));
    if !old.is_empty() {
        tracing::warn!(questions = old.len(), "older questions are skipped; MATRIX_CATCH_UP_HOURS says how far back they are answered");
    }
    for unfinished in &old {
        bot.note(&unfinished.event, None, None);
    }
    let young = young.into_iter().map(|unfinished| (unfinished.conversation, Task::Unfinished(unfinished.event)));
    // The latest of each room, after what can be answered: what stays unreadable costs a request each.
    let mut unreadable = bot.journal().unreadable(PLATFORM, None).unwrap_or_default();
    let mut left: HashMap<String, usize> = HashMap::new();
    unreadable.reverse();
    unreadable.retain(|it| {
        let left = left.entry(it.conversation.clone()).or_insert(TRIED_AGAIN);
        std::mem::replace(left, left.saturating_sub(1)) > 0
    });
    unreadable.reverse();
    young.chain(unreadable.into_iter().map(|it| (it.conversation, Task::Unreadable { event: it.event, tell: true }))).collect()
}
