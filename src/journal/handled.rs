//! What was said to the bot, and what it replied.

use std::time::{Duration, SystemTime};

use rusqlite::{OptionalExtension as _, Row, params};

use crate::journal::{Journal, JournalError, seconds};
use crate::knowledge::Language;

/// An event of a platform that may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The platform.
    pub platform: &'a str,
    /// The platform's id of the event.
    pub id: &'a str,
    /// The platform's id of the conversation.
    pub conversation: &'a str,
    /// Whether the conversation is with one person.
    pub direct: bool,
}

/// How far an event has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// It is new, and now begun by whoever asked.
    New,
    /// An earlier run began it and did not finish: a reply may have been sent or not.
    Doubtful,
    /// It is being handled, or done.
    Known,
}

/// What is kept of an event that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The platform's id of the event.
    pub event: String,
    /// The platform's id of the conversation.
    pub conversation: String,
    /// The platform's id of the reply; none where nothing was said.
    pub reply: Option<String>,
    /// The fact that answered.
    pub fact: Option<String>,
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept { event: row.get(0)?, conversation: row.get(1)?, reply: row.get(2)?, fact: row.get(3)? })
}

impl Journal {
    /// Begins an event, unless it is known. One that an earlier run left unfinished is taken over.
    ///
    /// # Errors
    /// Of the database.
    pub fn begin(&self, event: Event<'_>, at: SystemTime) -> Result<Handled, JournalError> {
        let connection = self.lock();
        let mut insert = connection.prepare_cached(
            "INSERT OR IGNORE INTO handled (platform, event, conversation, direct, run, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        if insert.execute(params![event.platform, event.id, event.conversation, event.direct, self.run, seconds(at)])? == 1 {
            return Ok(Handled::New);
        }
        let mut take =
            connection.prepare_cached("UPDATE handled SET run = ?3 WHERE platform = ?1 AND event = ?2 AND done = 0 AND run <> ?3")?;
        let taken = take.execute(params![event.platform, event.id, self.run])?;
        Ok(if taken == 1 { Handled::Doubtful } else { Handled::Known })
    }

    /// Forgets that an event was begun, so that it can be begun again.
    ///
    /// # Errors
    /// Of the database.
    pub fn forget(&self, platform: &str, event: &str) -> Result<(), JournalError> {
        let connection = self.lock();
        connection.prepare_cached("DELETE FROM handled WHERE platform = ?1 AND event = ?2")?.execute(params![platform, event])?;
        Ok(())
    }

    /// Notes that an event is done, with the reply if there was one, and the fact if one answered.
    ///
    /// # Errors
    /// Of the database.
    pub fn done(&self, platform: &str, event: &str, reply: Option<&str>, answered: Option<(&str, Language)>) -> Result<(), JournalError> {
        let (fact, language) = answered.map_or((None, None), |(fact, language)| (Some(fact), Some(language.code())));
        let connection = self.lock();
        let mut update = connection
            .prepare_cached("UPDATE handled SET done = 1, reply = ?3, fact = ?4, language = ?5 WHERE platform = ?1 AND event = ?2")?;
        update.execute(params![platform, event, reply, fact, language])?;
        Ok(())
    }

    /// What is kept of an event, if it was done.
    ///
    /// # Errors
    /// Of the database.
    pub fn kept(&self, platform: &str, event: &str) -> Result<Option<Kept>, JournalError> {
        let connection = self.lock();
        let mut select = connection
            .prepare_cached("SELECT event, conversation, reply, fact FROM handled WHERE platform = ?1 AND event = ?2 AND done = 1")?;
        Ok(select.query_row(params![platform, event], kept).optional()?)
    }

    /// The event a reply belongs to.
    ///
    /// # Errors
    /// Of the database.
    pub fn of_reply(&self, platform: &str, reply: &str) -> Result<Option<Kept>, JournalError> {
        let connection = self.lock();
        let mut select =
            connection.prepare_cached("SELECT event, conversation, reply, fact FROM handled WHERE platform = ?1 AND reply = ?2")?;
        Ok(select.query_row(params![platform, reply], kept).optional()?)
    }

    /// Takes a reply back: it is no longer there to be edited or linked to.
    ///
    /// # Errors
    /// Of the database.
    pub fn unsay(&self, platform: &str, reply: &str) -> Result<(), JournalError> {
        let connection = self.lock();
        let mut update = connection.prepare_cached("UPDATE handled SET reply = NULL, fact = NULL WHERE platform = ?1 AND reply = ?2")?;
        update.execute(params![platform, reply])?;
        Ok(())
    }

    /// The latest reply that gave a fact in a conversation and language, not longer ago than `within`.
    ///
    /// # Errors
    /// Of the database.
    pub fn said(
        &self,
        platform: &str,
        conversation: &str,
        fact: (&str, Language),
        within: Duration,
        now: SystemTime,
    ) -> Result<Option<Kept>, JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "SELECT event, conversation, reply, fact FROM handled \
             WHERE platform = ?1 AND conversation = ?2 AND fact = ?3 AND language = ?4 AND at >= ?5 AND reply IS NOT NULL \
             ORDER BY at DESC LIMIT 1",
        )?;
        let since = seconds(now - within);
        Ok(select.query_row(params![platform, conversation, fact.0, fact.1.code(), since], kept).optional()?)
    }

    /// Forgets which facts were said, so that none is linked to: the answers may have changed. Feedback keeps its facts.
    ///
    /// # Errors
    /// Of the database.
    pub fn unsay_all(&self) -> Result<(), JournalError> {
        self.lock().execute("UPDATE handled SET language = NULL WHERE language IS NOT NULL", [])?;
        Ok(())
    }

    /// Conversations with one person in which something was said since, the latest first.
    ///
    /// # Errors
    /// Of the database.
    pub fn direct(&self, platform: &str, since: SystemTime, most: usize) -> Result<Vec<String>, JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "SELECT conversation FROM handled WHERE platform = ?1 AND direct = 1 AND at >= ?2 GROUP BY conversation ORDER BY max(at) DESC LIMIT ?3",
        )?;
        let rows = select.query_map(params![platform, seconds(since), i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
