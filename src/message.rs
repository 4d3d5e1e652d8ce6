//! The platform-neutral forms of an event: a message, its author, and where it was said.

use crate::knowledge::Language;

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Author {
    /// The platform's id of the author.
    pub id: String,
}

/// The channel, thread or room a message came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversation {
    /// Which platform.
    pub platform: &'static str,
    /// The platform's id of the conversation.
    pub id: String,
}

/// Something said to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub author: Author,
    /// Where.
    pub conversation: Conversation,
    /// What, as typed.
    pub text: String,
    /// The author's interface language, where the platform tells it.
    pub locale: Option<Language>,
}
