//! Message -> Intent: what somebody wants. Pure.

use crate::message::Message;

/// What a message asks the bot to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Nothing: an empty message.
    Nothing,
    /// Answer a question.
    Ask(String),
    /// Say how to use the bot.
    Help,
    /// List the sources.
    Sources,
    /// Say what can be answered.
    Topics,
    /// Say why the last answer is what it is.
    Explain,
    /// End the chat.
    Leave,
    /// A command nobody knows.
    Unknown,
}

/// Reads the intent of a message. Commands start with a slash; anything else is a question.
#[must_use]
pub fn read(message: &Message) -> Intent {
    let text = message.text.trim();
    let Some(command) = text.strip_prefix('/') else {
        return if text.is_empty() { Intent::Nothing } else { Intent::Ask(text.to_owned()) };
    };
    let (name, rest) = command.trim_start().split_once(char::is_whitespace).unwrap_or((command.trim_start(), ""));
    match name.to_lowercase().as_str() {
        "ask" => match rest.trim() {
            "" => Intent::Help,
            question => Intent::Ask(question.to_owned()),
        },
        "help" | "?" => Intent::Help,
        "sources" => Intent::Sources,
        "topics" => Intent::Topics,
        "explain" => Intent::Explain,
        "quit" | "exit" | "q" => Intent::Leave,
        _ => Intent::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Author, Conversation};

    #[test]
    fn commands_are_told_from_questions() {
        let intent = |text: &str| {
            read(&Message {
                author: Author { id: "me".into() },
                conversation: Conversation { platform: "console", id: "terminal".into() },
                text: text.into(),
                locale: None,
            })
        };
        let cases = [
            ("", Intent::Nothing),
            ("  chi c'era? ", Intent::Ask("chi c'era?".into())),
            ("/ask chi c'era?", Intent::Ask("chi c'era?".into())),
            ("/ASK", Intent::Help),
            ("/sources", Intent::Sources),
            ("/quit", Intent::Leave),
            ("/as\u{212a} x", Intent::Ask("x".into())),
            ("/è", Intent::Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(intent(text), expected, "{text:?}");
        }
    }
}
