//! Streams of questions, and the comparison of what was answered with what was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::synapse::{Member, answered_event, is_said_by};

/// Questions the invented base answers, each by a fact of its own.
pub(super) const QUESTIONS: [&str; 6] = [
    "when was the harbour bridge opened?",
    "how long is the harbour bridge?",
    "who designed the bridge?",
    "how much did the bridge cost?",
    "how many people attended the opening?",
    "which ships have to give notice?",
];

/// A member who asks in some rooms in turn, and what was asked.
pub(super) struct Stream<'a> {
    member: &'a Member,
    bot: String,
    rooms: &'a [String],
    asked: Vec<String>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(member: &'a Member, bot: &Member, rooms: &'a [String]) -> Self {
        Self::of(member, bot, rooms, Vec::new())
    }

    /// A stream that goes on.
    pub(super) fn of(member: &'a Member, bot: &Member, rooms: &'a [String], asked: Vec<String>) -> Self {
        Self { member, bot: bot.id.clone(), rooms, asked }
    }

    /// What was asked.
    pub(super) fn into_asked(self) -> Vec<String> {
        self.asked
    }

    /// The latest question.
    pub(super) fn last(&self) -> &str {
        self.asked.last().expect("something was asked")
    }

    /// Asks so many more questions, by mention, in one room after the other.
    pub(super) async fn ask(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.asked.len();
            let question = QUESTIONS[number / self.rooms.len() % QUESTIONS.len()];
            self.asked.push(self.member.mention(&self.rooms[number % self.rooms.len()], &self.bot, question).await);
        }
    }

    /// Waits until every question has its answer, then makes sure that none has two and that nothing else was said.
    pub(super) async fn assert_each_answered_once(&self, within: Duration) {
        let answers = self.settled(within).await;
        let expected: BTreeMap<String, usize> = self.asked.iter().map(|id| (id.clone(), 1)).collect();
        let place = |id: &String| self.asked.iter().position(|asked| asked == id);
        let lost: Vec<_> = expected.keys().filter(|id| !answers.contains_key(*id)).filter_map(place).collect();
        let twice: Vec<_> = answers.iter().filter(|(_, count)| **count > 1).collect();
        assert!(answers == expected, "of {} questions these were lost: {lost:?}; and twice answered: {twice:?}", expected.len());
    }

    /// The answers to all events, once every question has one or the time is over.
    async fn settled(&self, within: Duration) -> BTreeMap<String, usize> {
        let end = tokio::time::Instant::now() + within;
        loop {
            let answers = self.answers().await;
            let lost = self.asked.iter().any(|id| !answers.contains_key(id));
            if !lost || tokio::time::Instant::now() > end {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        // A second answer would come at once.
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.answers().await
    }

    /// In each room questions are answered in the order in which they were asked.
    pub(super) async fn assert_answered_in_order(&self) {
        for room in self.rooms {
            let messages = self.member.messages(room).await;
            let answered: Vec<&str> = messages.iter().filter(|event| is_said_by(event, &self.bot)).filter_map(answered_event).collect();
            let asked: Vec<&str> = self.asked.iter().map(String::as_str).filter(|id| answered.contains(id)).collect();
            assert_eq!(answered, asked);
        }
    }

    /// How often each event was answered.
    async fn answers(&self) -> BTreeMap<String, usize> {
        let mut answers = BTreeMap::new();
        for room in self.rooms {
            count(&self.member.messages(room).await, &self.bot, &mut answers);
        }
        answers
    }
}

/// Counts the answers to each event.
pub(super) fn count(messages: &[Value], bot: &str, answers: &mut BTreeMap<String, usize>) {
    for event in messages.iter().filter(|event| is_said_by(event, bot)) {
        *answers.entry(answered_event(event).unwrap_or("nothing").to_owned()).or_default() += 1;
    }
}
