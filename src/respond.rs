//! The line itself: message -> intent -> answer -> reply; who may do what, how often, and what is noted. Every platform
//! calls [`Responder::respond`] and renders.

mod completion;
mod curate;
mod pages;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::answer::{Answer, Outcome, Suggestion};
use crate::cooldown::Cooldowns;
use crate::intent::Intent;
use crate::journal::{Journal, JournalError, Kept, Unanswered};
use crate::knowledge::Language;
use crate::message::{Address, Message, Role};
use crate::reply::{Action, Block, Reply, Wording, fill};
use crate::retrieval::is_question;
use crate::serving::{Base, Store};

/// How many questions `/topics` shows.
const TOPICS: usize = 12;
/// An answer given in a conversation is not repeated there for so long; it is linked to.
const REPEATED_WITHIN: Duration = Duration::from_mins(5);

/// The time, as the line needs it: passed in, so that tests can set it.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For intervals.
    pub instant: Instant,
    /// For what is noted.
    pub time: SystemTime,
}

impl Now {
    /// The time it is.
    #[must_use]
    pub fn real() -> Self {
        Self { instant: Instant::now(), time: SystemTime::now() }
    }
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// Nothing is said.
    Silence,
    /// This is said; with the answer it rests on, where there is one.
    Say(Reply, Option<Box<Answer>>),
    /// The author asks too often: this is for the author alone.
    Wait(Reply),
    /// The same was said in this conversation a moment ago: a link to it, in this language, is enough.
    Again(Kept, Language),
    /// The chat ends.
    Leave,
}

/// Responds to messages. Cheap to share: what it holds is behind handles.
#[derive(Debug)]
pub struct Responder {
    store: Arc<Store>,
    journal: Journal,
    cooldowns: Cooldowns,
}

impl Responder {
    /// A responder over what is served.
    #[must_use]
    pub fn new(store: Arc<Store>, journal: Journal, cooldowns: Cooldowns) -> Self {
        Self { store, journal, cooldowns }
    }

    /// What is served.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// A question the base answers, with its reply: what `--dry-run` shows. None where the base has no facts.
    #[must_use]
    pub fn sample(&self) -> Option<(String, Reply)> {
        let base = self.store.current();
        let knowledge = &base.snapshot.knowledge;
        let question = knowledge.curated.facts.first()?.question(knowledge.default_language).to_owned();
        let answer = base.engine().answer(&question, None);
        let reply = Reply::to_answer(&answer, &knowledge.name, answer.language);
        Some((question, reply))
    }

    /// Responds to a message. Curation takes about a second, all else less than a millisecond.
    #[must_use]
    pub fn respond(&self, message: &Message, now: Now) -> Response {
        let base = self.store.current();
        let language = message.locale.unwrap_or(base.snapshot.knowledge.default_language);
        let wording = Wording::of(language);
        let say = |reply| Response::Say(reply, None);
        match &message.intent {
            Intent::Nothing => Response::Silence,
            Intent::Leave => Response::Leave,
            Intent::Ask(question) => self.ask(&base, message, question, now),
            Intent::Fact(id) => match base.engine().fact_answer(id, language) {
                Some(answer) => self.admitted(message, language, now, || self.say(&base, message, answer, Vec::new(), now)),
                None => say(Reply::notice(language, &wording.unknown_fact)),
            },
            Intent::Help if message.conversation.platform == "console" => say(Reply::text(language, &wording.help)),
            Intent::Help => say(Reply::notice(language, Self::help(&base, language))),
            Intent::Privacy => say(Reply::notice(language, &wording.privacy)),
            Intent::Sources(None) => say(Self::sources(&base, language)),
            Intent::Sources(Some(id)) => say(Self::source(&base, id, language)),
            Intent::Topics => say(Self::topics(&base, language)),
            Intent::Curate(curation) => say(self.curate(*curation, message, language, now)),
            Intent::Explain => say(Reply::text(language, &wording.nothing_to_explain)),
            Intent::Unknown => say(Reply::notice(language, &wording.unknown_command)),
        }
    }

    fn ask(&self, base: &Base, message: &Message, question: &str, now: Now) -> Response {
        let engine = base.engine();
        let findings = engine.find(question, None);
        let answer = engine.decide(&findings, message.conversation.platform == "console");
        let language = message.locale.unwrap_or(answer.language);
        let is_answered = matches!(answer.outcome, Outcome::Fact | Outcome::Passages);
        if message.address == Address::Overheard && !(is_answered && is_question(question)) {
            return Response::Silence;
        }
        let found = pages::spots(&findings, &answer, &engine);
        self.admitted(message, language, now, || self.say(base, message, answer, found, now))
    }

    /// What is said instead where the author, or the conversation, has been answered too often; counts as another answer otherwise.
    #[must_use]
    pub fn refuse(&self, message: &Message, now: Now) -> Option<Response> {
        let language = message.locale.unwrap_or(self.store.current().snapshot.knowledge.default_language);
        match self.admitted(message, language, now, || Response::Leave) {
            Response::Leave => None,
            refused => Some(refused),
        }
    }

    /// Goes on if the author and the conversation may ask; who was only overheard is told nothing.
    fn admitted(&self, message: &Message, language: Language, now: Now, go_on: impl FnOnce() -> Response) -> Response {
        let platform = message.conversation.platform;
        let author = format!("{platform} {}", message.author.id);
        let conversation = format!("{platform} {}", message.conversation.id);
        match self.cooldowns.admit(&author, &conversation, now.instant) {
            Ok(()) => go_on(),
            Err(_) if message.address == Address::Overheard => Response::Silence,
            Err(wait) => {
                let seconds = wait.as_secs() + 1;
                Response::Wait(Reply::notice(language, fill(&Wording::of(language).wait, &[("seconds", &seconds)])))
            }
        }
    }

    fn say(&self, base: &Base, message: &Message, answer: Answer, found: Vec<crate::reply::Spot>, now: Now) -> Response {
        let language = message.locale.unwrap_or(answer.language);
        let conversation = &message.conversation;
        if let (Some(fact), Address::Open | Address::Overheard) = (&answer.fact, message.address) {
            let said = self.journal.said(conversation.platform, &conversation.id, (fact, answer.language), REPEATED_WITHIN, now.time);
            match said {
                Ok(Some(kept)) => return Response::Again(kept, language),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "whether this was said before is not known"),
            }
        }
        Response::Say(Self::reply(base, &answer, found, language), Some(Box::new(answer)))
    }

    /// An answer with all that can be done with it.
    fn reply(base: &Base, answer: &Answer, found: Vec<crate::reply::Spot>, language: Language) -> Reply {
        let mut reply = Reply::to_answer(answer, &base.snapshot.knowledge.name, language);
        let mut actions = Vec::new();
        if !found.is_empty() && answer.outcome != Outcome::SmallTalk {
            let version = base.snapshot.version.clone();
            actions.push(Action::Page { pages: crate::reply::Pages::Found(found), version, page: 0, back: false });
        }
        match answer.outcome {
            Outcome::Fact | Outcome::Passages => actions.extend([Action::Rate { helpful: true }, Action::Rate { helpful: false }]),
            Outcome::NoAnswer | Outcome::Suggestions => actions.push(Action::Tell),
            Outcome::SmallTalk => {}
        }
        actions.push(Action::Dismiss);
        reply.blocks.push(Block::Actions(actions));
        reply
    }

    /// The curated answer of a fact, as a reply: for a suggestion that was chosen.
    #[must_use]
    pub fn chosen(&self, fact: &str, language: Language) -> Option<(Reply, Answer)> {
        let base = self.store.current();
        let answer = base.engine().fact_answer(fact, language)?;
        Some((Self::reply(&base, &answer, Vec::new(), language), answer))
    }

    /// Gives a question to the moderators, with its author's consent.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn tell(&self, message: &Message, event: &str, question: &str, now: Now) -> Result<Reply, JournalError> {
        let base = self.store.current();
        let asked = base.engine().find(question, None).question.language;
        let language = message.locale.unwrap_or(asked);
        let told = self.journal.tell(
            &Unanswered {
                platform: message.conversation.platform.to_owned(),
                conversation: message.conversation.id.clone(),
                event: event.to_owned(),
                question: crate::retrieval::clip(question).to_owned(),
                language: asked,
                version: base.snapshot.version.clone(),
            },
            now.time,
        )?;
        let wording = Wording::of(language);
        Ok(Reply::notice(language, if told { &wording.told } else { &wording.told_before }))
    }

    /// Notes whether a reply helped.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn rate(&self, message: &Message, reply: &str, helpful: bool, now: Now) -> Result<Reply, JournalError> {
        self.journal.rate(message.conversation.platform, reply, &message.author.id, helpful, now.time)?;
        let language = message.locale.unwrap_or(self.store.current().snapshot.knowledge.default_language);
        Ok(Reply::notice(language, &Wording::of(language).rated))
    }

    /// Whether somebody may change or remove a reply: who asked, or a moderator.
    #[must_use]
    pub fn may_change(message: &Message, asker: &str) -> bool {
        message.author.role == Role::Moderator || message.author.id == asker
    }

    /// How to use the bot where there are channels.
    fn help(base: &Base, language: Language) -> String {
        let wording = Wording::of(language);
        let command = |key: &str| format!("/{}", wording.command(key).0);
        fill(
            &wording.help_chat,
            &[
                ("name", &base.snapshot.knowledge.name),
                ("ask", &command("ask")),
                ("topics", &command("topics")),
                ("sources", &command("sources")),
                ("privacy", &command("privacy")),
            ],
        )
    }

    /// One question from each of several facts, spread over the base.
    fn topics(base: &Base, language: Language) -> Reply {
        let facts = &base.snapshot.knowledge.curated.facts;
        let step = facts.len().div_ceil(TOPICS).max(1);
        let questions =
            facts.iter().step_by(step).map(|fact| Suggestion { fact: fact.id.clone(), question: fact.question(language).to_owned() });
        let lead = Wording::of(language).topics.clone();
        Reply { language, private: true, blocks: vec![Block::Questions(lead, questions.collect())] }
    }
}
