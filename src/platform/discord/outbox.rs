//! Requests to Discord that must get through: tried again where that can help, and never doubled.

use std::future::Future;
use std::time::Duration;

use serenity::all::{ChannelId, CreateMessage, Http, Message};
use serenity::http::{HttpError, StatusCode};

/// Waits between attempts. With its rate limiter on, serenity itself waits as long as Discord says; these are for servers
/// that are overloaded, and for requests without the limiter.
const WAITS: [Duration; 5] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];
/// Discord knows a nonce for some minutes; until then an answer that is sent again is not doubled.
const NONCE_KNOWN: Duration = Duration::from_mins(4);
/// A request that takes longer is given up and tried again.
const PATIENCE: Duration = Duration::from_secs(15);

/// What an answer of Discord's means for what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Trying again may help.
    Passing,
    /// The permission for it is missing.
    Forbidden,
    /// What it is about is gone.
    Gone,
    /// It was acknowledged before.
    AcknowledgedBefore,
    /// The token is refused.
    Unauthorised,
    /// Discord refuses what was sent.
    Refused,
}

/// Discord's code for an interaction that has been acknowledged.
const ACKNOWLEDGED: isize = 40060;
/// Its code for a reply without the permission to read the message history, which comes with status 400.
const NO_HISTORY: isize = 160_002;

/// Reads a failure.
pub(super) fn failure(error: &serenity::Error) -> Failure {
    let serenity::Error::Http(error) = error else { return Failure::Refused };
    match error {
        HttpError::UnsuccessfulRequest(response) => match response.status_code {
            _ if response.error.code == ACKNOWLEDGED => Failure::AcknowledgedBefore,
            _ if response.error.code == NO_HISTORY => Failure::Forbidden,
            StatusCode::UNAUTHORIZED => Failure::Unauthorised,
            StatusCode::FORBIDDEN => Failure::Forbidden,
            StatusCode::NOT_FOUND => Failure::Gone,
            StatusCode::TOO_MANY_REQUESTS => Failure::Passing,
            status if status.is_server_error() => Failure::Passing,
            _ => Failure::Refused,
        },
        HttpError::Request(_) => Failure::Passing,
        _ => Failure::Refused,
    }
}

/// Sends until it gets through, or for `within` at most.
pub(super) async fn persist<T, F: Future<Output = serenity::Result<T>>>(
    within: Duration,
    mut send: impl FnMut() -> F,
) -> serenity::Result<T> {
    let start = tokio::time::Instant::now();
    let mut waits = WAITS.into_iter();
    loop {
        let left = within.saturating_sub(start.elapsed());
        let result = tokio::time::timeout(PATIENCE.min(left.max(Duration::from_millis(100))), send()).await;
        // The last wait is repeated for as long as there is time.
        let wait = waits.next().or(WAITS.last().copied()).filter(|wait| start.elapsed() + *wait < within);
        match (result, wait) {
            (Ok(Err(error)), Some(wait)) if failure(&error) == Failure::Passing => {
                tracing::warn!(%error, wait_ms = wait.as_millis() as u64, "a request to Discord failed; trying again");
                tokio::time::sleep(wait).await;
            }
            (Err(_), Some(wait)) => {
                tracing::warn!("a request to Discord takes too long; trying again");
                tokio::time::sleep(wait).await;
            }
            (Ok(result), _) => return result,
            (Err(_), None) => return Err(serenity::Error::Other("Discord did not answer in time")),
        }
    }
}

/// Creates a message. The nonce makes Discord give the first message back where an attempt got through unnoticed.
pub(super) async fn create(http: &Http, channel: ChannelId, message: &CreateMessage) -> serenity::Result<Message> {
    persist(NONCE_KNOWN, || channel.send_message(http, message.clone())).await
}

/// Says what went wrong with a request, once, with the remedy where there is one.
pub(super) fn report(error: &serenity::Error, what: &str, channel: ChannelId) {
    match failure(error) {
        Failure::Forbidden => tracing::error!(
            channel = channel.get(),
            "{what}: a permission is missing in this channel; allow the bot View Channel, Send Messages, Send Messages in Threads, Embed Links and Read Message History there"
        ),
        Failure::Gone => tracing::info!(channel = channel.get(), "{what}: it is gone"),
        Failure::Unauthorised => tracing::error!("{what}: Discord refuses the token; set DISCORD_TOKEN anew"),
        _ => tracing::error!(%error, channel = channel.get(), "{what}"),
    }
}
