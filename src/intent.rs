//! What somebody wants, read from a text. Pure.

/// What a message asks the bot to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Nothing: an empty message.
    Nothing,
    /// Answer a question.
    Ask(String),
    /// Give a curated answer, by the fact's id.
    Fact(String),
    /// Say how to use the bot.
    Help,
    /// List the sources, or show the one named.
    Sources(Option<String>),
    /// Say what can be answered.
    Topics,
    /// Say what is kept of what people say.
    Privacy,
    /// Look after the knowledge base.
    Curate(Curation),
    /// Say why the last answer is what it is.
    Explain,
    /// End the chat.
    Leave,
    /// A command nobody knows.
    Unknown,
}

/// What moderators can do with the knowledge base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curation {
    /// Say what is served.
    Status,
    /// Check the files without serving them.
    Check,
    /// Serve what the files say now.
    Reload,
}

impl Curation {
    /// The name of the command.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Check => "check",
            Self::Reload => "reload",
        }
    }

    /// The command of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Status, Self::Check, Self::Reload].into_iter().find(|curation| curation.name() == name)
    }
}

/// Reads the intent of a text. Commands start with `prefix`; anything else is a question.
#[must_use]
pub fn read(text: &str, prefix: char) -> Intent {
    let text = text.trim();
    let Some(command) = text.strip_prefix(prefix) else {
        return if text.is_empty() { Intent::Nothing } else { Intent::Ask(text.to_owned()) };
    };
    let (name, rest) = command.trim_start().split_once(char::is_whitespace).unwrap_or((command.trim_start(), ""));
    let rest = rest.trim();
    match name.to_lowercase().as_str() {
        "ask" => match rest {
            "" => Intent::Help,
            question => Intent::Ask(question.to_owned()),
        },
        "help" | "?" => Intent::Help,
        "sources" => Intent::Sources((!rest.is_empty()).then(|| rest.to_owned())),
        "topics" => Intent::Topics,
        "privacy" => Intent::Privacy,
        "kb" => Curation::named(&rest.to_lowercase()).map_or(Intent::Unknown, Intent::Curate),
        "explain" => Intent::Explain,
        "quit" | "exit" | "q" => Intent::Leave,
        _ => Intent::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_questions() {
        let cases = [
            ("", Intent::Nothing),
            ("  chi c'era? ", Intent::Ask("chi c'era?".into())),
            ("/ask chi c'era?", Intent::Ask("chi c'era?".into())),
            ("/ASK", Intent::Help),
            ("/sources", Intent::Sources(None)),
            ("/sources ansa ", Intent::Sources(Some("ansa".into()))),
            ("/kb Reload", Intent::Curate(Curation::Reload)),
            ("/kb", Intent::Unknown),
            ("/quit", Intent::Leave),
            ("/as\u{212a} x", Intent::Ask("x".into())),
            ("/è", Intent::Unknown),
            ("!help", Intent::Ask("!help".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, '/'), expected, "{text:?}");
        }
        assert_eq!(read("!help", '!'), Intent::Help);
    }
}
