//! Members ask: by mention, private message, reply, forum post, in answer channels.

use serde_json::{Value, json};

use super::scene::{FOOTBALL, LENGTH, OPENED, STEEL, Scene, english, id, standing};
use super::{QUIET, SOON, text};
use crate::fake_discord::{Id, MessageSpec};

/// A message with its text and nothing else.
fn plain(content: &str) -> MessageSpec {
    MessageSpec { content: content.into(), ..MessageSpec::default() }
}

/// The bot says nothing to any of these; a question after them is answered, so it was listening.
async fn assert_unheard(scene: &Scene, channel: Id, messages: &[MessageSpec]) {
    for message in messages {
        scene.discord.say_with(channel, scene.anna, message);
    }
    let before = scene.discord.messages(channel).len();
    tokio::time::sleep(QUIET).await;
    let answered: Vec<Value> = scene.discord.messages(channel).split_off(before);
    let answered: Vec<&Value> = answered.iter().map(|answer| &answer["referenced_message"]["content"]).collect();
    assert!(answered.is_empty(), "these were answered: {answered:#?}");
    let asked = scene.discord.say(channel, scene.bruno, &format!("<@{}> {LENGTH}", scene.discord.bot()));
    let answer = scene.discord.next_message(channel, SOON).await;
    assert_eq!(answer["message_reference"]["message_id"], asked.to_string(), "{answer:#}");
}

#[tokio::test]
async fn a_mention_is_answered_with_the_quote_publisher_date_and_link() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let said = text(&answer);
    assert!(
        said.contains("14 March 2031") && said.contains("\n> ") && said.contains("The Elmsworth Beacon") && said.contains("#:~:text="),
        "{said}"
    );
    assert!(standing(&answer).contains("verified by moderators"), "{answer:#}");
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}

#[tokio::test]
async fn the_ask_command_is_answered_at_once() {
    let scene = Scene::start().await;
    let response = scene.ask(scene.anna, "Who designed the bridge?").await;
    assert_eq!(response["type"], 4);
    assert!(text(&response["message"]).contains("> It was designed by the engineer Ruben Askeland"), "{response:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_mention_anywhere_in_a_message_is_answered() {
    let scene = Scene::start().await;
    let me = scene.discord.bot();
    let cases = [
        (format!("<@{me}> who designed the bridge?"), "Ruben Askeland"),
        (format!("hey <@{me}>, how long is the bridge?"), "612 metres"),
        (format!("how much did the bridge cost? <@{me}>"), "88 million"),
        (format!("<@!{me}> until when does the Marigold sail?"), "June 2031"),
        (format!("who complains <@!{me}>about the tram bells?"), "resident complains"),
    ];
    for (question, words) in cases {
        scene.discord.say(scene.channel, scene.anna, &question);
        let answer = scene.discord.next_message(scene.channel, SOON).await;
        assert!(text(&answer).contains(words), "{question}: {answer:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn a_mention_with_nothing_else_gets_help() {
    let scene = Scene::start().await;
    for nothing in ["", "   ", "\u{200b}", "@everyone", "<:wave:42>"] {
        let (_, help) = scene.asked(nothing).await;
        assert!(text(&help).contains("mention me"), "{nothing:?}: {help:#}");
        assert!(!text(&help).contains('{'), "a place is left open: {help:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn a_private_message_needs_no_mention() {
    let scene = Scene::start().await;
    let direct = scene.discord.dm_channel(scene.anna);
    scene.discord.say(direct, scene.anna, OPENED);
    let answer = scene.discord.next_message(direct, SOON).await;
    assert!(text(&answer).contains("14 March 2031"), "{answer:#}");
    scene.discord.say(direct, scene.anna, FOOTBALL);
    let answer = scene.discord.next_message(direct, SOON).await;
    assert!(text(&answer).contains(&english().no_answer), "{answer:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_reply_to_an_answer_is_a_question_with_its_ping_alone() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let reply = MessageSpec { content: LENGTH.into(), reply_to: Some(id(&answer)), ..MessageSpec::default() };
    scene.discord.say_with(scene.channel, scene.bruno, &reply);
    let next = scene.discord.next_message(scene.channel, SOON).await;
    assert!(text(&next).contains("612 metres"), "{next:#}");
    // Without a ping Discord hides the text from a bot that may not read messages.
    scene.discord.say_with(scene.channel, scene.bruno, &MessageSpec { no_ping: true, ..reply });
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}

#[tokio::test]
async fn a_reply_without_a_ping_is_a_question_where_messages_may_be_read() {
    let scene = Scene::listening().await;
    let (_, answer) = scene.asked(OPENED).await;
    let reply = MessageSpec { content: LENGTH.into(), reply_to: Some(id(&answer)), no_ping: true, ..MessageSpec::default() };
    scene.discord.say_with(scene.channel, scene.bruno, &reply);
    let next = scene.discord.next_message(scene.channel, SOON).await;
    assert!(text(&next).contains("612 metres"), "{next:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_reply_to_somebody_else_is_not_for_the_bot() {
    let scene = Scene::listening().await;
    let said = scene.discord.say(scene.channel, scene.bruno, "lovely bridge");
    let reply = MessageSpec { content: OPENED.into(), reply_to: Some(said), ..MessageSpec::default() };
    assert_unheard(&scene, scene.channel, &[reply, plain(OPENED)]).await;
    scene.end().await;
}

#[tokio::test]
async fn a_forum_post_is_answered_once_in_its_thread_and_what_follows_is_not() {
    let scene = Scene::listening().await;
    let post = scene.discord.forum_post(scene.forum, scene.anna, "The bridge", OPENED);
    let answer = scene.discord.next_message(post, SOON).await;
    assert!(text(&answer).contains("14 March 2031"), "{answer:#}");
    assert_eq!(answer["message_reference"]["message_id"], post.to_string());
    for (user, later) in [(scene.anna, LENGTH), (scene.bruno, "who designed the bridge?")] {
        scene.discord.say(post, user, later);
    }
    scene.discord.assert_quiet(QUIET).await;
    scene.discord.say(post, scene.anna, &format!("<@{}> {LENGTH}", scene.discord.bot()));
    let answer = scene.discord.next_message(post, SOON).await;
    assert!(text(&answer).contains("612 metres"), "{answer:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_forum_post_that_nothing_answers_gets_no_reply() {
    let scene = Scene::listening().await;
    for post in [FOOTBALL, STEEL, "I walked across on Sunday.", "Look at this photo"] {
        scene.discord.forum_post(scene.forum, scene.anna, "Talk", post);
    }
    scene.discord.assert_quiet(QUIET).await;
    let post = scene.discord.forum_post(scene.forum, scene.anna, "The bridge", OPENED);
    scene.discord.next_message(post, SOON).await;
    scene.end().await;
}

#[tokio::test]
async fn the_title_of_a_forum_post_is_its_question_where_its_text_is_none() {
    let scene = Scene::listening().await;
    for body in ["I could not find it anywhere.", "thanks", "https://beacon.example"] {
        let post = scene.discord.forum_post(scene.forum, scene.anna, "How long is the harbour bridge?", body);
        let answer = scene.discord.next_message(post, SOON).await;
        assert!(text(&answer).contains("612 metres"), "{body}: {answer:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn a_post_in_a_forum_that_is_not_listened_in_gets_no_reply() {
    let scene = Scene::listening().await;
    let other = scene.discord.forum_channel(scene.guild, "elsewhere");
    scene.discord.forum_post(other, scene.anna, "The bridge", OPENED);
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}

#[tokio::test]
async fn in_an_answer_channel_questions_are_answered_without_a_mention() {
    let scene = Scene::listening().await;
    for (question, words) in [(OPENED, "14 March 2031"), ("Who designed the bridge", "Ruben Askeland")] {
        let asked = scene.discord.say(scene.answers, scene.anna, question);
        let answer = scene.discord.next_message(scene.answers, SOON).await;
        assert!(text(&answer).contains(words), "{answer:#}");
        assert_eq!(answer["message_reference"]["message_id"], asked.to_string());
    }
    let opening = scene.discord.say(scene.answers, scene.anna, "let us talk here");
    let thread = scene.discord.thread(opening, scene.anna, "talk");
    scene.discord.say(thread, scene.bruno, LENGTH);
    let answer = scene.discord.next_message(thread, SOON).await;
    assert!(text(&answer).contains("612 metres"), "{answer:#}");
    scene.end().await;
}

#[tokio::test]
async fn in_an_answer_channel_what_is_no_question_or_has_no_answer_gets_no_reply_at_all() {
    let scene = Scene::listening().await;
    let unheard = [
        "the bridge is lovely",
        "The bridge was opened on Friday.",
        "cost of the bridge",
        "six thousand people",
        "tram bells in the morning",
        "thanks",
        "hello",
        "ok?",
        "?",
        "lol",
        "👍",
        "@everyone",
        "https://beacon.example/harbour-bridge-opens?x=1",
        FOOTBALL,
        STEEL,
        "who is the mayor?",
        "what is the meaning of life?",
    ]
    .map(plain);
    assert_unheard(&scene, scene.answers, &unheard).await;
    scene.end().await;
}

#[tokio::test]
async fn in_an_answer_channel_a_statement_with_a_question_word_in_it_is_no_question() {
    let scene = Scene::listening().await;
    let statements = [
        "I was there when the harbour bridge was opened.",
        "My uncle knows who designed the bridge.",
        "They told us how much the bridge cost, and I could not believe it.",
    ]
    .map(plain);
    assert_unheard(&scene, scene.answers, &statements).await;
    scene.end().await;
}

#[tokio::test]
async fn outside_answer_channels_nothing_is_answered_that_is_not_addressed_to_the_bot() {
    let scene = Scene::listening().await;
    let everyone = MessageSpec { content: format!("@everyone {OPENED}"), ..MessageSpec::default() };
    assert_unheard(&scene, scene.channel, &[plain(OPENED), everyone, plain("@here who designed the bridge?")]).await;
    scene.end().await;
}

#[tokio::test]
async fn bots_webhooks_and_discords_own_messages_are_never_answered() {
    let scene = Scene::listening().await;
    let robot = scene.discord.bot_user("robot");
    let asking = |spec: MessageSpec| MessageSpec { content: OPENED.into(), mentions_bot: true, ..spec };
    for channel in [scene.channel, scene.answers] {
        scene.discord.say_with(channel, robot, &asking(MessageSpec::default()));
        scene.discord.say_with(channel, scene.anna, &asking(MessageSpec { webhook: true, ..MessageSpec::default() }));
        scene.discord.say_with(channel, scene.discord.bot(), &asking(MessageSpec::default()));
        for kind in [3, 6, 7, 8, 12, 18, 21, 24, 46] {
            scene.discord.say_with(channel, scene.anna, &asking(MessageSpec { kind: Some(kind), ..MessageSpec::default() }));
        }
    }
    let direct = scene.discord.dm_channel(robot);
    scene.discord.say(direct, robot, OPENED);
    scene.discord.forum_post(scene.forum, robot, "The bridge", OPENED);
    scene.discord.assert_quiet(QUIET).await;
    let direct = scene.discord.dm_channel(scene.anna);
    scene.discord.say(direct, scene.anna, OPENED);
    let answer = scene.discord.next_message(direct, SOON).await;
    assert!(text(&answer).contains("14 March 2031"));
    scene.end().await;
}

#[tokio::test]
async fn a_webhook_is_known_by_its_id_even_if_its_author_does_not_say_so() {
    let scene = Scene::listening().await;
    let said = scene.discord.say_with(scene.channel, scene.anna, &plain("x"));
    let mut event = scene.discord.message(said).expect("it is there");
    let me = scene.discord.with(|state| state.users[&state.bot].value.clone());
    event["id"] = json!((said + 1).to_string());
    event["guild_id"] = json!(scene.guild.to_string());
    event["webhook_id"] = json!("77");
    event["content"] = json!(OPENED);
    event["mentions"] = json!([me]);
    scene.discord.fault(crate::fake_discord::Fault::Event("MESSAGE_CREATE".into(), event));
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}
