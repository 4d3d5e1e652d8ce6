//! What is known of each language whatever the event: function words, fillers, politeness, question words, small talk.
//!
//! The lists live in `languages/*.toml` and are part of the program; an event's own vocabulary belongs in its thesaurus.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use serde::{Deserialize, Serialize};

use crate::knowledge::Language;
use crate::retrieval::text::{Stems, Token, fold, fold_words, term};

/// What kind of answer a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The name of somebody or something, not who they are.
    Name,
    /// A person or a body.
    Who,
    /// A time.
    When,
    /// A place.
    Where,
    /// A count.
    HowMany,
    /// An amount of money or a measure.
    HowMuch,
    /// A duration.
    HowLong,
    /// A reason or a purpose.
    Why,
    /// A manner.
    How,
    /// Several items.
    List,
    /// Words of a named speaker.
    Said,
    /// A thing or a statement.
    What,
    /// Yes or no.
    YesNo,
    /// No question word at all: key words, or a statement.
    Keyword,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::Name,
        Self::Who,
        Self::When,
        Self::Where,
        Self::HowMany,
        Self::HowMuch,
        Self::HowLong,
        Self::Why,
        Self::How,
        Self::List,
        Self::Said,
        Self::What,
        Self::YesNo,
        Self::Keyword,
    ];

    /// A bit of its own, for sets of kinds.
    #[must_use]
    pub fn bit(self) -> u16 {
        1 << self as u16
    }

    /// The bits of all kinds of its group.
    #[must_use]
    pub fn group_bits(self) -> u16 {
        Self::ALL.into_iter().filter(|kind| kind.group() == self.group()).map(Self::bit).fold(0, |bits, bit| bits | bit)
    }

    /// The kind that stands for others which one sentence may ask for alike: a statement asked for by what, how or key
    /// words; a figure by any of its question words.
    #[must_use]
    pub fn group(self) -> Self {
        match self {
            Self::What | Self::List | Self::Said | Self::How | Self::Keyword => Self::What,
            Self::HowMany | Self::HowMuch | Self::HowLong => Self::HowMany,
            other => other,
        }
    }
}

/// What a message that asks nothing about the event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Hello.
    Greeting,
    /// Thank you.
    Thanks,
    /// Bye.
    Goodbye,
    /// Who are you, are you a bot.
    Identity,
    /// How are you.
    Mood,
    /// Jokes, compliments, insults.
    Joke,
    /// How does this work.
    Help,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    stop: Vec<String>,
    negation: Vec<String>,
    filler: Vec<String>,
    #[serde(default)]
    common: Vec<String>,
    openings: Vec<String>,
    politeness: Vec<String>,
    time_words: Vec<String>,
    months_weekdays: Vec<String>,
    numbers: Vec<String>,
    kinds: HashMap<Kind, Vec<String>>,
    small_talk: HashMap<Topic, Vec<String>>,
}

/// How much a word can say about the subject of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Function word: nothing.
    Stop,
    /// Wraps a question: nothing, but it may be part of a name.
    Filler,
    /// An everyday word: a little.
    Common,
    /// Carries meaning.
    Content,
}

/// A phrase that shows the kind of a question.
#[derive(Debug, Clone, Copy)]
pub struct KindPhrase {
    /// How many words it has.
    pub words: usize,
    /// What it shows.
    pub kind: Kind,
    /// Whether it counts only at the start.
    pub start_only: bool,
}

/// The hash of a phrase grows word by word, so that all phrases at a place are found without comparing any.
fn grow(hash: u64, word: &str) -> u64 {
    (hash.rotate_left(7) ^ u64::from(term(word))).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The lists of one language, folded and ready for look-up.
#[derive(Debug)]
pub struct Words {
    stop: HashSet<String>,
    negation: HashSet<String>,
    filler: HashSet<String>,
    /// Stems, since the lists name lemmas.
    common: HashSet<String>,
    times: HashSet<String>,
    numbers: HashMap<String, u64>,
    openings: HashSet<String>,
    /// Phrases of politeness by their first word, the longest first: their words after it.
    politeness: HashMap<String, Vec<Vec<String>>>,
    /// Question phrases by their hash.
    kinds: HashMap<u64, KindPhrase>,
    /// How many words the longest question phrase has that starts with a word.
    longest_kind: HashMap<u64, usize>,
    /// Whole messages of small talk.
    pub small_talk: Vec<(Vec<String>, Topic)>,
}

impl Words {
    /// The lists of a language.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        static WORDS: LazyLock<[Words; 4]> = LazyLock::new(|| {
            [
                Words::parse(Language::It, include_str!("languages/it.toml")),
                Words::parse(Language::En, include_str!("languages/en.toml")),
                Words::parse(Language::Fr, include_str!("languages/fr.toml")),
                Words::parse(Language::Uk, include_str!("languages/uk.toml")),
            ]
        });
        &WORDS[language.index()]
    }

    fn parse(language: Language, text: &str) -> Self {
        let lists: Lists = toml::from_str(text).unwrap_or_else(|error| panic!("a built-in word list does not parse: {error}"));
        let set = |words: &[String]| words.iter().flat_map(|word| fold_words(word)).collect::<HashSet<_>>();
        let numbers = lists.numbers.iter().filter_map(|entry| entry.split_once('=')).filter_map(|(word, value)| {
            let last = fold_words(word).pop()?;
            Some((last, value.trim().parse().ok()?))
        });
        let stems = Stems::of(language);
        let common = lists.common.iter().flat_map(|word| fold_words(word)).map(|word| stems.stem(&word)).collect();
        let start_only = |phrase: &str, kind| phrase.starts_with('^') || kind == Kind::YesNo;
        let (mut kinds, mut longest_kind) = (HashMap::default(), HashMap::default());
        // In the order of the kinds: which of two equal phrases counts must not depend on how a list was read.
        let mut by_kind: Vec<_> = lists.kinds.iter().collect();
        by_kind.sort();
        for (&kind, phrases) in by_kind {
            for phrase in phrases {
                let words = fold_words(phrase);
                let Some(first) = words.first() else { continue };
                let longest = longest_kind.entry(grow(0, first)).or_insert(0);
                *longest = words.len().max(*longest);
                let hash = words.iter().fold(0, |hash, word| grow(hash, word));
                kinds.entry(hash).or_insert(KindPhrase { words: words.len(), kind, start_only: start_only(phrase, kind) });
            }
        }
        let mut politeness: HashMap<String, Vec<Vec<String>>> = HashMap::default();
        for phrase in &lists.politeness {
            let mut words = fold_words(phrase).into_iter();
            if let Some(first) = words.next() {
                politeness.entry(first).or_default().push(words.collect());
            }
        }
        for phrases in politeness.values_mut() {
            phrases.sort_by_key(|rest| std::cmp::Reverse(rest.len()));
        }
        Self {
            stop: set(&lists.stop),
            negation: set(&lists.negation),
            filler: set(&lists.filler),
            common,
            times: lists.time_words.iter().chain(&lists.months_weekdays).map(|word| fold(word)).collect(),
            numbers: numbers.collect(),
            openings: set(&lists.openings),
            politeness,
            kinds,
            longest_kind,
            small_talk: phrases(&lists.small_talk),
        }
    }

    /// How many words the longest phrase of politeness takes that starts at the head of a sequence of tokens.
    #[must_use]
    pub fn politeness_at(&self, tokens: &[Token]) -> Option<usize> {
        let rest = self
            .politeness
            .get(tokens.first()?.folded.as_str())?
            .iter()
            .find(|rest| tokens.len() > rest.len() && rest.iter().zip(&tokens[1..]).all(|(word, token)| *word == token.folded))?;
        Some(rest.len() + 1)
    }

    /// The phrases that show a question's kind and start at the head of a sequence of folded words.
    pub fn kinds_at(&self, folded: &[&str]) -> impl Iterator<Item = KindPhrase> {
        let longest = folded.first().and_then(|first| self.longest_kind.get(&grow(0, first))).copied().unwrap_or(0);
        let hashes = folded.iter().take(longest).scan(0, |hash, word| {
            *hash = grow(*hash, word);
            Some(*hash)
        });
        hashes.filter_map(|hash| self.kinds.get(&hash).copied())
    }

    /// Whether a stem is that of an everyday word.
    #[must_use]
    pub fn is_common(&self, stem: &str) -> bool {
        self.common.contains(stem)
    }

    /// What a folded word can say, everyday words not told apart.
    #[must_use]
    pub fn class(&self, word: &str) -> Class {
        if self.stop.contains(word) {
            Class::Stop
        } else if self.filler.contains(word) {
            Class::Filler
        } else {
            Class::Content
        }
    }

    /// Whether a folded word is a function word.
    #[must_use]
    pub fn is_stop(&self, word: &str) -> bool {
        self.stop.contains(word)
    }

    /// Whether a folded word negates.
    #[must_use]
    pub fn is_negation(&self, word: &str) -> bool {
        self.negation.contains(word)
    }

    /// Whether a folded word names a time: a month, a weekday, today.
    #[must_use]
    pub fn is_time(&self, word: &str) -> bool {
        self.times.contains(word)
    }

    /// The value of a folded number word or of digits.
    #[must_use]
    pub fn number(&self, word: &str) -> Option<u64> {
        word.parse().ok().or_else(|| self.numbers.get(word).copied())
    }

    /// Whether a message asks that begins with this folded word, even without a question mark.
    #[must_use]
    pub fn opens_a_question(&self, word: &str) -> bool {
        self.openings.contains(word)
    }

    /// Whether the language's own short words contain this one: evidence for the language of a text.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        self.stop.contains(word) || self.negation.contains(word) || self.filler.contains(word) || self.times.contains(word)
    }
}

fn phrases<T: Copy + Ord>(lists: &HashMap<T, Vec<String>>) -> Vec<(Vec<String>, T)> {
    let mut phrases: Vec<_> =
        lists.iter().flat_map(|(&value, phrases)| phrases.iter().map(move |phrase| (fold_words(phrase), value))).collect();
    phrases.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
    phrases
}
