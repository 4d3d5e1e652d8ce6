//! Manners: who asks too often waits, and what was said a moment ago is linked to.

use std::time::Duration;

use rapporteur::knowledge::Language;
use rapporteur::reply::Wording;
use serde_json::{Value, json};

use super::scene::{LENGTH, OPENED, Scene, hides_embeds, id, is_private};
use super::{QUIET, SOON, text};
use crate::fake_discord::Id;
use crate::setup::Setup;

pub(super) const DESIGNER: &str = "who designed the harbour bridge?";

/// What a message says outside embeds.
pub(super) fn content(message: &Value) -> &str {
    message["content"].as_str().unwrap_or_default()
}

pub(super) fn link(scene: &Scene, message: &Value) -> String {
    format!("https://discord.com/channels/{}/{}/{}", scene.guild, scene.channel, id(message))
}

/// The next message of the bot's in the private conversation with a member.
pub(super) async fn told_privately(scene: &Scene, member: Id) -> Value {
    scene.discord.next_message(scene.discord.dm_channel(member), SOON).await
}

pub(super) fn cooled(member: &'static str, channel: &'static str) -> Setup {
    Setup { cooldowns: (member, channel), ..Setup::default() }
}

#[tokio::test]
async fn a_member_who_asks_too_often_is_told_so_privately() {
    let scene = Scene::with(cooled("2/600s", "off")).await;
    scene.asked(OPENED).await;
    scene.asked(LENGTH).await;
    scene.mention(scene.anna, DESIGNER);
    let notice = told_privately(&scene, scene.anna).await;
    assert!(text(&notice).contains("you can ask again in 300 s") || text(&notice).contains("you can ask again in 299 s"), "{notice:#}");
    // Commands count too, and say so to their user alone.
    let response = scene.ask(scene.anna, DESIGNER).await;
    assert!(is_private(&response["message"]) && text(&response["message"]).contains("you can ask again in"), "{response:#}");
    assert_eq!(scene.discord.messages(scene.channel).len(), 2, "nothing is said in the channel");
    // Others are not affected.
    let response = scene.ask(scene.bruno, DESIGNER).await;
    assert!(text(&response["message"]).contains("Ruben Askeland"), "{response:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_flood_gets_one_notice_and_not_a_flood_of_them() {
    let scene = Scene::with(cooled("1/600s", "off")).await;
    scene.asked(OPENED).await;
    for _ in 0..8 {
        scene.mention(scene.anna, LENGTH);
    }
    told_privately(&scene, scene.anna).await;
    tokio::time::sleep(QUIET).await;
    let notices = scene.discord.messages(scene.discord.dm_channel(scene.anna)).len();
    // A minute may begin in between.
    assert!((1..=2).contains(&notices), "{notices}");
    assert_eq!(scene.discord.messages(scene.channel).len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_channel_in_which_too_much_is_asked_rests_and_others_go_on() {
    let scene = Scene::with(cooled("off", "2/600s")).await;
    scene.asked(OPENED).await;
    scene.ask(scene.bruno, LENGTH).await;
    scene.mention(scene.bruno, DESIGNER);
    let notice = told_privately(&scene, scene.bruno).await;
    assert!(text(&notice).contains("you can ask again in"), "{notice:#}");
    let response = scene.ask(scene.moderator, DESIGNER).await;
    assert!(is_private(&response["message"]) && text(&response["message"]).contains("you can ask again in"), "{response:#}");
    let other = scene.discord.text_channel(scene.guild, "other");
    scene.discord.say(other, scene.bruno, &format!("<@{}> {DESIGNER}", scene.discord.bot()));
    assert!(text(&scene.discord.next_message(other, SOON).await).contains("Ruben Askeland"));
    scene.end().await;
}

#[tokio::test]
async fn the_notice_is_in_the_language_of_the_question_or_of_the_member() {
    let scene = Scene::with(cooled("1/600s", "off")).await;
    scene.ask(scene.anna, OPENED).await;
    scene.discord.set_locale(scene.anna, "it");
    let response = scene.ask(scene.anna, OPENED).await;
    let start = |language| Wording::of(language).wait.split("{seconds}").next().expect("a start").to_owned();
    assert!(text(&response["message"]).contains(&start(Language::It)), "{response:#}");
    scene.mention(scene.anna, "quanto è lungo il ponte del porto, per favore?");
    let notice = told_privately(&scene, scene.anna).await;
    assert!(text(&notice).contains(&start(Language::It)), "{notice:#}");
    scene.end().await;
}

#[tokio::test]
async fn completion_buttons_and_help_cost_nothing() {
    let scene = Scene::with(cooled("1/600s", "off")).await;
    let (_, answer) = scene.asked(OPENED).await;
    for _ in 0..3 {
        let options = json!([{ "name": "question", "type": 3, "value": "who", "focused": true }]);
        let typing = scene.discord.autocomplete(scene.channel, scene.anna, "ask", options);
        assert_eq!(scene.discord.wait_response(typing, SOON).await["type"], 8);
        assert!(text(&scene.slash(scene.anna, "help", json!([])).await["message"]).contains("mention me"));
        assert!(text(&scene.press(&answer, scene.anna, ":more:").await["message"]).contains("1–3 of"));
    }
    scene.end().await;
}

#[tokio::test]
async fn in_an_answer_channel_who_asks_too_often_is_not_written_to() {
    let scene = Scene::listening().await;
    scene.bot.stop().await.expect("it stops");
    scene.discord.wait_until(SOON, |state| state.sockets.values().all(|socket| socket.session.is_none())).await;
    let setup = Setup { cooldowns: ("1/600s", "off"), ..scene.setup };
    let bot = setup.start(&scene.discord).await;
    let scene = Scene { setup, bot, ..scene };
    scene.discord.say(scene.answers, scene.anna, OPENED);
    scene.discord.next_message(scene.answers, SOON).await;
    scene.discord.say(scene.answers, scene.anna, LENGTH);
    scene.discord.assert_quiet(QUIET).await;
    scene.end().await;
}

#[tokio::test]
async fn the_same_question_again_is_answered_with_a_link_to_the_first_answer() {
    let scene = Scene::start().await;
    let (_, first) = scene.asked(OPENED).await;
    for again in ["on which day did the bridge open?", OPENED] {
        scene.mention(scene.bruno, again);
        let said = scene.discord.next_message(scene.channel, SOON).await;
        assert!(content(&said).contains(&link(&scene, &first)), "{said:#}");
        assert!(said["embeds"] == json!([]) && hides_embeds(&said), "{said:#}");
    }
    let response = scene.ask(scene.bruno, OPENED).await;
    assert!(content(&response["message"]).contains(&link(&scene, &first)) && is_private(&response["message"]), "{response:#}");
    let (_, other) = scene.asked(LENGTH).await;
    assert!(text(&other).contains("612 metres"), "another fact is answered: {other:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_link_leads_to_the_answer_of_a_command_too() {
    let scene = Scene::start().await;
    let first = scene.ask(scene.anna, OPENED).await["message"].clone();
    scene.noted(&first).await;
    let (_, again) = scene.asked(OPENED).await;
    assert!(content(&again).contains(&link(&scene, &first)), "{again:#}");
    let said = scene.discord.say(scene.channel, scene.bruno, OPENED);
    let used = scene.discord.message_command(scene.channel, scene.moderator, "Answer this", said);
    let response = scene.discord.wait_response(used, SOON).await;
    assert!(content(&response["message"]).contains(&link(&scene, &first)), "{response:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_private_answer_is_no_answer_to_link_to_and_links_to_none() {
    let scene = Scene::start().await;
    scene.ask_alone(scene.anna, OPENED).await;
    let (_, first) = scene.asked(OPENED).await;
    assert!(text(&first).contains("14 March 2031"), "{first:#}");
    let alone = scene.ask_alone(scene.bruno, OPENED).await;
    assert!(text(&alone["message"]).contains("14 March 2031"), "{alone:#}");
    scene.end().await;
}

#[tokio::test]
async fn in_another_channel_the_same_question_is_answered() {
    let scene = Scene::start().await;
    scene.asked(OPENED).await;
    let other = scene.discord.text_channel(scene.guild, "other");
    scene.discord.say(other, scene.anna, &format!("<@{}> {OPENED}", scene.discord.bot()));
    assert!(text(&scene.discord.next_message(other, SOON).await).contains("14 March 2031"));
    scene.end().await;
}

#[tokio::test]
async fn in_a_private_conversation_the_same_question_is_answered_each_time() {
    let scene = Scene::start().await;
    let direct = scene.discord.dm_channel(scene.anna);
    for _ in 0..2 {
        scene.discord.say(direct, scene.anna, OPENED);
        let answer = scene.discord.next_message(direct, SOON).await;
        assert!(text(&answer).contains("14 March 2031"), "{answer:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn in_a_private_conversation_a_command_is_answered_each_time_too() {
    let scene = Scene::start().await;
    let direct = scene.discord.dm_channel(scene.anna);
    scene.discord.say(direct, scene.anna, OPENED);
    scene.discord.next_message(direct, SOON).await;
    for _ in 0..2 {
        let asked = scene.discord.slash(direct, scene.anna, "ask", json!([{ "name": "question", "type": 3, "value": OPENED }]));
        let response = scene.discord.wait_response(asked, SOON).await;
        assert!(text(&response["message"]).contains("14 March 2031"), "{response:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn the_line_with_the_link_is_in_the_members_language() {
    let scene = Scene::start().await;
    let first = scene.ask(scene.anna, OPENED).await["message"].clone();
    scene.noted(&first).await;
    for (locale, language) in [("it", Language::It), ("fr", Language::Fr), ("uk", Language::Uk), ("de", Language::En)] {
        scene.discord.set_locale(scene.bruno, locale);
        let again = scene.ask(scene.bruno, OPENED).await;
        assert_eq!(content(&again["message"]), Wording::of(language).again.replace("{link}", &link(&scene, &first)), "{again:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn once_its_reply_is_deleted_a_fact_is_given_again() {
    let scene = Scene::start().await;
    for bulk in [false, true] {
        let (_, first) = scene.asked(OPENED).await;
        assert!(text(&first).contains("14 March 2031"), "{first:#}");
        if bulk {
            scene.discord.delete_bulk(scene.channel, &[id(&first)]);
        } else {
            scene.discord.delete(id(&first));
        }
        // What was handled before is done: the next question finds it so.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (_, third) = scene.asked(OPENED).await;
    scene.press(&third, scene.anna, ":dismiss:").await;
    scene.gone(&third).await;
    let (_, fourth) = scene.asked(OPENED).await;
    assert!(text(&fourth).contains("14 March 2031"), "{fourth:#}");
    scene.end().await;
}

#[tokio::test]
async fn once_its_question_is_deleted_a_fact_is_given_again() {
    let scene = Scene::start().await;
    let (asked, first) = scene.asked(OPENED).await;
    let (repeated, linked) = scene.asked(OPENED).await;
    scene.discord.delete(repeated);
    scene.gone(&linked).await;
    assert!(scene.now(&first).is_some());
    scene.discord.delete(asked);
    scene.gone(&first).await;
    let (_, again) = scene.asked(OPENED).await;
    assert!(text(&again).contains("14 March 2031"), "{again:#}");
    scene.end().await;
}
