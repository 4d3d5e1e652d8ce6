//! What members said of replies, and the questions they gave to the moderators.

use std::time::SystemTime;

use rusqlite::{OptionalExtension as _, params};

use crate::journal::{Journal, JournalError, seconds};
use crate::knowledge::Language;

/// A question that went unanswered, kept because its author asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// The platform.
    pub platform: String,
    /// The platform's id of the conversation.
    pub conversation: String,
    /// The platform's id of the event, or of the reply where the event has none.
    pub event: String,
    /// The question's text.
    pub question: String,
    /// Its language.
    pub language: Language,
    /// The version of the base that did not answer it.
    pub version: String,
}

impl Journal {
    /// Keeps a question for the moderators; false if it was there already.
    ///
    /// # Errors
    /// Of the database.
    pub fn tell(&self, question: &Unanswered, at: SystemTime) -> Result<bool, JournalError> {
        let connection = self.lock();
        let mut insert = connection.prepare_cached(
            "INSERT OR IGNORE INTO unanswered (platform, conversation, event, question, language, version, at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let Unanswered { platform, conversation, event, question, language, version } = question;
        let inserted = insert.execute(params![platform, conversation, event, question, language.code(), version, seconds(at)])?;
        Ok(inserted == 1)
    }

    /// The questions kept for the moderators, the latest first.
    ///
    /// # Errors
    /// Of the database.
    pub fn unanswered(&self, most: usize) -> Result<Vec<Unanswered>, JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "SELECT platform, conversation, event, question, language, version FROM unanswered ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = select.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
            let code: String = row.get(4)?;
            Ok(Unanswered {
                platform: row.get(0)?,
                conversation: row.get(1)?,
                event: row.get(2)?,
                question: row.get(3)?,
                language: Language::from_code(&code).unwrap_or(Language::It),
                version: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes whether a member found a reply helpful; a later word replaces the earlier.
    ///
    /// # Errors
    /// Of the database.
    pub fn rate(&self, platform: &str, reply: &str, author: &str, helpful: bool, at: SystemTime) -> Result<(), JournalError> {
        let fact = self.of_reply(platform, reply)?.and_then(|kept| kept.fact);
        let member = self.hash(author)?;
        let connection = self.lock();
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO feedback (platform, reply, member, fact, helpful, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        insert.execute(params![platform, reply, member, fact, helpful, seconds(at)])?;
        Ok(())
    }

    /// How many found replies helpful, and how many did not.
    ///
    /// # Errors
    /// Of the database.
    pub fn ratings(&self) -> Result<(u64, u64), JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT sum(helpful), sum(1 - helpful) FROM feedback")?;
        let sums: Option<(Option<i64>, Option<i64>)> = select.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let count = |sum: Option<i64>| u64::try_from(sum.unwrap_or(0)).unwrap_or(0);
        Ok(sums.map_or((0, 0), |(helpful, not)| (count(helpful), count(not))))
    }

    /// A member's id, hashed under a key that never leaves this journal.
    pub(super) fn hash(&self, author: &str) -> Result<[u8; 16], JournalError> {
        let kept = self.meta("member key")?.and_then(|bytes| bytes.try_into().ok());
        let key: [u8; 32] = if let Some(key) = kept {
            key
        } else {
            let key: [u8; 32] = self.lock().query_row("SELECT randomblob(32)", [], |row| row.get(0))?;
            self.set_meta("member key", &key)?;
            key
        };
        let mut short = [0; 16];
        short.copy_from_slice(&blake3::keyed_hash(&key, author.as_bytes()).as_bytes()[..16]);
        Ok(short)
    }
}
