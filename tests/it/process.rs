//! The binary as a process that serves: started with an environment, signalled, read.

use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rapporteur::snapshot::Folders;

use crate::support::command;

/// A running bot; it ends when dropped.
pub(crate) struct Process {
    child: Child,
    stderr: Arc<Mutex<Vec<u8>>>,
    stdout: Arc<Mutex<Vec<u8>>>,
}

/// Variables of ours, and of the machine, that must not reach the binary.
const CLEARED: [&str; 23] = [
    "DISCORD_TOKEN",
    "DISCORD_API_URL",
    "DISCORD_GATEWAY_URL",
    "DISCORD_CA_FILE",
    "DISCORD_GUILD_IDS",
    "DISCORD_ANSWER_CHANNELS",
    "DISCORD_SHARDS",
    "MATRIX_HOMESERVER",
    "MATRIX_USER",
    "MATRIX_PASSWORD",
    "MATRIX_ACCESS_TOKEN",
    "MATRIX_DEVICE_ID",
    "MATRIX_RECOVERY_KEY",
    "MATRIX_ANSWER_ROOMS",
    "MATRIX_MODERATORS",
    "MATRIX_INVITES",
    "RAPPORTEUR_LOG",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
];

impl Process {
    /// Starts the binary over a base.
    pub(crate) fn start(base: &Folders, args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(args);
        for name in CLEARED {
            command.env_remove(name);
        }
        let paths = [("RAPPORTEUR_SEEDS", &base.seeds), ("RAPPORTEUR_KNOWLEDGE", &base.knowledge), ("RAPPORTEUR_DATA", &base.data)];
        command.envs(paths).envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let stderr = collect(child.stderr.take().expect("it is piped"));
        let stdout = collect(child.stdout.take().expect("it is piped"));
        Self { child, stderr, stdout }
    }

    /// What it wrote to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// What it printed so far.
    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// Sends it a signal: `TERM`, `HUP`, `INT`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("there is a kill").success(), "the process is there");
    }

    /// Waits until it has ended, and what it wrote is read.
    pub(crate) async fn ended(&mut self, within: Duration) -> ExitStatus {
        let end = tokio::time::Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                tokio::time::sleep(Duration::from_millis(100)).await;
                return status;
            }
            assert!(tokio::time::Instant::now() < end, "it has not ended within {within:?}:\n{}", self.stderr());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until standard error holds all of these.
    pub(crate) async fn says(&self, parts: &[&str], within: Duration) {
        let end = tokio::time::Instant::now() + within;
        while !parts.iter().all(|part| self.stderr().contains(part)) {
            assert!(tokio::time::Instant::now() < end, "no {parts:?} within {within:?}:\n{}", self.stderr());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut pipe: impl std::io::Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let collected = bytes.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read) = pipe.read(&mut buffer)
            && read > 0
        {
            collected.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..read]);
        }
    });
    bytes
}

fn read(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}
