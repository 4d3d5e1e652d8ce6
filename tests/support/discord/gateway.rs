//! The gateway's connections: HELLO, IDENTIFY, heartbeats, close codes, compression, and how a connection can end.
use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message as Ws, WebSocket};
use flate2::{Compression, write::ZlibEncoder};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Shared;
use super::state::{Identify, State};

/// An identify may be so long on its way.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// Intents that need the application's permission: members, presences, message content.
pub(super) const PRIVILEGED: u64 = 1 << 1 | 1 << 8 | 1 << 15;
/// Every bit Discord defines.
const DEFINED: u64 = 0x1_FFFF | 0b11 << 20 | 0b11 << 24;

/// What a connection is told to do.
#[derive(Clone)]
pub enum Frame {
    /// Send this text.
    Text(String),
    /// Compress from here on.
    Compress,
    /// Send a close frame, then end.
    Close(Option<u16>),
    /// End without a close frame.
    Drop,
    /// Read, but send nothing more.
    Mute,
    /// Neither read nor write, and stay open.
    HalfOpen,
}

/// An open connection.
pub struct Socket {
    frames: UnboundedSender<Frame>,
    /// The session it carries.
    pub session: Option<String>,
    /// Whether heartbeats are acknowledged.
    pub acks: bool,
    sends: VecDeque<Instant>,
}

impl Socket {
    /// Queues a frame; a connection already gone does not mind.
    pub fn tell(&self, frame: Frame) {
        let _ = self.frames.send(frame);
    }
}

impl State {
    pub(super) fn refuse(&mut self, socket: u64, code: u16, why: &str) {
        self.violation(format!("gateway: {why}, closed with {code}"));
        self.detach(socket, Frame::Close(Some(code)));
    }

    /// Deals with one payload of the bot; a READY to be sent later is returned with its delay.
    fn receive(&mut self, socket: u64, text: &str) -> Option<Duration> {
        let Ok(payload) = serde_json::from_str::<Value>(text) else {
            self.refuse(socket, 4002, "a payload that is not JSON");
            return None;
        };
        let entry = self.sockets.get_mut(&socket)?;
        let now = Instant::now();
        entry.sends.push_back(now);
        entry.sends.retain(|at| now - *at < Duration::from_mins(1));
        if entry.sends.len() > 120 {
            self.refuse(socket, 4008, "more than 120 sends a minute");
            return None;
        }
        let (known, data) = (entry.session.is_some(), &payload["d"]);
        match payload["op"].as_u64() {
            Some(1) if entry.acks => entry.tell(Frame::Text(json!({"op": 11, "d": null, "s": null, "t": null}).to_string())),
            Some(2 | 6) if known => self.refuse(socket, 4005, "identified twice"),
            Some(2) => return self.identify(socket, data),
            Some(6) => self.resume(socket, data),
            // After op 9 the session is gone, and what is still on its way is not the bot's fault.
            Some(3 | 4 | 8 | 31) if !known => {}
            Some(3) => self.presences.push(data.clone()),
            // Heartbeats that go unacknowledged, and requests the fake has no answer to.
            Some(1 | 4 | 8 | 31) => {}
            op => self.refuse(socket, 4001, &format!("op {op:?}")),
        }
        None
    }

    pub(super) fn token_fits(&self, data: &Value) -> bool {
        data["token"].as_str().is_some_and(|t| t.strip_prefix("Bot ").unwrap_or(t) == self.token)
    }

    fn identify(&mut self, socket: u64, data: &Value) -> Option<Duration> {
        let intents = data["intents"].as_u64();
        let (shard, of) = (data["shard"][0].as_u64().unwrap_or(0), data["shard"][1].as_u64().unwrap_or(1));
        let incomplete = ["os", "browser", "device"].iter().any(|p| !data["properties"][p].is_string());
        let refused = match intents {
            _ if !self.token_fits(data) => Some(4004),
            _ if of == 0 || shard >= of => Some(4010),
            None => Some(4013),
            Some(bits) if bits & !DEFINED != 0 => Some(4013),
            Some(bits) if bits & PRIVILEGED & !self.privileged != 0 => Some(4014),
            _ if incomplete => Some(4002),
            _ => None,
        };
        self.identifies.push(Identify { data: data.clone(), at: Instant::now(), refused });
        if let Some(code) = refused {
            // A wrong token or a missing privileged intent is the set-up's fault; the rest is the bot's.
            if !matches!(code, 4004 | 4014) {
                self.violation(format!("gateway: identify refused with {code}"));
            }
            self.detach(socket, Frame::Close(Some(code)));
            return None;
        }
        if self.starts_left == 0 {
            self.refuse(socket, 4004, "more identifies than session_start_limit allows: the token would be reset");
            return None;
        }
        // The client counts from sending, we from arriving: on a busy machine the first may have been longer on its way.
        let recent =
            self.identifies.iter().rev().skip(1).any(|i| i.refused.is_none() && i.at.elapsed() + UNDER_WAY < Duration::from_secs(5));
        if self.limits && recent {
            self.violation("gateway: two identifies within 5 seconds");
            self.sockets[&socket].tell(Frame::Text(json!({"op": 9, "d": false, "s": null, "t": null}).to_string()));
            return None;
        }
        self.starts_left -= 1;
        if self.compress && data["compress"] == true {
            self.sockets[&socket].tell(Frame::Compress);
        }
        self.ready_delay.take().or(Some(Duration::ZERO))
    }

    /// The gateway's address.
    pub(super) fn gateway_url(&self) -> String {
        self.origin.replace("http", "ws")
    }
}

/// Serves one connection to its end.
pub(super) async fn serve(mut socket: WebSocket, shared: Arc<Shared>) {
    let (frames, mut queue) = unbounded_channel();
    let (number, silent) = shared.change(|state| {
        let number = state.id();
        let hello = json!({"op": 10, "d": {"heartbeat_interval": state.heartbeat_ms, "_trace": []}, "s": null, "t": null});
        let _ = frames.send(if state.silent { Frame::Mute } else { Frame::Text(hello.to_string()) });
        state.sockets.insert(number, Socket { frames, session: None, acks: true, sends: VecDeque::new() });
        (number, state.silent || state.closed)
    });
    drive(&mut socket, &mut queue, number, silent, &shared).await;
    shared.change(|state| {
        state.detach(number, Frame::Drop);
        state.sockets.remove(&number);
    });
}

async fn drive(socket: &mut WebSocket, queue: &mut UnboundedReceiver<Frame>, number: u64, silent: bool, shared: &Arc<Shared>) {
    let (mut muted, mut compress, mut last) = (silent, false, None);
    loop {
        // After a close frame the other side has a second to answer it.
        let deadline = last.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_hours(1));
        tokio::select! {
            biased;
            frame = queue.recv() => match frame {
                None | Some(Frame::Drop) => return,
                Some(Frame::Compress) => compress = true,
                Some(Frame::Mute) => muted = true,
                Some(Frame::HalfOpen) => loop {
                    if matches!(queue.recv().await, None | Some(Frame::Drop)) {
                        return;
                    }
                },
                Some(Frame::Text(_)) if muted || last.is_some() => {}
                Some(Frame::Text(text)) => {
                    let message = if compress { Ws::Binary(deflate(&text).into()) } else { Ws::Text(text.into()) };
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
                Some(Frame::Close(code)) => {
                    let _ = socket.send(Ws::Close(code.map(|code| CloseFrame { code, reason: "".into() }))).await;
                    last = Some(tokio::time::Instant::now() + Duration::from_secs(1));
                }
            },
            message = socket.next() => match message {
                Some(Ok(Ws::Text(text))) if last.is_none() => take(&text, number, shared),
                Some(Ok(Ws::Binary(bytes))) if last.is_none() => take(&String::from_utf8_lossy(&bytes), number, shared),
                Some(Ok(Ws::Close(frame))) => {
                    let code = frame.map(|f| f.code);
                    shared.change(|state| {
                        // An answer to our own close frame is not the bot's decision.
                        if last.is_none() {
                            state.closes.push(code);
                        }
                        // With these codes the bot says that it will not be back.
                        if last.is_none() && matches!(code, Some(1000 | 1001)) {
                            state.forget(number);
                        }
                    });
                    let _ = socket.flush().await;
                    return;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            () = tokio::time::sleep_until(deadline) => return,
        }
    }
}

fn take(text: &str, number: u64, shared: &Arc<Shared>) {
    let Some(delay) = shared.change(|state| state.receive(number, text)) else { return };
    let data = serde_json::from_str::<Value>(text).map(|mut p| p["d"].take()).unwrap_or_default();
    if delay.is_zero() {
        return shared.change(|state| state.ready(number, &data));
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        shared.change(|state| state.ready(number, &data));
    });
}

fn deflate(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}
