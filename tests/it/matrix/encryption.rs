//! Encrypted rooms: the member's side is matrix-nio, another implementation than the bot's.

use serde_json::{Value, json};

use super::clocks::forget_answers;
use super::scene::{LENGTH, OPENED};
use super::{Bot, SOON};
use crate::setup::Setup;
use crate::synapse::{EncryptedMember, Homeserver, Member, answered_event, body, html, is_said_by, is_skipped};

/// A member with encryption, a bot, and an encrypted room of both.
struct Vault {
    server: &'static Homeserver,
    account: Member,
    anna: EncryptedMember,
    room: String,
    setup: Setup,
    bot: Bot,
}

impl Vault {
    async fn open(direct: bool) -> Option<Self> {
        if is_skipped() {
            return None;
        }
        let (server, setup) = (Homeserver::shared().await, Setup::default());
        let account = server.member("rapporteur").await;
        let bot = setup.start_on(server, &account);
        let anna = EncryptedMember::enter(server, "anna").await;
        let room = anna.create_room(&[&account.id], direct).await;
        let devices = anna.await_member(&room, &account.id).await;
        assert_eq!(devices.len(), 1, "the bot has one device with keys: {devices:?}");
        Some(Self { server, account, anna, room, setup, bot })
    }

    /// Anna asks with `!ask`; the event.
    async fn ask(&self, question: &str) -> String {
        self.anna.say(&self.room, &format!("!ask {question}")).await
    }

    async fn answer(&self, to: &str) -> Value {
        self.anna.answer(&self.room, to, &self.account.id, SOON).await
    }

    /// How many messages answer an event, encrypted or not.
    async fn answers(&self, to: &str) -> usize {
        let messages = self.anna.plain.messages(&self.room).await;
        messages.iter().filter(|event| is_said_by(event, &self.account.id) && answered_event(event) == Some(to)).count()
    }

    async fn restart(self) -> Self {
        self.bot.stop().await.expect("it stops");
        let bot = self.setup.start_on(self.server, &self.account);
        Self { bot, ..self }
    }

    async fn end(self) {
        assert!(!self.bot.has_ended(), "it ended by itself");
        self.bot.stop().await.expect("it stops");
    }
}

#[tokio::test]
async fn an_encrypted_question_has_an_encrypted_answer() {
    let Some(vault) = Vault::open(false).await else { return };
    let asked = vault.ask(OPENED).await;
    let answer = vault.answer(&asked).await;
    assert_eq!(answer["content"]["msgtype"], "m.notice", "{answer:#}");
    assert!(body(&answer).contains("14 March 2031") && html(&answer).contains("<blockquote>"), "{answer:#}");
    let messages = vault.anna.plain.messages(&vault.room).await;
    let clear: Vec<_> = messages.iter().filter(|event| event["type"] == "m.room.message").collect();
    assert!(clear.is_empty(), "nothing is said unencrypted: {clear:#?}");
    vault.end().await;
}

#[tokio::test]
async fn an_encrypted_direct_room_and_a_thread_in_it_work_as_plain_ones_do() {
    let Some(vault) = Vault::open(true).await else { return };
    let asked = vault.anna.say(&vault.room, OPENED).await;
    assert!(body(&vault.answer(&asked).await).contains("14 March 2031"));
    let relation = json!({ "rel_type": "m.thread", "event_id": asked, "is_falling_back": true, "m.in_reply_to": { "event_id": asked } });
    let inside = vault.anna.send(&vault.room, json!({ "msgtype": "m.text", "body": LENGTH, "m.relates_to": relation })).await;
    let answer = vault.answer(&inside).await;
    let relation = &answer["content"]["m.relates_to"];
    assert!(body(&answer).contains("612 metres") && relation["rel_type"] == "m.thread" && relation["event_id"] == *asked, "{answer:#}");
    vault.end().await;
}

#[tokio::test]
async fn an_edit_a_reaction_and_a_redaction_are_followed_in_an_encrypted_room() {
    let Some(vault) = Vault::open(false).await else { return };
    let asked = vault.ask(OPENED).await;
    let answer = vault.answer(&asked).await;
    let id = answer["event_id"].as_str().expect("an id");
    let new = json!({ "msgtype": "m.text", "body": format!("!ask {LENGTH}") });
    let edit = json!({
        "msgtype": "m.text", "body": "* edited", "m.new_content": new, "m.relates_to": { "rel_type": "m.replace", "event_id": asked },
    });
    vault.anna.send(&vault.room, edit).await;
    assert!(vault.anna.edit(&vault.room, id, &vault.account.id, "612 metres", SOON).await.is_some(), "the answer is edited");
    let second = vault.ask("who designed the bridge?").await;
    let other = vault.answer(&second).await;
    vault.anna.plain.react(&vault.room, other["event_id"].as_str().expect("an id"), "❌").await;
    vault.anna.plain.sees_redacted(&vault.room, &other, SOON).await;
    vault.anna.plain.redact(&vault.room, &asked).await;
    vault.anna.plain.sees_redacted(&vault.room, &answer, SOON).await;
    vault.end().await;
}

#[tokio::test]
async fn the_bots_device_is_signed_by_its_owner() {
    let Some(vault) = Vault::open(false).await else { return };
    let [device] = vault.anna.await_member(&vault.room, &vault.account.id).await.try_into().expect("one device");
    let bot = vault.account.id.as_str();
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let keys = vault.anna.plain.call("POST", "keys/query", Some(&json!({ "device_keys": { bot: [] } }))).await;
        let signing = keys["self_signing_keys"][bot]["keys"].as_object().and_then(|keys| keys.keys().next().cloned());
        let signatures = &keys["device_keys"][bot][device.as_str()]["signatures"][bot];
        if signing.as_ref().is_some_and(|key| signatures[key.as_str()].is_string()) {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "the device is not cross-signed: {keys:#}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    vault.end().await;
}

#[tokio::test]
async fn after_a_restart_it_is_the_same_device_with_the_same_keys() {
    let Some(vault) = Vault::open(false).await else { return };
    let before = vault.anna.await_member(&vault.room, &vault.account.id).await;
    let first = vault.ask(OPENED).await;
    vault.answer(&first).await;
    let mut vault = vault;
    for question in [LENGTH, "who designed the bridge?"] {
        vault = vault.restart().await;
        // The same session as before: its key is known from before the restart.
        let asked = vault.ask(question).await;
        vault.answer(&asked).await;
        assert_eq!(vault.answers(&asked).await, 1);
    }
    assert_eq!(vault.answers(&first).await, 1);
    assert_eq!(vault.anna.await_member(&vault.room, &vault.account.id).await, before);
    vault.end().await;
}

#[tokio::test]
async fn encrypted_questions_that_came_while_the_bot_was_away_are_answered_once() {
    let Some(vault) = Vault::open(false).await else { return };
    let first = vault.ask(OPENED).await;
    vault.answer(&first).await;
    let Vault { server, account, anna, room, setup, bot } = vault;
    bot.stop().await.expect("it stops");
    let (known, new) = (anna.say(&room, &format!("!ask {LENGTH}")).await, {
        anna.say(&room, "let us see").await;
        anna.say(&room, "!ask who designed the bridge?").await
    });
    let bot = setup.start_on(server, &account);
    let vault = Vault { server, account, anna, room, setup, bot };
    for asked in [&known, &new] {
        vault.answer(asked).await;
        assert_eq!(vault.answers(asked).await, 1);
    }
    vault.end().await;
}

#[tokio::test]
async fn what_cannot_be_decrypted_is_said_once_and_answered_when_the_key_comes() {
    late_keys(false).await;
}

#[tokio::test]
async fn a_key_that_comes_after_a_restart_is_not_too_late() {
    late_keys(true).await;
}

async fn late_keys(restart: bool) {
    let Some(mut vault) = Vault::open(false).await else { return };
    let before = vault.ask(OPENED).await;
    vault.answer(&before).await;
    vault.anna.withhold_keys(&vault.room, &vault.account.id).await;
    let asked = vault.ask(LENGTH).await;
    let told = vault.anna.hears(&vault.room, &vault.account.id, "I cannot read this message", SOON).await;
    let messages = vault.anna.plain.messages(&vault.room).await;
    assert!(told.is_some(), "a plain line says that it cannot be read: {}", crate::synapse::shown(&messages));
    let again = vault.ask("who designed the bridge?").await;
    if restart {
        vault = vault.restart().await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    vault.anna.hand_over_keys(&vault.room, &vault.account.id).await;
    for (event, words) in [(&asked, "612 metres"), (&again, "Ruben Askeland")] {
        let answered = vault.anna.hears(&vault.room, &vault.account.id, words, SOON).await;
        assert!(answered.is_some_and(|answer| answered_event(&answer) == Some(event)), "{words}");
    }
    let messages = vault.anna.plain.messages(&vault.room).await;
    let said = messages.iter().filter(|event| is_said_by(event, &vault.account.id)).count();
    assert_eq!(said, 4, "three answers, and once that something cannot be read");
    vault.end().await;
}

#[tokio::test]
async fn a_redaction_that_only_an_encrypted_event_speaks_of_redacts_nothing() {
    let Some(vault) = Vault::open(false).await else { return };
    let asked = vault.ask(OPENED).await;
    let answer = vault.answer(&asked).await;
    let reply = answer["event_id"].as_str().expect("an event id");
    for target in [asked.as_str(), reply] {
        vault.anna.send_as(&vault.room, "m.room.redaction", json!({ "redacts": target })).await;
    }
    let later = vault.ask(LENGTH).await;
    vault.answer(&later).await;
    assert!(!vault.anna.plain.is_redacted(&vault.room, reply).await, "no homeserver has allowed it");
    let kept = vault.setup.journal().of_reply("matrix", reply).expect("the journal can be read");
    assert_eq!(kept.map(|kept| kept.event), Some(asked), "the answer still follows its question");
    vault.end().await;
}

#[tokio::test]
async fn the_line_that_a_message_cannot_be_read_is_not_taken_for_its_answer() {
    let Some(vault) = Vault::open(false).await else { return };
    vault.anna.withhold_keys(&vault.room, &vault.account.id).await;
    let asked = vault.ask(LENGTH).await;
    let told = vault.anna.hears(&vault.room, &vault.account.id, "I cannot read this message", SOON).await;
    assert!(told.is_some_and(|told| answered_event(&told) == Some(&asked)));
    vault.anna.hand_over_keys(&vault.room, &vault.account.id).await;
    let answer = vault.anna.hears(&vault.room, &vault.account.id, "612 metres", SOON).await.expect("the answer comes");
    // As if the bot had been killed between sending and noting: its reply is looked for.
    let Vault { server, account, anna, room, setup, bot } = vault;
    bot.stop().await.expect("it stops");
    forget_answers(&setup);
    let bot = setup.start_on(server, &account);
    let vault = Vault { server, account, anna, room, setup, bot };
    let later = vault.ask(OPENED).await;
    vault.answer(&later).await;
    let kept = vault.setup.journal().kept("matrix", &asked).expect("the journal can be read");
    assert_eq!(kept.and_then(|kept| kept.reply).as_deref(), answer["event_id"].as_str());
    vault.end().await;
}
