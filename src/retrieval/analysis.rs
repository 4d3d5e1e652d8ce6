//! A text as matching sees it: a sequence of units, each a word or a multi-word label, with its terms.

use std::cell::RefCell;
use std::ops::Range;

use rustc_hash::FxHashMap as HashMap;

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
    /// Which of the words that carry something it is made of.
    words: Range<usize>,
    /// Its terms: the concept first where there is one, then the stem. Two units match if they share a term.
    pub terms: UnitTerms,
    /// What it is about.
    pub kind: UnitKind,
}

/// The few terms of a unit, held in place: a base has hundreds of thousands of units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnitTerms {
    terms: [u32; 3],
    length: u8,
}

impl UnitTerms {
    fn push(&mut self, term: u32) {
        if let Some(free) = self.terms.get_mut(usize::from(self.length)) {
            *free = term;
            self.length += 1;
        }
    }
}

impl std::ops::Deref for UnitTerms {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.terms[..usize::from(self.length)]
    }
}

/// What is known of a word, whatever text it stands in.
#[derive(Debug, Clone, Copy)]
struct Known {
    stem: u32,
    class: Class,
    /// The term of its digits, if it is a number.
    digits: Option<u32>,
}

/// How many words are remembered: enough for any base's vocabulary, too few for a large archive's to fill memory.
const MOST_KNOWN: usize = 60_000;

/// The analyzer of one language over one thesaurus. It looks each distinct word up once: a base says the same words
/// thousands of times.
pub struct Analyzer<'a> {
    language: Language,
    words: &'static Words,
    stems: Stems,
    concepts: &'a Concepts,
    /// What is known of each word, and how often it was met.
    known: RefCell<HashMap<Box<str>, (Known, u32)>>,
    /// Words met for the first time since [`Analyzer::fresh`] was called, with their stems.
    fresh: RefCell<Vec<(Box<str>, u32)>>,
}

impl std::fmt::Debug for Analyzer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer").field("language", &self.language).finish_non_exhaustive()
    }
}

impl<'a> Analyzer<'a> {
    /// The analyzer of a language.
    #[must_use]
    pub fn new(language: Language, concepts: &'a Concepts) -> Self {
        Self {
            language,
            words: Words::of(language),
            stems: Stems::of(language),
            concepts,
            known: RefCell::default(),
            fresh: RefCell::default(),
        }
    }

    /// The word lists of the language.
    #[must_use]
    pub fn words(&self) -> &'static Words {
        self.words
    }

    /// The stem of a folded word, as a term.
    #[must_use]
    pub fn stem(&self, word: &str) -> u32 {
        self.known(word).stem
    }

    /// The words met for the first time since the last call, function words left out: with their stems, and how often
    /// they were met.
    pub fn fresh(&self) -> Vec<(Box<str>, u32, u32)> {
        let known = self.known.borrow();
        let count = |word: &str| known.get(word).map_or(1, |(_, count)| *count);
        let fresh = std::mem::take(&mut *self.fresh.borrow_mut());
        fresh.into_iter().map(|(word, stem)| (count(&word), word, stem)).map(|(count, word, stem)| (word, stem, count)).collect()
    }

    fn known(&self, word: &str) -> Known {
        if let Some((known, count)) = self.known.borrow_mut().get_mut(word) {
            *count += 1;
            return *known;
        }
        let (stem, common) = self.stems.with(word, |stem| (term(stem), self.words.is_common(stem)));
        let class = match self.words.class(word) {
            Class::Content if common => Class::Common,
            class => class,
        };
        let known = Known { stem, class, digits: self.words.number(word).map(|value| term(&value.to_string())) };
        let mut memory = self.known.borrow_mut();
        if memory.len() >= MOST_KNOWN {
            memory.clear();
        }
        memory.insert(word.into(), (known, 1));
        if class != Class::Stop && self.fresh.borrow().len() < MOST_KNOWN {
            self.fresh.borrow_mut().push((word.into(), stem));
        }
        known
    }

    /// The term of the longest label that starts at the head of a sequence of stems, and how many of them it takes.
    #[must_use]
    pub fn longest(&self, stems: &[u32]) -> Option<(u32, usize)> {
        self.concepts.longest(self.language, stems).map(|(concept, taken)| (concept.term, taken))
    }

    /// The class of a token: a word in capitals is never a function word (US, IT).
    #[must_use]
    pub fn class(&self, token: &Token) -> Class {
        Self::class_of(token, self.known(&token.folded).class)
    }

    fn class_of(token: &Token, class: Class) -> Class {
        match class {
            _ if token.elided => Class::Stop,
            Class::Stop if token.acronym => Class::Content,
            class => class,
        }
    }

    /// Looks up the tokens that carry anything, once for all that is asked of them.
    #[must_use]
    pub fn read<'t>(&self, tokens: &'t [Token]) -> Reading<'t> {
        let mut reading = Reading { content: Vec::with_capacity(tokens.len()), stems: Vec::with_capacity(tokens.len()) };
        for token in tokens {
            let known = self.known(&token.folded);
            let class = Self::class_of(token, known.class);
            if class != Class::Stop {
                reading.content.push(Word { token, class, digits: known.digits });
                reading.stems.push(known.stem);
            }
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
            let Word { token, class, digits } = content[at];
            let found = self.concepts.longest(self.language, &stems[at..]);
            let taken = found.map_or(1, |(_, taken)| taken);
            let mut terms = UnitTerms::default();
            if let Some((concept, _)) = found {
                terms.push(concept.term);
            }
            if taken == 1 {
                // Number words mean their digits: "trentacinque" meets 35.
                if let Some(digits) = digits.filter(|digits| *digits != stems[at]) {
                    terms.push(digits);
                }
                terms.push(stems[at]);
            }
            let kind = match found.map(|(concept, _)| concept.kind) {
                Some(ConceptKind::Person) => UnitKind::Person,
                Some(ConceptKind::Place | ConceptKind::Organisation | ConceptKind::Event) => UnitKind::Name,
                None if digits.is_some() => UnitKind::Number,
                _ if taken > 1 => UnitKind::Word,
                _ => match class {
                    Class::Stop | Class::Filler => UnitKind::Filler,
                    Class::Common => UnitKind::Common,
                    Class::Content => UnitKind::Word,
                },
            };
            let last = content[at + taken - 1].token;
            units.push(Unit { range: token.range.start..last.range.end, words: at..at + taken, terms, kind });
            at += taken;
        }
        units
    }

    /// Every term of tokens: stems, and the concepts of every label, inner ones too. For what is searched in.
    #[must_use]
    pub fn all_terms(&self, reading: &Reading<'_>) -> Vec<u32> {
        let Reading { content, stems } = reading;
        let mut terms = Vec::with_capacity(2 * stems.len());
        for (at, word) in content.iter().enumerate() {
            terms.push(stems[at]);
            terms.extend(self.concepts.all(self.language, &stems[at..]).map(|concept| concept.term));
            terms.extend(word.digits);
        }
        terms
    }
}

/// A token that carries something.
#[derive(Debug, Clone, Copy)]
struct Word<'t> {
    token: &'t Token,
    class: Class,
    digits: Option<u32>,
}

/// The tokens of a text that carry anything, with their stems.
#[derive(Debug)]
pub struct Reading<'t> {
    content: Vec<Word<'t>>,
    stems: Vec<u32>,
}

impl Reading<'_> {
    /// The folded words of a unit.
    #[must_use]
    pub fn surface(&self, unit: &Unit) -> String {
        self.content[unit.words.clone()].iter().map(|word| word.token.folded.as_str()).collect::<Vec<_>>().join(" ")
    }
}
