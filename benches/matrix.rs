//! The Matrix adapter beside a real homeserver (Synapse) on the same machine, the program itself as a process: from the last byte
//! of the sync that brings a question to the request that sends its answer, in plain and in encrypted rooms, and how much of that the
//! library takes to read the sync; resident memory with 200 rooms, 20 of them encrypted; and the start with an existing session.
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
/// So many rooms of either kind are asked in. The first question in each is not counted: there the library asks the homeserver for
/// members' devices, keys, and whether the room is encrypted.
const ASKED_IN: usize = 10;
const QUESTIONS: usize = 300;
const STARTS: usize = 5;
const SOON: Duration = Duration::from_mins(2);

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

    // Each room hears each question once, so that no answer is only a link to an earlier one.
    let turns = || (0..QUESTIONS + ASKED_IN).map(|at| (at % ASKED_IN, &questions[at % questions.len()], at >= ASKED_IN));
    let mut took = Vec::new();
    for (room, question, counts) in turns() {
        relay.forget();
        let asked = anna.mention(&plain[room], &account.id, question).await;
        anna.answer(&plain[room], &asked, &account.id, SOON).await;
        took.extend(counts.then(|| relay.took()));
    }
    report("plain rooms", &took);
    let mut took = Vec::new();
    for (room, question, counts) in turns() {
        relay.forget();
        let asked = carla.say(&encrypted[room], &format!("!ask {question}")).await;
        carla.answer(&encrypted[room], &asked, &account.id, SOON).await;
        took.extend(counts.then(|| relay.took()));
    }
    report("encrypted rooms", &took);
    println!("resident after {} questions: {} MB", 2 * (QUESTIONS + ASKED_IN), bot.resident());
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

fn report(what: &str, took: &[Took]) {
    let (mut whole, mut own): (Vec<Duration>, Vec<Duration>) = took.iter().map(|took| (took.whole, took.own)).unzip();
    whole.sort();
    own.sort();
    let at = |all: &[Duration], share: f64| all[((all.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{what}: {} questions one after the other; sync to request p50 {:.1} ms, p99 {:.1} ms; of that after the library has read the sync p50 {:.1} ms, p99 {:.1} ms",
        took.len(),
        at(&whole, 0.5),
        at(&whole, 0.99),
        at(&own, 0.5),
        at(&own, 0.99)
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

/// How long an answer took.
struct Took {
    /// From the last byte of the sync that brought the question.
    whole: Duration,
    /// From the next sync, which is asked for once the question is read and given to its room's worker.
    own: Duration,
}

/// When what passed last.
#[derive(Default)]
struct Passed {
    /// A sync's last byte came to the bot.
    sync: Option<Instant>,
    /// The bot asked for the next sync.
    next: Option<Instant>,
    answered: Option<Took>,
}

impl Passed {
    /// Notes what the bot sends; whether a request begins here, and then whether it asks for a sync.
    fn note_request(&mut self, bytes: &[u8]) -> Option<bool> {
        let now = Instant::now();
        let line = String::from_utf8_lossy(bytes.split(|byte| *byte == b'\r').next().unwrap_or_default());
        let (method, path) = line.split_once(' ').filter(|(method, _)| matches!(*method, "GET" | "PUT" | "POST"))?;
        let is_sync = path.starts_with("/_matrix/client/v3/sync");
        if is_sync {
            self.next = Some(now);
        }
        if let (true, None, Some(sync)) = (method == "PUT" && path.contains("/send/m.room."), &self.answered, self.sync) {
            // The answer may even be under way before the next sync is asked for.
            let own = self.next.filter(|next| *next > sync).map_or(Duration::ZERO, |next| now - next);
            self.answered = Some(Took { whole: now - sync, own });
        }
        Some(is_sync)
    }
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

    /// How long the first message since then took.
    fn took(&self) -> Took {
        self.passed.lock().unwrap().answered.take().expect("the answer went through the relay")
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
                if let Some(is_sync) = passed.lock().unwrap().note_request(&up[..length]) {
                    syncs = is_sync;
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
