//! A bot at work, as operators see it: shards, the daily limit of sessions, presence, stopping.

use std::time::Duration;

use serde_json::{Value, json};

use super::operators::{at_work, registrations, world};
use super::questions::{QUESTIONS, Stream, answered, answers_to, mention};
use super::trace::Log;
use super::{QUIET, SOON};
use crate::fake_discord::{Discord, Id, Rest, State};
use crate::setup::Setup;

#[tokio::test]
async fn two_programs_share_the_shards_and_each_question_is_answered_by_one() {
    let discord = Discord::start().await;
    discord.set_start(2, 1000);
    let (guilds, anna) = (["harbour", "pier", "quay", "dock"].map(|name| discord.guild(name)), discord.user("anna"));
    let channels = guilds.map(|guild| discord.text_channel(guild, "general"));
    let shards: std::collections::BTreeSet<u64> = guilds.iter().map(|guild| (guild >> 22) % 2).collect();
    assert_eq!(shards.len(), 2, "the guilds fall on both shards");
    let bots = ["0-0/2", "1-1/2"].map(|range| Setup::default().with("DISCORD_SHARDS", range).start_unready(&discord));
    discord.wait_ready(2, SOON * 2).await;
    let mut asked_for: Vec<Value> = discord.identifies().iter().map(|identify| identify.data["shard"].clone()).collect();
    asked_for.sort_by_key(ToString::to_string);
    assert_eq!(asked_for, [json!([0, 2]), json!([1, 2])]);
    let mut asked: Vec<Id> = channels.iter().map(|channel| discord.say_with(*channel, anna, &mention(QUESTIONS[0]))).collect();
    asked.push(discord.say(discord.dm_channel(anna), anna, QUESTIONS[1]));
    for question in &asked {
        answered(&discord, *question, SOON).await;
    }
    tokio::time::sleep(QUIET).await;
    assert!(asked.iter().all(|question| answers_to(&discord, *question) == 1), "none is answered twice");
    assert_eq!(registrations(&discord), 1, "only the first shard registers commands");
    for bot in bots {
        bot.stop().await.expect("it stops");
    }
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_range_as_many_shards_are_run_as_discord_recommends() {
    let discord = Discord::start().await;
    discord.set_start(2, 1000);
    discord.set_limits(true);
    let (guilds, anna) = (["harbour", "pier"].map(|name| discord.guild(name)), discord.user("anna"));
    let channels = guilds.map(|guild| discord.text_channel(guild, "general"));
    let bot = Setup::default().start_unready(&discord);
    discord.wait_ready(2, SOON * 3).await;
    for channel in channels {
        at_work(&discord, channel, anna).await;
    }
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_used_up_session_limit_is_said_and_waited_out_without_identifying() {
    let (log, _listening) = Log::listen();
    let discord = Discord::start().await;
    world(&discord);
    discord.set_start(1, 0);
    let bot = Setup::default().start_unready(&discord);
    log.wait(&["ERROR", "daily limit"], SOON).await;
    tokio::time::sleep(QUIET).await;
    assert!(discord.identifies().is_empty());
    bot.stop().await.expect("it stops all the same");
}

#[tokio::test]
async fn the_presence_shows_the_name_of_the_knowledge_base() {
    let discord = Discord::start().await;
    world(&discord);
    let bot = Setup::default().start(&discord).await;
    let presence = discord.identifies()[0].data["presence"].clone();
    let activity = &presence["activities"][0];
    assert_eq!(activity["type"], 4, "{presence:#}");
    assert!(activity["state"].as_str().is_some_and(|name| name.contains("Port Elmsworth harbour bridge")), "{presence:#}");
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn stopping_finishes_the_questions_under_way_takes_no_more_and_closes_the_session() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", 6, Rest::Slow(Duration::from_secs(2)));
    stream.ask(6);
    let sent = |state: &State| state.requests.iter().filter(|r| r.method == "POST" && r.path.ends_with("/messages")).count();
    discord.wait_until(SOON, |state| sent(state) == 6).await;
    let stopping = tokio::spawn(bot.stop());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let late = discord.say_with(stream.channels[0], stream.anna, &mention(QUESTIONS[5]));
    stopping.await.expect("it does not panic").expect("it stops");
    stream.assert_each_answered_once(QUIET).await;
    assert_eq!(answers_to(&discord, late), 0);
    assert_eq!(discord.closes(), [Some(1000)], "the session is closed cleanly");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_question_that_came_while_the_bot_stopped_is_answered_after_the_next_start() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let setup = Setup::default();
    let bot = setup.start(&discord).await;
    at_work(&discord, discord.text_channel(stream.guild, "aside"), stream.anna).await;
    // Long enough for the bot to note that it listens.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    discord.rest_fault("POST", "/messages", 1, Rest::Slow(Duration::from_secs(2)));
    stream.ask(1);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = tokio::spawn(bot.stop());
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream.ask(3);
    stopping.await.expect("it does not panic").expect("it stops");
    stream.ask(2);
    let bot = setup.start(&discord).await;
    let all = |state: &State| stream.channels.iter().map(|channel| state.bot_messages(*channel).len()).sum::<usize>();
    discord.wait_until(SOON, |state| all(state) >= 6).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(discord.with(|state| all(state)), 6);
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn the_bot_stops_within_ten_seconds_though_discord_does_not_answer() {
    for path in ["/users/@me", "/gateway"] {
        let discord = Discord::start().await;
        world(&discord);
        discord.rest_fault("GET", path, usize::MAX, Rest::Slow(Duration::from_mins(1)));
        let bot = Setup::default().start_unready(&discord);
        discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with(path))).await;
        let began = std::time::Instant::now();
        bot.stop().await.expect("it stops");
        assert!(began.elapsed() < Duration::from_secs(13), "{path}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn questions_that_take_too_long_do_not_keep_the_bot_from_stopping() {
    let discord = Discord::start().await;
    let (_, channel, anna) = world(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", usize::MAX, Rest::Slow(Duration::from_mins(1)));
    discord.say_with(channel, anna, &mention(QUESTIONS[0]));
    discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with("/messages"))).await;
    let began = std::time::Instant::now();
    bot.stop().await.expect("it stops");
    assert!(began.elapsed() < Duration::from_secs(14), "{:?}", began.elapsed());
    assert_eq!(discord.closes(), [Some(1000)]);
}
