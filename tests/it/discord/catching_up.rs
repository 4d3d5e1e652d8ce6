//! Questions that came while the bot was not there, after a crash or a restart: answered once, within bounds.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::questions::{QUESTIONS, Stream, answered, answers_to, mention};
use super::{Bot, QUIET, SOON};
use crate::fake_discord::{Discord, Fault, MessageSpec, READ_MESSAGE_HISTORY, Rest};
use crate::setup::Setup;

const MINUTE: Duration = Duration::from_mins(1);

/// A setup whose bot last listened so long ago.
fn away_for(time: Duration) -> Setup {
    let setup = Setup::default();
    setup.journal().set_heard("discord", SystemTime::now() - time).expect("it is noted");
    setup
}

/// Waits until the bot has noted that it listens, as it does every few seconds.
async fn noted(setup: &Setup) {
    for _ in 0..1000 {
        if setup.journal().heard("discord").expect("the journal is in order").is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the bot does not note that it listens");
}

/// A nonce is remembered for minutes only: what comes later must do without.
fn forget_nonces(discord: &Discord) {
    discord.with(|state| state.messages.values_mut().for_each(|message| message.value["nonce"] = Value::Null));
}

async fn start(setup: &Setup, discord: &Discord) -> Bot {
    setup.start_apart(discord).await
}

#[tokio::test]
async fn a_first_start_answers_nothing_of_what_was_said_before() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let anna = stream.anna;
    let mut early = vec![discord.say_with(stream.channels[0], anna, &mention(QUESTIONS[0]))];
    for ago in [Duration::from_secs(5), MINUTE, 60 * MINUTE] {
        early.push(discord.said_earlier(stream.channels[1], anna, &mention(QUESTIONS[1]), ago));
    }
    early.push(discord.say(discord.dm_channel(anna), anna, QUESTIONS[2]));
    let bot = start(&Setup::default(), &discord).await;
    let asked = discord.say_with(stream.channels[2], anna, &mention(QUESTIONS[3]));
    answered(&discord, asked, SOON).await;
    tokio::time::sleep(QUIET).await;
    let answers: Vec<usize> = early.iter().map(|question| answers_to(&discord, *question)).collect();
    assert_eq!(answers, [0; 5]);
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_asked_while_the_bot_was_away_is_answered_wherever_it_was_asked() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let (anna, quay) = (stream.anna, stream.channels[2]);
    let forum = discord.forum_channel(stream.guild, "help");
    let setup = Setup::default().with("DISCORD_ANSWER_CHANNELS", format!("{quay},{forum}"));
    let bot = start(&setup, &discord).await;
    let direct = discord.dm_channel(anna);
    let hello = discord.say(direct, anna, QUESTIONS[0]);
    answered(&discord, hello, SOON).await;
    let thread = discord.thread(discord.say(stream.channels[0], anna, "let us talk"), anna, "talk");
    noted(&setup).await;
    bot.stop().await.expect("it stops");
    // Mentions, a thread, an answer channel, a forum, a conversation used before.
    stream.also(hello);
    stream.ask(3);
    stream.also(discord.say_with(thread, anna, &mention(QUESTIONS[4])));
    stream.also(discord.say(quay, anna, "How many people attended the opening?"));
    stream.also(discord.forum_post(forum, anna, "Cost", "How much did the bridge cost?"));
    stream.also(discord.say(direct, anna, QUESTIONS[5]));
    // And what is for nobody, or by no person.
    discord.say(quay, anna, "see you tomorrow");
    discord.say(stream.channels[0], anna, QUESTIONS[1]);
    discord.say_with(stream.channels[0], discord.bot_user("other"), &mention(QUESTIONS[1]));
    discord.say_with(stream.channels[0], anna, &MessageSpec { webhook: true, ..mention(QUESTIONS[1]) });
    let bot = start(&setup, &discord).await;
    stream.assert_each_answered_once(SOON).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_older_than_the_catch_up_time_is_answered() {
    for (minutes, ages, expected) in
        [(None, [2, 14, 16, 60], [1, 1, 0, 0]), (Some("3"), [1, 2, 4, 14], [1, 1, 0, 0]), (Some("0"), [1, 2, 3, 4], [0; 4])]
    {
        let discord = Discord::start().await;
        let stream = Stream::new(&discord);
        let mut setup = away_for(300 * MINUTE);
        if let Some(minutes) = minutes {
            setup = setup.with("DISCORD_CATCH_UP_MINUTES", minutes);
        }
        let asked = ages.map(|age| discord.said_earlier(stream.channels[0], stream.anna, &mention(QUESTIONS[0]), age * MINUTE));
        let bot = start(&setup, &discord).await;
        let now = discord.say_with(stream.channels[1], stream.anna, &mention(QUESTIONS[1]));
        answered(&discord, now, SOON).await;
        for (question, count) in asked.iter().zip(expected) {
            if count == 1 {
                answered(&discord, *question, SOON).await;
            }
        }
        tokio::time::sleep(QUIET).await;
        assert_eq!(asked.map(|question| answers_to(&discord, question)), expected, "{minutes:?}");
        bot.stop().await.expect("it stops");
    }
}

#[tokio::test]
async fn nothing_from_before_the_bot_last_listened_is_answered() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let setup = away_for(3 * MINUTE);
    // It listened then, and chose not to answer, or another program did.
    let before = discord.said_earlier(stream.channels[0], stream.anna, &mention(QUESTIONS[0]), 8 * MINUTE);
    let after = discord.said_earlier(stream.channels[0], stream.anna, &mention(QUESTIONS[1]), 2 * MINUTE);
    let bot = start(&setup, &discord).await;
    answered(&discord, after, SOON).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(answers_to(&discord, before), 0);
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn at_most_a_hundred_messages_of_a_channel_are_read_and_the_latest_are_among_them() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let setup = away_for(10 * MINUTE);
    let (channel, anna) = (stream.channels[0], stream.anna);
    let old = discord.said_earlier(channel, anna, &mention(QUESTIONS[0]), 5 * MINUTE);
    for number in 0..120 {
        discord.said_earlier(channel, anna, &MessageSpec { content: format!("message {number}"), ..MessageSpec::default() }, 4 * MINUTE);
    }
    let new = discord.said_earlier(channel, anna, &mention(QUESTIONS[1]), MINUTE);
    let bot = start(&setup, &discord).await;
    answered(&discord, new, SOON).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(answers_to(&discord, old), 0, "who asked last still waits; a hundred messages later nobody does");
    let reads =
        discord.requests().iter().filter(|r| r.method == "GET" && r.path.contains(&format!("/channels/{channel}/messages"))).count();
    assert_eq!(reads, 1);
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn channels_where_nothing_was_said_are_not_read() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let asked = discord.say_with(stream.channels[0], stream.anna, &mention(QUESTIONS[0]));
    discord.said_earlier(stream.channels[1], stream.anna, &mention(QUESTIONS[0]), 60 * MINUTE);
    let bot = start(&away_for(10 * MINUTE), &discord).await;
    answered(&discord, asked, SOON).await;
    tokio::time::sleep(QUIET).await;
    let read: Vec<String> =
        discord.requests().into_iter().filter(|r| r.method == "GET" && r.path.contains("/messages")).map(|r| r.path).collect();
    assert!(read.len() == 1 && read[0].contains(&stream.channels[0].to_string()), "{read:?}");
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_channel_that_cannot_be_read_keeps_no_other_from_being_caught_up_with() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let hidden = discord.text_channel(stream.guild, "hidden");
    let gone = discord.text_channel(stream.guild, "gone");
    for channel in [hidden, gone] {
        discord.say_with(channel, stream.anna, &mention(QUESTIONS[0]));
    }
    discord.deny(hidden, READ_MESSAGE_HISTORY);
    discord.rest_fault("GET", &format!("/channels/{gone}/messages"), usize::MAX, Rest::Forbidden(50001));
    discord.rest_fault("GET", &format!("/channels/{}/messages", stream.channels[0]), 1, Rest::Status(502));
    stream.ask(6);
    let bot = start(&away_for(10 * MINUTE), &discord).await;
    stream.assert_each_answered_once(SOON * 2).await;
    bot.stop().await.expect("it stops");
}

/// Crashes after an answer was sent and before that was noted.
async fn crash_before_the_note(fault: Rest) {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let setup = Setup::default();
    let bot = start(&setup, &discord).await;
    stream.ask(3);
    stream.assert_each_answered_once(SOON).await;
    noted(&setup).await;
    discord.rest_fault("POST", "/messages", usize::MAX, fault);
    stream.ask(3);
    discord.wait_until(SOON, |state| stream.channels.iter().all(|channel| state.bot_messages(*channel).len() == 2)).await;
    bot.crash().await;
    discord.heal();
    forget_nonces(&discord);
    stream.ask(3);
    let bot = start(&setup, &discord).await;
    stream.assert_each_answered_once(SOON * 2).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_crash_between_answer_and_note_does_not_answer_again_where_the_answer_was_slow() {
    crash_before_the_note(Rest::SlowAnswer(MINUTE)).await;
}

#[tokio::test]
async fn a_crash_between_answer_and_note_does_not_answer_again_where_the_answer_got_lost() {
    crash_before_the_note(Rest::LostAnswer).await;
}

#[tokio::test]
async fn a_crash_before_an_answer_is_sent_answers_after_the_restart() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let setup = Setup::default();
    let bot = start(&setup, &discord).await;
    noted(&setup).await;
    discord.rest_fault("POST", "/messages", usize::MAX, Rest::LostRequest);
    stream.ask(6);
    discord.wait_until(SOON, |state| state.requests.iter().filter(|r| r.path.ends_with("/messages")).count() >= 6).await;
    bot.crash().await;
    discord.heal();
    let bot = start(&setup, &discord).await;
    stream.assert_each_answered_once(SOON * 2).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_crash_in_the_first_second_of_the_first_start_loses_no_question() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let setup = Setup::default();
    let bot = start(&setup, &discord).await;
    discord.rest_fault("POST", "/messages", usize::MAX, Rest::LostRequest);
    stream.ask(3);
    discord.wait_until(SOON, |state| state.requests.iter().filter(|r| r.path.ends_with("/messages")).count() >= 3).await;
    bot.crash().await;
    discord.heal();
    // Somebody sees to it a little later.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let bot = start(&setup, &discord).await;
    stream.assert_each_answered_once(SOON).await;
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_crash_while_the_connection_was_deaf_loses_no_question() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let setup = Setup::default();
    let bot = start(&setup, &discord).await;
    stream.ask(3);
    stream.assert_each_answered_once(SOON).await;
    // Heartbeats are 41 seconds apart: that nothing comes is not noticed before.
    discord.fault(Fault::HalfOpen);
    stream.ask(3);
    tokio::time::sleep(Duration::from_secs(20)).await;
    bot.crash().await;
    let bot = start(&setup, &discord).await;
    stream.assert_each_answered_once(SOON).await;
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn what_was_answered_is_not_answered_again_after_any_number_of_restarts() {
    let discord = Discord::start().await;
    let mut stream = Stream::new(&discord);
    let setup = Setup::default();
    for round in 0..4 {
        let bot = start(&setup, &discord).await;
        stream.ask(3);
        stream.assert_each_answered_once(SOON).await;
        if round % 2 == 0 {
            bot.crash().await;
        } else {
            bot.stop().await.expect("it stops");
        }
        forget_nonces(&discord);
        // The journal says that more was missed than was.
        setup.journal().set_heard("discord", SystemTime::now() - 5 * MINUTE).expect("it is noted");
    }
    let bot = start(&setup, &discord).await;
    stream.assert_each_answered_once(SOON).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_question_taken_back_while_the_bot_was_away_is_not_answered() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    let taken_back = discord.say_with(stream.channels[0], stream.anna, &mention(QUESTIONS[0]));
    let asked = discord.say_with(stream.channels[0], stream.anna, &mention(QUESTIONS[1]));
    discord.delete(taken_back);
    let bot = start(&away_for(5 * MINUTE), &discord).await;
    answered(&discord, asked, SOON).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(answers_to(&discord, taken_back), 0);
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn catching_up_goes_on_where_a_second_loss_interrupted_it() {
    let discord = Discord::start().await;
    let stream = Stream::new(&discord);
    // The server is not there when the session begins, so that nothing can be read; then the session is lost again.
    discord.lose_guild(stream.guild, true);
    let asked = discord.said_earlier(stream.channels[0], stream.anna, &mention(QUESTIONS[1]), MINUTE);
    let bot = start(&away_for(5 * MINUTE), &discord).await;
    let other = discord.guild("pier");
    let heard = discord.say_with(discord.text_channel(other, "general"), stream.anna, &mention(QUESTIONS[0]));
    answered(&discord, heard, SOON).await;
    discord.fault(Fault::InvalidSession(false));
    discord.wait_until(SOON * 3, |state| state.identifies.len() == 2).await;
    discord.wait_ready(1, SOON).await;
    tokio::time::sleep(QUIET).await;
    discord.restore(stream.guild);
    answered(&discord, asked, SOON).await;
    bot.stop().await.expect("it stops");
}
