//! The Discord adapter under load: the program itself as a process, the mocked Discord beside it on the same machine.
//! From the gateway's event to the request leaving the bot, with 200 questions a second offered; and resident memory after
//! 100,000 messages in 100 servers, most of them not for the bot.
//!
//! `cargo bench --bench discord` offers questions for ten seconds; `RAPPORTEUR_BENCH_SECONDS=60` for a minute.

#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "a benchmark that cannot run may end in a panic")]

#[path = "../tests/support/discord/mod.rs"]
mod fake_discord;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake_discord::{Discord, MessageSpec, TOKEN};
use rapporteur::knowledge::{Language, load};

const A_SECOND: u32 = 200;
const SERVERS: usize = 100;
const MESSAGES: usize = 100_000;
/// One message in so many is for the bot while memory is measured.
const FOR_THE_BOT: usize = 200;

#[tokio::main]
async fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let base = load(&root.join("seeds"), &root.join("knowledge")).knowledge;
    let questions: Vec<String> = base.curated.facts.iter().map(|fact| fact.question(Language::It).to_owned()).collect();
    let discord = Discord::start().await;
    let channels: Vec<_> = (0..SERVERS).map(|at| discord.text_channel(discord.guild(&format!("server {at}")), "general")).collect();
    let member = discord.user("anna");
    let data = tempfile::tempdir().unwrap();
    let mut bot = start(root, data.path(), &discord.origin());
    discord.wait_ready(1, Duration::from_secs(20)).await;
    println!("resident after start: {} MB", resident(&bot));

    let seconds: u32 = std::env::var("RAPPORTEUR_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut sent = HashMap::new();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
    for at in 0..(seconds * A_SECOND) as usize {
        tick.tick().await;
        // Each channel hears each question once, so that no answer is only a link to an earlier one.
        let spec =
            MessageSpec { content: questions[(at / SERVERS) % questions.len()].clone(), mentions_bot: true, ..MessageSpec::default() };
        let begun = Instant::now();
        sent.insert(discord.say_with(channels[at % SERVERS], member, &spec).to_string(), begun);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut latencies: Vec<Duration> = discord
        .requests()
        .iter()
        .filter(|request| request.method == "POST" && request.path.ends_with("/messages"))
        .filter_map(|request| Some(request.at.duration_since(*sent.get(request.body["message_reference"]["message_id"].as_str()?)?)))
        .collect();
    latencies.sort();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{A_SECOND} questions a second for {seconds} s: {} asked, {} answered; event to request p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms; resident {} MB",
        sent.len(),
        latencies.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        resident(&bot)
    );
    for at in 0..MESSAGES {
        let mentions_bot = at % FOR_THE_BOT == 0;
        let content = if mentions_bot { questions[at / FOR_THE_BOT % questions.len()].clone() } else { format!("chatter number {at}") };
        discord.say_with(channels[at % SERVERS], member, &MessageSpec { content, mentions_bot, ..MessageSpec::default() });
        if at % 500 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if (at + 1) % (MESSAGES / 4) == 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            println!("resident after {} messages in {SERVERS} servers: {} MB", at + 1, resident(&bot));
        }
    }
    let _ = bot.kill();
    let _ = bot.wait();
    drop(discord.take_violations());
}

fn start(root: &Path, data: &Path, origin: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_rapporteur"))
        .args(["run", "--member-cooldown", "off", "--channel-cooldown", "off"])
        .env("DISCORD_TOKEN", TOKEN)
        .env("DISCORD_API_URL", origin)
        .env("RAPPORTEUR_DATA", data)
        .env("RAPPORTEUR_LOG", "warn")
        .current_dir(root)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Resident memory of a process in MB; 0 where the system does not tell.
fn resident(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes / 1024)
}
