//! The gateway: events in, and watching over the connection. serenity resumes and identifies by itself; what it does not
//! notice, a watchdog does, and begins a new session after a wait.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serenity::all::{
    ActivityData, ChannelId, ClientBuilder, Context, Event, EventHandler, GatewayError, GatewayIntents, Guild, GuildChannel, GuildId, Http,
    Interaction, Message, MessageId, MessageUpdateEvent, RawEventHandler, Ready, ShardManager,
};
use serenity::async_trait;
use serenity::gateway::ConnectionStage;
use tokio::sync::watch;

use crate::platform::discord::bot::{Bot, PLATFORM, is_forum};
use crate::platform::discord::outbox::{Failure, failure, persist};
use crate::platform::discord::{DiscordError, commands};

/// How often the connection is looked at, and how long a shard may be without one.
const LOOK: Duration = Duration::from_secs(1);
const DEAF: Duration = Duration::from_secs(15);
/// A connection may have been deaf for so long without anybody noticing: two heartbeats.
const UNNOTICED: Duration = Duration::from_secs(100);
/// Waits before a new session: a thousand identifies a day reset the token.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// A session that held for so long makes the next wait the first again.
const HELD: Duration = Duration::from_mins(10);

/// How a session ended.
enum End {
    /// The program stops.
    Stopped,
    /// It can be begun again.
    Lost(String),
    /// It can be begun again without reading messages.
    ContentRefused,
    /// Beginning again would not help.
    Fatal(DiscordError),
}

#[derive(Clone)]
struct Listener {
    bot: Arc<Bot>,
    /// When something was last heard on each shard: one may be deaf while another hears on.
    heard: Arc<Mutex<HashMap<u32, SystemTime>>>,
    /// When an earlier run last listened; none at the very first start, when there is nothing to catch up with.
    before: Option<SystemTime>,
}

impl Listener {
    /// Notes that a shard hears, and tells when it last did.
    fn hears(&self, shard: u32) -> Option<SystemTime> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(shard, SystemTime::now()).or(self.before)
    }
}

#[async_trait]
impl RawEventHandler for Listener {
    async fn raw_event(&self, context: Context, event: Event) {
        match event {
            Event::Unknown(unknown) if unreadable(&unknown.kind) => {
                let unread = self.bot.unread.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::error!(kind = unknown.kind, unread, "an event of Discord's could not be read; is there a newer rapporteur?");
            }
            Event::Ready(_) | Event::GuildCreate(_) => {}
            _ => drop(self.hears(context.shard_id.0)),
        }
    }
}

/// Events that must not be lost unnoticed.
fn unreadable(kind: &str) -> bool {
    matches!(
        kind,
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" | "INTERACTION_CREATE" | "GUILD_CREATE" | "THREAD_CREATE" | "READY"
    )
}

#[async_trait]
impl EventHandler for Listener {
    async fn ready(&self, context: Context, ready: Ready) {
        self.bot.set_me(ready.user.id);
        self.bot.http.set_application_id(ready.application.id);
        let shard = context.shard_id.0;
        let since = self.hears(shard);
        if let Some(since) = since {
            ready.guilds.iter().for_each(|guild| self.bot.missed(guild.id, since));
        }
        tracing::info!(shard, guilds = ready.guilds.len(), user = ready.user.name, "listening on Discord");
        if shard == 0 {
            self.bot.register().await;
            if let Some(since) = since {
                self.bot.catch_up_direct(since).await;
            }
        }
    }

    async fn guild_create(&self, _: Context, guild: Guild, _: Option<bool>) {
        guild.channels.values().filter(|channel| is_forum(channel.kind)).for_each(|channel| self.bot.saw_forum(channel.id));
        guild.threads.iter().for_each(|thread| self.bot.saw_thread(thread));
        // Events are handled side by side: the session's beginning, which says what was missed, may come a moment later.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.bot.catch_up_guild(&guild).await;
    }

    async fn thread_create(&self, _: Context, thread: GuildChannel) {
        self.bot.saw_thread(&thread);
    }

    async fn message(&self, _: Context, message: Message) {
        self.bot.said(&message, None).await;
    }

    async fn message_update(&self, _: Context, _: Option<Message>, _: Option<Message>, update: MessageUpdateEvent) {
        self.bot.edited(update).await;
    }

    async fn message_delete(&self, _: Context, channel: ChannelId, message: MessageId, _: Option<GuildId>) {
        self.bot.deleted(channel, message).await;
    }

    async fn message_delete_bulk(&self, _: Context, channel: ChannelId, messages: Vec<MessageId>, _: Option<GuildId>) {
        for message in messages {
            self.bot.deleted(channel, message).await;
        }
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        self.bot.interaction(interaction).await;
    }
}

/// Listens until told to stop. `gateway` is a second client of the REST interface, which serenity takes for itself.
pub(super) async fn listen(
    bot: &Arc<Bot>,
    gateway: impl Fn() -> Result<Http, DiscordError>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), DiscordError> {
    let before = bot.journal().heard(PLATFORM).unwrap_or_default();
    let known = before.unwrap_or_else(SystemTime::now);
    if before.is_none() {
        note_heard(bot, known);
    }
    let listener = Listener { bot: bot.clone(), heard: Arc::default(), before };
    let mut wait = FIRST_WAIT;
    loop {
        let began = tokio::time::Instant::now();
        match session(bot, &listener, known, gateway()?, &mut stop).await {
            End::Stopped => return Ok(()),
            End::Fatal(error) => return Err(error),
            End::ContentRefused => {
                bot.reads_content.store(false, Ordering::Relaxed);
                tracing::error!(
                    "Discord refuses the intent to read messages, so DISCORD_ANSWER_CHANNELS has no effect; enable Message Content Intent for the bot in the Developer Portal and start again"
                );
            }
            End::Lost(reason) => {
                if began.elapsed() > HELD {
                    wait = FIRST_WAIT;
                }
                tracing::warn!(reason, wait_s = wait.as_secs(), "the Discord session is lost; beginning another");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to_stop(&mut stop) => return Ok(()),
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Waits until the program is to stop; a program that cannot be told any more stops too.
pub(super) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn intents(bot: &Bot) -> GatewayIntents {
    let mut intents = GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES;
    if bot.reads_content.load(Ordering::Relaxed) {
        intents |= GatewayIntents::MESSAGE_CONTENT;
    }
    intents
}

async fn session(bot: &Arc<Bot>, listener: &Listener, known: SystemTime, http: Http, stop: &mut watch::Receiver<bool>) -> End {
    let name = bot.responder.store().current().snapshot.knowledge.name.clone();
    let builder = ClientBuilder::new_with_http(http, intents(bot))
        .event_handler(listener.clone())
        .raw_event_handler(listener.clone())
        .activity(ActivityData::custom(super::text::cut(&name, 128)));
    let prepared = async {
        let client = builder.await?;
        Ok::<_, serenity::Error>((client, persist(Duration::from_secs(10), || bot.http.get_bot_gateway()).await.ok()))
    };
    let (mut client, recommended) = tokio::select! {
        prepared = prepared => match prepared {
            Ok(prepared) => prepared,
            Err(error) => return End::Lost(error.to_string()),
        },
        () = told_to_stop(stop) => return End::Stopped,
    };
    if let Some(gateway) = &recommended
        && gateway.session_start_limit.remaining == 0
        && gateway.session_start_limit.reset_after > 0
    {
        let wait = Duration::from_millis(gateway.session_start_limit.reset_after);
        tracing::error!(wait_s = wait.as_secs(), "Discord allows no further sessions until its daily limit is reset; waiting");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to_stop(stop) => return End::Stopped,
        }
    }
    if let Some(address) = bot.settings.gateway.clone().or_else(|| recommended.as_ref().map(|gateway| gateway.url.clone())) {
        *client.ws_url.lock().await = address;
    }
    let manager = client.shard_manager.clone();
    let shards = bot.settings.shards.clone();
    let running = tokio::spawn(async move {
        match (shards, recommended) {
            // serenity's end of the range is the last shard, not one after it.
            (Some(shards), _) => client.start_shard_range(shards.range.start..shards.range.end - 1, shards.total).await,
            (None, Some(gateway)) => client.start_shards(gateway.shards.max(1)).await,
            (None, None) => client.start().await,
        }
    });
    let abort = running.abort_handle();
    let end = tokio::select! {
        ended = running => ended.map_or_else(|panic| End::Lost(panic.to_string()), read_end),
        reason = watch_over(bot, &manager, known) => End::Lost(reason),
        () = told_to_stop(stop) => {
            if !bot.finish(super::STOPPED_WITHIN).await {
                tracing::warn!("some questions were not finished in time; they are answered after the next start");
            }
            End::Stopped
        }
    };
    // A shard that hears nothing does not hear this either.
    let closed = tokio::time::timeout(Duration::from_secs(3), manager.shutdown_all()).await;
    if closed.is_err() {
        tracing::debug!("the session did not close in time");
    }
    abort.abort();
    end
}

fn read_end(ended: serenity::Result<()>) -> End {
    match ended {
        Ok(()) => End::Lost("the gateway closed".to_owned()),
        Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication | GatewayError::NoAuthentication)) => {
            End::Fatal(DiscordError::Token)
        }
        Err(serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents)) => End::ContentRefused,
        Err(serenity::Error::Gateway(GatewayError::InvalidShardData | GatewayError::OverloadedShard)) => End::Fatal(DiscordError::Shards),
        Err(error) => End::Lost(error.to_string()),
    }
}

fn note_heard(bot: &Bot, at: SystemTime) {
    if let Err(error) = bot.journal().set_heard(PLATFORM, at) {
        tracing::error!(%error, "that the bot listens is not noted");
    }
}

/// Ends when a shard has been without a connection for too long; until then notes that the bot listens, as it did at
/// `known`.
async fn watch_over(bot: &Bot, manager: &ShardManager, known: SystemTime) -> String {
    let mut healthy = tokio::time::Instant::now();
    let mut noted = healthy - Duration::from_mins(1);
    loop {
        tokio::time::sleep(LOOK).await;
        let (connected, all) = {
            let runners = manager.runners.lock().await;
            (runners.values().filter(|runner| runner.stage == ConnectionStage::Connected).count(), runners.len())
        };
        if all > 0 && connected == all {
            healthy = tokio::time::Instant::now();
            if noted.elapsed() >= Duration::from_secs(5) {
                noted = healthy;
                note_heard(bot, known.max(SystemTime::now() - UNNOTICED));
            }
        } else if healthy.elapsed() > DEAF {
            return format!("{} of {all} shards without a connection for {} s", all - connected, DEAF.as_secs());
        }
    }
}

impl Bot {
    /// Registers the commands, if they changed since the last time.
    async fn register(&self) {
        let Some(application) = self.http.application_id() else { return };
        let fingerprint = commands::fingerprint(application.get());
        let scopes: Vec<Option<u64>> =
            if self.settings.guilds.is_empty() { vec![None] } else { self.settings.guilds.iter().copied().map(Some).collect() };
        for scope in scopes {
            let place = scope.map_or_else(|| "everywhere".to_owned(), |guild| format!("in server {guild}"));
            let key = format!("commands {PLATFORM} {place}");
            if self.journal().meta(&key).is_ok_and(|kept| kept.as_deref() == Some(&fingerprint)) {
                tracing::debug!("the commands {place} are as they were");
                continue;
            }
            let commands = commands::all();
            let registered = persist(Duration::from_mins(1), || async {
                match scope {
                    None => self.http.create_global_commands(&commands).await,
                    Some(guild) => self.http.create_guild_commands(GuildId::new(guild), &commands).await,
                }
            });
            match registered.await {
                Ok(_) => {
                    tracing::info!(count = commands.len(), "commands registered {place}");
                    if let Err(error) = self.journal().set_meta(&key, &fingerprint) {
                        tracing::error!(%error, "registered commands are not noted");
                    }
                }
                Err(error) if scope.is_some() && matches!(failure(&error), Failure::Forbidden | Failure::Gone) => tracing::error!(
                    "DISCORD_GUILD_IDS: the bot is not in {place}, or was invited without the scope applications.commands; invite it anew, or correct the id"
                ),
                Err(error) => tracing::error!(%error, "commands are not registered {place}"),
            }
        }
    }
}
