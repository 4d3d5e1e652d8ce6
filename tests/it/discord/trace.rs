//! What the bot writes to its log, for tests that look at it.

use std::io::{Result, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;

/// The log of this test's thread, which is that of its bots.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins to listen; it ends with the guard.
    pub(super) fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("rapporteur=info"))
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines with all of these in them.
    pub(super) fn lines(&self, with: &[&str]) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(bytes).expect("the log is text");
        text.lines().filter(|line| with.iter().all(|part| line.contains(part))).map(str::to_owned).collect()
    }

    /// Waits until there is such a line.
    pub(super) async fn wait(&self, with: &[&str], within: Duration) -> String {
        let end = tokio::time::Instant::now() + within;
        loop {
            if let Some(line) = self.lines(with).pop() {
                return line;
            }
            assert!(tokio::time::Instant::now() < end, "no line with {with:?} within {within:?}:\n{}", self.lines(&[]).join("\n"));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
