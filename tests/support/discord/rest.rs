//! The REST side: authorization, faults, the log of requests, and which path means what.
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::{Body, to_bytes};
use axum::extract::Request as Http;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::Shared;
use super::faults::Rest;
use super::payload::id_of;
use super::state::{Id, Request, State, VIEW_CHANNEL};
use super::validate::Check;

/// An answer.
#[derive(Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Option<Value>,
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// Why the request should not have been made, if so.
    pub violation: Option<String>,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body), ..Self::default() }
    }

    pub(super) fn none() -> Self {
        Self { status: 204, ..Self::default() }
    }

    /// An error the bot cannot be blamed for.
    pub(super) fn error(status: u16, code: u32, message: &str) -> Self {
        Self { status, body: Some(json!({"message": message, "code": code})), ..Self::default() }
    }

    /// An error that is the bot's fault.
    pub(super) fn refuse(status: u16, code: u32, message: &str) -> Self {
        Self { violation: Some(format!("{status} {code} {message}")), ..Self::error(status, code, message) }
    }

    /// 400 with a list of what is wrong where.
    pub(super) fn invalid(check: &Check) -> Self {
        let body = json!({"message": "Invalid Form Body", "code": 50035, "errors": check.errors()});
        Self { status: 400, body: Some(body), violation: Some(check.summary()), ..Self::default() }
    }

    pub(super) fn rate_limited(retry_after: f64, global: bool) -> Self {
        let body = json!({"message": "You are being rate limited.", "retry_after": retry_after, "global": global});
        let scope = if global { "global" } else { "user" };
        let mut headers = vec![("retry-after", format!("{}", retry_after.ceil())), ("x-ratelimit-scope", scope.to_owned())];
        if global {
            headers.push(("x-ratelimit-global", "true".into()));
        } else {
            headers.push(("x-ratelimit-remaining", "0".into()));
            headers.push(("x-ratelimit-reset-after", format!("{retry_after:.3}")));
        }
        Self { status: 429, body: Some(body), headers, violation: None }
    }
}

/// A request, taken apart.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    pub(super) path: Vec<&'a str>,
    query: Vec<(&'a str, &'a str)>,
    pub(super) body: &'a Value,
}

impl Call<'_> {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

/// Answers one request.
pub(super) async fn serve(shared: Arc<Shared>, http: Http) -> Response {
    let (parts, body) = http.into_parts();
    let bytes = to_bytes(body, 25 << 20).await.unwrap_or_default();
    let body = read_body(&parts.headers, &bytes);
    let method = parts.method.as_str().to_owned();
    let full = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let path = full.strip_prefix("/api/v10").unwrap_or(&full).to_owned();
    let token = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let (number, fault) = shared.change(|state| {
        if state.closed {
            hang_up();
        }
        let request = Request { method: method.clone(), path: path.clone(), body: body.clone(), at: Instant::now(), status: 0 };
        state.requests.push(request);
        let fault = state.take_rest_fault(&method, &path);
        if fault.is_some()
            && let Some(id) = path.strip_prefix("/interactions/").and_then(|p| p.split('/').next()?.parse().ok())
        {
            state.excuse(id);
        }
        (state.requests.len() - 1, fault)
    });
    match &fault {
        Some(Rest::Slow(delay)) => tokio::time::sleep(*delay).await,
        Some(Rest::LostRequest) => hang_up(),
        _ => {}
    }
    let reply = shared.change(|state| {
        let reply = fault.as_ref().and_then(Rest::reply).unwrap_or_else(|| state.answer(&method, &full, &token, &body));
        if let Some(why) = &reply.violation {
            state.violation(format!("{method} {path}: {why}"));
        }
        state.requests[number].status = reply.status;
        reply
    });
    match &fault {
        Some(Rest::SlowAnswer(delay)) => tokio::time::sleep(*delay).await,
        Some(Rest::LostAnswer) => hang_up(),
        _ => {}
    }
    respond(reply)
}

/// Ends the connection without an answer: the connection's task unwinds, and no panic message is printed.
fn hang_up() -> ! {
    resume_unwind(Box::new("connection lost on purpose"))
}

fn respond(reply: Reply) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).expect("a status"));
    let has = |name: &str| reply.headers.iter().any(|(n, _)| *n == name);
    let usual = [
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "4"),
        ("x-ratelimit-reset-after", "1.000"),
        ("x-ratelimit-bucket", "abcd1234"),
    ];
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64() + 1.0;
    response = response.header("x-ratelimit-reset", format!("{reset:.3}"));
    for (name, value) in usual.into_iter().filter(|(name, _)| !has(name)) {
        response = response.header(name, value);
    }
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    match reply.body {
        Some(body) => response.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
        None => response.body(Body::empty()),
    }
    .expect("a response")
}

/// The JSON of a body, also out of the `payload_json` part of a form with files.
fn read_body(headers: &HeaderMap, bytes: &[u8]) -> Value {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    if !kind.starts_with("multipart/") {
        return serde_json::from_slice(bytes).unwrap_or_default();
    }
    let text = String::from_utf8_lossy(bytes);
    let part = text.split_once("name=\"payload_json\"").and_then(|(_, rest)| rest.split_once("\r\n\r\n"));
    part.and_then(|(_, rest)| serde_json::from_str(rest.split("\r\n--").next()?).ok()).unwrap_or_default()
}

impl State {
    fn answer(&mut self, method: &str, full: &str, token: &str, body: &Value) -> Reply {
        let (path, query) = full.split_once('?').unwrap_or((full, ""));
        let query = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let Some(path) = path.strip_prefix("/api/v10/") else {
            return Reply::refuse(404, 0, "404: Not Found");
        };
        let call = Call { method, path: path.split('/').collect(), query, body };
        // These two carry their own token in the path, and do not count towards the global limit.
        let own_token = matches!(call.path.as_slice(), ["interactions" | "webhooks", _, _, ..]);
        if !own_token && token != format!("Bot {}", self.token) {
            let reply = Reply::error(401, 0, "401: Unauthorized");
            // A wrong token may be what the test is about; a missing one never is.
            return if token.starts_with("Bot ") { reply } else { Reply { violation: Some("no Authorization: Bot".into()), ..reply } };
        }
        let counted = |r: &&Request| r.at.elapsed() < Duration::from_secs(1) && !r.path.starts_with("/interactions");
        if self.limits && !own_token && self.requests.iter().rev().take(200).filter(counted).count() > 50 {
            return Reply::rate_limited(1.0, true);
        }
        self.route(&call)
    }

    fn route(&mut self, call: &Call) -> Reply {
        match (call.method, call.path.as_slice()) {
            ("GET", ["gateway"]) => Reply::ok(json!({"url": self.gateway_url()})),
            ("GET", ["gateway", "bot"]) => Reply::ok(json!({
                "url": self.gateway_url(), "shards": self.shards, "session_start_limit":
                    {"total": 1000, "remaining": self.starts_left, "reset_after": 86_400_000, "max_concurrency": 1},
            })),
            ("GET", ["users", "@me"]) => Reply::ok(self.users[&self.bot].value.clone()),
            ("GET", ["users", id]) => found(number(id).and_then(|id| self.users.get(&id)).map(|u| u.value.clone()), 10013, "Unknown User"),
            ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => Reply::ok(self.application()),
            ("GET", ["users", "@me", "guilds"]) => Reply::ok(self.guilds.keys().map(|id| self.guild_value(*id)).collect()),
            ("POST", ["users", "@me", "channels"]) => match id_of(&call.body["recipient_id"]).filter(|id| self.users.contains_key(id)) {
                Some(user) => {
                    let channel = self.dm_channel(user);
                    Reply::ok(self.channels[&channel].value.clone())
                }
                None => Reply::refuse(400, 50033, "Invalid Recipient(s)"),
            },
            (_, ["applications", app, rest @ ..]) if number(app) == Some(self.bot) => self.route_commands(call, rest),
            ("POST", ["interactions", id, token, "callback"]) => self.callback(number(id).unwrap_or(0), token, call),
            (_, ["webhooks", app, token, rest @ ..]) if number(app) == Some(self.bot) => self.route_webhook(call, token, rest),
            ("GET", ["guilds", id, rest @ ..]) => match number(id).filter(|id| self.guilds.contains_key(id)) {
                Some(guild) => self.route_guild(guild, rest),
                None => Reply::error(404, 10004, "Unknown Guild"),
            },
            (_, ["channels", id, rest @ ..]) => match number(id).filter(|id| self.channels.contains_key(id)) {
                Some(channel) if self.bot_permissions(channel) & VIEW_CHANNEL == 0 => Reply::error(403, 50001, "Missing Access"),
                Some(channel) => self.route_channel(call, channel, rest),
                // A channel a member deleted is a race; nothing tells the two apart once it is gone.
                None => Reply::error(404, 10003, "Unknown Channel"),
            },
            _ => Reply::refuse(404, 0, "404: Not Found"),
        }
    }

    fn route_guild(&self, guild: Id, rest: &[&str]) -> Reply {
        match rest {
            [] => Reply::ok(self.guild_value(guild)),
            ["roles"] => Reply::ok(self.guild_value(guild)["roles"].take()),
            ["channels"] => {
                let here = self.channels.values().filter(|c| c.guild == Some(guild) && c.kind() != 11);
                Reply::ok(here.map(|c| c.value.clone()).collect())
            }
            ["threads", "active"] => {
                let threads = self.channels.values().filter(|c| c.guild == Some(guild) && c.kind() == 11 && c.visible());
                Reply::ok(json!({"threads": threads.map(|c| c.value.clone()).collect::<Vec<_>>(), "members": []}))
            }
            ["members", id] => {
                let id = if *id == "@me" { Some(self.bot) } else { number(id) };
                let user = id.and_then(|id| self.users.get(&id));
                found(user.map(|u| super::payload::member(u, true)), 10007, "Unknown Member")
            }
            _ => Reply::refuse(404, 0, "404: Not Found"),
        }
    }
}

/// The value, or 404 with this code.
pub(super) fn found(value: Option<Value>, code: u32, message: &str) -> Reply {
    value.map_or_else(|| Reply::error(404, code, message), Reply::ok)
}

/// An id in a path.
pub(super) fn number(text: &str) -> Option<Id> {
    text.parse().ok()
}
