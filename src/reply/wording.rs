//! What the bot says, one file per language. A sentence missing in one of them fails the build's tests, not a member.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::knowledge::Language;
use crate::retrieval::Topic;

/// The sentences of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are the documentation: see wording/en.toml")]
pub struct Wording {
    pub no_answer: String,
    pub closest: String,
    pub passages: String,
    pub suggestions: String,
    pub related: String,
    pub verified: String,
    pub not_reviewed: String,
    pub unknown_publisher: String,
    pub machine_translated: String,
    pub before_event: String,
    pub language_note: String,
    as_of: String,
    pub link: String,
    small_talk_greeting: String,
    small_talk_thanks: String,
    small_talk_goodbye: String,
    small_talk_identity: String,
    small_talk_mood: String,
    small_talk_joke: String,
    small_talk_help: String,
    greeting: String,
    pub help: String,
    pub sources: String,
    pub topics: String,
    pub unknown_command: String,
    pub nothing_to_explain: String,
    months: Vec<String>,
    date: String,
    pub undated: String,
    pub help_chat: String,
    pub help_rooms: String,
    pub unreadable: String,
    pub choose: String,
    pub privacy: String,
    pub not_moderator: String,
    pub wait: String,
    pub again: String,
    pub failed: String,
    pub unknown_fact: String,
    pub unknown_source: String,
    pub stale: String,
    pub page: String,
    pub no_pages: String,
    pub asked: String,
    pub told: String,
    pub told_before: String,
    pub rated: String,
    pub not_yours: String,
    pub button_more: String,
    pub button_previous: String,
    pub button_next: String,
    pub button_helpful: String,
    pub button_not_helpful: String,
    pub button_dismiss: String,
    pub button_tell: String,
    pub kb_status: String,
    pub kb_checked: String,
    pub kb_same: String,
    pub kb_reloaded: String,
    pub kb_broken: String,
    pub none: String,
    languages: BTreeMap<Language, String>,
    commands: BTreeMap<String, (String, String)>,
}

/// Fills the places of a sentence, written `{like_this}`.
#[must_use]
pub fn fill(sentence: &str, places: &[(&str, &dyn std::fmt::Display)]) -> String {
    places.iter().fold(sentence.to_owned(), |filled, (place, value)| filled.replace(&format!("{{{place}}}"), &value.to_string()))
}

impl Wording {
    /// The sentences of a language.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        static WORDINGS: LazyLock<[Wording; 4]> = LazyLock::new(|| {
            [
                include_str!("wording/it.toml"),
                include_str!("wording/en.toml"),
                include_str!("wording/fr.toml"),
                include_str!("wording/uk.toml"),
            ]
            .map(|text| toml::from_str(text).unwrap_or_else(|error| panic!("a built-in wording does not parse: {error}")))
        });
        &WORDINGS[language.index()]
    }

    /// The answer to small talk: one line about what the bot knows.
    #[must_use]
    pub fn small_talk(&self, topic: Topic, name: &str) -> String {
        let line = match topic {
            Topic::Greeting => &self.small_talk_greeting,
            Topic::Thanks => &self.small_talk_thanks,
            Topic::Goodbye => &self.small_talk_goodbye,
            Topic::Identity => &self.small_talk_identity,
            Topic::Mood => &self.small_talk_mood,
            Topic::Joke => &self.small_talk_joke,
            Topic::Help => &self.small_talk_help,
        };
        line.replace("{name}", name)
    }

    /// The first lines of a terminal chat.
    #[must_use]
    pub fn greeting(&self, name: &str) -> String {
        self.greeting.replace("{name}", name)
    }

    /// The name of a command or of its option, and what it is said to do.
    #[must_use]
    pub fn command(&self, key: &str) -> (&str, &str) {
        self.commands.get(key).map_or(("", ""), |(name, description)| (name, description))
    }

    /// A day as people write it.
    #[must_use]
    pub fn date(&self, date: Date) -> String {
        let month = self.months.get(usize::from(date.month().unsigned_abs()) - 1).map_or("", String::as_str);
        self.date.replace("{day}", &date.day().to_string()).replace("{month}", month).replace("{year}", &date.year().to_string())
    }

    /// The note that something was true of a day.
    #[must_use]
    pub fn as_of(&self, date: Date) -> String {
        self.as_of.replace("{date}", &self.date(date))
    }

    /// The note that a quote is in a language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        self.language_note.replace("{language}", self.languages.get(&language).map_or(language.code(), String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_sentence_month_and_language_name() {
        for language in Language::ALL {
            let wording = Wording::of(language);
            assert_eq!((wording.months.len(), wording.languages.len()), (12, 4), "{language}");
            let keys = |wording: &Wording| wording.commands.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(wording), keys(Wording::of(Language::En)), "{language}");
        }
    }
}
