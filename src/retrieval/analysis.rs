//! A text as matching sees it: a sequence of units, each a word or a multi-word label, with its terms.

use std::ops::Range;

use crate::knowledge::{ConceptKind, Language};
use crate::retrieval::concepts::Concepts;
use crate::retrieval::text::{Stems, Token, term};
use crate::retrieval::words::{Class, Words};

/// What a unit is about; decides how badly it is missed where the evidence lacks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// Wraps the question.
    Filler,
    /// A person.
    Person,
    /// A place, organisation, event or document.
    Name,
    /// A number or a year.
    Number,
    /// An everyday word.
    Common,
    /// Any other word.
    Word,
}

/// One meaningful unit of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// Folded words.
    pub surface: String,
    /// Its terms: the concept first where there is one, then the stem. Two units match if they share a term.
    pub terms: Vec<u32>,
    /// What it is about.
    pub kind: UnitKind,
}

/// The analyzer of one language over one thesaurus.
#[derive(Debug)]
pub struct Analyzer<'a> {
    language: Language,
    words: &'static Words,
    stems: Stems,
    concepts: &'a Concepts,
}

impl<'a> Analyzer<'a> {
    /// The analyzer of a language.
    #[must_use]
    pub fn new(language: Language, concepts: &'a Concepts) -> Self {
        Self { language, words: Words::of(language), stems: Stems::of(language), concepts }
    }

    /// The word lists of the language.
    #[must_use]
    pub fn words(&self) -> &'static Words {
        self.words
    }

    /// The stem of a folded word, as a term.
    #[must_use]
    pub fn stem(&self, word: &str) -> u32 {
        self.stems.with(word, term)
    }

    /// The term of the longest label that starts at the head of a sequence of stems, and how many of them it takes.
    #[must_use]
    pub fn longest(&self, stems: &[u32]) -> Option<(u32, usize)> {
        self.concepts.longest(self.language, stems).map(|(concept, taken)| (concept.term, taken))
    }

    /// The class of a token: a word in capitals is never a function word (US, IT).
    #[must_use]
    pub fn class(&self, token: &Token) -> Class {
        match self.words.class(&token.folded) {
            _ if token.elided => Class::Stop,
            Class::Stop if token.acronym => Class::Content,
            class => class,
        }
    }

    /// Stems the tokens that carry anything, once for all that is asked of them.
    #[must_use]
    pub fn read<'t>(&self, tokens: &'t [Token]) -> Reading<'t> {
        let mut reading = Reading { content: Vec::with_capacity(tokens.len()), stems: Vec::with_capacity(tokens.len()) };
        for token in tokens {
            let class = self.class(token);
            if class == Class::Stop {
                continue;
            }
            let (stem, common) = self.stems.with(&token.folded, |stem| (term(stem), self.words.is_common(stem)));
            reading.content.push((token, if class == Class::Content && common { Class::Common } else { class }));
            reading.stems.push(stem);
        }
        reading
    }

    /// The units of tokens: labels of the thesaurus where the longest matches, single words elsewhere.
    #[must_use]
    pub fn units(&self, reading: &Reading<'_>) -> Vec<Unit> {
        let Reading { content, stems } = reading;
        let mut units = Vec::with_capacity(content.len());
        let mut at = 0;
        while at < content.len() {
            let (token, class) = content[at];
            let found = self.concepts.longest(self.language, &stems[at..]);
            let taken = found.map_or(1, |(_, taken)| taken);
            let mut terms: Vec<u32> = found.iter().map(|(concept, _)| concept.term).collect();
            if taken == 1 {
                terms.push(stems[at]);
            }
            let kind = match found.map(|(concept, _)| concept.kind) {
                Some(ConceptKind::Person) => UnitKind::Person,
                Some(ConceptKind::Place | ConceptKind::Organisation | ConceptKind::Event) => UnitKind::Name,
                None if self.words.number(&token.folded).is_some() => UnitKind::Number,
                _ if taken > 1 => UnitKind::Word,
                _ => match class {
                    Class::Stop | Class::Filler => UnitKind::Filler,
                    Class::Common => UnitKind::Common,
                    Class::Content => UnitKind::Word,
                },
            };
            let last = content[at + taken - 1].0;
            let surface = content[at..at + taken].iter().map(|(token, _)| token.folded.as_str()).collect::<Vec<_>>().join(" ");
            units.push(Unit { range: token.range.start..last.range.end, surface, terms, kind });
            at += taken;
        }
        self.unify_numbers(&mut units);
        units
    }

    /// Gives number words the term of their digits too, so that "trentacinque" meets 35.
    fn unify_numbers(&self, units: &mut [Unit]) {
        for unit in units.iter_mut().filter(|unit| unit.kind == UnitKind::Number) {
            if let Some(value) = self.words.number(&unit.surface) {
                let digits = term(&value.to_string());
                if !unit.terms.contains(&digits) {
                    unit.terms.insert(0, digits);
                }
            }
        }
    }

    /// Every term of tokens: stems, and the concepts of every label, inner ones too. For what is searched in.
    #[must_use]
    pub fn all_terms(&self, reading: &Reading<'_>) -> Vec<u32> {
        let Reading { content, stems } = reading;
        let mut terms = Vec::with_capacity(2 * stems.len());
        for (at, (token, _)) in content.iter().enumerate() {
            terms.push(stems[at]);
            terms.extend(self.concepts.all(self.language, &stems[at..]).map(|concept| concept.term));
            terms.extend(self.words.number(&token.folded).map(|value| term(&value.to_string())));
        }
        terms
    }
}

/// The tokens of a text that carry anything, with their stems.
#[derive(Debug)]
pub struct Reading<'t> {
    content: Vec<(&'t Token, Class)>,
    stems: Vec<u32>,
}

impl<'t> Reading<'t> {
    /// Each token with its stem.
    pub fn words(&self) -> impl Iterator<Item = (&'t Token, u32)> + '_ {
        self.content.iter().map(|(token, _)| *token).zip(self.stems.iter().copied())
    }
}
