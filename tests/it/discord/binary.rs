//! The binary as its operators run it: environment, log, signals, exit codes.

use std::time::Duration;

use rapporteur::snapshot::Folders;
use serde_json::Value;
use tempfile::TempDir;

use super::questions::{answered, mention};
use super::{SOON, text};
use crate::fake_discord::{Discord, Id, Rest, TOKEN};
use crate::process::Process;
use crate::setup::harbour_copy;

/// A server with a channel and a member, and a base of the test's own.
struct Place {
    discord: Discord,
    origin: String,
    channel: Id,
    anna: Id,
    base: Folders,
    files: TempDir,
}

impl Place {
    async fn new() -> Self {
        let discord = Discord::start().await;
        let guild = discord.guild("harbour");
        let channel = discord.text_channel(guild, "general");
        let (origin, anna, files) = (discord.origin(), discord.user("anna"), tempfile::tempdir().expect("a folder"));
        Self { discord, origin, channel, anna, base: harbour_copy(files.path()), files }
    }

    /// Starts the binary, with `more` in its environment, and waits until it listens.
    async fn serve(&self, args: &[&str], more: &[(&str, &str)]) -> Process {
        let process = self.start(args, more);
        self.discord.wait_ready(1, SOON * 2).await;
        process
    }

    fn start(&self, args: &[&str], more: &[(&str, &str)]) -> Process {
        let environment = [&[("DISCORD_TOKEN", TOKEN), ("DISCORD_API_URL", &self.origin)], more].concat();
        Process::start(&self.base, args, &environment)
    }

    async fn ask(&self, question: &str) -> String {
        let asked = self.discord.say_with(self.channel, self.anna, &mention(question));
        answered(&self.discord, asked, SOON).await;
        text(&self.discord.next_message(self.channel, SOON).await)
    }
}

#[tokio::test]
async fn the_binary_answers_a_mention_and_stops_at_sigterm_with_0() {
    let place = Place::new().await;
    let mut process = place.serve(&["run"], &[]).await;
    assert!(place.ask("when was the harbour bridge opened?").await.contains("14 March 2031"));
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    assert_eq!(place.discord.closes(), [Some(1000)], "the session is closed cleanly");
    let log = process.stderr();
    assert!(log.contains("listening on Discord") && !log.contains("WARN") && !log.contains("ERROR"), "nothing went wrong:\n{log}");
    assert_eq!(process.stdout(), "");
    assert_eq!(place.discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_log_that_goes_to_no_terminal_has_no_colours() {
    let place = Place::new().await;
    let process = place.serve(&["run"], &[("RAPPORTEUR_LOG", "info")]).await;
    process.says(&["listening on"], SOON).await;
    assert!(!process.stderr().contains('\u{1b}'), "{:?}", process.stderr());
}

#[tokio::test]
async fn without_a_subcommand_it_serves_where_a_token_is_set() {
    let place = Place::new().await;
    let mut process = place.serve(&[], &[]).await;
    assert!(place.ask("who designed the bridge?").await.contains("Askeland"));
    process.signal("INT");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
}

#[tokio::test]
async fn without_a_subcommand_and_a_token_it_opens_the_chat() {
    let place = Place::new().await;
    let mut process = Process::start(&place.base, &[], &[("DISCORD_TOKEN", " ")]);
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    assert!(place.discord.requests().is_empty());
}

#[tokio::test]
async fn cooldowns_are_read_from_the_environment() {
    let place = Place::new().await;
    let process = place.serve(&[], &[("RAPPORTEUR_MEMBER_COOLDOWN", "1/600s")]).await;
    place.ask("who designed the bridge?").await;
    place.discord.say_with(place.channel, place.anna, &mention("how much did the bridge cost?"));
    let notice = place.discord.next_message(place.discord.dm_channel(place.anna), SOON).await;
    assert!(text(&notice).contains("you can ask again in"), "{notice:#}");
    drop(process);
}

#[tokio::test]
async fn cooldowns_that_are_off_let_everybody_ask_at_once() {
    let place = Place::new().await;
    let process = place.serve(&[], &[("RAPPORTEUR_MEMBER_COOLDOWN", "off"), ("RAPPORTEUR_CHANNEL_COOLDOWN", "off")]).await;
    let asked: Vec<Id> =
        (0..120).map(|_| place.discord.say_with(place.channel, place.anna, &mention("who designed the bridge?"))).collect();
    for question in asked {
        answered(&place.discord, question, SOON).await;
    }
    drop(process);
}

#[tokio::test]
async fn a_wrong_token_ends_it_with_2_and_one_line_that_does_not_show_it() {
    let place = Place::new().await;
    let mut process = place.start(&["run"], &[("DISCORD_TOKEN", "not.the.token-of-this-bot")]);
    assert_eq!(process.ended(SOON).await.code(), Some(2));
    let said = process.stderr();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("DISCORD_TOKEN") && said.contains("Developer Portal") && !said.contains("not.the.token"), "{said}");
    assert!(place.discord.identifies().is_empty());
}

#[tokio::test]
async fn settings_that_cannot_be_read_end_it_with_2_and_a_line_for_each() {
    let place = Place::new().await;
    let wrong = [("DISCORD_API_URL", "localhost"), ("DISCORD_SHARDS", "3-1/4"), ("DISCORD_ANSWER_CHANNELS", "general")];
    let mut process = place.start(&["run"], &wrong);
    assert_eq!(process.ended(SOON).await.code(), Some(2));
    let said = process.stderr();
    assert_eq!(said.lines().count(), 3, "{said}");
    for (name, value) in wrong {
        assert!(said.lines().any(|line| line.contains(name) && line.contains(value)), "no {name} in {said}");
    }
    assert!(place.discord.requests().is_empty());
}

#[tokio::test]
async fn a_cooldown_that_cannot_be_read_ends_it_with_2_with_and_without_the_subcommand() {
    let place = Place::new().await;
    for args in [&["run"][..], &[]] {
        let mut process = place.start(args, &[("RAPPORTEUR_MEMBER_COOLDOWN", "often")]);
        assert_eq!(process.ended(SOON).await.code(), Some(2), "{}", process.stderr());
        assert!(process.stderr().contains("often"), "{}", process.stderr());
    }
    assert!(place.discord.requests().is_empty());
}

#[tokio::test]
async fn run_without_a_platform_ends_with_2_and_the_remedy() {
    let place = Place::new().await;
    let mut process = Process::start(&place.base, &["run"], &[]);
    assert_eq!(process.ended(SOON).await.code(), Some(2));
    let said = process.stderr();
    assert!(said.contains("no platform is configured") && said.contains("DISCORD_TOKEN"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test]
async fn a_broken_base_ends_it_with_2_before_anybody_is_contacted() {
    let place = Place::new().await;
    std::fs::write(place.base.knowledge.join("facts/bridge.toml"), "[[fact]\n").unwrap();
    let mut process = place.start(&["run"], &[]);
    assert_eq!(process.ended(SOON).await.code(), Some(2));
    assert!(process.stderr().contains("facts/bridge.toml:1:"), "{}", process.stderr());
    assert!(place.discord.requests().is_empty());
}

#[tokio::test]
async fn sighup_serves_the_files_as_they_are_now_and_says_what_changed() {
    let place = Place::new().await;
    let process = place.serve(&["run"], &[]).await;
    assert!(place.ask("how long is the harbour bridge?").await.contains("612 metres long and"));
    let path = place.base.knowledge.join("facts/bridge.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    let changed = good.replacen("The bridge is 612 metres long and", "The bridge measures 612 metres and", 1);
    std::fs::write(&path, &changed).unwrap();
    process.signal("HUP");
    process.says(&["SIGHUP", "Now serving version", "1 answered differently", "How long is the harbour bridge?"], SOON).await;
    let other = place.discord.text_channel(place.discord.guild("pier"), "general");
    let asked = place.discord.say_with(other, place.anna, &mention("how long is the harbour bridge?"));
    answered(&place.discord, asked, SOON).await;
    assert!(text(&place.discord.next_message(other, SOON).await).contains("measures 612 metres"));
    // A broken file changes nothing, and the process lives.
    std::fs::write(&path, changed.replacen("[fact.answer]", "[fact.answer", 1)).unwrap();
    process.signal("HUP");
    let line = changed.lines().position(|line| line.starts_with("[fact.answer]")).unwrap() + 1;
    process.says(&[&format!("facts/bridge.toml:{line}:"), "goes on serving"], SOON).await;
    assert!(place.ask("who designed the bridge?").await.contains("Askeland"));
    assert!(place.files.path().join("data/journal.sqlite3").exists());
}

#[tokio::test]
async fn sigterm_finishes_the_question_under_way() {
    let place = Place::new().await;
    let mut process = place.serve(&["run"], &[]).await;
    place.discord.rest_fault("POST", "/messages", 1, Rest::Slow(Duration::from_secs(2)));
    let asked = place.discord.say_with(place.channel, place.anna, &mention("who designed the bridge?"));
    place.discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with("/messages"))).await;
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    assert_eq!(super::questions::answers_to(&place.discord, asked), 1);
}

#[tokio::test]
async fn sigterm_ends_it_within_ten_seconds_though_discord_answers_nothing_any_more() {
    let place = Place::new().await;
    let mut process = place.serve(&["run"], &[]).await;
    place.discord.fault(crate::fake_discord::Fault::Silent);
    place.discord.rest_fault("", "", usize::MAX, Rest::Slow(Duration::from_mins(1)));
    process.signal("TERM");
    assert_eq!(process.ended(Duration::from_secs(14)).await.code(), Some(0), "{}", process.stderr());
}

#[tokio::test]
async fn killed_between_answer_and_note_it_does_not_answer_again() {
    let place = Place::new().await;
    let process = place.serve(&["run"], &[]).await;
    place.ask("when was the harbour bridge opened?").await;
    // Long enough for it to note that it listens.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    place.discord.rest_fault("POST", "/messages", 1, Rest::SlowAnswer(Duration::from_secs(30)));
    let asked = place.discord.say_with(place.channel, place.anna, &mention("who designed the bridge?"));
    answered(&place.discord, asked, SOON).await;
    process.signal("KILL");
    drop(process);
    let meanwhile = place.discord.say_with(place.channel, place.anna, &mention("how much did the bridge cost?"));
    // A nonce is remembered for minutes only; the journal must do without.
    place.discord.with(|state| state.messages.values_mut().for_each(|m| m.value["nonce"] = Value::Null));
    let mut process = place.start(&["run"], &[]);
    answered(&place.discord, meanwhile, SOON * 2).await;
    tokio::time::sleep(super::QUIET).await;
    assert_eq!(super::questions::answers_to(&place.discord, asked), 1);
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn a_dry_run_prints_what_would_be_registered_and_sent_and_contacts_nobody() {
    let place = Place::new().await;
    let more = [("DISCORD_ANSWER_CHANNELS", "42"), ("DISCORD_GUILD_IDS", "7,8")];
    let mut process = place.start(&["run", "--dry-run"], &more);
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    let printed = process.stdout();
    assert!(!printed.contains(TOKEN));
    let value: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
    let names: Vec<&str> = value["commands"].as_array().expect("a list").iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(names, ["ask", "topics", "sources", "help", "privacy", "kb", "Answer this"]);
    assert_eq!(value["rest"], place.origin.as_str());
    assert_eq!(value["intents"]["message_content"], true);
    assert_eq!(value["commands_registered"], serde_json::json!([7, 8]));
    assert_eq!(value["presence"], "Opening of the Port Elmsworth harbour bridge (14 March 2031)");
    let sample = &value["sample"];
    assert_eq!(sample["question"], "When was the harbour bridge opened?");
    assert!(sample["message"]["embeds"][0]["description"].as_str().is_some_and(|it| it.contains("14 March 2031")), "{sample:#}");
    assert!(place.discord.requests().is_empty() && place.discord.identifies().is_empty());
    assert!(!place.base.data.join("journal.sqlite3").exists(), "nothing is noted");
}

#[tokio::test]
async fn no_token_and_no_question_is_written_to_the_log() {
    let place = Place::new().await;
    let process = place.serve(&["run"], &[("RAPPORTEUR_LOG", "info")]).await;
    // Requests go wrong in every way that is worth a line.
    for rest in [Rest::Status(500), Rest::LostAnswer, Rest::RateLimited { retry_after: 0.2, global: false }, Rest::LostRequest] {
        place.discord.rest_fault("POST", "/callback", 1, rest.clone());
        place.discord.rest_fault("POST", "/messages", 1, rest);
    }
    let asked = place.discord.say_with(place.channel, place.anna, &mention("who designed the zebra-striped bridge?"));
    answered(&place.discord, asked, SOON * 2).await;
    let options = serde_json::json!([{ "name": "question", "type": 3, "value": "what did the zebra-striped bridge cost?" }]);
    let slash = place.discord.slash(place.channel, place.anna, "ask", options);
    place.discord.wait_response(slash, SOON).await;
    let direct = place.discord.say(place.discord.dm_channel(place.anna), place.anna, "how long is the zebra-striped bridge?");
    answered(&place.discord, direct, SOON).await;
    place.discord.fault(crate::fake_discord::Fault::Drop);
    place.discord.wait_until(SOON, |state| !state.resumes.is_empty()).await;
    process.signal("TERM");
    process.says(&["stopping"], SOON).await;
    let (log, interaction) = (process.stderr(), place.discord.with(|state| state.interactions[&slash].token.clone()));
    assert!(log.contains("listening on Discord") && log.contains("trying again"), "the log says something:\n{log}");
    for (secret, what) in
        [(TOKEN, "the token"), ("zebra", "a question"), ("anna", "a name"), (interaction.as_str(), "an interaction's token")]
    {
        let lines: Vec<&str> = log.lines().filter(|line| line.to_lowercase().contains(&secret.to_lowercase())).collect();
        assert!(lines.is_empty(), "{what} is in the log:\n{}", lines.join("\n"));
    }
    let _ = place.discord.take_violations();
}
