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
#[derive(Debug, Clone, Copy)]
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
        term(&self.stems.stem(word))
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

    /// Whether a token is an everyday word.
    fn is_common(&self, token: &Token) -> bool {
        self.words.class_of(&token.folded, &self.stems.stem(&token.folded)) == Class::Common
    }

    /// The units of tokens: labels of the thesaurus where the longest matches, single words elsewhere.
    #[must_use]
    pub fn units(&self, tokens: &[Token]) -> Vec<Unit> {
        let content: Vec<(&Token, Class)> =
            tokens.iter().map(|token| (token, self.class(token))).filter(|(_, class)| *class != Class::Stop).collect();
        let stems: Vec<u32> = content.iter().map(|(token, _)| self.stem(&token.folded)).collect();
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
                None if class == Class::Filler => UnitKind::Filler,
                Some(ConceptKind::Vocabulary) if class == Class::Filler && taken == 1 => UnitKind::Filler,
                _ if taken == 1 && self.is_common(token) => UnitKind::Common,
                _ => UnitKind::Word,
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
    pub fn all_terms(&self, tokens: &[Token]) -> Vec<u32> {
        let content: Vec<&Token> = tokens.iter().filter(|token| self.class(token) != Class::Stop).collect();
        let stems: Vec<u32> = content.iter().map(|token| self.stem(&token.folded)).collect();
        let mut terms = Vec::with_capacity(2 * stems.len());
        for (at, token) in content.iter().enumerate() {
            terms.push(stems[at]);
            terms.extend(self.concepts.all(self.language, &stems[at..]).map(|concept| concept.term));
            terms.extend(self.words.number(&token.folded).map(|value| term(&value.to_string())));
        }
        terms
    }
}
