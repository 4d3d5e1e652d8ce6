//! A homeserver with members and a moderator, and a bot at work there: where the tests of what members meet begin.

use serde_json::Value;

use super::{Bot, SOON};
use crate::setup::Setup;
use crate::synapse::{Homeserver, Member, is_skipped};

/// A question, the fact that answers it, and words of its quote.
pub(super) const OPENED: &str = "when was the harbour bridge opened?";
/// Another, of another fact.
pub(super) const LENGTH: &str = "how long is the harbour bridge?";
/// And another.
pub(super) const DESIGNER: &str = "who designed the bridge?";
/// Nothing is close to this.
pub(super) const FOOTBALL: &str = "who won the football match?";
/// Curated questions are close to this, and none is near enough.
pub(super) const MAYOR: &str = "who is the mayor?";

/// The scene.
pub(super) struct Scene<'a> {
    pub(super) server: &'a Homeserver,
    /// The bot's own account.
    pub(super) account: Member,
    pub(super) anna: Member,
    pub(super) bruno: Member,
    /// Who makes the rooms, and so may do everything in them.
    pub(super) milva: Member,
    pub(super) setup: Setup,
    pub(super) bot: Bot,
}

impl Scene<'static> {
    /// Over the invented base, with nothing set; none where homeservers are left out.
    pub(super) async fn start() -> Option<Self> {
        Self::with(Setup::default()).await
    }

    /// With a setup of the test's own.
    pub(super) async fn with(setup: Setup) -> Option<Self> {
        if is_skipped() {
            return None;
        }
        Some(Scene::on(Homeserver::shared().await, setup).await)
    }
}

impl<'a> Scene<'a> {
    /// On a homeserver of the test's own.
    pub(super) async fn on(server: &'a Homeserver, setup: Setup) -> Self {
        let account = server.member("rapporteur").await;
        let bot = setup.start_on(server, &account);
        Self::of(server, setup, account, bot).await
    }

    /// Around a bot that is at work already.
    pub(super) async fn of(server: &'a Homeserver, setup: Setup, account: Member, bot: Bot) -> Self {
        let (anna, bruno, milva) = (server.member("anna").await, server.member("bruno").await, server.member("milva").await);
        Self { server, account, anna, bruno, milva, setup, bot }
    }

    /// A room of all four.
    pub(super) async fn room(&self) -> String {
        let room = self.milva.room(&[&self.account.id, &self.anna.id, &self.bruno.id]).await;
        self.anna.join(&room).await;
        self.bruno.join(&room).await;
        self.anna.sees_join(&room, &self.account.id, SOON).await;
        room
    }

    /// A direct room of Anna and the bot.
    pub(super) async fn direct_room(&self) -> String {
        let room = self.anna.direct_room(&self.account.id).await;
        self.anna.sees_join(&room, &self.account.id, SOON).await;
        room
    }

    /// Anna mentions the bot.
    pub(super) async fn mention(&self, room: &str, text: &str) -> String {
        self.anna.mention(room, &self.account.id, text).await
    }

    /// What the bot says to an event.
    pub(super) async fn answer(&self, room: &str, to: &str) -> Value {
        self.anna.answer(room, to, &self.account.id, SOON).await
    }

    /// Anna mentions the bot; the id of her question, and the answer.
    pub(super) async fn asked(&self, room: &str, text: &str) -> (String, Value) {
        let asked = self.mention(room, text).await;
        let answer = self.answer(room, &asked).await;
        (asked, answer)
    }

    /// Makes sure that nothing was said to these events: what was asked after them in the room is answered, and they are not.
    pub(super) async fn assert_unanswered(&self, room: &str, events: &[&str]) {
        let after = self.anna.say(room, "!help").await;
        self.answer(room, &after).await;
        for event in events {
            let answer = self.anna.try_answer(room, event, &self.account.id, std::time::Duration::ZERO).await;
            assert_eq!(answer, None, "nothing was to be said to {event}");
        }
    }

    /// How many messages the bot has said in a room, without those it took back.
    pub(super) async fn said(&self, room: &str) -> usize {
        let messages = self.anna.messages(room).await;
        let stays = |event: &&Value| crate::synapse::is_said_by(event, &self.account.id) && event["content"] != serde_json::json!({});
        messages.iter().filter(stays).count()
    }

    /// The bot stops, and starts again with the same data.
    pub(super) async fn restart(self) -> Self {
        let Self { server, account, anna, bruno, milva, setup, bot } = self;
        bot.stop().await.expect("it stops");
        let bot = setup.start_on(server, &account);
        Self { server, account, anna, bruno, milva, setup, bot }
    }

    /// Stops the bot, does something, and starts it again with the same data.
    pub(super) async fn away(self, meanwhile: impl AsyncFnOnce(&Away)) -> Self {
        let Self { server, account, anna, bruno, milva, setup, bot } = self;
        bot.stop().await.expect("it stops");
        let away = Away { account, anna, bruno, milva };
        meanwhile(&away).await;
        let bot = setup.start_on(server, &away.account);
        let Away { account, anna, bruno, milva } = away;
        Self { server, account, anna, bruno, milva, setup, bot }
    }

    /// Stops the bot, which has not ended before.
    pub(super) async fn end(self) {
        assert!(!self.bot.has_ended(), "it ended by itself: {:?}", self.bot.ended().await);
        self.bot.stop().await.expect("it stops");
    }
}

/// The scene while the bot is not there.
pub(super) struct Away {
    pub(super) account: Member,
    pub(super) anna: Member,
    pub(super) bruno: Member,
    pub(super) milva: Member,
}
