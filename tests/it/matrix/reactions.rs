//! What members do with a reply, by reacting to it.

use std::time::Duration;

use serde_json::{Value, json};

use super::SOON;
use super::scene::{FOOTBALL, LENGTH, MAYOR, OPENED, Scene};
use crate::synapse::{answered_event, body, is_edit_of, is_said_by};

/// The sign of the first suggestion.
const FIRST: &str = "1\u{fe0f}\u{20e3}";

fn id(event: &Value) -> &str {
    event["event_id"].as_str().unwrap_or_else(|| panic!("no event: {event:#}"))
}

/// Waits for what the bot says to a reaction on `reply`: an edit of it, or a message about it, that holds these words.
async fn reacted(scene: &Scene<'_>, room: &str, reply: &Value, words: &str) -> Option<Value> {
    let me = scene.account.id.as_str();
    let fits = |event: &Value| {
        let is_edit = event["sender"] == me && is_edit_of(event, id(reply));
        let is_message = is_said_by(event, me) && id(event) != id(reply) && answered_event(event).is_some();
        (is_edit || is_message) && body(event).contains(words)
    };
    scene.anna.hears(room, SOON, fits).await
}

/// Waits until so many have said that an answer helped, and that it did not.
async fn rated(scene: &Scene<'_>, expected: (u64, u64)) {
    let journal = scene.setup.journal();
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let (helpful, not_helpful) = journal.ratings().expect("the journal is in order");
        let ratings = (helpful, not_helpful);
        if ratings == expected {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{ratings:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn thumbs_say_whether_an_answer_helped() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (asked, answer) = scene.asked(&room, OPENED).await;
    scene.anna.react(&room, id(&answer), "👍").await;
    rated(&scene, (1, 0)).await;
    scene.bruno.react(&room, id(&answer), "👎\u{fe0f}").await;
    rated(&scene, (1, 1)).await;
    // A member has one voice; and a question is not an answer.
    scene.anna.react(&room, id(&answer), "👎").await;
    scene.milva.react(&room, &asked, "👍").await;
    rated(&scene, (0, 2)).await;
    assert_eq!(scene.said(&room).await, 1, "nothing is said to a thumb");
    scene.end().await;
}

#[tokio::test]
async fn a_keycap_chooses_a_suggestion() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (_, answer) = scene.asked(&room, MAYOR).await;
    assert!(body(&answer).contains("Did you mean") && body(&answer).contains('1'), "{answer:#}");
    scene.anna.react(&room, id(&answer), FIRST).await;
    let chosen = reacted(&scene, &room, &answer, "\n> ").await;
    assert!(chosen.is_some_and(|chosen| body(&chosen).contains("Tarrant")), "the first suggestion is about what the mayor opened");
    scene.end().await;
}

#[tokio::test]
async fn a_plus_shows_more_passages() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (_, answer) = scene.asked(&room, LENGTH).await;
    scene.anna.react(&room, id(&answer), "➕").await;
    assert!(reacted(&scene, &room, &answer, "\n> ").await.is_some() || reacted(&scene, &room, &answer, "> ").await.is_some());
    scene.end().await;
}

#[tokio::test]
async fn a_cross_takes_a_reply_away_if_the_asker_or_a_moderator_sets_it() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (_, one) = scene.asked(&room, OPENED).await;
    let (_, two) = scene.asked(&room, LENGTH).await;
    scene.bruno.react(&room, id(&one), "❌").await;
    scene.anna.react(&room, id(&two), "❌").await;
    scene.anna.sees_redacted(&room, &two, SOON).await;
    scene.assert_unanswered(&room, &[]).await;
    assert!(!scene.anna.is_redacted(&room, id(&one)).await, "Bruno did not ask");
    scene.milva.react(&room, id(&one), "❌").await;
    scene.anna.sees_redacted(&room, &one, SOON).await;
    scene.end().await;
}

#[tokio::test]
async fn reactions_work_after_a_restart() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (_, one) = scene.asked(&room, OPENED).await;
    let (_, two) = scene.asked(&room, MAYOR).await;
    let scene = scene.restart().await;
    scene.anna.react(&room, id(&two), FIRST).await;
    assert!(reacted(&scene, &room, &two, "\n> ").await.is_some(), "the suggestion is answered");
    scene.anna.react(&room, id(&one), "❌").await;
    scene.anna.sees_redacted(&room, &one, SOON).await;
    scene.end().await;
}

#[tokio::test]
async fn the_moderators_are_given_the_question_as_it_is_now() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (asked, answer) = scene.asked(&room, FOOTBALL).await;
    let edit = json!({ "msgtype": "m.text", "body": "!ask who won the chess tournament?" });
    scene.anna.edit(&room, &asked, &edit).await;
    let after = scene.anna.say(&room, "!help").await;
    scene.answer(&room, &after).await;
    scene.anna.react(&room, id(&answer), "📮").await;
    let (journal, end) = (scene.setup.journal(), tokio::time::Instant::now() + SOON);
    let told = loop {
        let told = journal.unanswered(10).expect("the journal is in order");
        if !told.is_empty() || tokio::time::Instant::now() > end {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let told: Vec<&str> = told.iter().map(|question| question.question.as_str()).collect();
    assert_eq!(told, ["who won the chess tournament?"]);
    scene.end().await;
}
