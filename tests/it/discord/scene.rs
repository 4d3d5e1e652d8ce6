//! A server with channels, members and a moderator, and a bot at work in it: where the tests of what members meet begin.

use std::time::Duration;

use rapporteur::knowledge::Language;
use rapporteur::reply::Wording;
use serde_json::{Value, json};

use super::{Bot, SOON};
use crate::fake_discord::{Discord, EPHEMERAL, Id, MessageSpec, SUPPRESS_EMBEDS, USUAL};
use crate::setup::Setup;

/// A question, the fact that answers it, and words of its quote.
pub(super) const OPENED: &str = "when was the harbour bridge opened?";
/// Another, of another fact.
pub(super) const LENGTH: &str = "how long is the harbour bridge?";
/// The moderators know that the sources do not say this; another question is close.
pub(super) const STEEL: &str = "who supplied the steel of the bridge?";
/// Nothing is close to this.
pub(super) const FOOTBALL: &str = "who won the football match?";
/// Curated questions are close to this, and none is near enough.
pub(super) const MAYOR: &str = "who is the mayor?";

/// The scene.
pub(super) struct Scene {
    pub(super) discord: Discord,
    pub(super) guild: Id,
    /// A channel in which the bot must be addressed.
    pub(super) channel: Id,
    /// A channel, and a forum, in which it need not be, where the scene [listens](Scene::listening).
    pub(super) answers: Id,
    pub(super) forum: Id,
    pub(super) anna: Id,
    pub(super) bruno: Id,
    pub(super) moderator: Id,
    pub(super) setup: Setup,
    pub(super) bot: Bot,
}

impl Scene {
    /// Over the invented base, with nothing set.
    pub(super) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// With a setup of the test's own.
    pub(super) async fn with(setup: Setup) -> Self {
        Self::build(setup, false).await
    }

    /// With an answer channel and an answer forum.
    pub(super) async fn listening() -> Self {
        Self::build(Setup::default(), true).await
    }

    async fn build(setup: Setup, listening: bool) -> Self {
        let discord = Discord::start().await;
        let guild = discord.guild("harbour");
        let [channel, answers] = ["general", "answers"].map(|name| discord.text_channel(guild, name));
        let forum = discord.forum_channel(guild, "questions");
        let [anna, bruno, moderator] = ["anna", "bruno", "milva"].map(|name| discord.user(name));
        discord.set_permissions(moderator, USUAL | 1 << 5);
        let setup = if listening { setup.with("DISCORD_ANSWER_CHANNELS", format!("{answers},{forum}")) } else { setup };
        let bot = setup.start(&discord).await;
        Self { discord, guild, channel, answers, forum, anna, bruno, moderator, setup, bot }
    }

    /// The bot stops, and starts again with the same journal.
    pub(super) async fn restart(self) -> Self {
        self.bot.stop().await.expect("it stops");
        self.discord.wait_until(SOON, |state| state.sockets.values().all(|socket| socket.session.is_none())).await;
        let bot = self.setup.start(&self.discord).await;
        Self { bot, ..self }
    }

    /// Stops the bot; nothing it did may be something Discord refuses, and every interaction is acknowledged.
    pub(super) async fn end(self) {
        self.bot.stop().await.expect("it stops");
        assert_eq!(self.discord.finish(), Vec::<String>::new());
    }

    /// A member mentions the bot in the channel.
    pub(super) fn mention(&self, user: Id, text: &str) -> Id {
        self.discord.say_with(self.channel, user, &MessageSpec { content: text.into(), mentions_bot: true, ..MessageSpec::default() })
    }

    /// Anna mentions the bot; the id of her question, and the answer.
    pub(super) async fn asked(&self, text: &str) -> (Id, Value) {
        let asked = self.mention(self.anna, text);
        let answer = self.discord.next_message(self.channel, SOON).await;
        assert_eq!(answer["message_reference"]["message_id"], asked.to_string(), "{answer:#}");
        (asked, answer)
    }

    /// A member uses `/ask` in the channel; what came of it.
    pub(super) async fn ask(&self, user: Id, question: &str) -> Value {
        self.slash(user, "ask", json!([{ "name": "question", "type": 3, "value": question }])).await
    }

    /// The same, for the member's eyes only.
    pub(super) async fn ask_alone(&self, user: Id, question: &str) -> Value {
        let options = json!([{ "name": "question", "type": 3, "value": question }, { "name": "private", "type": 5, "value": true }]);
        self.slash(user, "ask", options).await
    }

    /// A member uses a command in the channel; what came of it.
    pub(super) async fn slash(&self, user: Id, name: &str, options: Value) -> Value {
        let interaction = self.discord.slash(self.channel, user, name, options);
        let response = self.discord.wait_response(interaction, SOON).await;
        // It is handed out here: the next message of the channel is another.
        let handed: Option<Id> = response["message"]["id"].as_str().and_then(|id| id.parse().ok());
        self.discord.with(|state| state.handed.extend(handed));
        response
    }

    /// Waits until the journal knows which message a command's answer became: Discord is asked after the acknowledgement.
    pub(super) async fn noted(&self, message: &Value) {
        let (journal, id) = (self.setup.journal(), id(message).to_string());
        for _ in 0..500 {
            if journal.of_reply("discord", &id).expect("it can be read").is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it is not noted that this was said: {message:#}");
    }

    /// A member presses the button of a message whose custom id holds this; what came of it.
    pub(super) async fn press(&self, message: &Value, user: Id, part: &str) -> Value {
        let pressed = self.discord.press(id(message), user, &button(message, part));
        self.discord.wait_response(pressed, SOON).await
    }

    /// A message as it is now.
    pub(super) fn now(&self, message: &Value) -> Option<Value> {
        self.discord.message(id(message))
    }

    /// Waits until a message is gone.
    pub(super) async fn gone(&self, message: &Value) {
        let id = id(message);
        self.discord.wait_until(SOON, |state| state.message(id).is_none()).await;
    }

    /// Waits until a message says something.
    pub(super) async fn says(&self, message: &Value, words: &str) -> Value {
        let id = id(message);
        let found = self.discord.wait_for(SOON, |state| {
            state.message(id).map(|message| message.value.clone()).filter(|message| super::text(message).contains(words))
        });
        let found = found.await;
        found.unwrap_or_else(|| panic!("{words:?} is not said in {:#}", self.now(message).unwrap_or_default()))
    }
}

/// The id of a message.
pub(super) fn id(message: &Value) -> Id {
    message["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no message: {message:#}"))
}

/// The custom id of a message's button that holds this.
pub(super) fn button(message: &Value, part: &str) -> String {
    let ids = Discord::custom_ids(message);
    ids.iter().find(|id| id.contains(part)).unwrap_or_else(|| panic!("no {part:?} among {ids:?} of {message:#}")).clone()
}

/// Whether a message has such a button.
pub(super) fn has_button(message: &Value, part: &str) -> bool {
    Discord::custom_ids(message).iter().any(|id| id.contains(part))
}

/// Whether a message is for one reader alone.
pub(super) fn is_private(message: &Value) -> bool {
    message["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0
}

/// Whether a message shows no embeds.
pub(super) fn hides_embeds(message: &Value) -> bool {
    message["flags"].as_u64().unwrap_or(0) & SUPPRESS_EMBEDS != 0
}

/// What moderators have checked is marked with their name; empty where nothing is claimed.
pub(super) fn standing(message: &Value) -> String {
    message["embeds"][0]["author"]["name"].as_str().unwrap_or_default().to_owned()
}

/// The sentences of English.
pub(super) fn english() -> &'static Wording {
    Wording::of(Language::En)
}

/// Asserts that a response is a notice for one reader alone that says this.
pub(super) fn assert_notice(response: &Value, words: &str) {
    let message = &response["message"];
    assert_eq!(response["type"], 4, "{response:#}");
    assert!(is_private(message) && super::text(message).contains(words), "{words:?}: {message:#}");
}
