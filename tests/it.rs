//! Integration tests: the library and the binary as their users meet them, one module per subject.
#![allow(clippy::unwrap_used, reason = "a failed test may end in a panic")]

#[path = "it/answers.rs"]
mod answers;
#[path = "it/architecture.rs"]
mod architecture;
#[path = "it/archive.rs"]
mod archive;
#[path = "it/batch.rs"]
mod batch;
#[path = "it/chat.rs"]
mod chat;
#[path = "it/check.rs"]
mod check;
#[path = "it/conversations/mod.rs"]
mod conversations;
#[cfg(feature = "discord")]
#[path = "it/discord/mod.rs"]
mod discord;
#[cfg(feature = "discord")]
#[path = "support/discord/mod.rs"]
mod fake_discord;
#[path = "it/harbour.rs"]
mod harbour;
#[path = "it/help.rs"]
mod help;
#[cfg(feature = "matrix")]
#[path = "it/matrix/mod.rs"]
mod matrix;
#[cfg(any(feature = "discord", feature = "matrix"))]
#[path = "it/process.rs"]
mod process;
#[path = "it/properties.rs"]
mod properties;
#[path = "it/scorecard.rs"]
mod scorecard;
#[cfg(any(feature = "discord", feature = "matrix"))]
#[path = "it/setup.rs"]
mod setup;
#[path = "it/support.rs"]
mod support;
#[cfg(feature = "matrix")]
#[path = "support/synapse/mod.rs"]
mod synapse;
#[cfg(all(feature = "discord", feature = "matrix"))]
#[path = "it/together.rs"]
mod together;
