//! Questions and their answers: what an event is for the bot, what it says, and how that is sent once.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::{EventId, OwnedTransactionId, uint};
use matrix_sdk::{Error, Room};
use serde_json::Value;

use crate::intent::{Curation, Intent};
use crate::journal::{Batch, Event, Kept};
use crate::knowledge::Language;
use crate::message::{Address, Author, Conversation, Message, Role};
use crate::platform::matrix::bot::{Bot, PLATFORM};
use crate::platform::matrix::event::{Heard, Said, What, replied_to};
use crate::platform::matrix::hearing::{listen, may_concern};
use crate::platform::matrix::offer::Offer;
use crate::platform::matrix::outbox::{Failure, attempt, failure, persist, report, transaction};
use crate::platform::matrix::render::{relation, render};
use crate::platform::matrix::sync::MOMENT;
use crate::platform::matrix::timeline::hear;
use crate::platform::matrix::workers::Task;
use crate::reply::{Block, Reply, Wording, fill};
use crate::respond::{Now, Response};

/// The key of a message's content that says it is no answer.
const NO_ANSWER: &str = "rapporteur.no_answer";
/// So many messages after a question are looked through for its answer.
const LOOKED_THROUGH: u32 = 100;

/// What is to be said, with the fact it gives.
pub(super) struct Saying {
    pub(super) content: Value,
    pub(super) answered: Option<(String, Language)>,
    /// Whether it is said only because the author asks too often.
    pub(super) wait: bool,
}

/// Whether an event could be decrypted, or did not need to be.
pub(super) fn is_readable(event: &TimelineEvent) -> bool {
    !matches!(event.kind, TimelineEventKind::UnableToDecrypt { .. })
}

impl Bot {
    /// Does what is to be done in a room.
    pub(super) async fn handle(&self, room_id: &str, task: Task) {
        let event = task.event().to_owned();
        let begun = !matches!(task, Task::Unreadable { .. });
        let Some(room) = self.room(room_id) else {
            tracing::debug!(event, "the bot is no longer in the room");
            return self.note(&event, None, None);
        };
        let handled = match task {
            Task::Heard(heard) => self.follow(&room, &heard, false).await,
            Task::Unfinished(event) => self.take_up(&room, &event).await,
            Task::Unreadable { event, tell } => self.try_again(&room, &event, tell).await,
        };
        if let Err(error) = handled {
            report(&error, "an event stays unanswered", room_id);
            // What can heal is left open, for the next start.
            if begun && !matches!(failure(&error), Failure::Passing(_)) {
                self.note(&event, None, None);
            }
        }
    }

    /// Handles an event; one that an earlier run began may have been answered.
    async fn follow(&self, room: &Room, heard: &Heard, doubtful: bool) -> Result<(), Error> {
        match &heard.what {
            What::Said(said) => self.answer(room, heard, said, doubtful).await,
            What::Edited(original, said) => self.follow_edit(room, heard, original, said).await,
            What::Redacted(target) => self.follow_redaction(room, heard, target).await,
            What::Reacted(target, key) => self.follow_reaction(room, heard, target, key).await,
            What::Joined(_) | What::Replaced | What::Other => {
                self.note(&heard.id, None, None);
                Ok(())
            }
        }
    }

    /// Handles an event that an earlier run began.
    async fn take_up(&self, room: &Room, event: &str) -> Result<(), Error> {
        let fetched = self.fetch(room, event).await?;
        let Some(heard) = hear(&fetched).filter(|_| is_readable(&fetched)) else {
            self.note(event, None, None);
            return Ok(());
        };
        self.follow(room, &heard, true).await
    }

    /// Reads an event that could not be read before.
    async fn try_again(&self, room: &Room, event: &str, tell: bool) -> Result<(), Error> {
        if !self.awaits(event) {
            return Ok(());
        }
        let fetched = match self.fetch(room, event).await {
            Err(error) if failure(&error) == Failure::Gone => {
                self.give_up(event);
                return Ok(());
            }
            fetched => fetched?,
        };
        let Some(heard) = hear(&fetched) else { return Ok(()) };
        if !is_readable(&fetched) {
            return if tell { self.tell_unreadable(room, &heard).await } else { Ok(()) };
        }
        let oldest = self.settings.catch_up.max(MOMENT);
        if heard.age_ms.is_some_and(|age| Duration::from_millis(age) > oldest) {
            tracing::warn!(questions = 1, "a question whose key came late is older than MATRIX_CATCH_UP_HOURS, and skipped");
            self.give_up(event);
            return Ok(());
        }
        let place = self.place(room).await;
        let concerns = match &heard.what {
            What::Said(said) => may_concern(said, &place),
            What::Edited(..) => true,
            _ => false,
        };
        if !concerns {
            self.give_up(event);
            return Ok(());
        }
        let id = room.room_id().as_str();
        let begun = Event { platform: PLATFORM, id: event, conversation: id, direct: place.direct };
        match self.journal().take_in(PLATFORM, &Batch { events: vec![begun], ..Batch::default() }, SystemTime::now()) {
            Ok(new) if new == [true] => self.follow(room, &heard, false).await,
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(%error, "an event that became readable is not noted");
                Ok(())
            }
        }
    }

    fn give_up(&self, event: &str) {
        if let Err(error) = self.journal().give_up(PLATFORM, event) {
            tracing::error!(%error, "an event that cannot be read is not forgotten");
        }
    }

    /// Says, once to everybody in a room, that their messages cannot be read.
    async fn tell_unreadable(&self, room: &Room, heard: &Heard) -> Result<(), Error> {
        if self.journal().was_told_unreadable(PLATFORM, room.room_id().as_str(), &heard.sender).unwrap_or(true) {
            return Ok(());
        }
        let language = self.language_of(room);
        let reply = Reply::notice(language, &Wording::of(language).unreadable);
        let mut content = render(&reply).content(&Offer::of(&reply, &heard.sender));
        content["m.relates_to"] = relation(&heard.id, None);
        content[NO_ANSWER] = Value::Bool(true);
        self.send(room, transaction("unreadable", &heard.id), content).await?;
        if let Err(error) = self.journal().tell_unreadable(PLATFORM, room.room_id().as_str(), &heard.sender) {
            tracing::error!(%error, "who was told that their messages cannot be read is not noted");
        }
        Ok(())
    }

    async fn answer(&self, room: &Room, heard: &Heard, said: &Said, doubtful: bool) -> Result<(), Error> {
        let Some((address, intent)) = self.understand(room, said).await else {
            self.note(&heard.id, None, None);
            return Ok(());
        };
        if doubtful && let Some(reply) = self.find_reply(room, &heard.id).await? {
            self.note(&heard.id, Some(&reply), None);
            return Ok(());
        }
        let Some(saying) = self.respond(room, &heard.sender, address, intent).await else {
            self.note(&heard.id, None, None);
            return Ok(());
        };
        let mut content = saying.content;
        content["m.relates_to"] = relation(&heard.id, said.thread.as_deref());
        if saying.wait && self.was_told_to_wait(room, &heard.sender) {
            self.note(&heard.id, None, None);
            return Ok(());
        }
        let transaction = if saying.wait { wait_transaction(room, &heard.sender) } else { transaction("answer", &heard.id) };
        let reply = self.send(room, transaction, content).await?;
        let answered = saying.answered.as_ref().map(|(fact, language)| (fact.as_str(), *language));
        self.note(&heard.id, Some(&reply).filter(|_| !saying.wait).map(String::as_str), answered);
        Ok(())
    }

    /// What is wanted of the bot; none if something was not for it.
    pub(super) async fn understand(&self, room: &Room, said: &Said) -> Option<(Address, Intent)> {
        let place = self.place(room).await;
        let heard = listen(said, &place, false);
        match (&heard, &said.reply_to) {
            (None | Some((Address::Overheard, _)), Some(target)) if self.is_mine(room, target).await => listen(said, &place, true),
            _ => heard,
        }
    }

    /// Whether an event is the bot's own.
    async fn is_mine(&self, room: &Room, event: &str) -> bool {
        if self.journal().of_reply(PLATFORM, event).is_ok_and(|kept| kept.is_some()) {
            return true;
        }
        let Ok(id) = EventId::parse(event) else { return false };
        let fetched = attempt(&self.stop, 2, || room.event(&id, None)).await;
        fetched.is_ok_and(|event| event.sender().is_some_and(|sender| sender == self.me))
    }

    /// What is said to something that was said to the bot.
    pub(super) async fn respond(&self, room: &Room, sender: &str, address: Address, intent: Intent) -> Option<Saying> {
        let curates = matches!(intent, Intent::Curate(_));
        // A question says in which language it is asked.
        let locale = if matches!(intent, Intent::Ask(_)) { None } else { Some(self.language_of(room)) };
        let role = if curates { self.role(room, sender).await } else { Role::Member };
        let message = Message {
            author: Author { id: sender.to_owned(), role },
            conversation: Conversation { platform: PLATFORM, id: room.room_id().to_string() },
            address,
            intent,
            locale,
        };
        // Questions have their cooldown; whatever else is said for all to read has it too.
        let refused =
            if matches!(message.intent, Intent::Ask(_) | Intent::Fact(_)) { None } else { self.responder.refuse(&message, Now::real()) };
        let response = match refused {
            Some(refused) => refused,
            None => self.response(message).await,
        };
        let (reply, answer, wait) = match response {
            Response::Silence | Response::Leave => return None,
            Response::Wait(reply) => (reply, None, true),
            Response::Again(kept, language) => (again(room, &kept, language).await, None, false),
            Response::Say(reply, answer) => (if curates { self.in_own_words(reply) } else { reply }, answer, false),
        };
        let content = render(&reply).content(&Offer::of(&reply, sender));
        let answered = answer.and_then(|answer| Some((answer.fact?, answer.language)));
        Some(Saying { content, answered, wait })
    }

    /// Whether somebody was told this minute to wait; they are taken to be told now.
    fn was_told_to_wait(&self, room: &Room, sender: &str) -> bool {
        let mut told = self.told_to_wait.lock().unwrap_or_else(PoisonError::into_inner);
        if told.0 != minute() {
            *told = (minute(), HashSet::new());
        }
        !told.1.insert(format!("{sender} {}", room.room_id()))
    }

    async fn response(&self, message: Message) -> Response {
        let language = message.locale.unwrap_or(Language::En);
        match message.intent {
            Intent::Help => Response::Say(self.help(language), None),
            // These read all files.
            Intent::Curate(Curation::Check | Curation::Reload) => {
                let responder = self.responder.clone();
                let done = tokio::task::spawn_blocking(move || responder.respond(&message, Now::real())).await;
                done.unwrap_or_else(|error| {
                    tracing::error!(%error, "a command of a moderator failed");
                    Response::Say(Reply::notice(language, &Wording::of(language).failed), None)
                })
            }
            _ => self.responder.respond(&message, Now::real()),
        }
    }

    fn help(&self, language: Language) -> Reply {
        let base = self.responder.store().current();
        let knowledge = &base.snapshot.knowledge;
        let places: [(&str, &dyn std::fmt::Display); 2] = [("name", &knowledge.name), ("prefix", &self.settings.prefix)];
        Reply::notice(language, fill(&Wording::of(language).help_rooms, &places))
    }

    /// Commands named as they are written here.
    fn in_own_words(&self, mut reply: Reply) -> Reply {
        for block in &mut reply.blocks {
            if let Block::Text(text) = block {
                *text = text.replace("/kb ", &format!("{}kb ", self.settings.prefix));
            }
        }
        reply
    }

    /// Sends a message; the id of its event. The same transaction is sent once, whatever comes between.
    pub(super) async fn send(&self, room: &Room, transaction: OwnedTransactionId, content: Value) -> Result<String, Error> {
        let send = || async { room.send_raw("m.room.message", content.clone()).with_transaction_id(&transaction).await };
        Ok(persist(&self.stop, send).await?.response.event_id.to_string())
    }

    /// The reply an earlier run sent, if it did. Replies can be told in encrypted rooms too.
    async fn find_reply(&self, room: &Room, question: &str) -> Result<Option<String>, Error> {
        let id = EventId::parse(question)?;
        let context = persist(&self.stop, || room.event_with_context(&id, true, uint!(0), None)).await?;
        let after = || {
            let mut options = MessagesOptions::forward().from(context.next_batch_token.as_deref());
            options.limit = LOOKED_THROUGH.into();
            room.messages(options)
        };
        let messages = persist(&self.stop, after).await?;
        let is_reply = |event: &&TimelineEvent| {
            event.sender().is_some_and(|sender| sender == self.me)
                && replied_to(event.raw().json().get()).as_deref() == Some(question)
                && !event.raw().json().get().contains(NO_ANSWER)
        };
        Ok(messages.chunk.iter().find(is_reply).and_then(TimelineEvent::event_id).map(|id| id.to_string()))
    }
}

/// One notice a minute: a flood is not answered by a flood.
fn wait_transaction(room: &Room, sender: &str) -> OwnedTransactionId {
    transaction("wait", &format!("{} {sender} {}", minute(), room.room_id()))
}

fn minute() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() / 60)
}

/// The line that links to an answer given a moment ago.
async fn again(room: &Room, kept: &Kept, language: Language) -> Reply {
    let reply = kept.reply.as_deref().unwrap_or_default();
    let link = match EventId::parse(reply) {
        Ok(id) => room.matrix_to_event_permalink(id).await.map(|link| link.to_string()).ok(),
        Err(_) => None,
    };
    let link = link.unwrap_or_else(|| format!("https://matrix.to/#/{}/{reply}", room.room_id()));
    Reply::text(language, fill(&Wording::of(language).again, &[("link", &link)]))
}
