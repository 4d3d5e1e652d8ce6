//! A real Synapse on loopback for integration tests, and members who talk to it through clients that are not ours.
//!
//! Synapse and matrix-nio are installed from `requirements.txt` into a virtual environment under the target folder, once.
//! To renew the pins: `pip-compile --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links
//! --no-emit-options --no-header --no-annotate --pip-args --only-binary=:all: requirements.in` (pip-tools).
#![allow(dead_code, reason = "each test uses its part of the peer")]
#![allow(unused_imports, reason = "each test uses its part of the peer")]
#![allow(unreachable_pub, reason = "public to the tests, which are binaries of their own")]

mod encrypted;
mod environment;
mod homeserver;
mod http;
mod member;
mod rooms;
mod timeline;
mod turns;

pub use encrypted::EncryptedMember;
pub use environment::is_skipped;
pub use homeserver::Homeserver;
pub use member::Member;
pub use timeline::{answered_event, body, html, is_edit_of, is_said_by, shown};
