//! Cross-signing: the account signs the bot's device, so that clients which refuse unverified devices still send it their
//! keys. The recovery key lets a later device be signed too. An account's identity is never reset here.

use matrix_sdk::Client;
use matrix_sdk::encryption::recovery::{RecoveryError, RecoveryState};
use matrix_sdk::encryption::secret_storage::SecretStorageError;

use crate::platform::matrix::MatrixError;
use crate::platform::matrix::outbox::{Failure, failure};

/// Whether the account has signed the bot's device, as far as is known here.
async fn is_signed(client: &Client) -> bool {
    let device = client.encryption().get_own_device().await;
    device.ok().flatten().is_some_and(|device| device.is_cross_signed_by_owner())
}

/// Whether the account has signed the bot's device; the homeserver is asked where that is not known.
pub(super) async fn is_verified(client: &Client) -> bool {
    if is_signed(client).await {
        return true;
    }
    let Some(me) = client.user_id() else { return false };
    match client.encryption().request_user_identity(me).await {
        Ok(_) => is_signed(client).await,
        Err(error) => {
            tracing::warn!(%error, "whether this device is verified is not known");
            false
        }
    }
}

/// Has the device signed: at the account's first device by itself, later with the recovery key.
///
/// # Errors
/// A recovery key that is wrong.
pub(super) async fn establish(client: &Client, recovery_key: Option<&str>) -> Result<(), MatrixError> {
    client.encryption().wait_for_e2ee_initialization_tasks().await;
    let verified = is_verified(client).await;
    let state = client.encryption().recovery().state();
    match (verified, state, recovery_key) {
        (_, _, None) | (true, RecoveryState::Enabled | RecoveryState::Unknown, _) => {}
        (true, RecoveryState::Disabled, Some(key)) => enable(client, key).await?,
        (_, _, Some(key)) => recover(client, key).await?,
    }
    Ok(())
}

async fn recover(client: &Client, key: &str) -> Result<(), MatrixError> {
    match client.encryption().recovery().recover(key).await {
        Ok(()) => Ok(()),
        Err(RecoveryError::SecretStorage(SecretStorageError::MissingKeyInfo { .. })) => enable(client, key).await,
        Err(RecoveryError::SecretStorage(SecretStorageError::SecretStorageKey(_))) => Err(MatrixError::RecoveryKey),
        Err(error) => {
            said(&error, "the account's keys could not be recovered");
            Ok(())
        }
    }
}

/// Keeps the account's keys on the homeserver, encrypted with the recovery key as passphrase.
async fn enable(client: &Client, key: &str) -> Result<(), MatrixError> {
    if let Err(error) = client.encryption().recovery().enable().with_passphrase(key).await {
        said(&error, "the account's keys could not be kept for a later device");
    }
    Ok(())
}

/// As [`establish`], for an operator who has no recovery key yet: the one that was made.
pub(super) async fn establish_anew(client: &Client) -> Option<String> {
    client.encryption().wait_for_e2ee_initialization_tasks().await;
    if client.encryption().recovery().state() != RecoveryState::Disabled {
        return None;
    }
    client.encryption().recovery().enable().await.map_err(|error| said(&error, "no recovery key could be made")).ok()
}

fn said(error: &RecoveryError, what: &str) {
    match error {
        RecoveryError::Sdk(inner) if matches!(failure(inner), Failure::Passing(_)) => {
            tracing::warn!(%error, "{what} now; it is tried again at the next start");
        }
        RecoveryError::BackupExistsOnServer => tracing::error!(
            "{what}: there is a key backup this device cannot use; set MATRIX_RECOVERY_KEY to the account's own recovery key"
        ),
        _ => tracing::error!(%error, "{what}"),
    }
}
