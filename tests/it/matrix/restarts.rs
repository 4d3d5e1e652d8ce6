//! The bot and the homeserver go and come back: the same device, nothing answered twice, nothing lost.

use std::time::Duration;

use super::SOON;
use super::questions::{QUESTIONS, Stream};
use super::scene::{LENGTH, OPENED, Scene};
use crate::setup::Setup;
use crate::synapse::{Homeserver, body, is_said_by, is_skipped};

#[tokio::test]
async fn after_restarts_it_is_the_same_device_and_nothing_is_answered_twice() {
    let Some(mut scene) = Scene::start().await else { return };
    let rooms = [scene.room().await, scene.room().await];
    let (asked, _) = scene.asked(&rooms[0], OPENED).await;
    let devices = scene.account.devices().await;
    assert_eq!(devices.len(), 2, "the one it was registered with, and the bot's own");
    for _ in 0..3 {
        scene = scene.restart().await;
        let mut stream = Stream::new(&scene.bruno, &scene.account, &rooms[1..]);
        stream.ask(1).await;
        scene.bruno.answer(&rooms[1], stream.last(), &scene.account.id, SOON).await;
    }
    assert_eq!(scene.account.devices().await, devices);
    assert_eq!(scene.said(&rooms[0]).await, 1, "{asked} is answered once");
    assert_eq!(scene.said(&rooms[1]).await, 3);
    scene.end().await;
}

#[tokio::test]
async fn what_was_asked_while_the_bot_was_away_is_answered_once_and_in_order() {
    let Some(scene) = Scene::start().await else { return };
    let rooms = [scene.room().await, scene.room().await, scene.room().await];
    scene.asked(&rooms[0], OPENED).await;
    let mut missed = Vec::new();
    let scene = scene
        .away(async |away| {
            let mut stream = Stream::new(&away.bruno, &away.account, &rooms[1..]);
            stream.ask(12).await;
            missed = stream.into_asked();
        })
        .await;
    let stream = Stream::of(&scene.bruno, &scene.account, &rooms[1..], missed);
    stream.assert_each_answered_once(SOON).await;
    stream.assert_answered_in_order().await;
    assert_eq!(scene.said(&rooms[0]).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn more_than_a_timeline_holds_is_read_page_by_page() {
    let Some(scene) = Scene::start().await else { return };
    let rooms = [scene.room().await];
    let mut missed = Vec::new();
    let scene = scene
        .away(async |away| {
            let mut stream = Stream::new(&away.bruno, &away.account, &rooms);
            for _ in 0..30 {
                stream.ask(1).await;
                for _ in 0..4 {
                    away.anna.say(&rooms[0], "so it goes, on and on").await;
                }
            }
            missed = stream.into_asked();
        })
        .await;
    let stream = Stream::of(&scene.bruno, &scene.account, &rooms, missed);
    stream.assert_each_answered_once(SOON * 2).await;
    stream.assert_answered_in_order().await;
    scene.end().await;
}

#[tokio::test]
async fn a_bot_that_crashes_again_and_again_answers_everything_once() {
    let Some(mut scene) = Scene::start().await else { return };
    let rooms = [scene.room().await, scene.room().await, scene.room().await];
    let mut asked = Vec::new();
    for pause in [0, 20, 60, 150, 400, 900, 1500] {
        let mut stream = Stream::of(&scene.bruno, &scene.account, &rooms, asked);
        stream.ask(3).await;
        asked = stream.into_asked();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let Scene { server, account, anna, bruno, milva, setup, bot } = scene;
        bot.crash().await;
        let bot = setup.start_on(server, &account);
        scene = Scene { server, account, anna, bruno, milva, setup, bot };
    }
    Stream::of(&scene.bruno, &scene.account, &rooms, asked).assert_each_answered_once(SOON).await;
    scene.end().await;
}

#[tokio::test]
async fn nothing_older_than_the_catch_up_time_is_answered() {
    let Some(scene) = Scene::with(Setup::default().with("MATRIX_CATCH_UP_HOURS", "0")).await else { return };
    let rooms = [scene.room().await];
    scene.asked(&rooms[0], OPENED).await;
    let mut missed = String::new();
    let scene = scene
        .away(async |away| {
            missed = away.bruno.mention(&rooms[0], &away.account.id, LENGTH).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
        })
        .await;
    // What is said before the bot listens again is as old to it.
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let now = scene.anna.say(&rooms[0], "!help").await;
        if scene.anna.try_answer(&rooms[0], &now, &scene.account.id, Duration::from_secs(2)).await.is_some() {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "it does not listen");
    }
    scene.assert_unanswered(&rooms[0], &[&missed]).await;
    scene.end().await;
}

#[tokio::test]
async fn a_homeserver_that_restarts_loses_no_question() {
    if is_skipped() {
        return;
    }
    let server = Homeserver::start().await;
    let scene = Scene::on(&server, Setup::default()).await;
    let rooms = [scene.room().await, scene.room().await];
    let mut stream = Stream::new(&scene.bruno, &scene.account, &rooms);
    for pause in [0, 300, 3000] {
        stream.ask(4).await;
        server.stop().await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.start_again().await;
        stream.ask(2).await;
    }
    stream.assert_each_answered_once(SOON * 2).await;
    assert_eq!(scene.account.devices().await.len(), 2);
    scene.end().await;
}

#[tokio::test]
async fn a_bot_started_before_its_homeserver_waits_for_it() {
    if is_skipped() {
        return;
    }
    let (server, setup) = (Homeserver::start().await, Setup::default());
    let account = server.member("rapporteur").await;
    server.stop().await;
    let bot = setup.start_on(&server, &account);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!bot.has_ended(), "it waits");
    server.start_again().await;
    let scene = Scene::of(&server, setup, account, bot).await;
    let room = scene.room().await;
    assert!(body(&scene.asked(&room, LENGTH).await.1).contains("612 metres"));
    scene.end().await;
}

#[tokio::test]
async fn the_homeservers_limits_delay_answers_and_lose_none() {
    if is_skipped() {
        return;
    }
    let server = Homeserver::start_with("rc_message: {per_second: 2, burst_count: 4}").await;
    let scene = Scene::on(&server, Setup::default()).await;
    let room = scene.room().await;
    let mut asked = Vec::new();
    for question in &QUESTIONS[..3] {
        for member in [&scene.anna, &scene.bruno, &scene.milva] {
            asked.push(member.mention(&room, &scene.account.id, question).await);
        }
    }
    let stream = Stream::of(&scene.bruno, &scene.account, std::slice::from_ref(&room), asked);
    stream.assert_each_answered_once(SOON).await;
    stream.assert_answered_in_order().await;
    let messages = scene.anna.messages(&room).await;
    let sent = messages.iter().filter(|event| is_said_by(event, &scene.account.id)).filter_map(|event| event["origin_server_ts"].as_u64());
    let (first, last) = (sent.clone().min().unwrap_or_default(), sent.max().unwrap_or_default());
    assert!(last - first >= 2000, "nine answers cannot be let through in {} ms: there was no limit", last - first);
    scene.end().await;
}
