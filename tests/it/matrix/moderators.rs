//! Moderators look after the knowledge base: status, check, reload; others may not.

use super::scene::{LENGTH, Scene};

use crate::setup::{Setup, harbour_copy};
use crate::synapse::{Member, body};

const REFUSED: &str = "Only moderators may do this.";

/// What the bot says to a command of somebody.
async fn kb(scene: &Scene<'_>, room: &str, who: &Member, what: &str) -> String {
    let asked = who.say(room, &format!("!kb {what}")).await;
    body(&scene.answer(room, &asked).await).to_owned()
}

/// What the journal has of moderators: who, which command, what came of it.
fn noted(setup: &Setup) -> Vec<(String, String, String)> {
    let journal = rusqlite::Connection::open(setup.data.path().join("journal.sqlite3")).expect("the journal opens");
    let mut select = journal.prepare("SELECT author, command, outcome FROM moderation WHERE platform = 'matrix' ORDER BY id").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn who_made_the_room_and_who_has_power_level_50_are_moderators() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let version = scene.bot.responder.store().current().snapshot.version.clone();
    assert_eq!(kb(&scene, &room, &scene.bruno, "status").await, REFUSED);
    scene.milva.set_power(&room, &scene.bruno.id, 50).await;
    for who in [&scene.milva, &scene.bruno] {
        let said = kb(&scene, &room, who, "status").await;
        for part in ["Opening of the Port Elmsworth harbour bridge", &version, "sources", "facts", "unanswered"] {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
    scene.milva.set_power(&room, &scene.bruno.id, 49).await;
    assert_eq!(kb(&scene, &room, &scene.bruno, "status").await, REFUSED);
    scene.end().await;
}

#[tokio::test]
async fn power_in_a_room_made_before_creators_stood_apart_counts_too() {
    let Some(scene) = Scene::start().await else { return };
    let options = serde_json::json!({
        "preset": "private_chat", "room_version": "11", "invite": [&scene.account.id, &scene.anna.id],
    });
    let room = scene.milva.create_room(&options).await;
    scene.anna.join(&room).await;
    scene.anna.sees_join(&room, &scene.account.id, super::SOON).await;
    assert!(kb(&scene, &room, &scene.milva, "check").await.contains("The files are in order"));
    assert_eq!(kb(&scene, &room, &scene.anna, "check").await, REFUSED);
    scene.end().await;
}

#[tokio::test]
async fn a_member_who_is_no_moderator_is_refused_and_the_attempt_is_noted() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    for what in ["status", "check", "reload"] {
        assert_eq!(kb(&scene, &room, &scene.anna, what).await, REFUSED);
    }
    let expected = ["status", "check", "reload"].map(|what| (scene.anna.id.clone(), what.to_owned(), "refused".to_owned()));
    assert_eq!(noted(&scene.setup), expected);
    scene.end().await;
}

#[tokio::test]
async fn nobody_is_a_moderator_in_a_direct_room_by_having_made_it() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.direct_room().await;
    assert_eq!(kb(&scene, &room, &scene.anna, "reload").await, REFUSED);
    scene.end().await;
}

#[tokio::test]
async fn users_named_in_the_settings_are_moderators_everywhere() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    let setup_with = scene.anna.id.clone();
    let Scene { server, account, anna, bruno, milva, setup, bot } = scene;
    bot.stop().await.expect("it stops");
    let setup = setup.with("MATRIX_MODERATORS", setup_with);
    let bot = setup.start_on(server, &account);
    let scene = Scene { server, account, anna, bruno, milva, setup, bot };
    assert!(kb(&scene, &room, &scene.anna, "status").await.contains("version"));
    assert_eq!(kb(&scene, &room, &scene.bruno, "status").await, REFUSED);
    let direct = scene.direct_room().await;
    assert!(kb(&scene, &direct, &scene.anna, "check").await.contains("The files are in order"));
    scene.end().await;
}

#[tokio::test]
async fn a_reload_serves_what_changed_and_broken_files_change_nothing() {
    let files = tempfile::tempdir().expect("a folder");
    let setup = Setup { folders: harbour_copy(files.path()), ..Setup::default() };
    let Some(scene) = Scene::with(setup).await else { return };
    let room = scene.room().await;
    let path = files.path().join("knowledge/facts/bridge.toml");
    let text = std::fs::read_to_string(&path).expect("the file is there");
    std::fs::write(&path, text.replacen("[fact.aliases]", "[fact.aliases", 1)).expect("the file can be written");
    let broken = kb(&scene, &room, &scene.milva, "reload").await;
    assert!(broken.contains("goes on serving, unchanged") && broken.contains("facts/bridge.toml:"), "{broken}");
    let before = body(&scene.asked(&room, LENGTH).await.1).to_owned();
    assert!(before.contains("612 metres long and"), "{before}");
    let changed = text.replacen("The bridge is 612 metres long and carries", "The bridge measures 612 metres and carries", 1);
    assert_ne!(changed, text);
    std::fs::write(&path, changed).expect("the file can be written");
    let old = scene.bot.responder.store().current().snapshot.version.clone();
    let said = kb(&scene, &room, &scene.milva, "reload").await;
    let new = scene.bot.responder.store().current().snapshot.version.clone();
    assert_ne!(old, new);
    assert!(said.contains(&old) && said.contains(&new) && said.contains("1 answered differently"), "{said}");
    let after = body(&scene.asked(&room, LENGTH).await.1).to_owned();
    assert!(after.contains("measures 612 metres"), "{after}");
    let [_, (author, command, outcome)] = noted(&scene.setup).try_into().expect("two things were done");
    assert_eq!((author, command, outcome), (scene.milva.id.clone(), "reload".to_owned(), format!("{old} -> {new}")));
    scene.end().await;
}
