//! What can go wrong on the REST interface, against a stream of questions: each is answered exactly once.

use std::time::Duration;

use serde_json::{Value, json};

use super::questions::{QUESTIONS, Stream, answered, answers_to, mention};
use super::{QUIET, SOON};
use crate::fake_discord::{Discord, Id, Rest};
use crate::setup::Setup;

/// Longer than the bot tries.
const RECOVERY: Duration = Duration::from_mins(1);

/// Asks before, during and after requests go wrong, by mention, in private and by command.
async fn every_question_survives(rest: Rest, times: usize) {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    stream.ask(6);
    stream.assert_each_answered_once(SOON).await;
    discord.rest_fault("POST", "/messages", times, rest.clone());
    stream.ask(12);
    stream.also(discord.say(discord.dm_channel(stream.anna), stream.anna, QUESTIONS[0]));
    stream.assert_each_answered_once(RECOVERY).await;
    // Commands have three seconds in all, which is what the bot tries for.
    discord.rest_fault("POST", "/callback", 2, rest);
    let commands: Vec<Id> = QUESTIONS.iter().take(4).map(|question| ask(&discord, &stream, question)).collect();
    for command in &commands {
        let response = discord.wait_response(*command, SOON).await;
        assert_eq!((&response["type"], response["followups"].as_array().map(Vec::len)), (&json!(4), Some(0)), "{response:#}");
    }
    discord.heal();
    stream.ask(6);
    stream.assert_each_answered_once(SOON).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

/// `/ask`, answered privately.
fn ask(discord: &Discord, stream: &Stream<'_>, question: &str) -> Id {
    let options = json!([{ "name": "question", "type": 3, "value": question }, { "name": "private", "type": 5, "value": true }]);
    discord.slash(stream.channels[0], stream.anna, "ask", options)
}

#[tokio::test]
async fn a_rate_limit_loses_and_doubles_no_question() {
    every_question_survives(Rest::RateLimited { retry_after: 0.4, global: false }, 8).await;
}

#[tokio::test]
async fn a_global_rate_limit_loses_and_doubles_no_question() {
    every_question_survives(Rest::RateLimited { retry_after: 0.4, global: true }, 8).await;
}

#[tokio::test]
async fn errors_of_the_server_lose_and_double_no_question() {
    for status in [500, 502, 503] {
        every_question_survives(Rest::Status(status), 8).await;
    }
}

#[tokio::test]
async fn slow_requests_lose_and_double_no_question() {
    every_question_survives(Rest::Slow(Duration::from_millis(1500)), 8).await;
}

#[tokio::test]
async fn slow_answers_lose_and_double_no_question() {
    every_question_survives(Rest::SlowAnswer(Duration::from_millis(1500)), 8).await;
}

#[tokio::test]
async fn lost_answers_lose_and_double_no_question() {
    every_question_survives(Rest::LostAnswer, 8).await;
}

#[tokio::test]
async fn lost_requests_lose_and_double_no_question() {
    every_question_survives(Rest::LostRequest, 8).await;
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_the_bot_waits_is_not_sent_twice() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", 3, Rest::SlowAnswer(Duration::from_secs(18)));
    stream.ask(6);
    tokio::time::sleep(Duration::from_secs(20)).await;
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn an_outage_of_half_a_minute_loses_and_doubles_no_question() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", usize::MAX, Rest::Status(503));
    stream.ask(6);
    tokio::time::sleep(Duration::from_secs(30)).await;
    discord.heal();
    stream.ask(3);
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_question_that_an_outage_left_unanswered_is_caught_up_with_in_the_next_session() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", usize::MAX, Rest::Status(503));
    stream.ask(3);
    // Longer than the bot tries.
    tokio::time::sleep(Duration::from_secs(65)).await;
    discord.heal();
    discord.fault(crate::fake_discord::Fault::InvalidSession(false));
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn commands_are_acknowledged_in_time_while_other_requests_crawl() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", usize::MAX, Rest::Slow(Duration::from_secs(6)));
    // Bare mentions: the bot says what it can do, without a search.
    for _ in 0..200 {
        stream.also(discord.say_with(stream.channels[0], stream.anna, &mention("")));
    }
    let commands: Vec<Id> = QUESTIONS.iter().map(|question| ask(&discord, &stream, question)).collect();
    let typing = json!([{ "name": "question", "type": 3, "value": "when was", "focused": true }]);
    let completed = discord.autocomplete(stream.channels[0], stream.anna, "ask", typing);
    for command in commands.into_iter().chain([completed]) {
        discord.wait_response(command, Duration::from_secs(3)).await;
    }
    stream.assert_each_answered_once(RECOVERY).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn commands_are_acknowledged_in_time_while_more_questions_wait_than_are_handled_at_once() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", usize::MAX, Rest::Slow(Duration::from_secs(8)));
    // Bare mentions: the bot says what it can do, without a search.
    for _ in 0..600 {
        stream.also(discord.say_with(stream.channels[0], stream.anna, &mention("")));
    }
    let sent = |requests: &[crate::fake_discord::Request]| requests.iter().filter(|r| r.path.ends_with("/messages")).count();
    discord.wait_until(SOON * 2, |state| sent(&state.requests) >= 500).await;
    let commands: Vec<Id> = QUESTIONS.iter().map(|question| ask(&discord, &stream, question)).collect();
    for command in commands {
        discord.wait_response(command, Duration::from_secs(3)).await;
    }
    discord.heal();
    stream.assert_each_answered_once(RECOVERY * 2).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_question_whose_answer_is_slow_holds_up_no_other() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", 1, Rest::Slow(Duration::from_secs(12)));
    let slow = discord.say_with(stream.channels[0], stream.anna, &mention(""));
    discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with("/messages"))).await;
    let others: Vec<Id> = (0..200).map(|_| discord.say_with(stream.channels[1], stream.anna, &mention(""))).collect();
    for question in &others {
        answered(&discord, *question, SOON).await;
    }
    assert_eq!(answers_to(&discord, slow), 0, "the slow one is still on its way");
    answered(&discord, slow, SOON * 2).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_public_answer_whose_acknowledgement_got_lost_can_still_be_linked_to() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/callback", 1, Rest::LostAnswer);
    let options = json!([{ "name": "question", "type": 3, "value": QUESTIONS[0] }]);
    let command = discord.slash(stream.channels[0], stream.anna, "ask", options);
    let response = discord.wait_response(command, SOON).await;
    let answer = response["message"]["id"].as_str().expect("it is public").to_owned();
    discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with("@original") && r.status == 200)).await;
    tokio::time::sleep(QUIET).await;
    let again = discord.say_with(stream.channels[0], stream.anna, &mention(QUESTIONS[0]));
    answered(&discord, again, SOON).await;
    let said = discord.messages(stream.channels[0]);
    assert!(said.last().is_some_and(|message| message["content"].as_str().is_some_and(|it| it.contains(&answer))), "{said:#?}");
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_question_deleted_before_its_answer_is_sent_leaves_no_answer_without_one() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", 1, Rest::Slow(Duration::from_secs(1)));
    let asked = discord.say_with(stream.channels[0], stream.anna, &mention(QUESTIONS[0]));
    discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with("/messages"))).await;
    discord.delete(asked);
    discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.method == "DELETE" && r.status == 204)).await;
    assert_eq!(discord.messages(stream.channels[0]), Vec::<Value>::new());
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_channel_that_is_gone_keeps_no_other_question_waiting() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.rest_fault("POST", "/messages", 1, Rest::Slow(Duration::from_secs(1)));
    let lost = discord.say_with(stream.channels[0], stream.anna, &mention(QUESTIONS[0]));
    discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with("/messages"))).await;
    discord.delete_channel(stream.channels[0]);
    let asked = discord.say_with(stream.channels[1], stream.anna, &mention(QUESTIONS[1]));
    answered(&discord, asked, SOON).await;
    assert_eq!(answers_to(&discord, lost), 0);
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}
