//! Matrix: room events in, notices out, in encrypted rooms too. matrix-sdk is named nowhere else.

mod answers;
mod bot;
mod changes;
mod event;
mod hearing;
mod keys;
mod offer;
mod outbox;
mod reactions;
mod render;
mod rooms;
mod session;
mod settings;
mod status;
mod sync;
mod text;
mod timeline;
mod trust;
mod workers;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::Client;
use matrix_sdk::config::SyncSettings;
use tokio::sync::{mpsc, watch};

pub use settings::{Credentials, Secret, Settings};
pub use status::status;

use bot::{Bot, PLATFORM};
use outbox::{Waits, told_to_stop};
use session::{Folder, Trouble};
use sync::End;

use crate::journal::Journal;
use crate::platform::matrix::offer::Offer;
use crate::respond::Responder;

/// What is reported of the library: it calls errors what is expected, and those that matter come back to the caller.
pub const REPORTED: &str = "matrix_sdk=off,matrix_sdk_base=error,matrix_sdk_crypto=error";

/// Questions under way are finished within this time once the program is to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(9);
/// A session that is lost so often in a row is not opened again.
const LOST_AT_MOST: u32 = 5;

/// Why Matrix cannot be served, and would not be by trying again.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// The password, or the user, is wrong.
    #[error("the homeserver refuses the login; correct MATRIX_USER and MATRIX_PASSWORD")]
    Password,
    /// The homeserver logs nobody in by password.
    #[error(
        "the homeserver logs nobody in by password; make a device for the bot with the homeserver's own tools, and set MATRIX_ACCESS_TOKEN and MATRIX_DEVICE_ID instead of MATRIX_PASSWORD"
    )]
    NoPasswords,
    /// The access token is wrong, or the session was logged out.
    #[error(
        "the homeserver refuses the session: its access token is wrong or was logged out; set a new MATRIX_ACCESS_TOKEN of the same device, or move the folder matrix in the data folder away and log in anew with MATRIX_PASSWORD and MATRIX_RECOVERY_KEY"
    )]
    Token,
    /// There is no session yet, and nothing to log in with.
    #[error(
        "there is no session yet; set MATRIX_USER and MATRIX_PASSWORD, or MATRIX_ACCESS_TOKEN and MATRIX_DEVICE_ID, or run `rapporteur matrix login`"
    )]
    NoSession,
    /// What answers is no homeserver.
    #[error(
        "MATRIX_HOMESERVER: there is no Matrix homeserver at {address} ({reason}); write its address, such as https://matrix.example.org"
    )]
    Homeserver {
        /// Where.
        address: String,
        /// What came instead.
        reason: String,
    },
    /// The token is another device's.
    #[error("MATRIX_DEVICE_ID: MATRIX_ACCESS_TOKEN belongs to device {is}, not {wanted}; set the id of the token's device")]
    Device {
        /// The device in the settings.
        wanted: String,
        /// The token's device.
        is: String,
    },
    /// The session kept is of another account or device than the settings say.
    #[error(
        "the session in {folder} is that of {user}, device {device}, and not the one the settings mean; correct MATRIX_USER, MATRIX_DEVICE_ID or MATRIX_ACCESS_TOKEN, or move the folder away to log in anew"
    )]
    OtherSession {
        /// The folder.
        folder: String,
        /// The account.
        user: String,
        /// Its device.
        device: String,
    },
    /// The recovery key is wrong.
    #[error("MATRIX_RECOVERY_KEY is not the recovery key of this account; correct it, or leave it out to run with an unverified device")]
    RecoveryKey,
    /// The store cannot be used.
    #[error(
        "the store in {folder} cannot be used: {reason}; bring it back from a backup, or move the folder away and log in anew with MATRIX_PASSWORD and MATRIX_RECOVERY_KEY"
    )]
    Store {
        /// The folder.
        folder: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store of a session is gone.
    #[error(
        "the store of the session's keys in {folder} is lost or out of date, and the device cannot be used without it; move the folder away and log in anew with MATRIX_PASSWORD and MATRIX_RECOVERY_KEY, then remove the old device"
    )]
    Lost {
        /// The folder.
        folder: String,
    },
    /// Another program uses the session.
    #[error("another rapporteur uses the session in {0}; stop it, or give this one another data folder (--data)")]
    InUse(String),
    /// Another setting.
    #[error("{0}")]
    Setting(String),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
}

/// Serves Matrix until `stop` says so. The session is kept in `data`.
///
/// # Errors
/// When trying again would not help: a wrong password or token, a lost store, no homeserver.
pub async fn serve(settings: Settings, responder: Arc<Responder>, data: &Path, mut stop: watch::Receiver<bool>) -> Result<(), MatrixError> {
    let mut folder = Folder::of(data);
    folder.lock()?;
    let (mut waits, mut lost) = (Waits::default(), 0);
    while lost < LOST_AT_MOST {
        let Some(client) = open(&folder, &settings, responder.journal(), &mut stop).await? else { return Ok(()) };
        let (later, tasks) = mpsc::unbounded_channel();
        let (reason, heard) = match Bot::new(responder.clone(), settings.clone(), client, stop.clone(), later).await {
            Ok(bot) => match sync::listen(&Arc::new(bot), tasks).await {
                End::Stopped => return Ok(()),
                End::StoreLost => return Err(folder.give_up()),
                End::Fatal(error) => return Err(error),
                End::Lost(reason, heard) => (reason, heard),
            },
            Err(error) => (error.to_string(), false),
        };
        // Only what fails again and again, with nothing heard between, is given up.
        (waits, lost) = if heard { (Waits::default(), 1) } else { (waits, lost + 1) };
        let wait = waits.next(None);
        tracing::error!(reason, wait_s = wait.as_secs(), "the Matrix session is lost; opening it again");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to_stop(&mut stop) => return Ok(()),
        }
    }
    Err(MatrixError::Store { folder: data.join("matrix").display().to_string(), reason: "it failed again and again".to_owned() })
}

/// Opens the session, for as long as it takes; none where the program stops before.
async fn open(
    folder: &Folder,
    settings: &Settings,
    journal: &Journal,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<Client>, MatrixError> {
    if folder.kept()?.is_none() {
        // Another device begins where it is, not where an earlier one was.
        journal.start_over(PLATFORM)?;
    }
    let mut waits = Waits::default();
    loop {
        let next = journal.next_batch(PLATFORM)?;
        let opened = tokio::select! {
            opened = folder.open(settings, next.as_deref()) => opened,
            () = told_to_stop(stop) => return Ok(None),
        };
        let (error, after) = match opened {
            Ok(client) => return Ok(Some(client)),
            Err(Trouble::Fatal(error)) => return Err(error),
            Err(Trouble::Passing(error, after)) => (error, after),
        };
        let wait = waits.next(after);
        tracing::error!(
            error = outbox::chain(&error),
            wait_ms = wait.as_millis() as u64,
            "the homeserver {} cannot be reached; trying again (MATRIX_HOMESERVER says where it is)",
            settings.homeserver
        );
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to_stop(stop) => return Ok(None),
        }
    }
}

/// Logs in for the first time and has the device verified; who is logged in, with the recovery key if one was made.
///
/// # Errors
/// When the login is refused, or there is a session already.
pub async fn log_in(settings: &Settings, journal: &Journal, data: &Path) -> Result<(String, Option<String>), MatrixError> {
    let mut folder = Folder::of(data);
    folder.lock()?;
    if let Some(kept) = folder.kept()? {
        let meta = kept.session.meta;
        return Err(MatrixError::Setting(format!(
            "{} is logged in already, by device {}; to log in anew, move {} away",
            meta.user_id,
            meta.device_id,
            data.join("matrix").display()
        )));
    }
    journal.start_over(PLATFORM)?;
    let client = match folder.open(settings, None).await {
        Ok(client) => client,
        Err(Trouble::Fatal(error)) => return Err(error),
        Err(Trouble::Passing(error, _)) => {
            let reason = outbox::chain(&error);
            return Err(MatrixError::Setting(format!("the homeserver {} cannot be reached: {reason}", settings.homeserver)));
        }
    };
    // Only a device whose keys are known to the homeserver can be verified, and a sync makes them known.
    if let Err(error) = client.sync_once(SyncSettings::new().timeout(Duration::ZERO)).await {
        tracing::warn!(%error, "the device's keys may not be known to the homeserver yet");
    }
    let made = match &settings.recovery_key {
        Some(key) => {
            trust::establish(&client, Some(&key.0)).await?;
            None
        }
        None => trust::establish_anew(&client).await,
    };
    let device = client.device_id().map(ToString::to_string).unwrap_or_default();
    let user = client.user_id().map(ToString::to_string).unwrap_or_default();
    let verified = if trust::is_verified(&client).await { "verified" } else { "not verified" };
    Ok((format!("{user}, device {device}, {verified}"), made))
}

/// What would be sent, for `--dry-run`.
#[must_use]
pub fn rehearsal(settings: &Settings, responder: &Responder) -> serde_json::Value {
    let sample = responder.sample().map(|(question, reply)| {
        serde_json::json!({ "question": question, "content": render::render(&reply).content(&Offer::of(&reply, "@anna:example.org")) })
    });
    serde_json::json!({
        "homeserver": settings.homeserver,
        "user": settings.user,
        "answer_rooms": settings.answer_rooms,
        "languages": settings.languages.iter().map(|(room, language)| format!("{room}={language}")).collect::<Vec<_>>(),
        "moderators": settings.moderators,
        "invites": if settings.invites.is_empty() { serde_json::json!("from the bot's own homeserver") } else { serde_json::json!(settings.invites) },
        "prefix": settings.prefix.to_string(),
        "catch_up_hours": settings.catch_up.as_secs() / 3600,
        "sample": sample,
    })
}
