//! Questions that are edited or taken back: their answers follow.

use std::time::{Duration, SystemTime};

use matrix_sdk::ruma::EventId;
use matrix_sdk::{Error, Room};

use crate::journal::{Batch, Event, Kept};
use crate::platform::matrix::answers::is_readable;
use crate::platform::matrix::bot::{Bot, PLATFORM};
use crate::platform::matrix::event::{Heard, Said, What};
use crate::platform::matrix::outbox::{Failure, failure, persist, transaction};
use crate::platform::matrix::render::{relation, replacing};
use crate::platform::matrix::timeline::hear;

/// An edit changes the answer for so long after the question was asked.
const EDITS_FOLLOWED: Duration = Duration::from_mins(15);

impl Bot {
    /// A message was edited: its answer follows, for a while.
    pub(super) async fn follow_edit(&self, room: &Room, edit: &Heard, original: &str, now: &Said) -> Result<(), Error> {
        if let Some((question, before)) = self.original(room, edit, original).await? {
            // An edit says nothing of threads and replies: they stay what they were.
            let said = Said { thread: before.thread, reply_to: before.reply_to, ..now.clone() };
            self.answer_anew(room, edit, &question, &said).await?;
        }
        self.note(&edit.id, None, None);
        Ok(())
    }

    /// The message that was edited, if its author edited it in time.
    async fn original(&self, room: &Room, edit: &Heard, original: &str) -> Result<Option<(Heard, Said)>, Error> {
        let fetched = match self.fetch(room, original).await {
            Err(error) if matches!(failure(&error), Failure::Gone | Failure::Forbidden) => return Ok(None),
            fetched => fetched?,
        };
        let heard = hear(&fetched).filter(|heard| is_readable(&fetched) && heard.sender == edit.sender);
        // Both times are of the author's own homeserver: no two clocks are compared.
        let in_time = |heard: &Heard| Duration::from_millis(edit.sent_ms.saturating_sub(heard.sent_ms)) <= EDITS_FOLLOWED;
        Ok(heard.filter(in_time).and_then(|heard| match heard.what.clone() {
            What::Said(said) => Some((heard, said)),
            _ => None,
        }))
    }

    async fn answer_anew(&self, room: &Room, edit: &Heard, question: &Heard, said: &Said) -> Result<(), Error> {
        let kept = self.journal().kept(PLATFORM, &question.id).unwrap_or_default();
        let reply = kept.and_then(|kept| kept.reply);
        if reply.is_some() {
            // Its own earlier answer is no reason to link to it.
            self.note(&question.id, reply.as_deref(), None);
        }
        let saying = match self.understand(room, said).await {
            Some((address, intent)) => self.respond(room, &question.sender, address, intent).await,
            None => None,
        };
        let Some(saying) = saying else {
            return match reply {
                Some(reply) => self.take_back(room, &reply).await,
                None => Ok(()),
            };
        };
        if saying.wait {
            return Ok(());
        }
        let mut content = saying.content;
        let sent = if let Some(reply) = reply {
            self.send(room, transaction("edit", &edit.id), replacing(&reply, &content)).await?;
            reply
        } else {
            // It became a question, or one that can be answered.
            content["m.relates_to"] = relation(&question.id, said.thread.as_deref());
            let sent = self.send(room, transaction("edit", &edit.id), content).await?;
            let room_id = room.room_id().as_str();
            let begun = Event { platform: PLATFORM, id: &question.id, conversation: room_id, direct: self.is_direct(room) };
            let batch = Batch { events: vec![begun], ..Batch::default() };
            if let Err(error) = self.journal().take_in(PLATFORM, &batch, SystemTime::now()) {
                tracing::error!(%error, "an edited question is not noted");
            }
            sent
        };
        let answered = saying.answered.as_ref().map(|(fact, language)| (fact.as_str(), *language));
        self.note(&question.id, Some(&sent), answered);
        Ok(())
    }

    /// A message was taken back: its answer goes too.
    pub(super) async fn follow_redaction(&self, room: &Room, redaction: &Heard, target: &str) -> Result<(), Error> {
        match self.journal().kept(PLATFORM, target) {
            Ok(Some(Kept { reply: Some(reply), .. })) => self.take_back(room, &reply).await?,
            Ok(_) => {
                // Somebody removed the bot's own message, or one it could not read.
                let forgotten = self.journal().unsay(PLATFORM, target).and_then(|()| self.journal().give_up(PLATFORM, target));
                if let Err(error) = forgotten {
                    tracing::error!(%error, "a removed message is not noted");
                }
            }
            Err(error) => tracing::error!(%error, "the answer to a removed question is not known"),
        }
        self.note(&redaction.id, None, None);
        Ok(())
    }

    /// Redacts a reply.
    pub(super) async fn take_back(&self, room: &Room, reply: &str) -> Result<(), Error> {
        let id = EventId::parse(reply)?;
        let redact = || room.redact(&id, None, Some(transaction("redact", reply)));
        match persist(&self.stop, redact).await {
            Err(error) if failure(&error) != Failure::Gone => return Err(error),
            _ => {}
        }
        if let Err(error) = self.journal().unsay(PLATFORM, reply) {
            tracing::error!(%error, "a removed reply is not noted");
        }
        Ok(())
    }
}
