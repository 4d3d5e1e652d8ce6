//! The binary as its operators run it: killed, signalled, started with wrong settings.

use std::time::Duration;

use super::SOON;
use super::questions::Stream;
use super::scene::{LENGTH, OPENED};
use crate::process::Process;
use crate::setup::{Setup, harbour_copy};
use crate::support::command;
use crate::synapse::{Homeserver, Member, body, is_skipped};

/// A homeserver with a member, and a base of the test's own.
struct Place {
    server: &'static Homeserver,
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
        let (server, files) = (Homeserver::shared().await, tempfile::tempdir().expect("a folder"));
        let setup = Setup { folders: harbour_copy(files.path()), ..Setup::default() };
        Some(Self { server, account: server.member("rapporteur").await, anna: server.member("anna").await, setup, files })
    }

    /// Starts the binary, with `more` in its environment.
    fn start(&self, args: &[&str], more: &[(&str, &str)]) -> Process {
        let own = self.setup.environment(self.server, &self.account);
        let free = [("RAPPORTEUR_MEMBER_COOLDOWN", "off"), ("RAPPORTEUR_CHANNEL_COOLDOWN", "off")];
        let environment: Vec<(&str, &str)> =
            own.iter().map(|(name, value)| (*name, value.as_str())).chain(free).chain(more.iter().copied()).collect();
        Process::start(&self.setup.folders, args, &environment)
    }

    /// A room of Anna and the bot, which must be at work.
    async fn room(&self) -> String {
        let room = self.anna.room(&[&self.account.id]).await;
        self.anna.sees_join(&room, &self.account.id, SOON).await;
        room
    }
}

#[tokio::test]
async fn killed_at_any_point_it_answers_every_question_once() {
    let Some(place) = Place::new().await else { return };
    let mut process = place.start(&["run"], &[]);
    let mut rooms = Vec::new();
    for _ in 0..3 {
        rooms.push(place.room().await);
    }
    let mut stream = Stream::new(&place.anna, &place.account, &rooms);
    for pause in [5, 30, 80, 150, 250, 400, 700, 1200, 2500, 4000] {
        stream.ask(3).await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        process.signal("KILL");
        process.ended(SOON).await;
        stream.ask(1).await;
        process = place.start(&["run"], &[]);
        // Every other time it is killed while it starts.
        if pause % 100 == 0 {
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
    }
    stream.assert_each_answered_once(SOON * 2).await;
    stream.assert_answered_in_order().await;
    assert_eq!(place.account.devices().await.len(), 2);
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
}

#[tokio::test]
async fn the_binary_answers_and_stops_at_sigterm_with_0() {
    let Some(place) = Place::new().await else { return };
    let mut process = place.start(&[], &[]);
    let room = place.room().await;
    let asked = place.anna.mention(&room, &place.account.id, OPENED).await;
    assert!(body(&place.anna.answer(&room, &asked, &place.account.id, SOON).await).contains("14 March 2031"));
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    let log = process.stderr();
    assert!(log.contains("listening on Matrix") && !log.contains("WARN") && !log.contains("ERROR"), "nothing went wrong:\n{log}");
    assert_eq!(process.stdout(), "");
}

#[tokio::test]
async fn a_wrong_password_ends_it_with_2_and_one_line_that_does_not_show_it() {
    let Some(place) = Place::new().await else { return };
    let mut process = place.start(&["run"], &[("MATRIX_PASSWORD", "not the right one")]);
    assert_eq!(process.ended(SOON).await.code(), Some(2), "{}", process.stderr());
    let said = process.stderr();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("MATRIX_PASSWORD") && !said.contains("not the right one"), "{said}");
}

#[tokio::test]
async fn an_unreachable_homeserver_is_named_and_waited_for() {
    let Some(place) = Place::new().await else { return };
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let address = format!("http://{nobody}");
    let process = place.start(&["run"], &[("MATRIX_HOMESERVER", &address)]);
    process.says(&[&address], SOON).await;
    assert!(!process.stderr().contains(&place.account.password), "{}", process.stderr());
    process.signal("TERM");
    let mut process = process;
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
}

#[tokio::test]
async fn settings_that_cannot_be_read_end_it_with_2_and_a_line_for_each() {
    let Some(place) = Place::new().await else { return };
    let wrong = [("MATRIX_ANSWER_ROOMS", "general"), ("MATRIX_PREFIX", "ask"), ("MATRIX_INVITES", "@anna")];
    let mut process = place.start(&["run"], &wrong);
    assert_eq!(process.ended(SOON).await.code(), Some(2), "{}", process.stderr());
    let said = process.stderr();
    assert_eq!(said.lines().count(), wrong.len(), "{said}");
    for (name, value) in wrong {
        assert!(said.lines().any(|line| line.contains(name) && line.contains(value)), "no {name} in {said}");
    }
}

#[tokio::test]
async fn status_says_who_is_logged_in_and_where() {
    let Some(place) = Place::new().await else { return };
    let mut process = place.start(&["run"], &[]);
    let room = place.room().await;
    let asked = place.anna.mention(&room, &place.account.id, LENGTH).await;
    place.anna.answer(&room, &asked, &place.account.id, SOON).await;
    process.signal("TERM");
    process.ended(SOON).await;
    let mut status = command(&["matrix", "status"]);
    let folders = &place.setup.folders;
    status.env("RAPPORTEUR_SEEDS", &folders.seeds).env("RAPPORTEUR_KNOWLEDGE", &folders.knowledge).env("RAPPORTEUR_DATA", &folders.data);
    status.envs(place.setup.environment(place.server, &place.account));
    let run = tokio::task::spawn_blocking(move || crate::support::run(status, "")).await.expect("it runs");
    assert_eq!(run.status, 0, "{run:?}");
    let own: Vec<String> = place.account.devices().await.into_iter().filter(|id| *id != place.account.device).collect();
    for words in [&place.account.id, &own[0], &room] {
        assert!(run.stdout.contains(words.as_str()), "no {words} in {run:?}");
    }
    assert!(!run.stdout.contains(&place.account.password), "{run:?}");
    drop(place.files);
}
