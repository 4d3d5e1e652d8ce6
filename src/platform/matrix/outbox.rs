//! Requests to the homeserver that must get through: tried again where that can help, and never doubled.

use std::future::Future;
use std::time::{Duration, SystemTime};

use matrix_sdk::ruma::OwnedTransactionId;
use matrix_sdk::ruma::api::error::{ErrorKind, FromHttpResponseError, RetryAfter};
use matrix_sdk::{Error, HttpError};
use tokio::sync::watch;

/// The first and the longest wait between attempts, where the homeserver does not say how long to wait.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// What an error means for what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Trying again may help, after this time if the homeserver says so.
    Passing(Option<Duration>),
    /// The permission for it is missing.
    Forbidden,
    /// What it is about is gone, or the bot is no longer in the room.
    Gone,
    /// The access token is refused.
    Unauthorised,
    /// What answers is no homeserver.
    NoHomeserver,
    /// The store of keys and rooms cannot be used.
    Store,
    /// The homeserver refuses what was sent.
    Refused,
}

/// Reads a failure.
pub(super) fn failure(error: &Error) -> Failure {
    match error {
        Error::Http(error) => http_failure(error),
        Error::WrongRoomState(_) => Failure::Gone,
        Error::CryptoStoreError(_) | Error::StateStore(_) | Error::BadCryptoStoreState | Error::NoOlmMachine => Failure::Store,
        // Another request for the same, which goes on and will tell.
        Error::ConcurrentRequestFailed | Error::Timeout | Error::Io(_) => Failure::Passing(None),
        _ => Failure::Refused,
    }
}

/// Reads a failure of a request.
pub(super) fn http_failure(error: &HttpError) -> Failure {
    match error {
        HttpError::Reqwest(_) => Failure::Passing(None),
        HttpError::Cached(error) => http_failure(error),
        HttpError::Api(response) => match (error.as_client_api_error(), response.as_ref()) {
            (Some(error), _) => {
                let status = error.status_code.as_u16();
                match error.error_kind() {
                    Some(ErrorKind::LimitExceeded(limit)) => Failure::Passing(limit.retry_after.as_ref().map(wait)),
                    Some(ErrorKind::UnknownToken(_) | ErrorKind::MissingToken | ErrorKind::UserDeactivated) => Failure::Unauthorised,
                    Some(ErrorKind::Forbidden) => Failure::Forbidden,
                    Some(ErrorKind::NotFound) => Failure::Gone,
                    Some(ErrorKind::Unrecognized) => Failure::NoHomeserver,
                    _ => by_status(status),
                }
            }
            (None, FromHttpResponseError::Server(_)) => Failure::Unauthorised,
            (None, _) => Failure::NoHomeserver,
        },
        _ => Failure::Refused,
    }
}

/// Where no error code says more; what stands before a homeserver that is down answers so.
fn by_status(status: u16) -> Failure {
    match status {
        401 => Failure::Unauthorised,
        403 => Failure::Forbidden,
        404 => Failure::NoHomeserver,
        429 | 500..=599 => Failure::Passing(None),
        _ => Failure::Refused,
    }
}

fn wait(after: &RetryAfter) -> Duration {
    match after {
        RetryAfter::Delay(delay) => *delay,
        RetryAfter::DateTime(time) => time.duration_since(SystemTime::now()).unwrap_or_default(),
    }
}

/// Waits that double, from the first to the longest.
#[derive(Debug)]
pub(super) struct Waits(Duration);

impl Default for Waits {
    fn default() -> Self {
        Self(FIRST_WAIT)
    }
}

impl Waits {
    /// How long to wait now; as long as the homeserver says, if it does.
    pub(super) fn next(&mut self, said: Option<Duration>) -> Duration {
        let wait = said.unwrap_or(self.0).clamp(Duration::from_millis(50), Duration::from_mins(10));
        self.0 = (self.0 * 2).min(LONGEST_WAIT);
        wait
    }
}

/// Sends until it gets through, is refused, or the program stops: what is left then is begun again at the next start.
pub(super) async fn persist<T, E: Into<Error>, F: Future<Output = Result<T, E>>>(
    stop: &watch::Receiver<bool>,
    send: impl FnMut() -> F,
) -> Result<T, Error> {
    attempt(stop, usize::MAX, send).await
}

/// As [`persist`], until the homeserver has answered so often that it cannot. While it does not answer at all, everything waits.
pub(super) async fn attempt<T, E: Into<Error>, F: Future<Output = Result<T, E>>>(
    stop: &watch::Receiver<bool>,
    times: usize,
    mut send: impl FnMut() -> F,
) -> Result<T, Error> {
    let mut waits = Waits::default();
    let mut stop = stop.clone();
    let mut attempts = 0;
    loop {
        let error = match send().await {
            Ok(done) => return Ok(done),
            Err(error) => error.into(),
        };
        let Failure::Passing(said) = failure(&error) else { return Err(error) };
        let wait = waits.next(said);
        attempts += usize::from(is_answer(&error));
        if *stop.borrow() || attempts >= times {
            return Err(error);
        }
        tracing::warn!(%error, wait_ms = wait.as_millis() as u64, "a request to the homeserver failed; trying again");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to_stop(&mut stop) => return Err(error),
        }
    }
}

/// Whether the homeserver answered a request, and not with how long to wait.
fn is_answer(error: &Error) -> bool {
    let Error::Http(http) = error else { return false };
    !matches!(**http, HttpError::Reqwest(_)) && failure(error) == Failure::Passing(None)
}

/// Waits until the program is to stop; a program that cannot be told any more stops too.
pub(super) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The transaction id of what is sent for an event: the homeserver takes a second attempt for the first, even of a later run.
pub(super) fn transaction(purpose: &str, event: &str) -> OwnedTransactionId {
    let hash = blake3::hash(format!("{purpose} {event}").as_bytes()).to_hex();
    OwnedTransactionId::from(format!("rapporteur-{}", &hash[..32]))
}

/// An error with what caused it: the library's own lines leave that out.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_line = cause.to_string();
        if !line.ends_with(&cause_line) {
            line = format!("{line}: {cause_line}");
        }
        source = cause.source();
    }
    line
}

/// Says what went wrong with a request, once, with the remedy where there is one.
pub(super) fn report(error: &Error, what: &str, room: &str) {
    match failure(error) {
        Failure::Forbidden => tracing::error!(
            room,
            "{what}: a permission is missing in this room; let the bot send messages (power level of m.room.message) there"
        ),
        Failure::Gone => tracing::info!(room, "{what}: it is gone, or the bot has left the room"),
        Failure::Unauthorised => tracing::error!("{what}: the homeserver refuses the session"),
        Failure::Passing(_) => tracing::warn!(%error, room, "{what} before the next start"),
        _ => tracing::error!(%error, room, "{what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_ids_depend_on_the_event_and_what_is_sent_for_it() {
        assert_eq!(transaction("answer", "$1"), transaction("answer", "$1"));
        assert_ne!(transaction("answer", "$1"), transaction("answer", "$2"));
        assert_ne!(transaction("answer", "$1"), transaction("edit", "$1"));
    }

    #[test]
    fn waits_double_unless_the_homeserver_says_how_long() {
        let mut waits = Waits::default();
        let seconds: Vec<f32> = [None, None, Some(Duration::from_secs(7)), None].map(|said| waits.next(said).as_secs_f32()).to_vec();
        assert_eq!(seconds, [0.5, 1.0, 7.0, 4.0]);
    }
}
