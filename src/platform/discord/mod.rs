//! Discord: gateway events in, embeds with buttons out. serenity is named nowhere else.

mod autocomplete;
mod bot;
mod catch_up;
mod commands;
mod custom_id;
mod interactions;
mod messages;
mod outbox;
mod render;
mod session;
mod settings;
mod text;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serenity::all::{ApplicationFlags, ChannelId, Http, HttpBuilder};
use tokio::sync::watch;

pub use settings::{Settings, Shards, Token};

use bot::Bot;
use outbox::{Failure, failure, persist};

use crate::respond::Responder;

/// Questions under way are finished within this time once the program is to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

/// Why Discord cannot be served, and would not be by trying again.
#[derive(Debug, thiserror::Error)]
pub enum DiscordError {
    /// The token is wrong.
    #[error("Discord refuses the token; copy the bot's token from the Developer Portal (Bot, Reset Token) into DISCORD_TOKEN")]
    Token,
    /// The shards are wrong.
    #[error("Discord refuses the shards; correct DISCORD_SHARDS, or leave it out for as many as Discord recommends")]
    Shards,
    /// A file or address in the settings.
    #[error("{0}")]
    Setting(String),
}

/// Serves Discord until `stop` says so.
///
/// # Errors
/// When trying again would not help: a wrong token, wrong shards, a certificate that cannot be read.
pub async fn serve(settings: Settings, responder: Arc<Responder>, mut stop: watch::Receiver<bool>) -> Result<(), DiscordError> {
    let http = Arc::new(client(&settings)?);
    let bot = Arc::new(Bot::new(responder, settings, http));
    tokio::select! {
        greeted = greet(&bot) => greeted?,
        () = session::told_to_stop(&mut stop) => return Ok(()),
    }
    let gateway = || client(&bot.settings);
    session::listen(&bot, gateway, stop).await
}

/// A client of the REST interface. Discord's own is called with serenity's rate limiter; another server's address only
/// takes effect without it (serenity issue 1739), and a limit then is waited out by trying again.
fn client(settings: &Settings) -> Result<Http, DiscordError> {
    let mut builder = HttpBuilder::new(&settings.token.0).default_allowed_mentions(render::nobody());
    if let Some(file) = &settings.certificate {
        let wrong = |error: &dyn std::fmt::Display| DiscordError::Setting(format!("DISCORD_CA_FILE: {}: {error}", file.display()));
        let text = std::fs::read(file).map_err(|error| wrong(&error))?;
        let certificate = reqwest::Certificate::from_pem(&text).map_err(|error| wrong(&error))?;
        let client = reqwest::Client::builder().use_rustls_tls().add_root_certificate(certificate).build();
        builder = builder.client(client.map_err(|error| wrong(&error))?);
    }
    if let Some(api) = &settings.api {
        builder = builder.proxy(api).ratelimiter_disabled(true);
    }
    Ok(builder.build())
}

/// Asks Discord who the bot is and what it may; waits for as long as Discord cannot be reached.
async fn greet(bot: &Arc<Bot>) -> Result<(), DiscordError> {
    let mut wait = Duration::from_secs(1);
    loop {
        match persist(Duration::from_secs(20), || bot.http.get_current_user()).await {
            Ok(me) => {
                bot.set_me(me.id);
                break;
            }
            Err(error) => match failure(&error) {
                Failure::Unauthorised => return Err(DiscordError::Token),
                Failure::Passing => {
                    tracing::error!(%error, wait_s = wait.as_secs(), "Discord cannot be reached; trying again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_mins(1));
                }
                // It answers, if not as Discord would: the gateway says who the bot is, too.
                _ => {
                    tracing::warn!(%error, "the server does not say who the bot is");
                    break;
                }
            },
        }
    }
    if !bot.settings.answer_channels.is_empty() {
        let flags = persist(Duration::from_secs(10), || bot.http.get_current_application_info()).await.ok().and_then(|info| info.flags);
        let content = ApplicationFlags::GATEWAY_MESSAGE_CONTENT | ApplicationFlags::GATEWAY_MESSAGE_CONTENT_LIMITED;
        // Where the flags are not known, trying tells.
        let may = flags.is_none_or(|flags| flags.intersects(content));
        bot.reads_content.store(may, Ordering::Relaxed);
        if !may {
            tracing::error!(
                "DISCORD_ANSWER_CHANNELS needs Message Content Intent, which this bot does not have; enable it in the Developer Portal (Bot, Privileged Gateway Intents) and start again. Mentions, replies, commands and private messages work without it"
            );
        }
        look_at_channels(bot).await;
    }
    Ok(())
}

/// Says which answer channels cannot be listened in, and learns which are forums.
async fn look_at_channels(bot: &Bot) {
    for &id in &bot.settings.answer_channels {
        match persist(Duration::from_secs(10), || bot.http.get_channel(ChannelId::new(id))).await {
            Ok(channel) => {
                if let Some(channel) = channel.guild().filter(|channel| bot::is_forum(channel.kind)) {
                    bot.saw_forum(channel.id);
                }
            }
            Err(error) if matches!(failure(&error), Failure::Forbidden | Failure::Gone) => tracing::error!(
                "DISCORD_ANSWER_CHANNELS: channel {id} does not exist or the bot may not see it; correct the id, or allow View Channel and Read Message History there"
            ),
            Err(error) => tracing::warn!(%error, channel = id, "an answer channel could not be looked at"),
        }
    }
}

/// What would be registered and sent, for `--dry-run`.
#[must_use]
pub fn rehearsal(settings: &Settings, responder: &Responder) -> serde_json::Value {
    let sample = responder.sample().map(|(question, reply)| {
        let rendered = render::render(&reply, "0", None);
        serde_json::json!({ "question": question, "message": { "embeds": [rendered.embed], "components": rendered.rows, "allowed_mentions": render::nobody() } })
    });
    let content = !settings.answer_channels.is_empty();
    serde_json::json!({
        "rest": settings.api.as_deref().unwrap_or("https://discord.com"),
        "gateway": settings.gateway.as_deref().unwrap_or("as the REST interface says"),
        "intents": { "guilds": true, "guild_messages": true, "direct_messages": true, "message_content": content },
        "presence": responder.store().current().snapshot.knowledge.name,
        "commands_registered": if settings.guilds.is_empty() { serde_json::json!("everywhere") } else { serde_json::json!(settings.guilds) },
        "commands": commands::all(),
        "sample": sample,
    })
}
