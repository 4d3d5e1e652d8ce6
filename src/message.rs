//! The platform-neutral forms of an event: a message, its author, and where it was said.

use crate::intent::Intent;
use crate::knowledge::Language;

/// What an author may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ask.
    Member,
    /// Ask, and curate the knowledge base.
    Moderator,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Author {
    /// The platform's id of the author.
    pub id: String,
    /// What the author may do there.
    pub role: Role,
}

/// The channel, thread or room a message came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversation {
    /// Which platform.
    pub platform: &'static str,
    /// The platform's id of the conversation.
    pub id: String,
}

/// How something came to the bot's ears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Address {
    /// It was said to the bot, for all to read.
    Open,
    /// It was said to the bot, and only its author reads the reply.
    Private,
    /// It was said to everybody where the bot was told to listen: it speaks only if it has an answer.
    Overheard,
}

/// Something said to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub author: Author,
    /// Where.
    pub conversation: Conversation,
    /// To whom.
    pub address: Address,
    /// What is wanted.
    pub intent: Intent,
    /// The author's interface language, where the platform tells it.
    pub locale: Option<Language>,
}
