//! Members ask: by mention, command, in a direct room, by reply, in a thread, in an answer room.

use serde_json::{Value, json};

use super::SOON;
use super::scene::{DESIGNER, FOOTBALL, LENGTH, MAYOR, OPENED, Scene};
use crate::setup::Setup;
use crate::synapse::{Homeserver, body, html, is_skipped};

/// Tags Matrix allows in messages: <https://spec.matrix.org/v1.18/client-server-api/#mroommessage-msgtypes>.
const ALLOWED: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "details",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// What holds of everything the bot says.
fn assert_manners(said: &Value) {
    let content = &said["content"];
    let content = content.get("m.new_content").unwrap_or(content);
    assert_eq!(content["msgtype"], "m.notice", "{said:#}");
    assert_eq!(content["m.mentions"], json!({}), "nobody is pinged: {said:#}");
    assert!(!body(said).is_empty() && !body(said).contains("</"), "the plain body reads well alone: {said:#}");
    if content.get("formatted_body").is_none() {
        return;
    }
    assert_eq!(content["format"], "org.matrix.custom.html", "{said:#}");
    let mut open: Vec<&str> = Vec::new();
    for tag in html(said).split('<').skip(1) {
        let (inside, _) = tag.split_once('>').unwrap_or_else(|| panic!("a tag does not end: {said:#}"));
        let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert!(ALLOWED.contains(&name), "<{name}>: {said:#}");
        if inside.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{said:#}");
        } else if !matches!(name, "br" | "hr") {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "{said:#}");
}

#[tokio::test]
async fn a_mention_is_answered_with_the_quote_publisher_date_and_link() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (_, answer) = scene.asked(&room, OPENED).await;
    assert_manners(&answer);
    let (body, html) = (body(&answer), html(&answer));
    for words in [
        "Mayor Odile Tarrant opened",
        "14 March 2031",
        "\n> The Port Elmsworth harbour bridge was opened",
        "The Elmsworth Beacon",
        "#:~:text=",
    ] {
        assert!(body.contains(words), "no {words:?} in {body}");
    }
    assert!(html.contains("<blockquote>") && html.contains("<strong>") && html.contains("<a href=\"https://beacon.example/"), "{html}");
    assert!(body.contains("verified by moderators") && html.contains("verified by moderators"), "{answer:#}");
    assert_eq!(answer["content"]["m.relates_to"].get("rel_type"), None, "it is a reply, not a thread: {answer:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_display_name_and_a_user_id_call_the_bot_too() {
    if is_skipped() {
        return;
    }
    let (server, setup) = (Homeserver::shared().await, Setup::default());
    let account = server.member("rapporteur").await;
    account.rename("Harbour Clerk").await;
    let bot = setup.start_on(server, &account);
    let scene = Scene::of(server, setup, account, bot).await;
    let room = scene.room().await;
    let id = scene.account.id.clone();
    for (text, words) in [
        (format!("Harbour Clerk: {OPENED}"), "14 March 2031"),
        (format!("harbour clerk, {LENGTH}"), "612 metres"),
        (format!("{id}: {DESIGNER}"), "Askeland"),
        (format!("how much did the bridge cost, {id}?"), "88 million"),
    ] {
        let asked = scene.anna.say(&room, &text).await;
        let answer = scene.answer(&room, &asked).await;
        assert!(body(&answer).contains(words), "{text}: {answer:#}");
    }
    let talk = scene.bruno.say(&room, &format!("I asked the harbour clerks {OPENED}")).await;
    scene.assert_unanswered(&room, &[&talk]).await;
    scene.end().await;
}

#[tokio::test]
async fn the_ask_command_is_answered_and_so_are_the_others() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    for (command, words) in [
        (format!("!ask {LENGTH}"), "612 metres"),
        ("!topics".to_owned(), "For example, I can answer"),
        ("!sources".to_owned(), "Harbour bridge opens in Port Elmsworth"),
        ("!sources wire-cost".to_owned(), "Coast Wire"),
        ("!help".to_owned(), "!ask"),
        ("!privacy".to_owned(), "30 days"),
        ("!ask".to_owned(), "!ask"),
    ] {
        let asked = scene.anna.say(&room, &command).await;
        let answer = scene.answer(&room, &asked).await;
        assert_manners(&answer);
        assert!(body(&answer).contains(words), "{command}: {answer:#}");
        assert!(!body(&answer).contains("/ask") && !body(&answer).contains("/help"), "commands begin with ! here: {}", body(&answer));
    }
    scene.end().await;
}

#[tokio::test]
async fn the_sign_commands_begin_with_can_be_chosen() {
    let Some(scene) = Scene::with(Setup::default().with("MATRIX_PREFIX", "?")).await else { return };
    let room = scene.room().await;
    let other = scene.anna.say(&room, &format!("!ask {OPENED}")).await;
    let asked = scene.anna.say(&room, &format!("?ask {LENGTH}")).await;
    assert!(body(&scene.answer(&room, &asked).await).contains("612 metres"));
    assert_eq!(scene.anna.try_answer(&room, &other, &scene.account.id, std::time::Duration::ZERO).await, None);
    scene.end().await;
}

#[tokio::test]
async fn in_a_direct_room_nothing_but_the_question_is_needed() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.direct_room().await;
    for (text, words) in [(OPENED, "14 March 2031"), (FOOTBALL, "The sources do not say."), ("hello", "Port Elmsworth")] {
        let asked = scene.anna.say(&room, text).await;
        let answer = scene.answer(&room, &asked).await;
        assert_manners(&answer);
        assert!(body(&answer).contains(words), "{text}: {answer:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn a_reply_to_the_bot_asks_it() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (asked, answer) = scene.asked(&room, OPENED).await;
    let more = scene.anna.reply(&room, answer["event_id"].as_str().expect("an id"), DESIGNER).await;
    assert!(body(&scene.answer(&room, &more).await).contains("Askeland"));
    let talk = scene.bruno.reply(&room, &asked, LENGTH).await;
    scene.assert_unanswered(&room, &[&talk]).await;
    scene.end().await;
}

#[tokio::test]
async fn in_a_thread_the_answer_stays_in_the_thread() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let talk = scene.bruno.say(&room, "let us talk about the bridge").await;
    let text = format!("!ask {OPENED}");
    let asked = scene.anna.say_in_thread(&room, &talk, json!({ "msgtype": "m.text", "body": text })).await;
    let answer = scene.answer(&room, &asked).await;
    assert_manners(&answer);
    let relation = &answer["content"]["m.relates_to"];
    assert_eq!((&relation["rel_type"], &relation["event_id"]), (&json!("m.thread"), &json!(talk)), "{answer:#}");
    let plain = scene.asked(&room, LENGTH).await.1;
    assert_eq!(plain["content"]["m.relates_to"].get("rel_type"), None, "{plain:#}");
    scene.end().await;
}

#[tokio::test]
async fn in_an_answer_room_questions_need_no_mention_and_what_is_not_known_is_passed_over() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    // The room's id is known only now.
    let Scene { server, account, anna, bruno, milva, setup, bot } = scene;
    bot.stop().await.expect("it stops");
    let setup = setup.with("MATRIX_ANSWER_ROOMS", &room);
    let bot = setup.start_on(server, &account);
    let scene = Scene { server, account, anna, bruno, milva, setup, bot };
    let asked = scene.anna.say(&room, "When was the harbour bridge opened?").await;
    assert!(body(&scene.answer(&room, &asked).await).contains("14 March 2031"));
    let unknown = scene.anna.say(&room, FOOTBALL).await;
    let talk = scene.anna.say(&room, "see you tomorrow at the bridge").await;
    let close = scene.anna.say(&room, MAYOR).await;
    let other = scene.room().await;
    let elsewhere = scene.anna.say(&other, OPENED).await;
    scene.assert_unanswered(&room, &[&unknown, &talk, &close]).await;
    scene.assert_unanswered(&other, &[&elsewhere]).await;
    scene.end().await;
}

#[tokio::test]
async fn what_is_said_to_others_or_by_bots_is_not_answered() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let id = scene.account.id.clone();
    let talk = scene.anna.say(&room, OPENED).await;
    let to_bruno = scene.anna.mention(&room, &scene.bruno.id, LENGTH).await;
    let notice = json!({ "msgtype": "m.notice", "body": format!("{id}: {OPENED}"), "m.mentions": { "user_ids": [id] } });
    let notice = scene.bruno.send(&room, "m.room.message", &notice).await;
    let strange = scene
        .bruno
        .send(&room, "m.room.message", &json!({ "msgtype": "x.strange", "body": OPENED, "m.mentions": { "user_ids": [id] } }))
        .await;
    let image = json!({ "msgtype": "m.image", "body": format!("{id}: {OPENED}"), "url": "mxc://elmsworth.test/none" });
    let image = scene.bruno.send(&room, "m.room.message", &image).await;
    scene.assert_unanswered(&room, &[&talk, &to_bruno, &notice, &strange, &image]).await;
    scene.end().await;
}

#[tokio::test]
async fn what_was_said_before_the_bot_came_is_not_answered() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.milva.room(&[&scene.anna.id]).await;
    scene.anna.join(&room).await;
    let early = scene.mention(&room, OPENED).await;
    scene.milva.invite(&room, &scene.account.id).await;
    scene.anna.sees_join(&room, &scene.account.id, SOON).await;
    let (_, answer) = scene.asked(&room, LENGTH).await;
    assert!(body(&answer).contains("612 metres"));
    scene.assert_unanswered(&room, &[&early]).await;
    scene.end().await;
}

#[tokio::test]
async fn an_answer_given_a_moment_ago_is_linked_to() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let (_, answer) = scene.asked(&room, OPENED).await;
    let (_, again) = scene.asked(&room, OPENED).await;
    assert_manners(&again);
    let link = |text: &str| text.contains("matrix.to") || text.contains("matrix:roomid");
    assert!(body(&again).contains("answered here a moment ago") && (link(body(&again)) || link(html(&again))), "{again:#}");
    assert!(!body(&again).contains("\n> ") && again["event_id"] != answer["event_id"], "{again:#}");
    scene.end().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait() {
    let setup = Setup { cooldowns: ("1/600s", "off"), ..Setup::default() };
    let Some(scene) = Scene::with(setup).await else { return };
    let room = scene.room().await;
    assert!(body(&scene.asked(&room, OPENED).await.1).contains("14 March 2031"));
    let (_, wait) = scene.asked(&room, LENGTH).await;
    assert!(body(&wait).contains("you can ask again in"), "{wait:#}");
    let asked = scene.bruno.mention(&room, &scene.account.id, LENGTH).await;
    assert!(body(&scene.answer(&room, &asked).await).contains("612 metres"), "others may ask");
    scene.end().await;
}

#[tokio::test]
async fn commands_count_too_and_a_flood_of_them_is_told_to_wait_once() {
    let setup = Setup { cooldowns: ("2/600s", "off"), ..Setup::default() };
    let Some(scene) = Scene::with(setup).await else { return };
    let room = scene.room().await;
    let mut last = String::new();
    for command in ["!topics", "!help", "!sources", "!topics", "!privacy", "!help"] {
        last = scene.anna.say(&room, command).await;
    }
    let asked = scene.bruno.say(&room, "!help").await;
    scene.answer(&room, &asked).await;
    assert_eq!(scene.anna.try_answer(&room, &last, &scene.account.id, std::time::Duration::ZERO).await, None);
    // Two answers and Bruno's; and one line to Anna in a minute, two where a minute ended between.
    assert!(matches!(scene.said(&room).await, 4 | 5), "{}", scene.said(&room).await);
    scene.end().await;
}

#[tokio::test]
async fn text_of_members_never_becomes_markup() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    for text in ["!sources <script>alert(1)</script>", "!ask <b>\"who\"</b> & </blockquote> won @room?", "!sources </p><img src=x>"] {
        let asked = scene.anna.say(&room, text).await;
        let answer = scene.answer(&room, &asked).await;
        let content = &answer["content"];
        assert_eq!(content["msgtype"], "m.notice");
        assert_eq!(content["m.mentions"], json!({}));
        assert!(!html(&answer).contains("<script") && !html(&answer).contains("<img") && !html(&answer).contains("<b>"), "{answer:#}");
    }
    scene.end().await;
}
