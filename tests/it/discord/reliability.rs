//! What can go wrong on the gateway, against a stream of questions: each is answered exactly once.

use std::time::Duration;

use serde_json::json;

use super::SOON;
use super::questions::{QUESTIONS, Stream, answered, mention};
use super::trace::Log;
use crate::fake_discord::{Discord, Fault};
use crate::setup::Setup;

/// Long enough for the watchdog to notice, and for a new session after a wait.
const RECOVERY: Duration = Duration::from_secs(90);

/// When a fault ends.
#[derive(Clone, Copy)]
enum Over {
    /// At once.
    Once,
    /// After so long.
    After(Duration),
}

/// Asks before, during and after a fault, and compares what was answered with what was asked.
async fn every_question_survives(fault: Fault, heartbeat_ms: Option<u64>, over: Over) {
    let discord = Discord::start().await;
    if let Some(interval) = heartbeat_ms {
        discord.set_heartbeat_interval(interval);
    }
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    stream.ask(6);
    let direct = discord.dm_channel(stream.anna);
    let first = discord.say(direct, stream.anna, QUESTIONS[0]);
    stream.also(first);
    stream.assert_each_answered_once(SOON).await;
    // Some are under way when it happens, and some come when nobody listens.
    stream.ask(3);
    discord.fault(fault.clone());
    stream.ask(3);
    stream.also(discord.say(direct, stream.anna, QUESTIONS[1]));
    if let Over::After(time) = over {
        stream.trickle(6, time / 6).await;
        discord.heal();
    }
    stream.trickle(6, Duration::from_millis(200)).await;
    stream.assert_each_answered_once(RECOVERY).await;
    // Life goes on.
    stream.ask(6);
    stream.also(discord.say(direct, stream.anna, QUESTIONS[2]));
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_dropped_connection_loses_and_doubles_no_question() {
    every_question_survives(Fault::Drop, None, Over::Once).await;
}

#[tokio::test]
async fn close_4000_loses_and_doubles_no_question() {
    every_question_survives(Fault::Close(4000), None, Over::Once).await;
}

#[tokio::test]
async fn close_1000_loses_and_doubles_no_question() {
    every_question_survives(Fault::Close(1000), None, Over::Once).await;
}

#[tokio::test]
async fn close_4007_and_4009_lose_and_double_no_question() {
    every_question_survives(Fault::Close(4007), None, Over::Once).await;
    every_question_survives(Fault::Close(4009), None, Over::Once).await;
}

#[tokio::test]
async fn close_4010_loses_and_doubles_no_question() {
    every_question_survives(Fault::Close(4010), None, Over::Once).await;
}

#[tokio::test]
async fn close_4011_loses_and_doubles_no_question() {
    every_question_survives(Fault::Close(4011), None, Over::Once).await;
}

#[tokio::test]
async fn a_close_without_a_code_loses_and_doubles_no_question() {
    every_question_survives(Fault::CloseWithoutCode, None, Over::Once).await;
}

#[tokio::test]
async fn a_request_to_reconnect_loses_and_doubles_no_question() {
    every_question_survives(Fault::Reconnect, None, Over::Once).await;
}

#[tokio::test]
async fn an_invalid_session_that_can_be_resumed_loses_and_doubles_no_question() {
    every_question_survives(Fault::InvalidSession(true), None, Over::Once).await;
}

#[tokio::test]
async fn an_invalid_session_that_cannot_be_resumed_loses_and_doubles_no_question() {
    every_question_survives(Fault::InvalidSession(false), None, Over::Once).await;
}

#[tokio::test]
async fn heartbeats_that_go_unacknowledged_lose_and_double_no_question() {
    every_question_survives(Fault::StopAcks, Some(1500), Over::After(Duration::from_secs(6))).await;
}

#[tokio::test]
async fn a_gateway_that_falls_silent_loses_and_doubles_no_question() {
    every_question_survives(Fault::Silent, Some(1500), Over::After(Duration::from_secs(6))).await;
}

#[tokio::test]
async fn a_half_open_connection_loses_and_doubles_no_question() {
    every_question_survives(Fault::HalfOpen, Some(1500), Over::After(Duration::from_secs(6))).await;
}

#[tokio::test]
async fn a_refused_resume_loses_and_doubles_no_question() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    stream.ask(6);
    discord.fault(Fault::RefuseResume(1));
    discord.fault(Fault::Drop);
    stream.ask(6);
    discord.wait_until(SOON, |state| !state.resumes.is_empty()).await;
    stream.ask(6);
    discord.wait_until(RECOVERY, |state| state.identifies.len() >= 2).await;
    stream.ask(6);
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn one_fault_after_the_other_loses_and_doubles_no_question() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    for fault in
        [Fault::Drop, Fault::Reconnect, Fault::Drop, Fault::Close(4000), Fault::InvalidSession(false), Fault::Drop, Fault::Close(4009)]
    {
        stream.ask(3);
        discord.fault(fault);
        stream.trickle(3, Duration::from_millis(50)).await;
    }
    stream.trickle(6, Duration::from_secs(1)).await;
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn questions_in_answer_channels_and_forums_survive_a_lost_session() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let forum = discord.forum_channel(stream.guild, "help");
    let quay = stream.channels[2];
    let bot = Setup::default().with("DISCORD_ANSWER_CHANNELS", format!("{quay},{forum}")).start(&discord).await;
    stream.also(discord.say(quay, stream.anna, "Who designed the bridge?"));
    stream.also(discord.forum_post(forum, stream.anna, "Length", "How long is the harbour bridge?"));
    stream.assert_each_answered_once(SOON).await;
    discord.fault(Fault::InvalidSession(false));
    stream.also(discord.say(quay, stream.anna, "How much did the bridge cost?"));
    stream.also(discord.forum_post(forum, stream.anna, "Cost", "How much did the bridge cost?"));
    discord.say(quay, stream.anna, "see you tomorrow");
    let thread = discord.thread(discord.say(stream.channels[0], stream.anna, "let us talk"), stream.anna, "talk");
    stream.also(discord.say_with(thread, stream.anna, &mention(QUESTIONS[0])));
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn interactions_of_a_lost_connection_are_answered_after_a_resume_and_only_once() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    let mut asked = Vec::new();
    for round in 0..4 {
        if round % 2 == 1 {
            discord.fault(Fault::Drop);
        }
        for question in &QUESTIONS[..3] {
            let options = json!([{ "name": "question", "type": 3, "value": question }, { "name": "private", "type": 5, "value": true }]);
            asked.push(discord.slash(stream.channels[0], stream.anna, "ask", options));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    for interaction in asked {
        assert_eq!(discord.wait_response(interaction, SOON).await["type"], 4);
    }
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_shard_that_lost_its_session_is_caught_up_with_though_another_one_hears_on() {
    let discord = Discord::start().await;
    discord.set_start(2, 1000);
    let guilds = ["harbour", "pier", "quay", "dock"].map(|name| discord.guild(name));
    let anna = discord.user("anna");
    let of_shard = |shard: u64| *guilds.iter().find(|guild| (**guild >> 22) % 2 == shard).expect("guilds fall on both shards");
    let [chatty, deaf] = [0, 1].map(|shard| discord.text_channel(of_shard(shard), "general"));
    let bot = Setup::default().start_unready(&discord);
    discord.wait_ready(2, SOON * 3).await;
    for channel in [chatty, deaf] {
        let asked = discord.say_with(channel, anna, &mention(QUESTIONS[0]));
        answered(&discord, asked, SOON).await;
    }
    // For a while one shard hears nothing, and the other does.
    discord.fault_of_shard(1, true, true);
    let asked = discord.say_with(deaf, anna, &mention(QUESTIONS[1]));
    tokio::time::sleep(Duration::from_secs(13)).await;
    discord.say(chatty, anna, "good morning");
    tokio::time::sleep(Duration::from_millis(200)).await;
    discord.drop_deaf();
    answered(&discord, asked, RECOVERY).await;
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_shard_without_a_connection_is_noticed_though_the_other_one_is_well() {
    let discord = Discord::start().await;
    discord.set_start(2, 1000);
    let guilds = ["harbour", "pier", "quay", "dock"].map(|name| discord.guild(name));
    let anna = discord.user("anna");
    let of_shard = |shard: u64| *guilds.iter().find(|guild| (**guild >> 22) % 2 == shard).expect("guilds fall on both shards");
    let channel = discord.text_channel(of_shard(1), "general");
    let bot = Setup::default().start_unready(&discord);
    discord.wait_ready(2, SOON * 3).await;
    discord.close_shard(1, 4011);
    let asked = discord.say_with(channel, anna, &mention(QUESTIONS[1]));
    answered(&discord, asked, RECOVERY).await;
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn payloads_that_cannot_be_read_are_counted_and_said_and_the_bot_goes_on() {
    let (log, _listening) = Log::listen();
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    stream.ask(3);
    discord.fault(Fault::Event("MESSAGE_CREATE".into(), json!({ "id": "1", "content": "of another shape" })));
    stream.ask(3);
    discord.fault(Fault::Event("INTERACTION_CREATE".into(), json!({ "id": [], "type": "new" })));
    discord.fault(Fault::Event("SOMETHING_NEW".into(), json!({ "of": "no concern" })));
    stream.ask(3);
    stream.assert_each_answered_once(SOON).await;
    log.wait(&["ERROR", "MESSAGE_CREATE", "unread=1"], SOON).await;
    log.wait(&["ERROR", "INTERACTION_CREATE", "unread=2"], SOON).await;
    assert_eq!(log.lines(&["could not be read"]).len(), 2, "what is of no concern is not said");
    assert_eq!(discord.identifies().len(), 1, "the session goes on");
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn frames_that_are_no_payload_at_all_do_not_end_the_bot() {
    every_question_survives(Fault::Raw("this is no JSON".into()), None, Over::Once).await;
    every_question_survives(Fault::Raw(json!({ "op": 99, "d": null }).to_string()), None, Over::Once).await;
}

#[tokio::test]
async fn sessions_that_are_refused_again_and_again_are_begun_ever_more_slowly() {
    let discord = Discord::start().await;
    Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    // Every session ends at once.
    let end = tokio::time::Instant::now() + Duration::from_secs(45);
    while tokio::time::Instant::now() < end {
        discord.fault(Fault::Close(4011));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let identifies: Vec<_> = discord.identifies().iter().map(|identify| identify.at).collect();
    // 1,000 a day are one in 86 seconds; a loop of 5 seconds would be ten of them here.
    assert!(identifies.len() <= 6, "{} identifies in 45 seconds", identifies.len());
    drop(bot);
}
