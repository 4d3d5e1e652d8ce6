//! What can be pressed under a reply: pages, ratings, removing, suggestions, telling the moderators; also after a restart.

use rapporteur::journal::Journal;
use serde_json::{Value, json};

use super::scene::{FOOTBALL, LENGTH, MAYOR, OPENED, STEEL, Scene, assert_notice, button, english, has_button, id, is_private, standing};
use super::{QUIET, SOON, text};
use crate::fake_discord::{Discord, Rest, USUAL};
use crate::setup::Setup;

/// Whether a text stands anywhere in the files of a journal, as bytes.
fn holds(setup: &Setup, words: &str) -> bool {
    let files = std::fs::read_dir(setup.data.path()).expect("the folder").map(|entry| entry.expect("an entry").path());
    let bytes: Vec<u8> = files.flat_map(|path| std::fs::read(path).expect("a file")).collect();
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

fn kept(journal: &Journal) -> Vec<String> {
    journal.unanswered(99).expect("it can be read").into_iter().map(|question| question.question).collect()
}

#[tokio::test]
async fn more_passages_are_shown_to_whoever_presses_alone_and_turned_in_place() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let more = scene.press(&answer, scene.bruno, ":more:").await;
    assert_notice(&more, "1–3 of");
    let first = more["message"].clone();
    assert_eq!(text(&first).matches("\n> ").count(), 3, "{first:#}");
    assert!(!text(&first).contains("cut a ribbon of sailcloth"), "what the answer quotes is not repeated: {first:#}");
    assert!(!has_button(&first, ":back:"), "{first:#}");
    let turned = scene.press(&first, scene.bruno, ":more:").await;
    assert_eq!((&turned["type"], id(&turned["message"])), (&json!(7), id(&first)), "{turned:#}");
    let second = turned["message"].clone();
    assert!(text(&second).contains("4–6 of") && text(&second) != text(&first), "{second:#}");
    let back = scene.press(&second, scene.bruno, ":back:").await;
    assert_eq!((&back["type"], text(&back["message"])), (&json!(7), text(&first)));
    // The answer itself stays as it was, and the next reader starts at the first page.
    assert_eq!(scene.now(&answer).map(|now| now["embeds"].clone()), Some(answer["embeds"].clone()));
    let other = scene.press(&answer, scene.anna, ":more:").await;
    assert_eq!(text(&other["message"]), text(&first));
    scene.end().await;
}

#[tokio::test]
async fn the_last_page_leads_nowhere() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let mut page = scene.press(&answer, scene.anna, ":more:").await["message"].clone();
    let mut pages = 1;
    while has_button(&page, ":more:") {
        page = scene.press(&page, scene.anna, ":more:").await["message"].clone();
        pages += 1;
        assert!(pages < 10, "{page:#}");
    }
    assert!(pages > 1 && has_button(&page, ":back:"), "{page:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_rating_is_noted_and_each_member_has_one_voice() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let journal = scene.setup.journal();
    let ratings = || journal.ratings().expect("they can be read");
    assert_eq!(ratings(), (0, 0));
    assert_notice(&scene.press(&answer, scene.anna, ":rate:yes").await, &english().rated);
    assert_eq!(ratings(), (1, 0));
    scene.press(&answer, scene.anna, ":rate:yes").await;
    assert_eq!(ratings(), (1, 0), "one voice, however often it is raised");
    scene.press(&answer, scene.anna, ":rate:no").await;
    assert_eq!(ratings(), (0, 1), "the later word counts");
    scene.press(&answer, scene.bruno, ":rate:yes").await;
    assert_eq!(ratings(), (1, 1));
    let public = scene.ask(scene.bruno, LENGTH).await["message"].clone();
    scene.press(&public, scene.anna, ":rate:yes").await;
    let private = scene.ask_alone(scene.bruno, LENGTH).await["message"].clone();
    scene.press(&private, scene.bruno, ":rate:no").await;
    assert_eq!(ratings(), (2, 2));
    for member in [scene.anna, scene.bruno] {
        assert!(!holds_in_feedback(&scene.setup, &member.to_string()), "a member is named");
    }
    scene.end().await;
}

fn holds_in_feedback(setup: &Setup, member: &str) -> bool {
    let file = setup.data.path().join("journal.sqlite3");
    let connection = rusqlite::Connection::open(file).expect("it opens");
    let mut select = connection.prepare("SELECT hex(member), fact FROM feedback").expect("the table");
    let rows = select.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    rows.map(|row| row.expect("a row")).any(|hex| hex.contains(member) || hex == format!("{:X}", member.parse::<u64>().expect("an id")))
}

#[tokio::test]
async fn a_rating_is_noted_with_the_fact_that_answered() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    scene.press(&answer, scene.anna, ":rate:yes").await;
    let public = scene.ask(scene.bruno, LENGTH).await["message"].clone();
    scene.noted(&public).await;
    scene.press(&public, scene.anna, ":rate:no").await;
    let connection = rusqlite::Connection::open(scene.setup.data.path().join("journal.sqlite3")).expect("it opens");
    let mut select = connection.prepare("SELECT fact, helpful FROM feedback ORDER BY fact").expect("the table");
    let rows = select.query_map([], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, bool>(1)?))).expect("rows");
    let rows: Vec<_> = rows.map(|row| row.expect("a row")).collect();
    assert_eq!(rows, [(Some("bridge-opening".to_owned()), true), (Some("bridge-size".to_owned()), false)]);
    drop(select);
    scene.end().await;
}

#[tokio::test]
async fn the_asker_and_moderators_remove_a_reply_and_nobody_else_does() {
    let scene = Scene::start().await;
    let (_, first) = scene.asked(OPENED).await;
    assert_notice(&scene.press(&first, scene.bruno, ":dismiss:").await, &english().not_yours);
    assert!(scene.now(&first).is_some());
    assert_eq!(scene.press(&first, scene.anna, ":dismiss:").await["type"], 6);
    scene.gone(&first).await;
    let (_, second) = scene.asked(LENGTH).await;
    scene.press(&second, scene.moderator, ":dismiss:").await;
    scene.gone(&second).await;
    scene.end().await;
}

#[tokio::test]
async fn a_member_with_a_moderators_role_removes_a_reply() {
    let role = 4242;
    let scene = Scene::with(Setup::default().with("DISCORD_MODERATOR_ROLES", role)).await;
    scene.discord.set_roles(scene.bruno, &[role]);
    let (_, answer) = scene.asked(OPENED).await;
    scene.press(&answer, scene.bruno, ":dismiss:").await;
    scene.gone(&answer).await;
    scene.end().await;
}

#[tokio::test]
async fn replies_to_commands_are_removed_too_public_and_private() {
    let scene = Scene::start().await;
    let public = scene.ask(scene.anna, OPENED).await["message"].clone();
    assert_notice(&scene.press(&public, scene.bruno, ":dismiss:").await, &english().not_yours);
    scene.press(&public, scene.anna, ":dismiss:").await;
    scene.gone(&public).await;
    let private = scene.ask_alone(scene.anna, OPENED).await["message"].clone();
    scene.press(&private, scene.anna, ":dismiss:").await;
    scene.gone(&private).await;
    let direct = scene.discord.dm_channel(scene.anna);
    scene.discord.say(direct, scene.anna, OPENED);
    let answer = scene.discord.next_message(direct, SOON).await;
    scene.press(&answer, scene.anna, ":dismiss:").await;
    scene.gone(&answer).await;
    scene.end().await;
}

#[tokio::test]
async fn removing_is_acknowledged_in_time_though_deleting_is_slow() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    scene.discord.rest_fault("DELETE", "/messages/", 1, Rest::Slow(std::time::Duration::from_millis(4500)));
    let pressed = scene.discord.press(id(&answer), scene.anna, &button(&answer, ":dismiss:"));
    scene.gone(&answer).await;
    scene.discord.wait_until(SOON, |state| state.interactions[&pressed].answer.is_some() || !state.violations.is_empty()).await;
    scene.end().await;
}

#[tokio::test]
async fn a_reply_that_is_removed_twice_is_acknowledged_twice() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let dismiss = button(&answer, ":dismiss:");
    let pressed = [scene.anna, scene.moderator].map(|user| scene.discord.press(id(&answer), user, &dismiss));
    for pressed in pressed {
        assert_eq!(scene.discord.wait_response(pressed, SOON).await["type"], 6);
    }
    scene.gone(&answer).await;
    scene.end().await;
}

#[tokio::test]
async fn a_suggestion_is_answered_in_place_for_its_asker_and_privately_for_others() {
    let scene = Scene::start().await;
    let (_, offered) = scene.asked(MAYOR).await;
    assert!(text(&offered).contains(&english().suggestions), "{offered:#}");
    let other = scene.press(&offered, scene.bruno, ":bridge-opening").await;
    assert_notice(&other, "14 March 2031");
    assert_eq!(scene.now(&offered).map(|now| text(&now)), Some(text(&offered)), "others leave it as it was");
    let chosen = scene.press(&offered, scene.anna, ":bridge-opening").await;
    assert_eq!((&chosen["type"], id(&chosen["message"])), (&json!(7), id(&offered)));
    let now = scene.now(&offered).expect("it is there");
    assert!(text(&now).contains("14 March 2031") && standing(&now).contains("verified"), "{now:#}");
    assert!(!has_button(&now, ":ask:") && !has_button(&now, ":tell:"), "{now:#}");
    scene.end().await;
}

#[tokio::test]
async fn an_answer_chosen_in_place_counts_as_said() {
    let scene = Scene::start().await;
    let (_, offered) = scene.asked(MAYOR).await;
    scene.press(&offered, scene.anna, ":bridge-opening").await;
    let (_, again) = scene.asked(OPENED).await;
    let link = format!("https://discord.com/channels/{}/{}/{}", scene.guild, scene.channel, id(&offered));
    assert!(again["content"].as_str().unwrap_or_default().contains(&link), "{again:#}");
    // The question goes, and the answer chosen for it goes too.
    scene.end().await;
}

#[tokio::test]
async fn a_suggestion_under_a_command_is_answered_in_place_and_keeps_its_reader() {
    let scene = Scene::start().await;
    for alone in [false, true] {
        let response = if alone { scene.ask_alone(scene.anna, MAYOR).await } else { scene.ask(scene.anna, MAYOR).await };
        let offered = response["message"].clone();
        let chosen = scene.press(&offered, scene.anna, ":bridge-opening").await;
        assert_eq!(chosen["type"], 7, "{chosen:#}");
        let now = scene.now(&offered).expect("it is there");
        assert!(text(&now).contains("14 March 2031") && is_private(&now) == alone, "{now:#}");
        assert_eq!(now["embeds"][0]["footer"], Value::Null, "{now:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn the_questions_text_is_kept_only_once_its_author_says_so() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(STEEL).await;
    scene.asked(FOOTBALL).await;
    scene.ask(scene.anna, "who repainted the lighthouse of Zanzibar?").await;
    scene.press(&answer, scene.bruno, ":more:").await;
    let journal = scene.setup.journal();
    assert_eq!(kept(&journal), Vec::<String>::new());
    for words in [STEEL, FOOTBALL, "supplied", "football", "Zanzibar"] {
        assert!(!holds(&scene.setup, words), "{words:?} is in the journal");
    }
    assert_notice(&scene.press(&answer, scene.bruno, ":tell:").await, &english().not_yours);
    assert!(!holds(&scene.setup, "supplied"));
    assert_notice(&scene.press(&answer, scene.anna, ":tell:").await, &english().told);
    assert_eq!(kept(&journal), [STEEL]);
    assert_notice(&scene.press(&answer, scene.anna, ":tell:").await, &english().told_before);
    assert_eq!(kept(&journal), [STEEL]);
    assert!(!holds(&scene.setup, "football") && !holds(&scene.setup, "Zanzibar"));
    scene.end().await;
}

#[tokio::test]
async fn a_moderator_does_not_consent_in_the_askers_name() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(STEEL).await;
    assert_notice(&scene.press(&answer, scene.moderator, ":tell:").await, &english().not_yours);
    assert!(!holds(&scene.setup, "supplied"), "/privacy says that only who asked gives a question away");
    scene.end().await;
}

#[tokio::test]
async fn questions_of_every_kind_can_be_told_to_the_moderators() {
    let scene = Scene::start().await;
    let journal = scene.setup.journal();
    let (_, suggestions) = scene.asked(MAYOR).await;
    assert_notice(&scene.press(&suggestions, scene.anna, ":tell:").await, &english().told);
    let public = scene.ask(scene.anna, STEEL).await["message"].clone();
    assert_notice(&scene.press(&public, scene.anna, ":tell:").await, &english().told);
    let private = scene.ask_alone(scene.anna, FOOTBALL).await["message"].clone();
    assert_notice(&scene.press(&private, scene.anna, ":tell:").await, &english().told);
    let direct = scene.discord.dm_channel(scene.bruno);
    scene.discord.say(direct, scene.bruno, "who **polished** the anchor?");
    let answer = scene.discord.next_message(direct, SOON).await;
    assert_notice(&scene.press(&answer, scene.bruno, ":tell:").await, &english().told);
    assert_eq!(kept(&journal), ["who polished the anchor?", FOOTBALL, STEEL, MAYOR]);
    for question in journal.unanswered(9).expect("it can be read") {
        assert_eq!((question.platform.as_str(), question.version.len()), ("discord", 12), "{question:?}");
    }
    scene.end().await;
}

#[tokio::test]
async fn no_answer_names_the_closest_topic_and_offers_to_tell_the_moderators() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(STEEL).await;
    assert_eq!(text(&answer), format!("**{}**\n\n{}", english().no_answer, english().closest));
    assert_eq!(answer["components"][0]["components"][0]["label"], "How much did the bridge cost?");
    assert!(has_button(&answer, ":tell:") && !has_button(&answer, ":rate:"), "{answer:#}");
    let chosen = scene.press(&answer, scene.anna, ":bridge-cost").await;
    assert!(text(&chosen["message"]).contains("88 million"), "{chosen:#}");
    let (_, answer) = scene.asked(FOOTBALL).await;
    assert_eq!(text(&answer), format!("**{}**", english().no_answer));
    assert!(has_button(&answer, ":tell:") && !has_button(&answer, ":ask:"), "{answer:#}");
    scene.end().await;
}

#[tokio::test]
async fn related_questions_are_answered_from_a_menu_privately() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let menu = &answer["components"][0]["components"][0];
    assert_eq!((&menu["type"], &menu["placeholder"]), (&json!(3), &json!(english().related)));
    for user in [scene.anna, scene.bruno] {
        let picked = scene.discord.select(id(&answer), user, &button(&answer, ":pick:"), &["bridge-size"]);
        assert_notice(&scene.discord.wait_response(picked, SOON).await, "612 metres");
    }
    scene.end().await;
}

#[tokio::test]
async fn after_a_restart_everything_can_still_be_pressed() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let (_, offered) = scene.asked(MAYOR).await;
    let (_, unanswered) = scene.asked(STEEL).await;
    let private = scene.ask_alone(scene.anna, FOOTBALL).await["message"].clone();
    let topics = scene.slash(scene.anna, "topics", json!([])).await["message"].clone();
    let source =
        scene.slash(scene.anna, "sources", json!([{ "name": "source", "type": 3, "value": "beacon-opening" }])).await["message"].clone();
    let more = scene.press(&answer, scene.anna, ":more:").await["message"].clone();
    let scene = scene.restart().await;
    let journal = scene.setup.journal();
    assert_eq!(scene.press(&more, scene.anna, ":more:").await["type"], 7);
    assert_notice(&scene.press(&answer, scene.bruno, ":more:").await, "1–3 of");
    assert_eq!(scene.press(&source, scene.anna, ":source:").await["type"], 7);
    assert_notice(&scene.press(&answer, scene.bruno, ":rate:yes").await, &english().rated);
    assert_eq!(journal.ratings().expect("they can be read"), (1, 0));
    for (menu, fact, words) in [(&answer, "bridge-size", "612"), (&topics, "bridge-cost", "88 million")] {
        let picked = scene.discord.select(id(menu), scene.bruno, &button(menu, ":pick:"), &[fact]);
        assert_notice(&scene.discord.wait_response(picked, SOON).await, words);
    }
    assert_notice(&scene.press(&unanswered, scene.bruno, ":tell:").await, &english().not_yours);
    assert_notice(&scene.press(&unanswered, scene.anna, ":tell:").await, &english().told);
    assert_notice(&scene.press(&private, scene.anna, ":tell:").await, &english().told);
    assert_eq!(kept(&journal), [FOOTBALL, STEEL]);
    assert_eq!(scene.press(&offered, scene.anna, ":bridge-opening").await["type"], 7);
    assert_notice(&scene.press(&answer, scene.bruno, ":dismiss:").await, &english().not_yours);
    scene.press(&answer, scene.anna, ":dismiss:").await;
    scene.gone(&answer).await;
    scene.end().await;
}

#[tokio::test]
async fn stale_and_garbled_ids_are_acknowledged_with_a_notice() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let more = button(&answer, ":more:");
    let version = more.split(':').nth(2).expect("a version").to_owned();
    let stale = [
        more.replace(&version, "0123456789ab"),
        "r1:source:0123456789ab:0:beacon-opening".into(),
        String::new(),
        "r1".into(),
        "r0:rate:yes".into(),
        "r2:more:x:0:1.1".into(),
        "r1:more:v".into(),
        "r1:pick:de".into(),
        "🦀".repeat(25),
        "r1:ask:en:1".into(),
    ];
    for custom_id in stale {
        let pressed = scene.discord.press(id(&answer), scene.anna, &custom_id);
        assert_notice(&scene.discord.wait_response(pressed, SOON).await, &english().stale);
    }
    for gone in ["r1:ask:en:1:no-such-fact", "r1:pick:en"] {
        let pressed = scene.discord.press(id(&answer), scene.anna, gone);
        assert_notice(&scene.discord.wait_response(pressed, SOON).await, &english().unknown_fact);
    }
    let nowhere =
        [format!("r1:source:{version}:0:no-such-source"), format!("r1:more:{version}:7:1.0"), format!("r1:more:{version}:0:ffff.ffff")];
    for custom_id in nowhere {
        let pressed = scene.discord.press(id(&answer), scene.anna, &custom_id);
        assert_notice(&scene.discord.wait_response(pressed, SOON).await, &english().no_pages);
    }
    let picked = scene.discord.select(id(&answer), scene.anna, "r1:pick:en", &["no-such-fact"]);
    assert_notice(&scene.discord.wait_response(picked, SOON).await, &english().unknown_fact);
    let dismiss = scene.discord.press(id(&answer), scene.anna, "r1:dismiss:");
    assert_notice(&scene.discord.wait_response(dismiss, SOON).await, &english().not_yours);
    scene.discord.assert_quiet(QUIET).await;
    assert!(scene.now(&answer).is_some());
    scene.end().await;
}

#[tokio::test]
async fn a_page_number_beyond_all_bounds_is_acknowledged() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    let version = button(&answer, ":more:").split(':').nth(2).expect("a version").to_owned();
    for page in [usize::MAX, usize::MAX / 3, usize::MAX / 2] {
        for pages in [format!("r1:more:{version}:{page}:1.0"), format!("r1:source:{version}:{page}:beacon-opening")] {
            let pressed = scene.discord.press(id(&answer), scene.anna, &pages);
            assert_notice(&scene.discord.wait_response(pressed, SOON).await, &english().no_pages);
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn pages_of_another_version_of_the_base_are_refused_after_it_was_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = crate::setup::harbour_copy(folder.path());
    let scene = Scene::with(Setup { folders: folders.clone(), ..Setup::default() }).await;
    let (_, answer) = scene.asked(OPENED).await;
    let facts = folders.knowledge.join("facts/crossing.toml");
    let text_of = std::fs::read_to_string(&facts).expect("the facts");
    std::fs::write(&facts, text_of.replace("keep sailing until the end of June 2031.", "sail until the end of June 2031."))
        .expect("a file");
    let scene = scene.restart().await;
    assert_notice(&scene.press(&answer, scene.anna, ":more:").await, &english().stale);
    assert_notice(&scene.press(&answer, scene.anna, ":rate:yes").await, &english().rated);
    scene.end().await;
}

#[tokio::test]
async fn a_press_on_a_message_of_before_is_in_the_language_of_whoever_presses() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    scene.discord.set_locale(scene.bruno, "it");
    assert_notice(&scene.press(&answer, scene.bruno, ":rate:yes").await, "Grazie, annotato.");
    assert_notice(&scene.press(&answer, scene.bruno, ":dismiss:").await, "Può farlo solo chi ha chiesto, o un moderatore.");
    assert_notice(&scene.press(&answer, scene.bruno, ":more:").await, "1–3 di");
    scene.discord.set_permissions(scene.bruno, USUAL);
    assert_eq!(Discord::custom_ids(&answer).len(), 5, "{answer:#}");
    scene.end().await;
}
