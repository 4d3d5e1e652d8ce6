//! Events that come in batches with a token to go on from: what a batch brought and the token are kept together or not at
//! all, so that a crash at any point loses no event and takes none in twice.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{OptionalExtension as _, params};

use crate::journal::{Event, Journal, JournalError, seconds};

/// An event that cannot be read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The platform's id of the event.
    pub event: String,
    /// The platform's id of the conversation.
    pub conversation: String,
    /// The id of the encryption session whose key is awaited.
    pub session: String,
    /// Whether the conversation is with one person.
    pub direct: bool,
}

/// What one batch of events brought.
#[derive(Debug, Clone, Default)]
pub struct Batch<'a> {
    /// Events to be handled, in their order.
    pub events: Vec<Event<'a>>,
    /// Events that cannot be read yet.
    pub unreadable: Vec<Unreadable>,
    /// The last event of each conversation in it.
    pub latest: Vec<(&'a str, &'a str)>,
    /// Conversations that were left.
    pub left: Vec<&'a str>,
    /// Where the next batch begins; none for events that came by another way.
    pub next: Option<&'a str>,
}

/// An event begun and not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The platform's id of the event.
    pub event: String,
    /// The platform's id of the conversation.
    pub conversation: String,
}

impl Journal {
    /// Begins the events of a batch and moves on to the next, in one transaction. Says of each event whether it is new.
    ///
    /// # Errors
    /// Of the database; then nothing of the batch is kept.
    pub fn take_in(&self, platform: &str, batch: &Batch<'_>, at: SystemTime) -> Result<Vec<bool>, JournalError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let turn = at.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        let mut new = Vec::with_capacity(batch.events.len());
        for (event, turn) in batch.events.iter().zip(turn..) {
            let mut insert = transaction.prepare_cached(
                "INSERT OR IGNORE INTO handled (platform, event, conversation, direct, run, at, turn) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            let begun = insert.execute(params![platform, event.id, event.conversation, event.direct, self.run, seconds(at), turn])?;
            transaction.prepare_cached("DELETE FROM unreadable WHERE platform = ?1 AND event = ?2")?.execute([platform, event.id])?;
            new.push(begun == 1);
        }
        for Unreadable { event, conversation, session, direct } in &batch.unreadable {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO unreadable (platform, event, conversation, session, direct, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![platform, event, conversation, session, direct, seconds(at)])?;
        }
        for (conversation, event) in &batch.latest {
            transaction.prepare_cached("INSERT OR REPLACE INTO latest (platform, conversation, event) VALUES (?1, ?2, ?3)")?.execute([
                platform,
                conversation,
                event,
            ])?;
        }
        for conversation in &batch.left {
            for table in ["latest", "unreadable"] {
                transaction
                    .prepare_cached(&format!("DELETE FROM {table} WHERE platform = ?1 AND conversation = ?2"))?
                    .execute([platform, conversation])?;
            }
        }
        if let Some(next) = batch.next {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
                .execute(params![next_key(platform), next.as_bytes()])?;
        }
        transaction.commit()?;
        Ok(new)
    }

    /// Where the next batch begins.
    ///
    /// # Errors
    /// Of the database.
    pub fn next_batch(&self, platform: &str) -> Result<Option<String>, JournalError> {
        Ok(self.meta(&next_key(platform))?.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Forgets where the next batch begins, and what was known of conversations: for another account.
    ///
    /// # Errors
    /// Of the database.
    pub fn start_over(&self, platform: &str) -> Result<(), JournalError> {
        let connection = self.lock();
        connection.execute("DELETE FROM meta WHERE key = ?1", [next_key(platform)])?;
        connection.execute("DELETE FROM latest WHERE platform = ?1", [platform])?;
        connection.execute("DELETE FROM unreadable WHERE platform = ?1", [platform])?;
        connection.execute("DELETE FROM handled WHERE platform = ?1 AND done = 0", [platform])?;
        Ok(())
    }

    /// The last event known of a conversation.
    ///
    /// # Errors
    /// Of the database.
    pub fn latest(&self, platform: &str, conversation: &str) -> Result<Option<String>, JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT event FROM latest WHERE platform = ?1 AND conversation = ?2")?;
        Ok(select.query_row([platform, conversation], |row| row.get(0)).optional()?)
    }

    /// What earlier runs began and did not finish, in its order; this run takes it over.
    ///
    /// # Errors
    /// Of the database.
    pub fn unfinished(&self, platform: &str) -> Result<Vec<Unfinished>, JournalError> {
        let connection = self.lock();
        let mut select =
            connection.prepare_cached("SELECT event, conversation FROM handled WHERE platform = ?1 AND done = 0 ORDER BY turn")?;
        let rows = select.query_map([platform], |row| Ok(Unfinished { event: row.get(0)?, conversation: row.get(1)? }))?;
        let unfinished = rows.collect::<Result<_, _>>()?;
        connection.execute("UPDATE handled SET run = ?2 WHERE platform = ?1 AND done = 0", params![platform, self.run])?;
        Ok(unfinished)
    }

    /// Events whose key is awaited: all of them, or those of one session of a conversation.
    ///
    /// # Errors
    /// Of the database.
    pub fn unreadable(&self, platform: &str, session: Option<(&str, &str)>) -> Result<Vec<Unreadable>, JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "SELECT event, conversation, session, direct FROM unreadable \
             WHERE platform = ?1 AND (?2 IS NULL OR (conversation = ?2 AND session = ?3)) ORDER BY at",
        )?;
        let (conversation, session) = session.unzip();
        let rows = select.query_map(params![platform, conversation, session], |row| {
            Ok(Unreadable { event: row.get(0)?, conversation: row.get(1)?, session: row.get(2)?, direct: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Waits for an event's key no longer.
    ///
    /// # Errors
    /// Of the database.
    pub fn give_up(&self, platform: &str, event: &str) -> Result<(), JournalError> {
        let connection = self.lock();
        connection.prepare_cached("DELETE FROM unreadable WHERE platform = ?1 AND event = ?2")?.execute([platform, event])?;
        Ok(())
    }

    /// Whether an event's key is awaited.
    ///
    /// # Errors
    /// Of the database.
    pub fn is_unreadable(&self, platform: &str, event: &str) -> Result<bool, JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT 1 FROM unreadable WHERE platform = ?1 AND event = ?2")?;
        Ok(select.exists([platform, event])?)
    }

    /// Whether somebody was told that their messages cannot be read here.
    ///
    /// # Errors
    /// Of the database.
    pub fn was_told_unreadable(&self, platform: &str, conversation: &str, author: &str) -> Result<bool, JournalError> {
        let member = self.hash(author)?;
        let connection = self.lock();
        let mut select =
            connection.prepare_cached("SELECT 1 FROM told_unreadable WHERE platform = ?1 AND conversation = ?2 AND member = ?3")?;
        Ok(select.exists(params![platform, conversation, member])?)
    }

    /// Notes that somebody was told so.
    ///
    /// # Errors
    /// Of the database.
    pub fn tell_unreadable(&self, platform: &str, conversation: &str, author: &str) -> Result<(), JournalError> {
        let member = self.hash(author)?;
        let connection = self.lock();
        let mut insert =
            connection.prepare_cached("INSERT OR IGNORE INTO told_unreadable (platform, conversation, member) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![platform, conversation, member])?;
        Ok(())
    }

    /// When an event was begun, in seconds since 1970.
    ///
    /// # Errors
    /// Of the database.
    pub fn begun_at(&self, platform: &str, event: &str) -> Result<Option<i64>, JournalError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT at FROM handled WHERE platform = ?1 AND event = ?2")?;
        Ok(select.query_row([platform, event], |row| row.get(0)).optional()?)
    }
}

fn next_key(platform: &str) -> String {
    format!("next batch {platform}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn event<'a>(id: &'a str, conversation: &'a str) -> Event<'a> {
        Event { platform: "matrix", id, conversation, direct: false }
    }

    #[test]
    fn a_batch_is_taken_in_once_and_unfinished_events_come_back_in_their_order() {
        let journal = Journal::in_memory().expect("a journal");
        let now = SystemTime::now();
        let batch =
            Batch { events: vec![event("$b", "!r"), event("$a", "!r")], latest: vec![("!r", "$a")], next: Some("s1"), ..Batch::default() };
        assert_eq!(journal.take_in("matrix", &batch, now).ok(), Some(vec![true, true]));
        assert_eq!(journal.take_in("matrix", &batch, now).ok(), Some(vec![false, false]));
        assert_eq!(journal.next_batch("matrix").ok().flatten().as_deref(), Some("s1"));
        assert_eq!(journal.latest("matrix", "!r").ok().flatten().as_deref(), Some("$a"));
        journal.done("matrix", "$a", None, None).expect("it is noted");
        let unfinished: Vec<String> = journal.unfinished("matrix").expect("they are read").into_iter().map(|it| it.event).collect();
        assert_eq!(unfinished, ["$b"]);
    }

    #[test]
    fn what_could_not_be_read_waits_for_its_session_until_it_is_begun() {
        let journal = Journal::in_memory().expect("a journal");
        let unreadable = Unreadable { event: "$a".to_owned(), conversation: "!r".to_owned(), session: "s".to_owned(), direct: false };
        let batch = Batch { unreadable: vec![unreadable.clone()], ..Batch::default() };
        journal.take_in("matrix", &batch, SystemTime::now()).expect("it is taken in");
        assert_eq!(journal.unreadable("matrix", Some(("!r", "other"))).ok(), Some(Vec::new()));
        assert_eq!(journal.unreadable("matrix", Some(("!r", "s"))).ok(), Some(vec![unreadable.clone()]));
        assert_eq!(journal.unreadable("matrix", None).ok(), Some(vec![unreadable]));
        let batch = Batch { events: vec![event("$a", "!r")], ..Batch::default() };
        assert_eq!(journal.take_in("matrix", &batch, SystemTime::now()).ok(), Some(vec![true]));
        assert_eq!(journal.unreadable("matrix", None).ok(), Some(Vec::new()));
        assert_eq!(journal.was_told_unreadable("matrix", "!r", "@a:b").ok(), Some(false));
        journal.tell_unreadable("matrix", "!r", "@a:b").expect("it is noted");
        assert_eq!(journal.was_told_unreadable("matrix", "!r", "@a:b").ok(), Some(true));
        assert_eq!(journal.was_told_unreadable("matrix", "!s", "@a:b").ok(), Some(false));
    }
}
