//! Moderators look after the knowledge base: status, check, reload; others may not.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::questions::{Stream, answered, kb, mention};
use super::{Bot, SOON, text};
use crate::fake_discord::{Discord, EPHEMERAL, Id, USUAL};
use crate::setup::{Setup, harbour_copy};

const MANAGE_SERVER: u64 = 1 << 5;

/// A server with a channel, a member and a moderator, and a bot that serves a base which can be changed.
struct Desk {
    discord: Discord,
    channel: Id,
    anna: Id,
    mona: Id,
    setup: Setup,
    files: TempDir,
    bot: Bot,
}

impl Desk {
    async fn open() -> Self {
        Self::open_with(Setup::default()).await
    }

    async fn open_with(setup: Setup) -> Self {
        let discord = Discord::start().await;
        let guild = discord.guild("harbour");
        let channel = discord.text_channel(guild, "general");
        let (anna, mona) = (discord.user("anna"), discord.user("mona"));
        discord.set_permissions(mona, USUAL | MANAGE_SERVER);
        let files = tempfile::tempdir().expect("a folder");
        let setup = Setup { folders: harbour_copy(files.path()), ..setup };
        let bot = setup.start(&discord).await;
        Self { discord, channel, anna, mona, setup, files, bot }
    }

    /// Uses `/kb`, and waits for what comes of it.
    async fn kb(&self, user: Id, what: &str) -> Value {
        self.discord.wait_response(kb(&self.discord, self.channel, user, what), SOON).await
    }

    /// Asks, and waits for the answer's text.
    async fn ask(&self, question: &str) -> String {
        self.discord.say_with(self.channel, self.anna, &mention(question));
        text(&self.discord.next_message(self.channel, SOON).await)
    }

    /// Replaces a piece of a file of the base, which must hold it.
    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.files.path().join(file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("the file can be written");
    }

    fn noted(&self) -> Vec<(String, String, String)> {
        noted(self.setup.data.path())
    }

    /// Stops the bot; it has done nothing Discord would refuse.
    async fn close(self) {
        self.bot.stop().await.expect("it stops");
        assert_eq!(self.discord.finish(), Vec::<String>::new());
    }
}

/// What the journal has of moderators: who, which command, what came of it.
fn noted(data: &Path) -> Vec<(String, String, String)> {
    let journal = rusqlite::Connection::open(data.join("journal.sqlite3")).expect("the journal opens");
    let mut select = journal.prepare("SELECT author, command, outcome FROM moderation WHERE platform = 'discord' ORDER BY id").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn is_private(response: &Value) -> bool {
    response["message"]["flags"].as_u64().is_some_and(|flags| flags & EPHEMERAL != 0)
}

fn said(response: &Value) -> String {
    text(&response["message"])
}

#[tokio::test]
async fn status_tells_a_moderator_privately_what_is_served() {
    let desk = Desk::open().await;
    let response = desk.kb(desk.mona, "status").await;
    let said = said(&response);
    assert!(is_private(&response), "{response:#}");
    let version = desk.bot.responder.store().current().snapshot.version.clone();
    for part in ["Opening of the Port Elmsworth harbour bridge", &version, "sources", "facts", "unanswered"] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    desk.close().await;
}

#[tokio::test]
async fn status_counts_the_feedback_members_gave() {
    let desk = Desk::open().await;
    desk.discord.say_with(desk.channel, desk.anna, &mention("who designed the bridge?"));
    let answer = desk.discord.next_message(desk.channel, SOON).await;
    let buttons = Discord::custom_ids(&answer);
    for (user, helpful) in [(desk.anna, true), (desk.mona, false)] {
        let id = rate_button(&answer, helpful).unwrap_or_else(|| panic!("no button in {buttons:?}"));
        let pressed = desk.discord.press(answer["id"].as_str().unwrap().parse().unwrap(), user, &id);
        desk.discord.wait_response(pressed, SOON).await;
    }
    let said = said(&desk.kb(desk.mona, "status").await);
    assert!(said.contains("helpful 1, not helpful 1"), "{said}");
    desk.close().await;
}

/// The custom id of the first button that says helpful, or of the one after it that says not.
fn rate_button(message: &Value, helpful: bool) -> Option<String> {
    let rows = message["components"].as_array()?.iter();
    let buttons: Vec<&Value> = rows.flat_map(|row| row["components"].as_array().into_iter().flatten()).collect();
    let label = |button: &Value| button["label"].as_str().unwrap_or_default().to_lowercase();
    let fits = |button: &&&Value| label(button).contains("help") && label(button).contains("not") != helpful;
    buttons.iter().find(fits).and_then(|button| button["custom_id"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_member_with_manage_server_checks_files_before_they_are_served() {
    let desk = Desk::open().await;
    desk.change("knowledge/facts/bridge.toml", "The bridge is 612 metres long and carries", "The bridge measures 612 metres and carries");
    let checked = desk.kb(desk.mona, "check").await;
    assert!(is_private(&checked) && said(&checked).contains("The files are in order"), "{checked:#}");
    let answer = desk.ask("how long is the harbour bridge?").await;
    assert!(answer.contains("612 metres long and"), "checking serves nothing: {answer}");
    desk.change("knowledge/facts/bridge.toml", "[fact.aliases]", "[fact.aliases");
    let checked = said(&desk.kb(desk.mona, "check").await);
    assert!(checked.contains("error") && checked.contains("facts/bridge.toml:"), "{checked}");
    desk.close().await;
}

#[tokio::test]
async fn a_member_of_a_named_role_may_reload_without_manage_server() {
    let role: Id = 777_000_000_000_000_001;
    let desk = Desk::open_with(Setup::default().with("DISCORD_MODERATOR_ROLES", format!("1, {role}"))).await;
    desk.discord.set_roles(desk.anna, &[role]);
    let response = desk.kb(desk.anna, "reload").await;
    assert!(is_private(&response) && said(&response).contains("Nothing has changed"), "{response:#}");
    let [(author, command, _)] = desk.noted().try_into().expect("one thing was done");
    assert_eq!((author, command.as_str()), (desk.anna.to_string(), "reload"));
    desk.close().await;
}

#[tokio::test]
async fn a_member_who_is_no_moderator_is_refused_privately_and_the_attempt_is_noted() {
    let desk = Desk::open_with(Setup::default().with("DISCORD_MODERATOR_ROLES", "5")).await;
    desk.discord.set_roles(desk.anna, &[6]);
    desk.change("knowledge/facts/bridge.toml", "The bridge is 612 metres long and carries", "The bridge measures 612 metres and carries");
    for what in ["status", "check", "reload"] {
        let response = desk.kb(desk.anna, what).await;
        assert!(is_private(&response), "{response:#}");
        assert_eq!(said(&response).trim_matches('*'), "Only moderators may do this.", "{what}");
    }
    let anna = desk.anna.to_string();
    let expected = ["status", "check", "reload"].map(|what| (anna.clone(), what.to_owned(), "refused".to_owned()));
    assert_eq!(desk.noted(), expected);
    let answer = desk.ask("how long is the harbour bridge?").await;
    assert!(answer.contains("612 metres long and"), "nothing was reloaded: {answer}");
    desk.close().await;
}

#[tokio::test]
async fn nobody_is_a_moderator_in_a_private_conversation() {
    let desk = Desk::open().await;
    let response = desk.discord.wait_response(kb(&desk.discord, desk.discord.dm_channel(desk.mona), desk.mona, "reload"), SOON).await;
    assert_eq!(said(&response).trim_matches('*'), "Only moderators may do this.");
    desk.close().await;
}

#[tokio::test]
async fn a_reload_names_what_changed_and_serves_it() {
    let desk = Desk::open().await;
    let before = desk.ask("how long is the harbour bridge?").await;
    assert!(before.contains("612 metres long and"), "{before}");
    desk.change("knowledge/facts/bridge.toml", "The bridge is 612 metres long and carries", "The bridge measures 612 metres and carries");
    let (from, ferry) = (
        "[[fact]]\nid = \"ferry-crew\"",
        "[[fact]]\nid = \"bridge-photo\"\n\n[fact.aliases]\nen = [\n  \"Where do the pictures come from?\",\n]\n\n[fact.answer]\nen = \"The pictures come from the archive of the Beacon.\"\n\n[[fact.citations]]\nsource = \"council-notes\"\nquote = \"Bridge opening: what to expect\"\n\n[[fact]]\nid = \"ferry-crew\"",
    );
    desk.change("knowledge/facts/crossing.toml", from, ferry);
    let old = desk.bot.responder.store().current().snapshot.version.clone();
    let response = desk.kb(desk.mona, "reload").await;
    let new = desk.bot.responder.store().current().snapshot.version.clone();
    assert_ne!(old, new);
    let said = said(&response);
    for part in [
        &old,
        &new,
        "New facts: bridge-photo",
        "removed: none",
        "1 answered differently",
        "How long is the harbour bridge?: bridge-size → bridge-size",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(is_private(&response), "{response:#}");
    let [(author, command, outcome)] = desk.noted().try_into().expect("one thing was done");
    assert_eq!((author, command, outcome), (desk.mona.to_string(), "reload".to_owned(), format!("{old} -> {new}")));
    // In another channel, where no earlier answer could be linked to.
    let guild = desk.discord.guild("pier");
    let channel = desk.discord.text_channel(guild, "news");
    desk.discord.say_with(channel, desk.anna, &mention("how long is the harbour bridge?"));
    let after = text(&desk.discord.next_message(channel, SOON).await);
    assert!(after.contains("measures 612 metres"), "{after}");
    desk.discord.say_with(channel, desk.anna, &mention("where do the pictures come from?"));
    let added = text(&desk.discord.next_message(channel, SOON).await);
    assert!(added.contains("archive of the Beacon"), "{added}");
    desk.close().await;
}

#[tokio::test]
async fn an_answer_that_a_reload_changed_is_not_replaced_by_a_link_to_the_old_one() {
    let desk = Desk::open().await;
    assert!(desk.ask("how long is the harbour bridge?").await.contains("612 metres long and"));
    desk.change("knowledge/facts/bridge.toml", "The bridge is 612 metres long and carries", "The bridge measures 612 metres and carries");
    desk.kb(desk.mona, "reload").await;
    let after = desk.ask("how long is the harbour bridge?").await;
    assert!(after.contains("measures 612 metres"), "the corrected answer is what is asked for: {after}");
    desk.close().await;
}

#[tokio::test]
async fn a_broken_file_leaves_the_old_base_serving_and_is_named_with_line_and_column() {
    let desk = Desk::open().await;
    let old = desk.bot.responder.store().current().snapshot.version.clone();
    let path = desk.files.path().join("knowledge/facts/bridge.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    // No TOML.
    let line = good.lines().position(|line| line.starts_with("[fact.answer]")).unwrap() + 1;
    std::fs::write(&path, good.replacen("[fact.answer]", "[fact.answer", 1)).unwrap();
    let response = desk.kb(desk.mona, "reload").await;
    let refused = said(&response);
    assert!(is_private(&response) && refused.contains(&old) && refused.contains("goes on serving"), "{response:#}");
    assert!(unescaped(&refused).contains(&format!("facts/bridge.toml:{line}:")), "{line} is not named: {refused}");
    // A quote that is not in its source.
    let broken = good.replacen("quote = \"Some four thousand", "quote = \"Some nine thousand", 1);
    let line = broken.lines().position(|line| line.contains("Some nine thousand")).unwrap() + 1;
    std::fs::write(&path, broken).unwrap();
    let refused = unescaped(&said(&desk.kb(desk.mona, "reload").await));
    let place = refused.split_once(&format!("facts/bridge.toml:{line}:")).unwrap_or_else(|| panic!("{line} is not named: {refused}")).1;
    assert!(place.starts_with(|c: char| c.is_ascii_digit()), "no column: {refused}");
    assert!(desk.noted().iter().all(|(_, command, outcome)| command == "reload" && outcome.starts_with("refused")), "{:?}", desk.noted());
    // The old base answers, and is served until the file is in order again.
    assert!(desk.ask("how many people attended the opening?").await.contains("four thousand"));
    assert_eq!(desk.bot.responder.store().current().snapshot.version, old);
    std::fs::write(&path, good).unwrap();
    assert!(said(&desk.kb(desk.mona, "reload").await).contains("Nothing has changed"));
    desk.close().await;
}

/// The text as a reader sees it.
fn unescaped(text: &str) -> String {
    text.replace('\\', "")
}

#[tokio::test]
async fn a_reload_in_the_language_of_the_moderator() {
    let desk = Desk::open().await;
    desk.discord.set_locale(desk.mona, "fr");
    let french = said(&desk.kb(desk.mona, "reload").await);
    assert!(!french.contains("Nothing has changed") && !french.is_empty(), "{french}");
    desk.close().await;
}

#[tokio::test]
async fn a_reload_is_acknowledged_before_it_is_done() {
    let desk = Desk::open().await;
    let used = kb(&desk.discord, desk.channel, desk.mona, "reload");
    let response = desk.discord.wait_response(used, SOON).await;
    assert_eq!((response["type"].as_u64(), response["edits"].as_u64()), (Some(5), Some(1)), "{response:#}");
    assert_eq!(response["data"]["flags"].as_u64(), Some(EPHEMERAL), "a deferral sets whether the reply is private");
    let requests = desk.discord.requests();
    let at = |part: &str| requests.iter().find(|r| r.path.contains(part)).unwrap_or_else(|| panic!("no {part}")).at;
    assert!(at("/callback") <= at("/messages/@original"));
    desk.close().await;
}

#[tokio::test]
async fn reloading_while_questions_stream_in_loses_none() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let mona = discord.user("mona");
    discord.set_permissions(mona, USUAL | MANAGE_SERVER);
    let files = tempfile::tempdir().expect("a folder");
    let setup = Setup { folders: harbour_copy(files.path()), ..Setup::default() };
    let bot = setup.start(&discord).await;
    let path = files.path().join("knowledge/facts/bridge.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    let mut reloads = Vec::new();
    for round in 0..6 {
        // Changed, broken, and as it was.
        let now = match round % 3 {
            0 => good.replacen("The bridge is 612 metres long", "The bridge measures 612 metres", 1),
            1 => good.replacen("[fact.answer]", "[fact.answer", 1),
            _ => good.clone(),
        };
        std::fs::write(&path, now).unwrap();
        reloads.push(kb(&discord, stream.channels[0], mona, "reload"));
        stream.trickle(15, Duration::from_millis(10)).await;
        discord.wait_response(*reloads.last().unwrap(), SOON).await;
    }
    stream.assert_each_answered_once(SOON).await;
    for reload in reloads {
        let response = discord.response(reload).expect("it was answered");
        assert_eq!((response["edits"].as_u64(), response["followups"].clone()), (Some(1), json!([])), "{response:#}");
    }
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn two_moderators_who_reload_at_once_are_both_told() {
    let desk = Desk::open().await;
    desk.change("knowledge/facts/bridge.toml", "The bridge is 612 metres long and carries", "The bridge measures 612 metres and carries");
    let used = [desk.mona, desk.mona].map(|user| kb(&desk.discord, desk.channel, user, "reload"));
    let mut told = Vec::new();
    for id in used {
        told.push(said(&desk.discord.wait_response(id, SOON).await));
    }
    assert_eq!(told.iter().filter(|said| said.contains("Now serving")).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|said| said.contains("Nothing has changed")).count(), 1, "{told:?}");
    desk.close().await;
}

#[tokio::test]
async fn a_question_after_a_reload_is_answered_though_its_embed_was_of_the_old_base() {
    let desk = Desk::open().await;
    let asked = desk.discord.say_with(desk.channel, desk.anna, &mention("who designed the bridge?"));
    answered(&desk.discord, asked, SOON).await;
    let answer = desk.discord.next_message(desk.channel, SOON).await;
    desk.change("knowledge/facts/bridge.toml", "The bridge is 612 metres long and carries", "The bridge measures 612 metres and carries");
    desk.kb(desk.mona, "reload").await;
    let message: Id = answer["id"].as_str().unwrap().parse().unwrap();
    for id in Discord::custom_ids(&answer).into_iter().filter(|id| !id.is_empty()) {
        let pressed = desk.discord.press(message, desk.anna, &id);
        let response = desk.discord.wait_response(pressed, SOON).await;
        assert!(response["type"].is_u64(), "{id} goes on working: {response:#}");
    }
    desk.close().await;
}
