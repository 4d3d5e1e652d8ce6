//! Facts and gaps: what moderators curate.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;

use crate::knowledge::Language;

/// Aliases or labels: texts per language.
pub type Texts = BTreeMap<Language, Vec<String>>;

/// A verbatim byte range of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Index of the source in [`crate::knowledge::Knowledge::sources`].
    pub source: usize,
    /// Byte range of the quote in the source's text.
    pub range: Range<usize>,
}

/// Where an entry stands in the curated files.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Index of the file in [`crate::knowledge::Curated::files`].
    pub file: usize,
    /// Byte offset of the entry's id.
    pub offset: usize,
    /// Byte offset of each alias, in the order of the aliases.
    pub aliases: BTreeMap<Language, Vec<u32>>,
}

/// A curated entry: questions as people ask them, a short answer, and the passages it rests on.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Readable slug, unique among facts and gaps.
    pub id: String,
    /// Where it stands.
    pub origin: Origin,
    /// Questions as people ask them; the first of a language is the one shown.
    pub aliases: Texts,
    /// The short answer, per language.
    pub answer: BTreeMap<Language, String>,
    /// The quotes it rests on, the best first; never empty.
    pub citations: Vec<Citation>,
    /// Ids of facts a reader may want next.
    pub related: Vec<String>,
    /// The fact that replaced this one; a superseded fact is not given as an answer.
    pub superseded_by: Option<String>,
    /// The day the statement was true of.
    pub as_of: Option<Date>,
}

/// A known gap: a question people ask that the sources do not answer.
#[derive(Debug, Clone)]
pub struct Gap {
    /// Readable slug, unique among facts and gaps.
    pub id: String,
    /// Where it stands.
    pub origin: Origin,
    /// Questions as people ask them.
    pub aliases: Texts,
    /// Id of the fact that comes closest, offered beside "the sources do not say".
    pub nearest: Option<String>,
}

impl Fact {
    /// The question shown for the fact in a language, falling back to any other.
    #[must_use]
    pub fn question(&self, language: Language) -> &str {
        self.aliases
            .get(&language)
            .and_then(|texts| texts.first())
            .or_else(|| self.aliases.values().find_map(|texts| texts.first()))
            .unwrap_or(&self.id)
    }

    /// The short answer in a language, falling back to any other.
    #[must_use]
    pub fn answer(&self, language: Language) -> &str {
        self.answer.get(&language).or_else(|| self.answer.values().next()).map_or("", String::as_str)
    }
}
