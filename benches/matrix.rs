//! The Matrix adapter beside a real homeserver (Synapse) on the same machine, the program itself as a process: from the last byte
//! of the sync that brings a question to the request that sends its answer, in plain and in encrypted rooms; resident memory with
//! 200 rooms, 20 of them encrypted; and the start with an existing session.
//!
//! `cargo bench --features matrix --bench matrix`; the homeserver is installed on first use, as for the tests.

#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "a benchmark that cannot run may end in a panic")]

#[path = "../tests/support/synapse/mod.rs"]
mod synapse;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rapporteur::knowledge::{Language, load};
use synapse::{EncryptedMember, Homeserver, Member};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PLAIN_ROOMS: usize = 180;
const ENCRYPTED_ROOMS: usize = 20;
/// Of these many encrypted rooms; the first question of each exchanges keys, and is not counted.
const ENCRYPTED_ASKED: usize = 5;
const PLAIN_QUESTIONS: usize = 300;
const ENCRYPTED_QUESTIONS: usize = 150;
const STARTS: usize = 5;
const SOON: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR"));
    let base = load(&place.join("seeds"), &place.join("knowledge")).knowledge;
    let questions: Vec<String> = base.curated.facts.iter().map(|fact| fact.question(Language::It).to_owned()).collect();
    let server = Homeserver::start().await;
    let relay = Relay::start(&server.address()).await;
    let (account, anna, carla) =
        (server.member("rapporteur").await, server.member("anna").await, EncryptedMember::enter(&server, "carla").await);
    let data = tempfile::tempdir().unwrap();
    let start = || Bot::start(place, data.path(), &relay.address, &account);
    let bot = start();
    println!("first start, login and keys of the device included: {:.2} s; resident {} MB", bot.ready_after.as_secs_f64(), bot.resident());

    let plain = plain_rooms(&anna, &account).await;
    let encrypted = encrypted_rooms(&carla, &account).await;
    println!("resident in {} rooms, {ENCRYPTED_ROOMS} of them encrypted: {} MB", plain.len() + encrypted.len(), bot.resident());

    let mut took = Vec::new();
    for at in 0..PLAIN_QUESTIONS {
        // Each room hears each question once, so that no answer is only a link to an earlier one.
        let (room, question) = (&plain[at % plain.len()], &questions[(at / plain.len() + at) % questions.len()]);
        relay.forget();
        let asked = anna.mention(room, &account.id, question).await;
        anna.answer(room, &asked, &account.id, SOON).await;
        took.push(relay.took());
    }
    report("plain rooms", took);
    let mut took = Vec::new();
    for at in 0..ENCRYPTED_QUESTIONS + ENCRYPTED_ASKED {
        let (room, question) = (&encrypted[at % ENCRYPTED_ASKED], &questions[at % questions.len()]);
        relay.forget();
        let asked = carla.say(room, &format!("!ask {question}")).await;
        carla.answer(room, &asked, &account.id, SOON).await;
        if at >= ENCRYPTED_ASKED {
            took.push(relay.took());
        }
    }
    report("encrypted rooms", took);
    println!("resident after {} questions: {} MB", PLAIN_QUESTIONS + ENCRYPTED_QUESTIONS, bot.resident());
    bot.stop();

    let mut starts: Vec<Duration> = Vec::new();
    for _ in 0..STARTS {
        let bot = start();
        starts.push(bot.ready_after);
        bot.stop();
    }
    starts.sort();
    println!(
        "start with the existing session, to ready: median {:.2} s, longest {:.2} s",
        starts[STARTS / 2].as_secs_f64(),
        starts[STARTS - 1].as_secs_f64()
    );
}

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{what}: {} questions one after the other; sync to request p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

async fn plain_rooms(anna: &Member, account: &Member) -> Vec<String> {
    let mut rooms = Vec::new();
    for _ in 0..PLAIN_ROOMS {
        rooms.push(anna.room(&[&account.id]).await);
    }
    for room in &rooms {
        anna.sees_join(room, &account.id, SOON).await;
    }
    rooms
}

async fn encrypted_rooms(carla: &EncryptedMember, account: &Member) -> Vec<String> {
    let mut rooms = Vec::new();
    for _ in 0..ENCRYPTED_ROOMS {
        let room = carla.create_room(&[&account.id], false).await;
        carla.await_member(&room, &account.id).await;
        rooms.push(room);
    }
    rooms
}

/// The program at work.
struct Bot {
    process: Child,
    /// From its start until it listened.
    ready_after: Duration,
    /// Kept open: what it writes must go somewhere.
    log: BufReader<ChildStderr>,
}

impl Bot {
    fn start(place: &Path, data: &Path, homeserver: &str, account: &Member) -> Self {
        let begun = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_rapporteur"))
            .args(["run", "--member-cooldown", "off", "--channel-cooldown", "off"])
            .env("MATRIX_HOMESERVER", homeserver)
            .env("MATRIX_USER", &account.id)
            .env("MATRIX_PASSWORD", &account.password)
            .env("RAPPORTEUR_DATA", data)
            .current_dir(place)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on Matrix") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the bot ends before it listens");
        }
        Self { process, ready_after: begun.elapsed(), log }
    }

    /// Resident memory in MB; 0 where the system does not tell.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes / 1024)
    }

    fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(told.unwrap().success() && self.process.wait().unwrap().success(), "the bot stops when told to");
    }
}

/// Passes everything on between bot and homeserver, and notes when syncs came and messages went.
struct Relay {
    address: String,
    passed: Arc<Mutex<Passed>>,
}

/// The last of each since a question was asked.
#[derive(Default)]
struct Passed {
    sync: Option<Instant>,
    /// The sync before the first message, and that message.
    answered: Option<(Instant, Instant)>,
}

impl Relay {
    async fn start(homeserver: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let passed = Arc::<Mutex<Passed>>::default();
        let (noted, homeserver) = (passed.clone(), homeserver.trim_start_matches("http://").trim_end_matches('/').to_owned());
        tokio::spawn(async move {
            while let Ok((bot, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&homeserver).await else { continue };
                let noted = noted.clone();
                tokio::spawn(async move { pass(bot, server, &noted).await });
            }
        });
        Self { address, passed }
    }

    /// Another question is about to be asked.
    fn forget(&self) {
        self.passed.lock().unwrap().answered = None;
    }

    /// From the sync that brought the question to its answer.
    fn took(&self) -> Duration {
        let (sync, sent) = self.passed.lock().unwrap().answered.expect("the answer went through the relay");
        sent - sync
    }
}

/// Passes on one connection. Requests are not pipelined, so each begins with what is read from the bot next.
async fn pass(mut bot: TcpStream, mut server: TcpStream, passed: &Mutex<Passed>) {
    // What is passed on must not wait for more.
    let _ = (bot.set_nodelay(true), server.set_nodelay(true));
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    let mut syncs = false;
    loop {
        tokio::select! {
            read = bot.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let (text, now) = (String::from_utf8_lossy(&up[..length]), Instant::now());
                if text.starts_with("GET ") || text.starts_with("PUT ") || text.starts_with("POST ") {
                    syncs = text.starts_with("GET /_matrix/client/v3/sync");
                }
                if text.starts_with("PUT ") && text.lines().next().is_some_and(|line| line.contains("/send/m.room.")) {
                    let mut passed = passed.lock().unwrap();
                    let sync = passed.sync.unwrap_or(now);
                    passed.answered.get_or_insert((sync, now));
                }
                if server.write_all(&up[..length]).await.is_err() { return }
            }
            read = server.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                if bot.write_all(&down[..length]).await.is_err() { return }
                if syncs {
                    passed.lock().unwrap().sync = Some(Instant::now());
                }
            }
        }
    }
}
