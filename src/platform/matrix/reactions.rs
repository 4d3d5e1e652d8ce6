//! Reactions to the bot's replies, where other platforms have buttons.

use matrix_sdk::{Error, Room};
use serde_json::Value;

use crate::intent::{self, Intent};
use crate::knowledge::Language;
use crate::message::{Address, Author, Conversation, Message};
use crate::platform::matrix::answers::is_readable;
use crate::platform::matrix::bot::{Bot, PLATFORM};
use crate::platform::matrix::event::{Heard, What, edited};
use crate::platform::matrix::offer::{Offer, Pressed, pressed};
use crate::platform::matrix::outbox::{Failure, failure, transaction};
use crate::platform::matrix::render::{relation, render, replacing};
use crate::platform::matrix::text::words;
use crate::platform::matrix::timeline::hear;
use crate::reply::{Reply, Wording};
use crate::respond::{Now, Responder};

/// A reply of the bot's that somebody reacted to.
struct Target<'a> {
    room: &'a Room,
    id: &'a str,
    offer: Offer,
    thread: Option<String>,
}

impl Bot {
    /// Somebody reacted to an event.
    pub(super) async fn follow_reaction(&self, room: &Room, reaction: &Heard, id: &str, key: &str) -> Result<(), Error> {
        let is_reply = self.journal().of_reply(PLATFORM, id).is_ok_and(|kept| kept.is_some());
        let sent = match (pressed(key).filter(|_| is_reply), self.target(room, id, is_reply).await?) {
            (Some(pressed), Some(target)) => self.press(&target, reaction, pressed).await?,
            _ => None,
        };
        let (reply, fact) = sent.unzip();
        let fact = fact.flatten();
        self.note(&reaction.id, reply.as_deref(), fact.as_ref().map(|(fact, language): &(String, Language)| (fact.as_str(), *language)));
        Ok(())
    }

    async fn target<'a>(&self, room: &'a Room, id: &'a str, is_reply: bool) -> Result<Option<Target<'a>>, Error> {
        if !is_reply {
            return Ok(None);
        }
        let event = match self.fetch(room, id).await {
            Err(error) if failure(&error) == Failure::Gone => return Ok(None),
            event => event?,
        };
        let mine = event.sender().is_some_and(|sender| sender == self.me);
        let Ok(json) = serde_json::from_str::<Value>(event.raw().json().get()) else { return Ok(None) };
        let relation = &json["content"]["m.relates_to"];
        let thread = relation["event_id"].as_str().filter(|_| relation["rel_type"] == "m.thread").map(str::to_owned);
        Ok(Offer::read(&json).filter(|_| mine).map(|offer| Target { room, id, offer, thread }))
    }

    /// Does what a reaction asks for; what was said then, with the fact it gives.
    async fn press(
        &self,
        target: &Target<'_>,
        reaction: &Heard,
        pressed: Pressed,
    ) -> Result<Option<(String, Option<(String, Language)>)>, Error> {
        let message = self.message_of(target, reaction).await;
        let may_change = Responder::may_change(&message, &target.offer.asker);
        match pressed {
            Pressed::Rate(helpful) if target.offer.rate => {
                // The reaction stays to be seen: nothing is said.
                if let Err(error) = self.responder.rate(&message, target.id, helpful, Now::real()) {
                    tracing::error!(%error, "feedback is not noted");
                }
                Ok(None)
            }
            Pressed::Dismiss if may_change => {
                self.take_back(target.room, target.id).await?;
                Ok(None)
            }
            // The wait is not said: the reaction stays, and can be set again.
            Pressed::More | Pressed::Choice(_) if self.responder.refuse(&message, Now::real()).is_some() => Ok(None),
            Pressed::More => self.say_more(target, reaction).await,
            Pressed::Choice(number) => self.choose(target, reaction, number, may_change).await,
            // Consent is its author's alone to give; moderators may note what they see.
            Pressed::Tell if target.offer.tell && may_change => self.tell(target, &message).await,
            Pressed::Rate(_) | Pressed::Dismiss | Pressed::Tell => {
                tracing::debug!(?pressed, "a reaction that is not its author's to make");
                Ok(None)
            }
        }
    }

    async fn message_of(&self, target: &Target<'_>, reaction: &Heard) -> Message {
        Message {
            author: Author { id: reaction.sender.clone(), role: self.role(target.room, &reaction.sender).await },
            conversation: Conversation { platform: PLATFORM, id: target.room.room_id().to_string() },
            address: Address::Open,
            intent: Intent::Nothing,
            locale: Some(target.offer.language()),
        }
    }

    /// The next page of quotes, once for everybody.
    async fn say_more(&self, target: &Target<'_>, reaction: &Heard) -> Result<Option<(String, Option<(String, Language)>)>, Error> {
        let Some(more) = &target.offer.more else { return Ok(None) };
        let (version, page) = more.place();
        let reply = self.responder.page(&more.pages(), version, page, target.offer.language());
        let sent = self.reply_to(target, &reply, &reaction.sender, "more").await?;
        Ok(Some((sent, None)))
    }

    /// A question was chosen: in place for who asked, where there was no answer; otherwise as a reply of its own.
    async fn choose(
        &self,
        target: &Target<'_>,
        reaction: &Heard,
        number: usize,
        may_change: bool,
    ) -> Result<Option<(String, Option<(String, Language)>)>, Error> {
        let Some(fact) = target.offer.choices.get(number) else { return Ok(None) };
        let language = target.offer.language();
        let Some((reply, answer)) = self.responder.chosen(fact, language) else {
            let reply = Reply::notice(language, &Wording::of(language).unknown_fact);
            return Ok(Some((self.reply_to(target, &reply, &reaction.sender, fact).await?, None)));
        };
        let answered = (fact.clone(), answer.language);
        if !target.offer.in_place || !may_change {
            let sent = self.reply_to(target, &reply, &reaction.sender, fact).await?;
            return Ok(Some((sent, Some(answered))));
        }
        let content = render(&reply).content(&Offer::of(&reply, &target.offer.asker));
        self.send(target.room, transaction("choice", &reaction.id), replacing(target.id, &content)).await?;
        // The reply now gives a fact: a later question can be linked to it.
        if let Ok(Some(kept)) = self.journal().of_reply(PLATFORM, target.id) {
            self.note(&kept.event, Some(target.id), Some((&answered.0, answered.1)));
        }
        Ok(None)
    }

    async fn tell(&self, target: &Target<'_>, message: &Message) -> Result<Option<(String, Option<(String, Language)>)>, Error> {
        let Ok(Some(kept)) = self.journal().of_reply(PLATFORM, target.id) else { return Ok(None) };
        let asked = self.fetch(target.room, &kept.event).await?;
        let heard = hear(&asked).filter(|_| is_readable(&asked));
        let Some(Heard { what: What::Said(said), .. }) = heard else { return Ok(None) };
        let said = edited(asked.raw().json().get()).unwrap_or(said);
        let text = words(&said.body, &self.place(target.room).await.names, false);
        let Intent::Ask(question) = intent::read(&text, self.settings.prefix) else { return Ok(None) };
        match self.responder.tell(message, &kept.event, &question, Now::real()) {
            Ok(reply) => Ok(Some((self.reply_to(target, &reply, &message.author.id, "tell").await?, None))),
            Err(error) => {
                tracing::error!(%error, "a question is not kept for the moderators");
                Ok(None)
            }
        }
    }

    /// Says something about a reply, once for each purpose.
    async fn reply_to(&self, target: &Target<'_>, reply: &Reply, asker: &str, purpose: &str) -> Result<String, Error> {
        let mut content = render(reply).content(&Offer::of(reply, asker));
        content["m.relates_to"] = relation(target.id, target.thread.as_deref());
        self.send(target.room, transaction(purpose, target.id), content).await
    }
}
