//! Streams of questions, and the comparison of what was answered with what was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::QUIET;
use crate::fake_discord::{Discord, EPHEMERAL, Id, MessageSpec, State};

/// Questions the invented base answers, each by a fact of its own.
pub(super) const QUESTIONS: [&str; 6] = [
    "when was the harbour bridge opened?",
    "how long is the harbour bridge?",
    "who designed the bridge?",
    "how much did the bridge cost?",
    "how many people attended the opening?",
    "which ships have to give notice?",
];

/// A question that mentions the bot.
pub(super) fn mention(text: &str) -> MessageSpec {
    MessageSpec { content: text.to_owned(), mentions_bot: true, ..MessageSpec::default() }
}

/// A member who asks in three channels of a server, and what was asked.
pub(super) struct Stream<'a> {
    discord: &'a Discord,
    pub(super) guild: Id,
    pub(super) channels: Vec<Id>,
    pub(super) anna: Id,
    asked: Vec<Id>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(discord: &'a Discord) -> Self {
        let guild = discord.guild("harbour");
        let channels = ["general", "news", "quay"].map(|name| discord.text_channel(guild, name)).to_vec();
        Self { discord, guild, channels, anna: discord.user("anna"), asked: Vec::new() }
    }

    /// Asks so many more questions, by mention, in one channel after the other.
    pub(super) fn ask(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.asked.len();
            let spec = mention(QUESTIONS[number / self.channels.len() % QUESTIONS.len()]);
            self.asked.push(self.discord.say_with(self.channels[number % self.channels.len()], self.anna, &spec));
        }
    }

    /// A question asked otherwise is to be answered too.
    pub(super) fn also(&mut self, question: Id) {
        self.asked.push(question);
    }

    /// Asks so many more questions, one every so often.
    pub(super) async fn trickle(&mut self, count: usize, every: Duration) {
        for _ in 0..count {
            self.ask(1);
            tokio::time::sleep(every).await;
        }
    }

    /// Waits until every question has its answer, then makes sure that none has two and that nothing else was said.
    pub(super) async fn assert_each_answered_once(&self, within: Duration) {
        let all = self.discord.wait_for(within, |state| {
            let answers = answers(state);
            self.asked.iter().all(|id| answers.contains_key(&id.to_string())).then_some(())
        });
        let _ = all.await;
        tokio::time::sleep(QUIET).await;
        let expected: BTreeMap<String, usize> = self.asked.iter().map(|id| (id.to_string(), 1)).collect();
        let answers = self.discord.with(|state| answers(state));
        let place = |id: &&String| self.asked.iter().position(|asked| asked.to_string() == **id);
        let lost: Vec<_> = expected.keys().filter(|id| !answers.contains_key(*id)).filter_map(|id| place(&id)).collect();
        let twice: Vec<_> = answers.iter().filter(|(_, count)| **count > 1).collect();
        assert!(answers == expected, "of {} questions these were lost: {lost:?}; and twice answered: {twice:?}", expected.len());
    }
}

/// How often each question was answered where all can read it.
fn answers(state: &State) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    for message in state.messages.values().filter(|m| m.author == state.bot && !m.deleted && m.flags() & EPHEMERAL == 0) {
        let question = message.value["message_reference"]["message_id"].as_str().unwrap_or("nothing");
        *answers.entry(question.to_owned()).or_default() += 1;
    }
    answers
}

/// How often a question was answered.
pub(super) fn answers_to(discord: &Discord, question: Id) -> usize {
    discord.with(|state| answers(state).get(&question.to_string()).copied().unwrap_or(0))
}

/// Waits for the answer to a question.
pub(super) async fn answered(discord: &Discord, question: Id, within: Duration) {
    let key = question.to_string();
    let here = |state: &mut State| answers(state).contains_key(&key).then_some(());
    if discord.wait_for(within, here).await.is_none() {
        let requests = discord.requests().into_iter().map(|r| format!("{} {} -> {}", r.method, r.path, r.status)).collect::<Vec<_>>();
        panic!("the question is not answered within {within:?}; requests:\n{}", requests.join("\n"));
    }
}

/// `/kb status` and the like.
pub(super) fn kb(discord: &Discord, channel: Id, user: Id, what: &str) -> Id {
    discord.slash(channel, user, "kb", json!([{ "name": what, "type": 1, "options": [] }]))
}
