//! A throwaway Synapse: on a free port of loopback, with a folder of its own, gone when dropped or when the tests end.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::Member;
use super::environment::{folder, python};
use super::http::{Answer, request};

/// It takes five seconds on an idle machine.
const STARTED_WITHIN: Duration = Duration::from_secs(90);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// A free port may be taken by somebody else before Synapse has it.
const ATTEMPTS: usize = 3;
/// Signs the server's events, which nobody else ever sees.
const SIGNING_KEY: &str = "ed25519 a_test AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
/// What Synapse wants to see of the shared secret: an HMAC with SHA-1 over the user's data.
const MAC: &str = "import hmac, sys; print(hmac.new(b'throwaway', sys.argv[1].encode().replace(b'|', b'\\0'), 'sha1').hexdigest())";

/// What makes a homeserver one of several that federate: reached by its address, under a certificate nobody has to trust.
const FEDERATED: &str = include_str!("federated.yaml");

/// A running homeserver.
pub struct Homeserver {
    port: u16,
    files: TempDir,
    /// Configuration of the test's own; it overrides the usual one.
    own: String,
    /// How many seconds its clock is ahead of this machine's.
    ahead: AtomicI64,
    process: Mutex<Option<Child>>,
    users: AtomicU32,
}

impl Homeserver {
    /// The homeserver of all tests that do not stop it. It starts once, and ends with the test program.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Homeserver> = OnceCell::const_new();
        super::turns::take();
        SHARED.get_or_init(Self::start).await
    }

    /// Starts one for the test alone.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts one that federates with others like it.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_federated() -> Self {
        Self::start_with(FEDERATED).await
    }

    /// Starts one with configuration of the test's own, in YAML.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(own: &str) -> Self {
        super::turns::take();
        let files = tempfile::Builder::new().prefix("homeserver-").tempdir_in(folder_made()).expect("a folder for the homeserver");
        let (ahead, process, users) = (AtomicI64::new(0), Mutex::new(None), AtomicU32::new(0));
        let mut server = Self { port: 0, files, own: own.to_owned(), ahead, process, users };
        for _ in 0..ATTEMPTS {
            server.port = free_port();
            server.configure();
            if server.run().await {
                return server;
            }
        }
        panic!("Synapse does not start:\n{}", server.log());
    }

    fn configure(&self) {
        let (folder, port, other) = (self.files.path().display().to_string(), self.port.to_string(), free_port().to_string());
        let write = |name: &str, text: &str| {
            let text = text.replace("@PORT@", &port).replace("@OTHER_PORT@", &other).replace("@FOLDER@", &folder);
            std::fs::write(self.files.path().join(name), text).expect("a file of the homeserver");
        };
        write("homeserver.yaml", include_str!("homeserver.yaml"));
        write("log.yaml", include_str!("log.yaml"));
        write("homeserver.py", include_str!("homeserver.py"));
        write("own.yaml", &self.own);
        write("signing.key", SIGNING_KEY);
        let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        write("certificate.pem", &certificate.cert.pem());
        write("certificate.key", &certificate.signing_key.serialize_pem());
    }

    /// Runs the process until it is healthy; false if it ended instead.
    async fn run(&self) -> bool {
        let log = std::fs::File::create(self.files.path().join("output.log")).expect("a file for what it prints");
        let mut command = Command::new(python());
        // Its standard input stays open as long as the tests run.
        command.arg(self.path("homeserver.py")).arg(self.files.path()).arg(self.ahead.load(Ordering::Relaxed).to_string());
        command.current_dir(self.files.path()).stdin(Stdio::piped());
        let child = command.stdout(log.try_clone().expect("the file")).stderr(log).spawn().expect("Python starts");
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        let end = Instant::now() + STARTED_WITHIN;
        while Instant::now() < end {
            if request(self.port, "GET", "/health", None, None).await.is_ok_and(|answer| answer.status == 200) {
                return true;
            }
            if self.has_ended() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Synapse is not healthy within {STARTED_WITHIN:?}:\n{}", self.log());
    }

    fn has_ended(&self) -> bool {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::join(self.files.path(), name)
    }

    /// What it printed and logged.
    pub fn log(&self) -> String {
        ["output.log", "homeserver.log"].map(|name| std::fs::read_to_string(self.path(name)).unwrap_or_default()).concat()
    }

    /// Its address, for a client.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops it as its operator would; it keeps its data.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn stop(&self) {
        let child = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut child = child.expect("it runs");
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "Synapse can be told to stop");
        let end = Instant::now() + STOPPED_WITHIN;
        while child.try_wait().expect("it can be waited for").is_none() {
            assert!(Instant::now() < end, "Synapse does not stop:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Starts it again after [`Homeserver::stop`], with the same data, on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_again(&self) {
        assert!(self.run().await, "Synapse does not start again:\n{}", self.log());
    }

    /// Sets its clock so many seconds before this machine's; that takes effect when it starts again.
    pub fn set_clock(&self, ahead: i64) {
        self.ahead.store(ahead, Ordering::Relaxed);
    }

    /// Lets it forget which transactions it has seen, as it does after a day; only while it is stopped.
    ///
    /// # Panics
    /// If its database cannot be changed.
    pub fn forget_transactions(&self) {
        let database = rusqlite::Connection::open(self.path("homeserver.db")).expect("its database opens");
        let forgotten = database.execute("DELETE FROM event_txn_id_device_id", []).expect("its database can be changed");
        assert!(forgotten > 0, "it has seen none");
    }

    /// Registers an account, with a name no other test has, and its first device.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn member(&self, name: &str) -> Member {
        let user = format!("{name}{}", self.users.fetch_add(1, Ordering::Relaxed));
        let password = format!("secret of {user}");
        let registered = self.register(&user, &password).await;
        Member::new(self.port, &registered, password)
    }

    async fn register(&self, user: &str, password: &str) -> Value {
        let path = "/_synapse/admin/v1/register";
        let asked = request(self.port, "GET", path, None, None).await.expect("Synapse answers");
        let nonce = asked.body["nonce"].as_str().expect("a nonce").to_owned();
        let mac = Command::new(python()).args(["-c", MAC, &format!("{nonce}|{user}|{password}|notadmin")]).output().expect("Python runs");
        let mac = String::from_utf8_lossy(&mac.stdout).trim().to_owned();
        let body = json!({ "nonce": nonce, "username": user, "password": password, "displayname": user, "admin": false, "mac": mac });
        let Answer { status, body } = request(self.port, "POST", path, None, Some(&body)).await.expect("Synapse answers");
        assert_eq!(status, 200, "{user} is not registered: {body:#}");
        body
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn folder_made() -> std::path::PathBuf {
    std::fs::create_dir_all(folder()).expect("a folder for homeservers");
    folder()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
