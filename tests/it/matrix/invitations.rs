//! Rooms: invitations accepted and declined, rooms left, rooms replaced.

use std::time::Duration;

use serde_json::json;

use super::SOON;
use super::scene::{LENGTH, OPENED, Scene};
use crate::setup::Setup;
use crate::synapse::{Member, body};

/// Waits until somebody is in a room what is expected.
pub(super) async fn becomes(host: &Member, room: &str, user: &str, membership: &str) {
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let now = host.membership_of(room, user).await;
        if now.as_deref() == Some(membership) {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{user} is {now:?}, not {membership}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn everybody_on_the_bots_own_homeserver_may_invite_it() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.bruno.room(&[&scene.account.id]).await;
    becomes(&scene.bruno, &room, &scene.account.id, "join").await;
    scene.end().await;
}

#[tokio::test]
async fn invitations_of_other_homeservers_users_are_declined_and_of_a_named_user_accepted() {
    for (invites, accepted) in [("other.test", false), ("other.test,elmsworth.test", true), ("@somebody:elmsworth.test", false)] {
        let Some(scene) = Scene::with(Setup::default().with("MATRIX_INVITES", invites)).await else { return };
        let room = scene.anna.room(&[&scene.account.id]).await;
        becomes(&scene.anna, &room, &scene.account.id, if accepted { "join" } else { "leave" }).await;
        let direct = scene.anna.direct_room(&scene.account.id).await;
        becomes(&scene.anna, &direct, &scene.account.id, if accepted { "join" } else { "leave" }).await;
        scene.end().await;
    }
}

#[tokio::test]
async fn a_named_user_may_invite_and_nobody_else() {
    let Some(scene) = Scene::start().await else { return };
    let Scene { server, account, anna, bruno, milva, setup, bot } = scene;
    bot.stop().await.expect("it stops");
    let setup = setup.with("MATRIX_INVITES", &anna.id);
    let bot = setup.start_on(server, &account);
    let scene = Scene { server, account, anna, bruno, milva, setup, bot };
    let (one, two) = (scene.anna.room(&[&scene.account.id]).await, scene.bruno.room(&[&scene.account.id]).await);
    becomes(&scene.anna, &one, &scene.account.id, "join").await;
    becomes(&scene.bruno, &two, &scene.account.id, "leave").await;
    scene.end().await;
}

#[tokio::test]
async fn an_invitation_that_came_while_the_bot_was_away_is_answered() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    scene.asked(&room, OPENED).await;
    let mut made = String::new();
    let scene = scene.away(async |away| made = away.anna.room(&[&away.account.id]).await).await;
    becomes(&scene.anna, &made, &scene.account.id, "join").await;
    assert!(body(&scene.asked(&made, LENGTH).await.1).contains("612 metres"));
    scene.end().await;
}

#[tokio::test]
async fn put_out_of_one_room_the_bot_goes_on_in_the_others_and_comes_back_when_invited_again() {
    let Some(scene) = Scene::start().await else { return };
    let (one, two) = (scene.room().await, scene.room().await);
    scene.mention(&one, OPENED).await;
    scene.milva.kick(&one, &scene.account.id).await;
    assert!(body(&scene.asked(&two, LENGTH).await.1).contains("612 metres"));
    let missed = scene.mention(&one, LENGTH).await;
    scene.milva.invite(&one, &scene.account.id).await;
    becomes(&scene.milva, &one, &scene.account.id, "join").await;
    let asked = scene.mention(&one, "who designed the bridge?").await;
    assert!(body(&scene.answer(&one, &asked).await).contains("Askeland"));
    scene.assert_unanswered(&one, &[&missed]).await;
    scene.end().await;
}

#[tokio::test]
async fn a_replaced_room_is_followed() {
    let Some(scene) = Scene::start().await else { return };
    let options = json!({ "preset": "public_chat", "room_version": "11", "invite": [&scene.account.id] });
    let old = scene.milva.create_room(&options).await;
    scene.anna.join(&old).await;
    scene.anna.sees_join(&old, &scene.account.id, SOON).await;
    scene.asked(&old, OPENED).await;
    let new = scene.milva.upgrade(&old, "12").await;
    becomes(&scene.milva, &new, &scene.account.id, "join").await;
    scene.anna.join(&new).await;
    assert!(body(&scene.asked(&new, LENGTH).await.1).contains("612 metres"));
    scene.end().await;
}

#[tokio::test]
async fn put_out_of_a_replacement_the_bot_does_not_come_back_by_itself() {
    let Some(scene) = Scene::start().await else { return };
    let options = json!({ "preset": "public_chat", "room_version": "11", "invite": [&scene.account.id] });
    let old = scene.milva.create_room(&options).await;
    scene.anna.join(&old).await;
    scene.anna.sees_join(&old, &scene.account.id, SOON).await;
    let new = scene.milva.upgrade(&old, "11").await;
    becomes(&scene.milva, &new, &scene.account.id, "join").await;
    scene.milva.kick(&new, &scene.account.id).await;
    // The old room is heard of again, and the bot starts anew.
    scene.anna.leave(&old).await;
    let room = scene.room().await;
    scene.asked(&room, OPENED).await;
    let scene = scene.restart().await;
    scene.asked(&room, LENGTH).await;
    assert_eq!(scene.milva.membership_of(&new, &scene.account.id).await.as_deref(), Some("leave"));
    scene.end().await;
}

#[tokio::test]
async fn whoever_may_not_invite_the_bot_may_not_send_it_elsewhere() {
    let Some(scene) = Scene::start().await else { return };
    let options = json!({ "preset": "public_chat", "room_version": "11", "invite": [&scene.account.id] });
    let old = scene.milva.create_room(&options).await;
    becomes(&scene.milva, &old, &scene.account.id, "join").await;
    let Scene { server, account, anna, bruno, milva, setup, bot } = scene;
    bot.stop().await.expect("it stops");
    let setup = setup.with("MATRIX_INVITES", &anna.id);
    let bot = setup.start_on(server, &account);
    let scene = Scene { server, account, anna, bruno, milva, setup, bot };
    let new = scene.milva.upgrade(&old, "11").await;
    let room = scene.anna.room(&[&scene.account.id]).await;
    becomes(&scene.anna, &room, &scene.account.id, "join").await;
    scene.asked(&room, OPENED).await;
    assert_eq!(scene.milva.membership_of(&new, &scene.account.id).await, None);
    scene.end().await;
}

#[tokio::test]
async fn where_the_bot_may_not_speak_it_goes_on_elsewhere() {
    let Some(scene) = Scene::start().await else { return };
    let (mute, other) = (scene.room().await, scene.room().await);
    let path = format!("rooms/{}/state/m.room.power_levels/", mute.replace('!', "%21"));
    let mut levels = scene.milva.call("GET", &path, None).await;
    levels["events_default"] = json!(30);
    levels["users"][scene.anna.id.as_str()] = json!(30);
    scene.milva.call("PUT", &path, Some(&levels)).await;
    let unheard = scene.mention(&mute, OPENED).await;
    assert!(body(&scene.asked(&other, LENGTH).await.1).contains("612 metres"));
    assert_eq!(scene.anna.try_answer(&mute, &unheard, &scene.account.id, Duration::from_secs(2)).await, None);
    assert!(!scene.bot.has_ended());
    scene.end().await;
}
