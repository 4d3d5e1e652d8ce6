//! The line itself: message -> intent -> answer -> reply. Every platform calls [`Responder::respond`] and renders.

use crate::answer::{Answer, Calibration, Engine};
use crate::intent::{self, Intent};
use crate::knowledge::Language;
use crate::message::Message;
use crate::reply::{Block, Reply, Wording};
use crate::snapshot::Snapshot;

/// How many questions `/topics` shows.
const TOPICS: usize = 12;

/// What came of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// Nothing is said.
    Silence,
    /// This is said; with the answer it rests on, where there is one.
    Say(Reply, Option<Box<Answer>>),
    /// The chat ends.
    Leave,
}

/// Responds to messages from one snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Responder<'a> {
    snapshot: &'a Snapshot,
    calibration: &'a Calibration,
}

impl<'a> Responder<'a> {
    /// A responder over a snapshot.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, calibration: &'a Calibration) -> Self {
        Self { snapshot, calibration }
    }

    /// Responds to a message.
    #[must_use]
    pub fn respond(&self, message: &Message) -> Response {
        let language = message.locale.unwrap_or(self.snapshot.knowledge.default_language);
        let wording = Wording::of(language);
        match intent::read(message) {
            Intent::Nothing => Response::Silence,
            Intent::Leave => Response::Leave,
            Intent::Ask(question) => {
                let answer = Engine::new(self.snapshot, self.calibration).explain(&question, None);
                Response::Say(Reply::to_answer(&answer, &self.snapshot.knowledge.name), Some(Box::new(answer)))
            }
            Intent::Help => Response::Say(Reply::text(language, &wording.help), None),
            Intent::Sources => Response::Say(self.sources(language), None),
            Intent::Topics => Response::Say(self.topics(language), None),
            Intent::Explain => Response::Say(Reply::text(language, &wording.nothing_to_explain), None),
            Intent::Unknown => Response::Say(Reply::text(language, &wording.unknown_command), None),
        }
    }

    fn sources(&self, language: Language) -> Reply {
        let wording = Wording::of(language);
        let mut lines = vec![wording.sources.clone()];
        for source in &self.snapshot.knowledge.sources {
            let metadata = &source.metadata;
            let publisher = metadata.publisher.as_deref().unwrap_or(&wording.unknown_publisher);
            let date = metadata.published.map_or_else(|| wording.undated.clone(), |date| wording.date(date));
            let title = metadata.title.as_deref().unwrap_or(&metadata.id);
            lines.push(format!("- {title} ({publisher}, {date})"));
            lines.extend(metadata.remarks.iter().map(|remark| format!("  {remark}")));
            lines.extend(metadata.address.iter().map(|address| format!("  {address}")));
        }
        Reply::text(language, lines.join("\n"))
    }

    /// One question from each of several facts, spread over the base.
    fn topics(&self, language: Language) -> Reply {
        let facts = &self.snapshot.knowledge.curated.facts;
        let step = facts.len().div_ceil(TOPICS).max(1);
        let questions = facts
            .iter()
            .step_by(step)
            .map(|fact| crate::answer::Suggestion { fact: fact.id.clone(), question: fact.question(language).to_owned() });
        Reply { language, blocks: vec![Block::Questions(Wording::of(language).topics.clone(), questions.collect())] }
    }
}
