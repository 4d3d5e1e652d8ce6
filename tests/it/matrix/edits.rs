//! Answers follow their questions: edited, redacted, while the bot listens and while it is away.

use serde_json::json;

use super::SOON;
use super::scene::{DESIGNER, FOOTBALL, LENGTH, OPENED, Scene};
use crate::synapse::body;

/// The content of an edited question.
fn question(text: &str) -> serde_json::Value {
    json!({ "msgtype": "m.text", "body": format!("!ask {text}") })
}

#[tokio::test]
async fn an_edited_question_edits_its_answer() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (asked, answer) = scene.asked(&room, OPENED).await;
    for (edit, words) in [(LENGTH, "612 metres"), (FOOTBALL, "The sources do not say."), (OPENED, "14 March 2031")] {
        scene.anna.edit(&room, &asked, &question(edit)).await;
        let edited = scene.anna.edited(&room, &answer, words, SOON).await;
        assert_eq!(edited["content"]["m.new_content"]["msgtype"], "m.notice", "{edited:#}");
        assert_eq!(edited["content"]["m.new_content"]["m.mentions"], json!({}), "{edited:#}");
    }
    assert_eq!(scene.said(&room).await, 1, "an edit is no new message");
    scene.end().await;
}

#[tokio::test]
async fn others_cannot_edit_a_question() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (asked, answer) = scene.asked(&room, OPENED).await;
    let edit = scene.bruno.edit(&room, &asked, &question(LENGTH)).await;
    scene.assert_unanswered(&room, &[&edit]).await;
    let id = answer["event_id"].as_str().expect("an id");
    assert!(scene.anna.relations(&room, id, "m.replace").await.is_empty());
    scene.end().await;
}

#[tokio::test]
async fn an_edit_that_takes_the_question_away_takes_the_answer_back() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (asked, answer) = scene.asked(&room, OPENED).await;
    scene.anna.edit(&room, &asked, &json!({ "msgtype": "m.text", "body": "never mind" })).await;
    scene.anna.sees_redacted(&room, &answer, SOON).await;
    scene.end().await;
}

#[tokio::test]
async fn a_redacted_question_takes_its_answer_with_it() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (asked, answer) = scene.asked(&room, OPENED).await;
    let (_, stays) = scene.asked(&room, LENGTH).await;
    scene.anna.redact(&room, &asked).await;
    scene.anna.sees_redacted(&room, &answer, SOON).await;
    // A moderator's redaction counts as well.
    let (asked, answer) = scene.asked(&room, DESIGNER).await;
    scene.milva.redact(&room, &asked).await;
    scene.anna.sees_redacted(&room, &answer, SOON).await;
    assert!(!scene.anna.is_redacted(&room, stays["event_id"].as_str().expect("an id")).await);
    scene.end().await;
}

#[tokio::test]
async fn a_question_redacted_at_once_keeps_no_answer() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let asked = scene.mention(&room, OPENED).await;
    scene.anna.redact(&room, &asked).await;
    let (_, after) = scene.asked(&room, LENGTH).await;
    assert!(body(&after).contains("612 metres"));
    let end = tokio::time::Instant::now() + SOON;
    while scene.said(&room).await > 1 {
        assert!(tokio::time::Instant::now() < end, "the answer to a redacted question stays");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn after_a_restart_answers_still_follow_their_questions() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (edited, one) = scene.asked(&room, OPENED).await;
    let (redacted, two) = scene.asked(&room, LENGTH).await;
    let scene = scene.restart().await;
    scene.anna.edit(&room, &edited, &question(DESIGNER)).await;
    scene.anna.edited(&room, &one, "Ruben Askeland", SOON).await;
    scene.anna.redact(&room, &redacted).await;
    scene.anna.sees_redacted(&room, &two, SOON).await;
    scene.end().await;
}

#[tokio::test]
async fn what_was_edited_or_redacted_while_the_bot_was_away_is_followed_when_it_is_back() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (edited, one) = scene.asked(&room, OPENED).await;
    let (redacted, two) = scene.asked(&room, LENGTH).await;
    let scene = scene
        .away(async |away| {
            away.anna.edit(&room, &edited, &question(DESIGNER)).await;
            away.anna.redact(&room, &redacted).await;
        })
        .await;
    scene.anna.edited(&room, &one, "Ruben Askeland", SOON).await;
    scene.anna.sees_redacted(&room, &two, SOON).await;
    assert_eq!(scene.said(&room).await, 1);
    scene.end().await;
}
