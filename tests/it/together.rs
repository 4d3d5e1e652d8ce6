//! Both platforms in one process: each is served, and where one fails the other goes on.

use std::time::Duration;

use rapporteur::snapshot::Folders;

use crate::fake_discord::{Discord, Id, MessageSpec, TOKEN};
use crate::process::Process;
use crate::setup::harbour_copy;
use crate::synapse::{Homeserver, Member, body, is_skipped};

const SOON: Duration = Duration::from_mins(1);

/// A member on each platform, and a base of the test's own.
struct Place {
    discord: Discord,
    channel: Id,
    dora: Id,
    server: Homeserver,
    account: Member,
    anna: Member,
    base: Folders,
    files: tempfile::TempDir,
}

impl Place {
    async fn new() -> Option<Self> {
        if is_skipped() {
            return None;
        }
        let (discord, server) = (Discord::start().await, Homeserver::start().await);
        let (channel, dora) = (discord.text_channel(discord.guild("harbour"), "general"), discord.user("dora"));
        let (account, anna) = (server.member("rapporteur").await, server.member("anna").await);
        let files = tempfile::tempdir().expect("a folder");
        Some(Self { discord, channel, dora, server, account, anna, base: harbour_copy(files.path()), files })
    }

    fn start(&self, more: &[(&str, &str)]) -> Process {
        let (origin, address) = (self.discord.origin(), self.server.address());
        let own = [
            ("DISCORD_TOKEN", TOKEN),
            ("DISCORD_API_URL", &origin),
            ("MATRIX_HOMESERVER", &address),
            ("MATRIX_USER", &self.account.id),
            ("MATRIX_PASSWORD", &self.account.password),
        ];
        Process::start(&self.base, &["run"], &[&own, more].concat())
    }

    /// Asked on Discord, the bot answers with these words.
    async fn answers_on_discord(&self, question: &str, words: &str) {
        let spec = MessageSpec { content: question.to_owned(), mentions_bot: true, ..MessageSpec::default() };
        self.discord.say_with(self.channel, self.dora, &spec);
        let answer = self.discord.next_message(self.channel, SOON).await.to_string();
        assert!(answer.contains(words), "{answer}");
    }

    /// A room of Anna and the bot, once it is there.
    async fn room(&self) -> String {
        let room = self.anna.room(&[&self.account.id]).await;
        self.anna.sees_join(&room, &self.account.id, SOON).await;
        room
    }

    /// Asked on Matrix, the bot answers with these words.
    async fn answers_on_matrix(&self, room: &str, question: &str, words: &str) {
        let asked = self.anna.mention(room, &self.account.id, question).await;
        let answer = self.anna.answer(room, &asked, &self.account.id, SOON).await;
        assert!(body(&answer).contains(words), "{answer}");
    }
}

#[tokio::test]
async fn one_process_answers_on_both_and_stops_with_0() {
    let Some(place) = Place::new().await else { return };
    let mut process = place.start(&[]);
    place.discord.wait_ready(1, SOON).await;
    let room = place.room().await;
    place.answers_on_discord("when was the harbour bridge opened?", "14 March 2031").await;
    place.answers_on_matrix(&room, "when was the harbour bridge opened?", "14 March 2031").await;
    // The homeserver goes, and comes back: nobody on Discord notices.
    place.server.stop().await;
    place.answers_on_discord("who designed the bridge?", "Askeland").await;
    place.server.start_again().await;
    place.answers_on_matrix(&room, "how long is the harbour bridge?", "612 metres").await;
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    assert_eq!(place.discord.finish(), Vec::<String>::new());
    drop(place.files);
}

#[tokio::test]
async fn where_the_homeserver_refuses_the_login_discord_is_served_and_the_end_is_2() {
    let Some(place) = Place::new().await else { return };
    let mut process = place.start(&[("MATRIX_PASSWORD", "not the right one")]);
    process.says(&["MATRIX_PASSWORD", "Matrix is no longer served"], SOON).await;
    place.discord.wait_ready(1, SOON).await;
    place.answers_on_discord("when was the harbour bridge opened?", "14 March 2031").await;
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(2), "{}", process.stderr());
    assert!(!process.stderr().contains("not the right one"), "{}", process.stderr());
}

#[tokio::test]
async fn where_discord_refuses_the_token_matrix_is_served_and_the_end_is_2() {
    let Some(place) = Place::new().await else { return };
    let mut process = place.start(&[("DISCORD_TOKEN", "not.the.right-one")]);
    process.says(&["DISCORD_TOKEN", "Discord is no longer served"], SOON).await;
    let room = place.room().await;
    place.answers_on_matrix(&room, "when was the harbour bridge opened?", "14 March 2031").await;
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(2), "{}", process.stderr());
}
