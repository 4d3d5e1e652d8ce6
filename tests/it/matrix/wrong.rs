//! What an operator gets wrong: each has a clear line with the remedy, and never shows a secret.

use std::time::Duration;

use rapporteur::platform::matrix::MatrixError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::scene::Scene;
use crate::setup::Setup;
use crate::synapse::{Homeserver, Member, is_skipped};

/// A homeserver and the bot's account; none where homeservers are left out.
async fn account() -> Option<(&'static Homeserver, Member)> {
    if is_skipped() {
        return None;
    }
    let server = Homeserver::shared().await;
    Some((server, server.member("rapporteur").await))
}

/// Starts a bot that must end by itself; what it says.
async fn refused(setup: &Setup, server: &Homeserver, account: &Member) -> MatrixError {
    setup.start_on(server, account).ended().await.expect_err("it does not serve")
}

#[tokio::test]
async fn a_wrong_password_ends_it_and_is_not_shown() {
    let Some((server, account)) = account().await else { return };
    let setup = Setup::default().with("MATRIX_PASSWORD", "not the right one");
    let said = refused(&setup, server, &account).await.to_string();
    assert!(said.contains("MATRIX_PASSWORD") && !said.contains("not the right one"), "{said}");
    assert_eq!(account.devices().await.len(), 1);
}

#[tokio::test]
async fn a_user_nobody_knows_ends_it() {
    let Some((server, account)) = account().await else { return };
    let setup = Setup::default().with("MATRIX_USER", "@nobody:elmsworth.test");
    let said = refused(&setup, server, &account).await.to_string();
    assert!(said.contains("MATRIX_USER") || said.contains("MATRIX_PASSWORD"), "{said}");
}

#[tokio::test]
async fn a_homeserver_that_lets_nobody_in_by_password_ends_it_and_says_what_else_to_do() {
    if is_skipped() {
        return;
    }
    let server = Homeserver::start_with("password_config: {enabled: false}").await;
    let account = server.member("rapporteur").await;
    let said = refused(&Setup::default(), &server, &account).await.to_string();
    assert!(said.contains("MATRIX_ACCESS_TOKEN") && said.contains("MATRIX_DEVICE_ID"), "{said}");
    assert!(!said.contains(&account.password), "{said}");
}

#[tokio::test]
async fn an_address_where_there_is_no_homeserver_ends_it() {
    let Some((server, account)) = account().await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let pages = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.read(&mut [0; 4096]).await;
            let page = "<html><body>It works!</body></html>";
            let head =
                format!("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.len());
            let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
        }
    });
    let setup = Setup::default().with("MATRIX_HOMESERVER", &address);
    let said = refused(&setup, server, &account).await.to_string();
    assert!(said.contains("MATRIX_HOMESERVER") && said.contains(&address), "{said}");
    pages.abort();
}

#[tokio::test]
async fn a_token_that_is_refused_ends_it_and_is_not_shown() {
    let Some((server, account)) = account().await else { return };
    let setup = Setup::default().with("MATRIX_PASSWORD", "").with("MATRIX_ACCESS_TOKEN", "syt_no_token").with("MATRIX_DEVICE_ID", "ABCDEF");
    let said = refused(&setup, server, &account).await.to_string();
    assert!(said.contains("MATRIX_ACCESS_TOKEN") && !said.contains("syt_no_token"), "{said}");
}

#[tokio::test]
async fn a_token_of_another_device_than_the_one_named_ends_it() {
    let Some((server, account)) = account().await else { return };
    let setup = Setup::default().with("MATRIX_PASSWORD", "").with("MATRIX_ACCESS_TOKEN", &account.token).with("MATRIX_DEVICE_ID", "ABCDEF");
    let said = refused(&setup, server, &account).await.to_string();
    assert!(said.contains("MATRIX_DEVICE_ID") && !said.contains(&account.token), "{said}");
}

#[tokio::test]
async fn a_token_with_its_device_is_as_good_as_a_password() {
    let Some((server, account)) = account().await else { return };
    let setup =
        Setup::default().with("MATRIX_PASSWORD", "").with("MATRIX_ACCESS_TOKEN", &account.token).with("MATRIX_DEVICE_ID", &account.device);
    let bot = setup.start_on(server, &account);
    let mut scene = Scene::of(server, setup, account, bot).await;
    let room = scene.room().await;
    for question in [super::scene::OPENED, super::scene::LENGTH] {
        scene.asked(&room, question).await;
        scene = scene.restart().await;
    }
    assert_eq!(scene.account.devices().await, [scene.account.device.clone()]);
    scene.end().await;
}

#[tokio::test]
async fn keys_that_are_lost_are_not_made_anew_for_the_same_device() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    scene.asked(&room, super::scene::OPENED).await;
    let Scene { server, account, setup, bot, .. } = scene;
    bot.stop().await.expect("it stops");
    let store = setup.data.path().join("matrix/store");
    std::fs::rename(&store, setup.data.path().join("matrix/lost")).expect("the store is there");
    let said = refused(&setup, server, &account).await.to_string();
    assert!(said.contains("matrix") && said.to_lowercase().contains("store"), "{said}");
    assert_eq!(account.devices().await.len(), 2, "no new device");
}

#[tokio::test]
async fn a_damaged_store_ends_it() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    scene.asked(&room, super::scene::OPENED).await;
    let Scene { server, account, setup, bot, .. } = scene;
    bot.stop().await.expect("it stops");
    std::fs::write(setup.data.path().join("matrix/store.key"), [7; 32]).expect("the key can be written");
    let said = refused(&setup, server, &account).await.to_string();
    assert!(said.contains("matrix"), "{said}");
}

#[tokio::test]
async fn only_the_operator_can_read_session_and_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    scene.asked(&room, super::scene::OPENED).await;
    for name in ["matrix/session.json", "matrix/store.key"] {
        let file = std::fs::metadata(scene.setup.data.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
    scene.end().await;
}

#[tokio::test]
async fn a_second_program_on_the_same_data_is_refused() {
    let Some(scene) = Scene::start().await else { return };
    let room = scene.room().await;
    scene.asked(&room, super::scene::OPENED).await;
    let second = scene.setup.start_on(scene.server, &scene.account);
    let ended = tokio::time::timeout(Duration::from_secs(30), second.ended()).await.expect("it ends");
    assert!(ended.is_err());
    scene.asked(&room, super::scene::LENGTH).await;
    scene.end().await;
}
