//! The journal: what was handled, so that nothing is answered twice or lost; what went unanswered, with its author's
//! consent; feedback; what moderators did. `SQLite` in one file, written ahead (WAL): what was committed outlives the program.

mod batch;
mod feedback;
mod handled;

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, params};

pub use batch::{Batch, Unfinished, Unreadable};
pub use feedback::Unanswered;
pub use handled::{Event, Handled, Kept};

/// The version of the tables, kept in the file's `user_version`: `schema.sql` is the first, `schema_2.sql` leads to the
/// second.
const SCHEMA: i64 = 2;
/// How often what was written ahead is brought into the database file.
const CHECKPOINT: Duration = Duration::from_secs(10);
/// What is older than is kept is forgotten so often.
const CLEANED_EVERY: Duration = Duration::from_hours(1);
/// How long what was handled and done is kept.
const KEPT: Duration = Duration::from_hours(720);

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database.
    #[error("the journal: {0}")]
    Database(#[from] rusqlite::Error),
    /// The folder.
    #[error("the journal's folder: {0}")]
    Folder(#[from] std::io::Error),
    /// Written by another version of the program.
    #[error("the journal {file} has format {found}, and this program knows {SCHEMA}; use the newer program, or move the file away")]
    Format {
        /// The file.
        file: String,
        /// Its format.
        found: i64,
    },
}

/// A handle to the journal, cheap to clone. A statement takes some tens of microseconds and waits for no disk (WAL,
/// synchronous=NORMAL; checkpoints, which do, have a thread of their own), so one lock is enough and calls from asynchronous
/// code are in order.
#[derive(Debug, Clone)]
pub struct Journal {
    connection: Arc<Mutex<Connection>>,
    /// Dropped with the last handle, which ends the checkpoints.
    _checkpoints: Option<Arc<Sender<()>>>,
    /// Tells what this run of the program began from what an earlier one left.
    run: i64,
}

impl Journal {
    /// Opens the journal of a data folder, or starts one.
    ///
    /// # Errors
    /// When the file is damaged, of another format, or cannot be written.
    pub fn open(data: &Path) -> Result<Self, JournalError> {
        std::fs::create_dir_all(data)?;
        let file = data.join("journal.sqlite3");
        let journal = Self::with(Connection::open(&file)?, &file.display().to_string())?;
        journal.lock().pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(Self { _checkpoints: Some(Arc::new(checkpoints(Connection::open(&file)?))), ..journal })
    }

    /// A journal that is forgotten at the end.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, JournalError> {
        Self::with(Connection::open_in_memory()?, "in memory")
    }

    fn with(connection: Connection, file: &str) -> Result<Self, JournalError> {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let steps: &[&str] = match found {
            0 => &[include_str!("schema.sql"), include_str!("schema_2.sql")],
            1 => &[include_str!("schema_2.sql")],
            SCHEMA => &[],
            _ => return Err(JournalError::Format { file: file.to_owned(), found }),
        };
        if !steps.is_empty() {
            connection.execute_batch(&format!("BEGIN; {} PRAGMA user_version = {SCHEMA}; COMMIT;", steps.concat()))?;
        }
        forget_what_is_old(&connection)?;
        let journal = Self { connection: Arc::new(Mutex::new(connection)), _checkpoints: None, run: 0 };
        let run = journal.meta_number("run")?.unwrap_or(0) + 1;
        journal.set_meta("run", &run.to_be_bytes())?;
        Ok(Self { run, ..journal })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value kept between runs.
    ///
    /// # Errors
    /// Of the database.
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// Keeps a value between runs.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_meta(&self, key: &str, value: &[u8]) -> Result<(), JournalError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
        statement.execute(params![key, value])?;
        Ok(())
    }

    fn meta_number(&self, key: &str) -> Result<Option<i64>, JournalError> {
        Ok(self.meta(key)?.and_then(|bytes| Some(i64::from_be_bytes(bytes.try_into().ok()?))))
    }

    /// Notes that a platform was listening at a time.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_heard(&self, platform: &str, at: SystemTime) -> Result<(), JournalError> {
        self.set_meta(&format!("heard {platform}"), &seconds(at).to_be_bytes())
    }

    /// When a platform was last known to listen.
    ///
    /// # Errors
    /// Of the database.
    pub fn heard(&self, platform: &str) -> Result<Option<SystemTime>, JournalError> {
        let at = self.meta_number(&format!("heard {platform}"))?;
        Ok(at.and_then(|at| UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(at).ok()?))))
    }

    /// Notes what a moderator did, or somebody tried to.
    ///
    /// # Errors
    /// Of the database.
    pub fn moderation(&self, platform: &str, author: &str, command: &str, outcome: &str, at: SystemTime) -> Result<(), JournalError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("INSERT INTO moderation (platform, author, command, outcome, at) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        statement.execute(params![platform, author, command, outcome, seconds(at)])?;
        Ok(())
    }
}

/// Brings what was written ahead into the file from time to time, on a thread of its own, for as long as the sender lives.
fn checkpoints(connection: Connection) -> Sender<()> {
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        let mut cleaned = Instant::now();
        while ended.recv_timeout(CHECKPOINT) == Err(RecvTimeoutError::Timeout) {
            if cleaned.elapsed() > CLEANED_EVERY {
                cleaned = Instant::now();
                if let Err(error) = forget_what_is_old(&connection) {
                    tracing::warn!(%error, "what is old stays in the journal");
                }
            }
            // What cannot be brought in now, since somebody reads it, is the next time.
            if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                tracing::warn!(%error, "the journal's file is not brought up to date");
            }
        }
    });
    sender
}

fn forget_what_is_old(connection: &Connection) -> rusqlite::Result<()> {
    let long_ago = seconds(SystemTime::now() - KEPT);
    connection.execute("DELETE FROM handled WHERE at < ?1 AND done = 1", [long_ago])?;
    connection.execute("DELETE FROM unreadable WHERE at < ?1", [long_ago])?;
    Ok(())
}

fn seconds(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_of_the_first_format_is_kept_and_brought_up_to_date() {
        let folder = std::env::temp_dir().join(format!("rapporteur-journal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let old = Connection::open(folder.join("journal.sqlite3")).expect("a database");
        let tables = format!("{} PRAGMA user_version = 1;", include_str!("schema.sql"));
        old.execute_batch(&tables).expect("the first format");
        old.execute("INSERT INTO handled (platform, event, conversation, direct, run, done, reply, at) VALUES ('discord', '1', 'c', 0, 1, 1, 'r', ?1)", [
            seconds(SystemTime::now()),
        ])
        .expect("an event");
        drop(old);
        let journal = Journal::open(&folder).expect("it opens");
        assert_eq!(journal.kept("discord", "1").ok().flatten().and_then(|kept| kept.reply).as_deref(), Some("r"));
        assert_eq!(journal.unfinished("matrix").ok(), Some(Vec::new()));
        drop(journal);
        assert!(Journal::open(&folder).is_ok(), "and opens again");
        std::fs::remove_dir_all(&folder).expect("the folder goes");
    }
}
