//! Time between bot and homeserver: clocks that differ, absences longer than is caught up with, and sends so old that the homeserver
//! has forgotten their transactions.

use std::time::{Duration, SystemTime};

use super::SOON;
use super::scene::{DESIGNER, LENGTH, OPENED, Scene};
use crate::process::Process;
use crate::setup::{Setup, harbour_copy};
use crate::synapse::{EncryptedMember, Homeserver, Member, body, is_skipped};

const HOUR: i64 = 3600;

/// The binary, and its log, on a homeserver of the test's own.
struct Place {
    server: Homeserver,
    account: Member,
    anna: Member,
    setup: Setup,
    files: tempfile::TempDir,
}

impl Place {
    async fn new() -> Option<Self> {
        if is_skipped() {
            return None;
        }
        let (server, files) = (Homeserver::start().await, tempfile::tempdir().expect("a folder"));
        let (account, anna) = (server.member("rapporteur").await, server.member("anna").await);
        let setup = Setup { folders: harbour_copy(files.path()), ..Setup::default() };
        Some(Self { server, account, anna, setup, files })
    }

    fn start(&self) -> Process {
        let own = self.setup.environment(&self.server, &self.account);
        let environment: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Process::start(&self.setup.folders, &["run", "--member-cooldown", "off", "--channel-cooldown", "off"], &environment)
    }

    async fn room(&self) -> String {
        let room = self.anna.room(&[&self.account.id]).await;
        self.anna.sees_join(&room, &self.account.id, SOON).await;
        room
    }

    async fn ask(&self, room: &str, question: &str) -> String {
        self.anna.mention(room, &self.account.id, question).await
    }

    async fn answer(&self, room: &str, to: &str) -> String {
        body(&self.anna.answer(room, to, &self.account.id, SOON).await).to_owned()
    }

    /// The homeserver stops, and comes back with its clock so far before ours.
    async fn restart_server(&self, ahead: i64) {
        self.server.stop().await;
        self.server.set_clock(ahead);
        self.server.start_again().await;
    }

    async fn stop(&self, mut process: Process) -> String {
        process.signal("TERM");
        assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
        process.stderr()
    }
}

#[tokio::test]
async fn clocks_two_hours_apart_are_said_once_and_no_question_is_lost() {
    let Some(place) = Place::new().await else { return };
    let mut room = None;
    for ahead in [2 * HOUR, -2 * HOUR] {
        place.restart_server(ahead).await;
        let process = place.start();
        let room = match &room {
            Some(room) => room,
            None => room.insert(place.room().await),
        };
        for question in [OPENED, LENGTH] {
            let asked = place.ask(room, question).await;
            place.answer(room, &asked).await;
        }
        let log = place.stop(process).await;
        let said: Vec<&str> = log.lines().filter(|line| line.contains("clock")).collect();
        assert!(said.len() == 1 && said[0].contains("NTP"), "{log}");
        // An absence is measured by one clock, and the age of a question by the other.
        let missed = place.ask(room, DESIGNER).await;
        let process = place.start();
        place.answer(room, &missed).await;
        place.stop(process).await;
    }
    drop(place.files);
}

#[tokio::test]
async fn after_more_than_a_day_away_only_younger_questions_are_answered_and_the_others_counted() {
    let Some(place) = Place::new().await else { return };
    let process = place.start();
    let rooms = [place.room().await, place.room().await];
    let asked = place.ask(&rooms[0], OPENED).await;
    place.answer(&rooms[0], &asked).await;
    place.stop(process).await;
    let mut old = Vec::new();
    for (room, question) in [(&rooms[0], LENGTH), (&rooms[1], OPENED), (&rooms[1], DESIGNER)] {
        old.push((room, place.ask(room, question).await));
    }
    // More chatter than one timeline holds: what is missed is read page by page, as far back as the catch-up reaches.
    for _ in 0..60 {
        place.anna.say(&rooms[1], "so it goes, on and on").await;
    }
    // Thirty hours pass: for the homeserver, and for the journal.
    place.restart_server(30 * HOUR).await;
    let journal = rapporteur::journal::Journal::open(&place.setup.folders.data).expect("the journal opens");
    journal.set_heard("matrix", SystemTime::now() - Duration::from_hours(30)).expect("the journal can be written");
    drop(journal);
    let young = place.ask(&rooms[1], LENGTH).await;
    let process = place.start();
    assert!(place.answer(&rooms[1], &young).await.contains("612 metres"));
    for (room, old) in old {
        // What is asked later in the room is answered, and it is not.
        let later = place.ask(room, DESIGNER).await;
        place.answer(room, &later).await;
        assert_eq!(place.anna.try_answer(room, &old, &place.account.id, Duration::ZERO).await, None);
    }
    let log = place.stop(process).await;
    let skipped: Vec<&str> = log.lines().filter(|line| line.contains("older questions are skipped")).collect();
    assert!(skipped.len() == 1 && skipped[0].contains("MATRIX_CATCH_UP_HOURS"), "{log}");
    drop(place.files);
}

/// The journal forgets that events were answered, as if the bot had been killed between sending and noting.
pub(super) fn forget_answers(setup: &Setup) {
    let journal = rusqlite::Connection::open(setup.data.path().join("journal.sqlite3")).expect("the journal opens");
    let changed = journal.execute("UPDATE handled SET done = 0, reply = NULL, fact = NULL", []).expect("the journal can be changed");
    assert!(changed > 0, "nothing was answered");
}

#[tokio::test]
async fn a_send_in_doubt_is_not_repeated_where_the_homeserver_has_forgotten_its_transaction() {
    if is_skipped() {
        return;
    }
    let server = Homeserver::start().await;
    let scene = Scene::on(&server, Setup::default()).await;
    let carla = EncryptedMember::enter(&server, "carla").await;
    let plain = scene.room().await;
    let encrypted = carla.create_room(&[&scene.account.id], false).await;
    carla.await_member(&encrypted, &scene.account.id).await;
    scene.asked(&plain, OPENED).await;
    let secret = carla.say(&encrypted, &format!("!ask {OPENED}")).await;
    carla.answer(&encrypted, &secret, &scene.account.id, SOON).await;
    let thread = scene.anna.say(&plain, "a topic").await;
    let content = serde_json::json!({ "msgtype": "m.text", "body": format!("!ask {LENGTH}") });
    let in_thread = scene.anna.say_in_thread(&plain, &thread, content).await;
    scene.answer(&plain, &in_thread).await;
    let setup = Setup { data: scene.setup.data.clone(), ..Setup::default() };
    let scene = scene
        .away(async |_| {
            server.stop().await;
            server.forget_transactions();
            server.start_again().await;
            forget_answers(&setup);
        })
        .await;
    scene.asked(&plain, DESIGNER).await;
    let last = carla.say(&encrypted, &format!("!ask {DESIGNER}")).await;
    carla.answer(&encrypted, &last, &scene.account.id, SOON).await;
    assert_eq!(scene.said(&plain).await, 3, "each once");
    let messages = carla.plain.messages(&encrypted).await;
    let said = messages.iter().filter(|event| crate::synapse::is_said_by(event, &scene.account.id)).count();
    assert_eq!(said, 2, "each once");
    scene.end().await;
}
