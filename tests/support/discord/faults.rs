//! What can be made to go wrong, on the gateway and on REST.
use std::time::Duration;

use serde_json::{Value, json};

use super::gateway::Frame;
use super::rest::Reply;
use super::state::{Id, State};

/// Something that goes wrong on the gateway. Unless said otherwise it happens at once, to every open connection.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The TCP connection ends without a close frame; sessions stay resumable.
    Drop,
    /// A close frame with this code. Codes that end a session (4004, 4007, 4009 to 4014) end it.
    Close(u16),
    /// A close frame without a code.
    CloseWithoutCode,
    /// Op 7: please reconnect.
    Reconnect,
    /// Op 9; `false` ends the session.
    InvalidSession(bool),
    /// Heartbeats are no longer acknowledged on the connections open now.
    StopAcks,
    /// Nothing is sent any more, and new connections get not even HELLO, until [`heal`](super::Discord::heal).
    Silent,
    /// The connections open now are neither read nor written, nor closed.
    HalfOpen,
    /// The next resumes are answered with op 9 `false`.
    RefuseResume(usize),
    /// An event with a payload of the test's choosing, to every session.
    Event(String, Value),
    /// A text frame of the test's choosing, JSON or not.
    Raw(String),
    /// The next READY comes this much later.
    DelayReady(Duration),
}

/// What a REST fault answers.
#[derive(Clone, Debug)]
pub enum Rest {
    /// 429, with `Retry-After` in seconds.
    RateLimited {
        /// Seconds to wait.
        retry_after: f64,
        /// All routes, not only this one.
        global: bool,
    },
    /// Any status with a plain error body: 401, 404, 500, 502, 503.
    Status(u16),
    /// 403 with one of Discord's codes: 50013 missing permissions, 50001 missing access.
    Forbidden(u32),
    /// Works, but starts this much later.
    Slow(Duration),
    /// Works at once, but the answer comes this much later.
    SlowAnswer(Duration),
    /// Works, but the connection closes instead of answering.
    LostAnswer,
    /// Does not work, and the connection closes without an answer.
    LostRequest,
}

/// A REST fault waiting for its requests.
pub struct RestFault {
    /// Method to match, empty for any.
    pub method: String,
    /// Part of the path to match.
    pub path: String,
    /// How many requests are still to be hit.
    pub left: usize,
    /// What they get.
    pub rest: Rest,
}

impl Rest {
    /// The answer given instead of doing what was asked, if this fault is of that sort.
    pub(super) fn reply(&self) -> Option<Reply> {
        Some(match self {
            Rest::RateLimited { retry_after, global } => Reply::rate_limited(*retry_after, *global),
            // A proxy in front of Discord answers these, in HTML.
            Rest::Status(status @ (502..=504)) => Reply { status: *status, ..Reply::default() },
            Rest::Status(status) => Reply::error(*status, 0, &format!("{status}: fault asked for by the test")),
            Rest::Forbidden(50001) => Reply::error(403, 50001, "Missing Access"),
            Rest::Forbidden(code) => Reply::error(403, *code, "Missing Permissions"),
            Rest::Slow(_) | Rest::SlowAnswer(_) | Rest::LostAnswer | Rest::LostRequest => return None,
        })
    }
}

impl State {
    /// The fault this request runs into, counted down.
    pub(super) fn take_rest_fault(&mut self, method: &str, path: &str) -> Option<Rest> {
        let hit = |f: &&mut RestFault| f.left > 0 && (f.method.is_empty() || f.method == method) && path.contains(&f.path);
        let fault = self.rest_faults.iter_mut().find(hit)?;
        fault.left -= 1;
        Some(fault.rest.clone())
    }

    /// Excuses interactions the bot may never have seen.
    pub(super) fn excuse_unanswered(&mut self) {
        self.interactions.values_mut().filter(|i| i.answer.is_none()).for_each(|i| i.excused = true);
    }

    pub(super) fn apply(&mut self, fault: Fault) {
        match fault {
            Fault::Drop => self.detach_all(&Frame::Drop),
            Fault::HalfOpen => self.detach_all(&Frame::HalfOpen),
            Fault::CloseWithoutCode => self.detach_all(&Frame::Close(None)),
            Fault::Close(code) => {
                if matches!(code, 4004 | 4007 | 4009..=4014) {
                    self.end_sessions();
                }
                self.detach_all(&Frame::Close(Some(code)));
            }
            Fault::Reconnect => self.tell_all(&json!({"op": 7, "d": null, "s": null, "t": null}).to_string()),
            Fault::InvalidSession(resumable) => {
                if !resumable {
                    self.end_sessions();
                }
                self.tell_all(&json!({"op": 9, "d": resumable, "s": null, "t": null}).to_string());
            }
            Fault::StopAcks => self.sockets.values_mut().for_each(|s| s.acks = false),
            Fault::Silent => {
                self.silent = true;
                self.detach_all(&Frame::Mute);
            }
            Fault::RefuseResume(times) => self.refuse_resumes = times,
            Fault::Event(name, data) => {
                for session in 0..self.sessions.len() {
                    self.push(session, &name, &data);
                }
            }
            Fault::Raw(text) => self.tell_all(&text),
            Fault::DelayReady(delay) => self.ready_delay = Some(delay),
        }
    }

    /// Ends the connections of one shard; its session stays resumable, or is over.
    pub(super) fn apply_to_shard(&mut self, shard: u64, last: &Frame, ended: bool) {
        for socket in self.sockets_of(shard) {
            self.detach(socket, last.clone());
        }
        if ended {
            self.excuse_unanswered();
            self.end_shard(shard);
        }
    }

    fn detach_all(&mut self, last: &Frame) {
        for socket in self.sockets.keys().copied().collect::<Vec<_>>() {
            self.detach(socket, last.clone());
        }
    }

    pub(super) fn end_sessions(&mut self) {
        self.excuse_unanswered();
        self.sessions.clear();
        self.sockets.values_mut().for_each(|s| s.session = None);
    }

    fn tell_all(&mut self, text: &str) {
        self.sockets.values().for_each(|s| s.tell(Frame::Text(text.to_owned())));
    }

    /// Excuses one interaction whose acknowledgement a fault got in the way of.
    pub(super) fn excuse(&mut self, id: Id) {
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.excused = true;
        }
    }
}
