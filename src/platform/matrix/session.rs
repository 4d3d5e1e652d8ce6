//! The session: one device, logged in once, kept in the data folder with its keys. A second device at every start would
//! be a stranger to everybody, so the session is refused rather than replaced where something does not fit.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::ruma::OwnedUserId;
use matrix_sdk::ruma::api::client::session::get_login_types::v3::LoginType;
use matrix_sdk::ruma::api::error::ErrorKind;
use matrix_sdk::store::{StateStoreDataKey, StateStoreDataValue};
use matrix_sdk::{Client, ClientBuildError, Error, SessionMeta, SessionTokens, SqliteStoreConfig};
use serde::{Deserialize, Serialize};

use crate::platform::matrix::MatrixError;
use crate::platform::matrix::outbox::{Failure, failure, http_failure};
use crate::platform::matrix::settings::{Credentials, Secret, Settings};

/// The name under which people see the bot's device.
const DEVICE_NAME: &str = "rapporteur";
/// A request that takes longer is given up and tried again.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is kept of a session between runs. The file is for nobody else to read.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Address or name of the homeserver.
    pub(super) homeserver: String,
    /// Who is logged in, by which device and token.
    pub(super) session: MatrixSession,
}

/// Whom a token belongs to.
#[derive(Deserialize)]
struct Who {
    user_id: OwnedUserId,
    device_id: Option<String>,
}

/// Where a session is kept: `session.json`, `store.key` and the library's own databases in `store`.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held as long as the session is in use.
    lock: Option<File>,
}

/// Why a session could not be opened now.
pub(super) enum Trouble {
    /// Trying again may help, after this time if the homeserver says so.
    Passing(Error, Option<Duration>),
    /// Trying again would not help.
    Fatal(MatrixError),
}

impl From<MatrixError> for Trouble {
    fn from(error: MatrixError) -> Self {
        Self::Fatal(error)
    }
}

impl Folder {
    /// The folder of a data folder.
    pub(super) fn of(data: &Path) -> Self {
        Self { path: data.join("matrix"), lock: None }
    }

    /// Keeps other programs from using the session.
    pub(super) fn lock(&mut self) -> Result<(), MatrixError> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(|error| self.broken(&error))?;
        let lock = File::create(self.path.join("lock")).map_err(|error| self.broken(&error))?;
        lock.try_lock().map_err(|_| MatrixError::InUse(self.path.display().to_string()))?;
        self.lock = Some(lock);
        Ok(())
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> MatrixError {
        MatrixError::Store { folder: self.path.display().to_string(), reason: error.to_string() }
    }

    /// The session kept, if there is one.
    pub(super) fn kept(&self) -> Result<Option<Kept>, MatrixError> {
        match std::fs::read(self.path.join("session.json")) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| self.broken(&format!("session.json: {error}"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn keep(&self, kept: &Kept) -> Result<(), MatrixError> {
        let text = serde_json::to_vec_pretty(kept).map_err(|error| self.broken(&error))?;
        write_secret(&self.path.join("session.json"), &text).map_err(|error| self.broken(&error))
    }

    fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// Whether the library's databases are there.
    fn has_store(&self) -> bool {
        self.store().join("matrix-sdk-crypto.sqlite3").exists()
    }

    /// The key the library's databases are encrypted with, made at the first start.
    fn store_key(&self) -> Result<[u8; 32], MatrixError> {
        let file = self.path.join("store.key");
        match std::fs::read(&file) {
            Ok(bytes) => bytes.try_into().map_err(|_| self.broken(&"store.key does not have 32 bytes")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if self.has_store() {
                    return Err(self.broken(&"store.key is gone, without which the store cannot be read"));
                }
                let mut key = [0; 32];
                File::open("/dev/urandom")
                    .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut key))
                    .map_err(|error| self.broken(&error))?;
                write_secret(&file, &key).map_err(|error| self.broken(&error))?;
                Ok(key)
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Remembers that the homeserver knows other keys of the device than the store: the library says so only once.
    pub(super) fn give_up(&self) -> MatrixError {
        if let Err(error) = File::create(self.path.join("lost")) {
            tracing::error!(%error, "that the store is lost is not noted");
        }
        self.lost()
    }

    fn lost(&self) -> MatrixError {
        MatrixError::Lost { folder: self.path.display().to_string() }
    }

    /// Opens the session that is kept, or logs in and keeps it. `next` is where the journal goes on.
    pub(super) async fn open(&self, settings: &Settings, next: Option<&str>) -> Result<Client, Trouble> {
        let kept = self.kept()?;
        match &kept {
            Some(kept) => {
                self.fits(settings, kept)?;
                if !self.has_store() || self.path.join("lost").exists() {
                    return Err(self.lost().into());
                }
            }
            None if matches!(settings.credentials, Credentials::Password(_)) && self.store().exists() => {
                // Left by a login that did not succeed; it belongs to no device.
                std::fs::remove_dir_all(self.store()).map_err(|error| self.broken(&error))?;
            }
            None => {}
        }
        let client = self.client(settings).await?;
        match kept {
            Some(kept) => self.restore(&client, settings, kept, next).await?,
            None => self.log_in(&client, settings).await?,
        }
        Ok(client)
    }

    /// Whether the settings mean the account the session belongs to.
    fn fits(&self, settings: &Settings, kept: &Kept) -> Result<(), MatrixError> {
        let (user, device) = (&kept.session.meta.user_id, &kept.session.meta.device_id);
        let same_user = settings.user.as_ref().is_none_or(|wanted| wanted == user.as_str() || wanted == user.localpart());
        let same_device = match &settings.credentials {
            Credentials::Token(_, Some(wanted)) => wanted == device.as_str(),
            _ => true,
        };
        if same_user && same_device {
            return Ok(());
        }
        Err(MatrixError::OtherSession { folder: self.path.display().to_string(), user: user.to_string(), device: device.to_string() })
    }

    /// A client over the kept store, not yet logged in.
    async fn client(&self, settings: &Settings) -> Result<Client, Trouble> {
        let key = self.store_key()?;
        let store = SqliteStoreConfig::with_low_memory_config(self.store()).key(Some(&key));
        let builder = Client::builder()
            .sqlite_store_with_config_and_cache_path(store, None::<&Path>)
            .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
            .request_config(RequestConfig::new().disable_retry().timeout(PATIENCE))
            .respect_login_well_known(false)
            .with_enable_share_history_on_invite(false)
            .with_encryption_settings(EncryptionSettings {
                auto_enable_cross_signing: true,
                backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
                auto_enable_backups: false,
            });
        let builder = if settings.has_address() {
            builder.homeserver_url(&settings.homeserver)
        } else {
            builder.server_name_or_homeserver_url(&settings.homeserver)
        };
        builder.build().await.map_err(|error| match error {
            ClientBuildError::SqliteStore(error) => self.broken(&error).into(),
            ClientBuildError::Http(error) if matches!(http_failure(&error), Failure::Passing(_)) => Trouble::Passing(error.into(), None),
            error => MatrixError::Homeserver { address: settings.homeserver.clone(), reason: error.to_string() }.into(),
        })
    }

    async fn restore(&self, client: &Client, settings: &Settings, mut kept: Kept, next: Option<&str>) -> Result<(), Trouble> {
        if let Credentials::Token(Secret(token), _) = &settings.credentials {
            kept.session.tokens.access_token.clone_from(token);
        }
        // The library takes an answer that ends where its own notes end for one it has had. Its notes may be ahead of the
        // journal, which is what counts.
        let store = client.state_store();
        let noted = match next {
            Some(next) => store.set_kv_data(StateStoreDataKey::SyncToken, StateStoreDataValue::SyncToken(next.to_owned())).await,
            None => store.remove_kv_data(StateStoreDataKey::SyncToken).await,
        };
        noted.map_err(|error| self.broken(&error))?;
        client.restore_session(kept.session.clone()).await.map_err(|error| self.trouble(settings, error))?;
        self.check(client, settings, &kept.session.meta).await?;
        Ok(self.keep(&kept)?)
    }

    /// Asks the homeserver whether it knows the session as we do.
    async fn check(&self, client: &Client, settings: &Settings, meta: &SessionMeta) -> Result<(), Trouble> {
        let who = client.whoami().await.map_err(|error| self.trouble(settings, error.into()))?;
        if who.user_id != meta.user_id || who.device_id.as_ref().is_some_and(|device| *device != meta.device_id) {
            let folder = self.path.display().to_string();
            return Err(MatrixError::OtherSession { folder, user: who.user_id.to_string(), device: meta.device_id.to_string() }.into());
        }
        Ok(())
    }

    async fn log_in(&self, client: &Client, settings: &Settings) -> Result<(), Trouble> {
        let session = match &settings.credentials {
            Credentials::Kept => return Err(MatrixError::NoSession.into()),
            Credentials::Password(Secret(password)) => {
                let kinds = client.matrix_auth().get_login_types().await.map_err(|error| self.trouble(settings, error.into()))?;
                if !kinds.flows.iter().any(|kind| matches!(kind, LoginType::Password(_))) {
                    return Err(MatrixError::NoPasswords.into());
                }
                let user = settings.user.as_deref().unwrap_or_default();
                let login = client.matrix_auth().login_username(user, password).initial_device_display_name(DEVICE_NAME);
                let response = login.send().await.map_err(|error| self.login_trouble(settings, error))?;
                MatrixSession::from(&response)
            }
            Credentials::Token(Secret(token), device) => {
                let session = self.session_of_token(client, settings, token, device.as_deref()).await?;
                client.restore_session(session.clone()).await.map_err(|error| self.trouble(settings, error))?;
                session
            }
        };
        tracing::info!(user = %session.meta.user_id, device = %session.meta.device_id, "logged in on Matrix");
        Ok(self.keep(&Kept { homeserver: settings.homeserver.clone(), session })?)
    }

    /// Who a token belongs to, asked of the homeserver.
    async fn session_of_token(
        &self,
        client: &Client,
        settings: &Settings,
        token: &str,
        device: Option<&str>,
    ) -> Result<MatrixSession, Trouble> {
        let url = format!("{}_matrix/client/v3/account/whoami", client.homeserver());
        let sent = client.http_client().get(url).bearer_auth(token).send().await;
        let response = sent.map_err(|error| Trouble::Passing(matrix_sdk::HttpError::Reqwest(error).into(), None))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap_or_default();
        if status == 429 || status >= 500 {
            let error = std::io::Error::other(format!("the homeserver answers {status}"));
            return Err(Trouble::Passing(error.into(), None));
        }
        let who: Who = match (status, serde_json::from_slice(&body)) {
            (200, Ok(who)) => who,
            (401 | 403, _) => return Err(MatrixError::Token.into()),
            _ => {
                return Err(MatrixError::Homeserver { address: settings.homeserver.clone(), reason: format!("it answers {status}") }.into());
            }
        };
        let user_fits = settings.user.as_ref().is_none_or(|wanted| wanted == who.user_id.as_str() || wanted == who.user_id.localpart());
        let device_id = match (who.device_id, device) {
            (Some(is), Some(wanted)) if is != wanted => return Err(MatrixError::Device { wanted: wanted.to_owned(), is }.into()),
            (Some(is), _) => is,
            (None, Some(wanted)) => wanted.to_owned(),
            (None, None) => return Err(MatrixError::Device { wanted: String::new(), is: "unknown".to_owned() }.into()),
        };
        if !user_fits {
            return Err(
                MatrixError::Setting(format!("MATRIX_USER: MATRIX_ACCESS_TOKEN belongs to {}; correct one of them", who.user_id)).into()
            );
        }
        let meta = SessionMeta { user_id: who.user_id, device_id: device_id.into() };
        Ok(MatrixSession { meta, tokens: SessionTokens { access_token: token.to_owned(), refresh_token: None } })
    }

    fn login_trouble(&self, settings: &Settings, error: Error) -> Trouble {
        match (error.client_api_error_kind(), failure(&error)) {
            (Some(ErrorKind::Forbidden | ErrorKind::InvalidUsername | ErrorKind::UserDeactivated), _) | (_, Failure::Forbidden) => {
                MatrixError::Password.into()
            }
            _ => self.trouble(settings, error),
        }
    }

    fn trouble(&self, settings: &Settings, error: Error) -> Trouble {
        match failure(&error) {
            Failure::Passing(after) => Trouble::Passing(error, after),
            Failure::Unauthorised | Failure::Forbidden => MatrixError::Token.into(),
            Failure::NoHomeserver | Failure::Gone | Failure::Refused => {
                MatrixError::Homeserver { address: settings.homeserver.clone(), reason: error.to_string() }.into()
            }
            Failure::Store => self.broken(&error).into(),
        }
    }
}

/// Writes a file only its owner can read, whole or not at all.
fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension("new");
    // One left by a crash may have other permissions.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}
