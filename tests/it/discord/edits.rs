//! Answers follow their questions: edited, deleted, given a preview.

use std::time::Duration;

use serde_json::{Value, json};

use super::manners::{DESIGNER, content, cooled, link, told_privately};
use super::scene::{FOOTBALL, LENGTH, MAYOR, OPENED, Scene, english, has_button, hides_embeds, id};
use super::{QUIET, SOON, text};
use crate::fake_discord::{MessageSpec, Rest};

#[tokio::test]
async fn a_deleted_question_takes_its_answer_with_it() {
    let scene = Scene::start().await;
    let direct = scene.discord.dm_channel(scene.anna);
    let asked = scene.discord.say(direct, scene.anna, OPENED);
    let private = scene.discord.next_message(direct, SOON).await;
    scene.discord.delete(asked);
    scene.gone(&private).await;
    let (first, one) = scene.asked(OPENED).await;
    let (second, two) = scene.asked(FOOTBALL).await;
    let (third, three) = scene.asked(LENGTH).await;
    let stays = scene.asked(DESIGNER).await.1;
    scene.discord.delete(first);
    scene.gone(&one).await;
    scene.discord.delete_bulk(scene.channel, &[second, third]);
    scene.gone(&two).await;
    scene.gone(&three).await;
    assert!(scene.now(&stays).is_some());
    scene.end().await;
}

#[tokio::test]
async fn a_question_deleted_while_it_is_being_answered_keeps_no_answer() {
    let scene = Scene::start().await;
    scene.discord.rest_fault("POST", "/messages", 1, Rest::Slow(Duration::from_millis(500)));
    let asked = scene.mention(scene.anna, OPENED);
    scene.discord.wait_until(SOON, |state| state.requests.iter().any(|it| it.method == "POST" && it.path.ends_with("/messages"))).await;
    scene.discord.delete(asked);
    scene.discord.wait_until(SOON, |state| state.requests.iter().any(|it| it.method == "DELETE")).await;
    assert_eq!(scene.discord.messages(scene.channel), Vec::<Value>::new());
    scene.end().await;
}

#[tokio::test]
async fn a_question_edited_while_it_is_being_answered_has_the_answer_to_the_edit() {
    let scene = Scene::start().await;
    scene.discord.rest_fault("POST", "/messages", 1, Rest::Slow(Duration::from_millis(500)));
    let asked = scene.mention(scene.anna, OPENED);
    scene.discord.wait_until(SOON, |state| state.requests.iter().any(|it| it.method == "POST" && it.path.ends_with("/messages"))).await;
    scene.discord.edit(asked, &format!("<@{}> {LENGTH}", scene.discord.bot()));
    let answer = scene.discord.next_message(scene.channel, SOON).await;
    scene.says(&answer, "612 metres").await;
    assert_eq!(scene.discord.messages(scene.channel).len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn after_a_restart_answers_still_follow_their_questions() {
    let scene = Scene::start().await;
    let me = scene.discord.bot();
    let (edited, one) = scene.asked(OPENED).await;
    let (deleted, two) = scene.asked(LENGTH).await;
    let scene = scene.restart().await;
    scene.discord.edit(edited, &format!("<@{me}> {DESIGNER}"));
    scene.says(&one, "Ruben Askeland").await;
    scene.discord.delete(deleted);
    scene.gone(&two).await;
    scene.end().await;
}

#[tokio::test]
async fn an_edit_within_fifteen_minutes_edits_the_answer() {
    let scene = Scene::start().await;
    let me = scene.discord.bot();
    let (asked, answer) = scene.asked(OPENED).await;
    for (edit, words) in [(LENGTH, "612 metres"), (FOOTBALL, "The sources do not say."), (MAYOR, "Did you mean"), (OPENED, "14 March 2031")]
    {
        scene.discord.edit(asked, &format!("<@{me}> {edit}"));
        let now = scene.says(&answer, words).await;
        assert_eq!(has_button(&now, ":rate:"), matches!(edit, LENGTH | OPENED), "{now:#}");
    }
    assert_eq!(scene.discord.messages(scene.channel).len(), 1);
    let ago = Duration::from_secs(14 * 60 + 30);
    let old = scene.discord.say_with(
        scene.channel,
        scene.bruno,
        &MessageSpec { content: DESIGNER.into(), mentions_bot: true, ago, ..MessageSpec::default() },
    );
    let answer = scene.discord.next_message(scene.channel, SOON).await;
    scene.discord.edit(old, &format!("<@{me}> how much did the bridge cost?"));
    scene.says(&answer, "88 million").await;
    scene.end().await;
}

#[tokio::test]
async fn an_edit_after_fifteen_minutes_changes_nothing() {
    let scene = Scene::start().await;
    let me = scene.discord.bot();
    let ago = Duration::from_secs(15 * 60 + 1);
    let old = MessageSpec { content: OPENED.into(), mentions_bot: true, ago, ..MessageSpec::default() };
    let asked = scene.discord.say_with(scene.channel, scene.anna, &old);
    let answer = scene.discord.next_message(scene.channel, SOON).await;
    let unheard = scene.discord.say_with(scene.channel, scene.anna, &MessageSpec { mentions_bot: false, ..old });
    scene.discord.edit(asked, &format!("<@{me}> {LENGTH}"));
    scene.discord.edit(unheard, &format!("<@{me}> {LENGTH}"));
    scene.discord.assert_quiet(QUIET).await;
    assert_eq!(scene.now(&answer).map(|now| text(&now)), Some(text(&answer)));
    // Deleting is followed however late.
    scene.discord.delete(asked);
    scene.gone(&answer).await;
    scene.end().await;
}

#[tokio::test]
async fn an_edit_that_takes_the_question_away_takes_the_answer_back() {
    let scene = Scene::listening().await;
    let (asked, answer) = scene.asked(OPENED).await;
    scene.discord.edit(asked, "never mind");
    scene.gone(&answer).await;
    let asked = scene.discord.say(scene.answers, scene.anna, LENGTH);
    let answer = scene.discord.next_message(scene.answers, SOON).await;
    scene.discord.edit(asked, "I like this bridge");
    scene.gone(&answer).await;
    let asked = scene.discord.say(scene.answers, scene.anna, DESIGNER);
    let answer = scene.discord.next_message(scene.answers, SOON).await;
    scene.discord.edit(asked, FOOTBALL);
    scene.gone(&answer).await;
    let post = scene.discord.forum_post(scene.forum, scene.anna, "The bridge", OPENED);
    let answer = scene.discord.next_message(post, SOON).await;
    scene.discord.edit(post, LENGTH);
    scene.says(&answer, "612 metres").await;
    scene.discord.edit(post, "solved");
    scene.gone(&answer).await;
    scene.end().await;
}

#[tokio::test]
async fn without_the_right_to_read_messages_an_edit_takes_the_answer_back_too() {
    let scene = Scene::start().await;
    let (asked, answer) = scene.asked(OPENED).await;
    scene.discord.edit(asked, "never mind");
    scene.gone(&answer).await;
    scene.end().await;
}

#[tokio::test]
async fn an_edit_that_adds_the_mention_or_the_question_is_answered() {
    let scene = Scene::listening().await;
    let me = scene.discord.bot();
    let said = scene.discord.say(scene.channel, scene.anna, OPENED);
    scene.discord.edit(said, &format!("<@{me}> {OPENED}"));
    let answer = scene.discord.next_message(scene.channel, SOON).await;
    assert!(text(&answer).contains("14 March 2031"), "{answer:#}");
    assert_eq!(answer["message_reference"]["message_id"], said.to_string());
    let said = scene.discord.say(scene.answers, scene.anna, "hello everybody");
    scene.discord.edit(said, LENGTH);
    let answer = scene.discord.next_message(scene.answers, SOON).await;
    assert!(text(&answer).contains("612 metres"), "{answer:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_question_edited_away_and_back_is_answered_again() {
    let scene = Scene::start().await;
    let me = scene.discord.bot();
    let (asked, answer) = scene.asked(OPENED).await;
    scene.discord.edit(asked, "never mind");
    scene.gone(&answer).await;
    scene.discord.edit(asked, &format!("<@{me}> {LENGTH}"));
    let answer = scene.discord.next_message(scene.channel, SOON).await;
    assert!(text(&answer).contains("612 metres"), "{answer:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_reply_to_an_answer_that_is_edited_is_followed() {
    let scene = Scene::start().await;
    let (_, first) = scene.asked(OPENED).await;
    let reply = MessageSpec { content: LENGTH.into(), reply_to: Some(id(&first)), ..MessageSpec::default() };
    let asked = scene.discord.say_with(scene.channel, scene.bruno, &reply);
    let answer = scene.discord.next_message(scene.channel, SOON).await;
    scene.discord.edit(asked, DESIGNER);
    scene.says(&answer, "Ruben Askeland").await;
    scene.end().await;
}

#[tokio::test]
async fn an_answer_that_was_a_link_becomes_one_that_is_shown() {
    let scene = Scene::start().await;
    let me = scene.discord.bot();
    scene.asked(OPENED).await;
    let (asked, linked) = scene.asked(OPENED).await;
    assert!(content(&linked).contains("https://discord.com/channels/"), "{linked:#}");
    scene.discord.edit(asked, &format!("<@{me}> {LENGTH}"));
    let now = scene.says(&linked, "612 metres").await;
    assert!(content(&now).is_empty() && !hides_embeds(&now), "its embed is not shown: {now:#}");
    scene.discord.edit(asked, &format!("<@{me}> {OPENED}"));
    scene.discord.wait_until(SOON, |state| state.message(id(&linked)).is_some_and(|it| !content(&it.value).is_empty())).await;
    let now = scene.now(&linked).expect("it is there");
    assert!(now["embeds"] == json!([]) && now["components"] == json!([]) && hides_embeds(&now), "{now:#}");
    scene.end().await;
}

#[tokio::test]
async fn an_edited_answer_is_linked_to_by_what_it_says_now() {
    let scene = Scene::start().await;
    let (asked, answer) = scene.asked(OPENED).await;
    scene.discord.edit(asked, &format!("<@{}> {LENGTH}", scene.discord.bot()));
    scene.says(&answer, "612 metres").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (_, again) = scene.asked(LENGTH).await;
    assert!(content(&again).contains(&link(&scene, &answer)), "{again:#}");
    let (_, opened) = scene.asked(OPENED).await;
    assert!(text(&opened).contains("14 March 2031"), "{opened:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_preview_changes_nothing() {
    let scene = Scene::listening().await;
    let preview = json!({"type": "link", "url": "https://beacon.example", "title": "The Beacon"});
    let (asked, _) = scene.asked(&format!("{OPENED} https://beacon.example")).await;
    let silent = scene.discord.say(scene.channel, scene.anna, &format!("{OPENED} https://beacon.example"));
    scene.discord.unfurl(asked, &preview);
    scene.discord.unfurl(silent, &preview);
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}

#[tokio::test]
async fn a_preview_after_an_edit_changes_nothing_either() {
    let scene = Scene::start().await;
    let preview = json!({"type": "link", "url": "https://beacon.example", "title": "The Beacon"});
    let (asked, answer) = scene.asked(OPENED).await;
    scene.discord.edit(asked, &format!("<@{}> {LENGTH} https://beacon.example", scene.discord.bot()));
    scene.says(&answer, "612 metres").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    scene.discord.unfurl(asked, &preview);
    scene.discord.assert_quiet(QUIET).await;
    // What was removed stays so, whatever Discord adds to the question.
    scene.press(&answer, scene.anna, ":dismiss:").await;
    scene.gone(&answer).await;
    scene.discord.unfurl(asked, &preview);
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}

#[tokio::test]
async fn an_edit_that_is_asked_too_soon_says_so_privately() {
    let scene = Scene::with(cooled("1/600s", "off")).await;
    let (asked, answer) = scene.asked(OPENED).await;
    scene.discord.edit(asked, &format!("<@{}> {LENGTH}", scene.discord.bot()));
    let notice = told_privately(&scene, scene.anna).await;
    assert!(text(&notice).contains(english().wait.split("{seconds}").next().expect("a start")), "{notice:#}");
    assert_eq!(scene.now(&answer).map(|now| text(&now)), Some(text(&answer)));
    scene.end().await;
}

#[tokio::test]
async fn edits_of_bots_and_of_the_bots_own_messages_are_not_answered() {
    let scene = Scene::listening().await;
    let robot = scene.discord.bot_user("robot");
    let me = scene.discord.bot();
    let said = scene.discord.say(scene.answers, robot, "beep");
    let webhook =
        scene.discord.say_with(scene.answers, scene.anna, &MessageSpec { content: "x".into(), webhook: true, ..MessageSpec::default() });
    for message in [said, webhook] {
        scene.discord.edit(message, &format!("<@{me}> {OPENED}"));
    }
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}
