//! As in production: TLS, Discord's own address, and the library's rate limiter. The binary finds the fake through a proxy.

use std::time::Duration;

use super::questions::{QUESTIONS, Stream, answered, answers_to, mention};
use super::{QUIET, SOON};
use crate::fake_discord::{Discord, Proxy, Request, Rest, TOKEN, Tls};
use crate::process::Process;
use crate::setup::harbour_copy;

/// A fake under Discord's own name, and a base of the test's own.
struct Production {
    discord: Discord,
    proxy: Proxy,
    files: tempfile::TempDir,
    tls: Tls,
}

impl Production {
    async fn open() -> Self {
        let discord = Discord::start().await;
        let tls = discord.tls().await;
        let files = tempfile::tempdir().expect("a folder");
        std::fs::write(files.path().join("ca.pem"), &tls.ca).expect("a file");
        Self { proxy: tls.proxy().await, discord, files, tls }
    }

    /// Starts the binary, with no address of the REST interface: Discord's own is used.
    fn start(&self, more: &[(&str, &str)]) -> Process {
        let certificate = self.files.path().join("ca.pem").display().to_string();
        let gateway = self.discord.origin().replace("http", "ws");
        let environment = [
            ("DISCORD_TOKEN", TOKEN),
            ("DISCORD_CA_FILE", &certificate),
            ("DISCORD_GATEWAY_URL", &gateway),
            ("HTTPS_PROXY", &self.proxy.url),
            ("RAPPORTEUR_MEMBER_COOLDOWN", "off"),
            ("RAPPORTEUR_CHANNEL_COOLDOWN", "off"),
        ];
        Process::start(&harbour_copy(self.files.path()), &["run"], &[&environment, more].concat())
    }

    /// Requests for a new message, and when they came.
    fn sent(&self) -> Vec<Request> {
        let requests = self.discord.requests().into_iter();
        requests.filter(|r| r.method == "POST" && r.path.ends_with("/messages")).collect()
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_and_the_question_answered_once() {
    let production = Production::open().await;
    let discord = &production.discord;
    let guild = discord.guild("harbour");
    let (channel, anna) = (discord.text_channel(guild, "general"), discord.user("anna"));
    let mut process = production.start(&[]);
    discord.wait_ready(1, SOON * 2).await;
    discord.rest_fault("POST", "/messages", 1, Rest::RateLimited { retry_after: 2.0, global: false });
    let asked = discord.say_with(channel, anna, &mention(QUESTIONS[0]));
    answered(discord, asked, SOON).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(answers_to(discord, asked), 1);
    let sent = production.sent();
    assert_eq!(sent.iter().map(|request| request.status).collect::<Vec<_>>(), [429, 200]);
    let waited = sent[1].at - sent[0].at;
    assert!(waited >= Duration::from_millis(1900), "Retry-After says two seconds: {waited:?}");
    assert!(production.proxy.asked().iter().all(|host| host == "discord.com:443"), "{:?}", production.proxy.asked());
    assert!(production.tls.address.ip().is_loopback() && !production.proxy.asked().is_empty());
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    assert_eq!(production.discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_global_rate_limit_is_waited_out_and_every_question_answered_once() {
    let production = Production::open().await;
    let discord = &production.discord;
    let mut stream = Stream::new(discord);
    let mut process = production.start(&[]);
    discord.wait_ready(1, SOON * 2).await;
    discord.rest_fault("POST", "/messages", 1, Rest::RateLimited { retry_after: 1.0, global: true });
    stream.ask(1);
    stream.ask(11);
    stream.assert_each_answered_once(SOON * 2).await;
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    drop(stream);
    assert_eq!(production.discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_burst_of_questions_stays_within_discords_limits() {
    let production = Production::open().await;
    let discord = &production.discord;
    let mut stream = Stream::new(discord);
    let mut process = production.start(&[]);
    discord.wait_ready(1, SOON * 2).await;
    discord.set_limits(true);
    stream.ask(90);
    stream.assert_each_answered_once(SOON * 6).await;
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    drop(stream);
    assert_eq!(production.discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_rate_limit_longer_than_the_patience_with_a_request_loses_and_doubles_no_question() {
    let production = Production::open().await;
    let discord = &production.discord;
    let mut stream = Stream::new(discord);
    let mut process = production.start(&[]);
    discord.wait_ready(1, SOON * 2).await;
    discord.rest_fault("POST", "/messages", 1, Rest::RateLimited { retry_after: 20.0, global: false });
    stream.ask(3);
    stream.assert_each_answered_once(SOON * 6).await;
    process.signal("TERM");
    assert_eq!(process.ended(SOON).await.code(), Some(0), "{}", process.stderr());
    drop(stream);
    assert_eq!(production.discord.finish(), Vec::<String>::new());
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_not_trusted() {
    let production = Production::open().await;
    let other = production.discord.tls().await;
    std::fs::write(production.files.path().join("other.pem"), &other.ca).expect("a file");
    let wrong = production.files.path().join("other.pem").display().to_string();
    let process = production.start(&[("DISCORD_CA_FILE", &wrong)]);
    process.says(&["Discord cannot be reached"], SOON * 4).await;
    assert!(production.discord.requests().is_empty(), "nothing was said to a stranger");
    process.signal("TERM");
}
