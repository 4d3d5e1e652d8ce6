//! What operators meet: registration, settings that do not fit, missing permissions.

use std::time::Duration;

use super::questions::{QUESTIONS, answered, mention};
use super::trace::Log;
use super::{QUIET, SOON};
use crate::fake_discord::{Discord, Fault, Id, READ_MESSAGE_HISTORY, Request, Rest, SEND_MESSAGES, VIEW_CHANNEL};
use crate::setup::Setup;
use rapporteur::platform::discord::DiscordError;

/// How often commands were registered so far.
pub(super) fn registrations(discord: &Discord) -> usize {
    let is_registration = |r: &&Request| r.method == "PUT" && r.path.contains("/commands");
    discord.requests().iter().filter(is_registration).count()
}

/// A server with a channel and a member.
pub(super) fn world(discord: &Discord) -> (Id, Id, Id) {
    let guild = discord.guild("harbour");
    (guild, discord.text_channel(guild, "general"), discord.user("anna"))
}

/// Waits until the bot answers a mention: all that comes before has been done.
pub(super) async fn at_work(discord: &Discord, channel: Id, user: Id) {
    let asked = discord.say_with(channel, user, &mention(QUESTIONS[0]));
    answered(discord, asked, SOON).await;
}

#[tokio::test]
async fn commands_are_registered_at_the_first_start_and_not_again() {
    let discord = Discord::start().await;
    let (_, channel, anna) = world(&discord);
    let setup = Setup::default();
    let bot = setup.start(&discord).await;
    discord.wait_until(SOON, |state| state.commands.get(&None).is_some_and(|commands| commands.len() == 7)).await;
    bot.stop().await.expect("it stops");
    assert_eq!(registrations(&discord), 1, "all at once");
    let bot = setup.start(&discord).await;
    at_work(&discord, channel, anna).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(registrations(&discord), 1, "nothing has changed");
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_new_session_of_the_same_run_registers_nothing() {
    let discord = Discord::start().await;
    let (_, channel, anna) = world(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.wait_until(SOON, |state| state.commands.contains_key(&None)).await;
    discord.fault(Fault::InvalidSession(false));
    discord.wait_until(SOON * 3, |state| state.identifies.len() == 2).await;
    discord.wait_ready(1, SOON).await;
    at_work(&discord, channel, anna).await;
    assert_eq!(registrations(&discord), 1);
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn commands_that_changed_are_registered_anew() {
    let discord = Discord::start().await;
    world(&discord);
    let setup = Setup::default();
    setup.journal().set_meta("commands discord everywhere", b"those of an older version").expect("it is kept");
    let bot = setup.start(&discord).await;
    discord.wait_until(SOON, |state| state.commands.contains_key(&None)).await;
    bot.stop().await.expect("it stops");
    assert_eq!(registrations(&discord), 1);
}

#[tokio::test]
async fn a_registration_that_failed_is_made_up_for_at_the_next_start() {
    let discord = Discord::start().await;
    let (_, channel, anna) = world(&discord);
    let setup = Setup::default();
    discord.rest_fault("PUT", "/commands", 1, Rest::Status(400));
    let bot = setup.start(&discord).await;
    at_work(&discord, channel, anna).await;
    bot.stop().await.expect("it stops");
    assert!(discord.registered(None).is_empty());
    let bot = setup.start(&discord).await;
    discord.wait_until(SOON, |state| state.commands.contains_key(&None)).await;
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn named_guilds_get_the_commands_at_once_and_nobody_else() {
    let discord = Discord::start().await;
    let (first, ..) = world(&discord);
    let (second, third) = (discord.guild("pier"), discord.guild("quay"));
    let bot = Setup::default().with("DISCORD_GUILD_IDS", format!("{first},{second}")).start(&discord).await;
    discord.wait_until(SOON, |state| [first, second].iter().all(|guild| state.commands.contains_key(&Some(*guild)))).await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.registered(Some(first)).len(), 7);
    assert_eq!(discord.registered(Some(second)).len(), 7);
    assert!(discord.registered(None).is_empty() && discord.registered(Some(third)).is_empty());
}

#[tokio::test]
async fn an_unknown_guild_gets_one_line_with_the_remedy_and_the_others_their_commands() {
    let (log, _listening) = Log::listen();
    let discord = Discord::start().await;
    let (guild, channel, anna) = world(&discord);
    let bot = Setup::default().with("DISCORD_GUILD_IDS", format!("404040404040404040,{guild}")).start(&discord).await;
    log.wait(&["ERROR", "DISCORD_GUILD_IDS", "404040404040404040", "invite"], SOON).await;
    discord.wait_until(SOON, |state| state.commands.contains_key(&Some(guild))).await;
    at_work(&discord, channel, anna).await;
    assert_eq!(log.lines(&["ERROR"]).len(), 1, "{:?}", log.lines(&["ERROR"]));
    bot.stop().await.expect("it stops");
    // To try is the only way to find out.
    let violations = discord.take_violations();
    assert!(violations.iter().all(|it| it.contains("/guilds/404040404040404040/commands")), "{violations:?}");
}

#[tokio::test]
async fn a_wrong_token_ends_the_bot_with_the_remedy() {
    let discord = Discord::start().await;
    let bot = Setup::default().with("DISCORD_TOKEN", "wrong.token.altogether").start_unready(&discord);
    let error = bot.ended().await.expect_err("it cannot serve");
    assert!(matches!(error, DiscordError::Token), "{error:?}");
    let line = error.to_string();
    assert!(line.contains("DISCORD_TOKEN") && !line.contains('\n') && !line.contains("wrong.token"), "{line}");
    assert_eq!(discord.identifies().len(), 0, "each would count towards the daily limit");
}

#[tokio::test]
async fn a_token_that_is_revoked_while_the_bot_runs_ends_it() {
    let discord = Discord::start().await;
    world(&discord);
    let bot = Setup::default().start(&discord).await;
    discord.set_token("another one");
    discord.fault(Fault::Close(4004));
    let error = bot.ended().await.expect_err("it cannot go on");
    assert!(matches!(error, DiscordError::Token), "{error:?}");
}

#[tokio::test]
async fn a_token_the_gateway_refuses_ends_the_bot() {
    let discord = Discord::start().await;
    world(&discord);
    // Revoked between the first request and the session.
    discord.rest_fault("GET", "/gateway", usize::MAX, Rest::Slow(Duration::from_millis(300)));
    let bot = Setup::default().with("DISCORD_GATEWAY_URL", discord.origin().replace("http", "ws")).start_unready(&discord);
    discord.wait_until(SOON, |state| state.requests.iter().any(|r| r.path.ends_with("/users/@me") && r.status == 200)).await;
    discord.set_token("another one");
    let error = bot.ended().await.expect_err("it cannot serve");
    assert!(matches!(error, DiscordError::Token), "{error:?}");
    assert!(discord.identifies().len() <= 1);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_ends_the_bot_with_its_name() {
    let discord = Discord::start().await;
    let bot = Setup::default().with("DISCORD_CA_FILE", "/nowhere/ca.pem").start_unready(&discord);
    let error = bot.ended().await.expect_err("it cannot serve").to_string();
    assert!(error.contains("DISCORD_CA_FILE") && error.contains("/nowhere/ca.pem"), "{error}");
}

#[tokio::test]
async fn no_privileged_intent_is_asked_for_without_answer_channels() {
    let discord = Discord::start().await;
    let (_, channel, anna) = world(&discord);
    discord.set_intents_allowed(0);
    let bot = Setup::default().start(&discord).await;
    at_work(&discord, channel, anna).await;
    let intents = discord.identifies()[0].data["intents"].as_u64().expect("a number");
    assert_eq!(intents & (1 << 1 | 1 << 8 | 1 << 15), 0);
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn answer_channels_without_the_message_content_intent_are_said_not_to_work_and_the_rest_works() {
    let (log, _listening) = Log::listen();
    let discord = Discord::start().await;
    let (_, channel, anna) = world(&discord);
    discord.set_intents_allowed(0);
    let bot = Setup::default().with("DISCORD_ANSWER_CHANNELS", channel).start(&discord).await;
    let line = log.wait(&["ERROR", "DISCORD_ANSWER_CHANNELS"], SOON).await;
    assert!(line.contains("Message Content Intent") && line.contains("Developer Portal"), "{line}");
    at_work(&discord, channel, anna).await;
    let identifies = discord.identifies();
    assert_eq!((identifies.len(), identifies[0].data["intents"].as_u64().map(|bits| bits >> 15 & 1)), (1, Some(0)));
    bot.stop().await.expect("it stops");
    assert_eq!(log.lines(&["ERROR"]).len(), 1, "{:?}", log.lines(&["ERROR"]));
}

#[tokio::test]
async fn a_refused_intent_is_said_and_the_bot_goes_on_without_it() {
    let (log, _listening) = Log::listen();
    let discord = Discord::start().await;
    let (_, channel, anna) = world(&discord);
    discord.set_intents_allowed(0);
    // The flags promise what the gateway refuses.
    discord.set_application_flags(1 << 18);
    let bot = Setup::default().with("DISCORD_ANSWER_CHANNELS", channel).start_unready(&discord);
    log.wait(&["ERROR", "DISCORD_ANSWER_CHANNELS", "Message Content Intent"], SOON).await;
    discord.wait_ready(1, SOON * 2).await;
    at_work(&discord, channel, anna).await;
    let refused: Vec<_> = discord.identifies().iter().map(|identify| identify.refused).collect();
    assert_eq!(refused, [Some(4014), None]);
    bot.stop().await.expect("it stops");
}

#[tokio::test]
async fn an_answer_channel_the_bot_cannot_see_is_named_at_the_start() {
    let (log, _listening) = Log::listen();
    let discord = Discord::start().await;
    let (guild, channel, anna) = world(&discord);
    let hidden = discord.text_channel(guild, "hidden");
    discord.deny(hidden, VIEW_CHANNEL);
    let bot = Setup::default().with("DISCORD_ANSWER_CHANNELS", format!("{hidden},12345,{channel}")).start(&discord).await;
    for id in [hidden, 12345] {
        log.wait(&["ERROR", "DISCORD_ANSWER_CHANNELS", &format!("channel {id} "), "View Channel"], SOON).await;
    }
    let asked = discord.say(channel, anna, QUESTIONS[1]);
    answered(&discord, asked, SOON).await;
    assert_eq!(log.lines(&["ERROR"]).len(), 2, "{:?}", log.lines(&["ERROR"]));
    bot.stop().await.expect("it stops");
}

/// Asks where a permission is missing: one line names the remedy, and the bot goes on elsewhere.
async fn missing(permission: u64, name: &str) {
    let (log, _listening) = Log::listen();
    let discord = Discord::start().await;
    let (guild, channel, anna) = world(&discord);
    let other = discord.text_channel(guild, "other");
    let bot = Setup::default().start(&discord).await;
    discord.deny(channel, permission);
    discord.say_with(channel, anna, &mention(QUESTIONS[0]));
    log.wait(&["ERROR"], SOON).await;
    at_work(&discord, other, anna).await;
    let lines = log.lines(&["ERROR"]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(name) && lines[0].contains("allow") && lines[0].contains(&channel.to_string()), "{lines:?}");
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_channel_without_send_messages_gets_one_line_with_the_remedy() {
    missing(SEND_MESSAGES, "Send Messages").await;
}

#[tokio::test]
async fn a_channel_without_read_message_history_gets_one_line_with_the_remedy() {
    missing(READ_MESSAGE_HISTORY, "Read Message History").await;
}
