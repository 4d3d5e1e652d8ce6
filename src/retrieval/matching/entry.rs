//! Entries as read: their aliases analysed, their evidence gathered.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;

use crate::knowledge::{Language, Texts};
use crate::retrieval::analysis::{Analyzer, Unit, UnitKind, UnitTerms};
use crate::retrieval::concepts::Concepts;
use crate::retrieval::lexicon::Lexicon;
use crate::retrieval::matching::{Entry, share_a_term};
use crate::retrieval::question::kind;
use crate::retrieval::text::tokenize;
use crate::retrieval::words::Kind;

/// One alias, analysed.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) entry: u32,
    pub(super) language: Language,
    pub(super) index: usize,
    pub(super) folded: Box<str>,
    pub(super) kind: Kind,
    pub(super) negated: bool,
    pub(super) units: Box<[AliasUnit]>,
    pub(super) weight: f32,
}

#[derive(Debug)]
pub(super) struct AliasUnit {
    pub(super) terms: UnitTerms,
    pub(super) kind: UnitKind,
    pub(super) weight: f32,
}

/// A set of terms, sorted.
#[derive(Debug, Default, Clone)]
pub(super) struct Terms(pub(super) Vec<u32>);

impl Terms {
    pub(super) fn contains(&self, term: u32) -> bool {
        self.0.binary_search(&term).is_ok()
    }

    pub(super) fn holds_one_of(&self, terms: &[u32]) -> bool {
        terms.iter().any(|&term| self.contains(term))
    }

    /// Puts the terms in order after some were added.
    pub(super) fn settle(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
        self.0.shrink_to_fit();
    }
}

/// An entry as read, before it has a number.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) entry: Entry,
    pub(super) evidence: Evidence,
    pub(super) aliases: Vec<Alias>,
    pub(super) persons: Vec<u32>,
}

impl Entered {
    pub(super) fn new(entry: Entry, texts: &Texts, mut evidence: Evidence, analyzers: &[Analyzer<'_>; 4]) -> Self {
        let (mut aliases, mut persons, mut asked) = (Vec::new(), Vec::new(), Terms::default());
        for (&language, texts) in texts {
            let analyzer = &analyzers[language.index()];
            for (index, text) in texts.iter().enumerate() {
                let tokens = tokenize(text);
                let reading = analyzer.read(&tokens);
                let kind = kind(text, &tokens, analyzer.words());
                asked.0.extend(analyzer.all_terms(&reading));
                evidence.kinds |= kind.bit();
                let mut units: Vec<AliasUnit> = Vec::new();
                for Unit { terms, kind, .. } in analyzer.units(&reading) {
                    if kind != UnitKind::Filler && !units.iter().any(|unit| unit.terms == terms) {
                        units.push(AliasUnit { terms, kind, weight: 0.0 });
                    }
                }
                let negated = tokens.iter().any(|token| analyzer.words().is_negation(&token.folded));
                let folded = tokens.iter().map(|token| token.folded.as_str()).collect::<Vec<_>>().join(" ").into();
                aliases.push(Alias { entry: 0, language, index, folded, kind, negated, units: units.into(), weight: 0.0 });
            }
        }
        asked.settle();
        evidence.asked = Arc::new(asked);
        // What is shared with the nearest fact is in order already.
        if let Some(stated) = Arc::get_mut(&mut evidence.stated) {
            stated.settle();
        }
        for alias in &aliases {
            evidence.sizes[alias.language.index()] += 1;
            evidence.sizes[4] += 1;
            for &term in alias.units.iter().flat_map(|unit| unit.terms.iter()) {
                *evidence.counts.entry(term).or_default() += 1;
            }
        }
        for unit in aliases.iter().flat_map(|alias| &alias.units).filter(|unit| matches!(unit.kind, UnitKind::Person | UnitKind::Name)) {
            *evidence.names.entry(unit.terms[0]).or_default() += 1.0 / aliases.len() as f32;
            if unit.kind == UnitKind::Person {
                persons.push(unit.terms[0]);
            }
        }
        Self { entry, evidence, aliases, persons }
    }
}

/// Applies `read` to all items, in order, on all processors, and teaches the lexicons the words met.
pub(super) fn shared_out<T: Sync, R: Send>(
    items: &[T],
    concepts: &Concepts,
    lexicons: &mut [Lexicon; 4],
    read: impl Fn(&[Analyzer<'_>; 4], &T) -> R + Sync,
) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let part = items.len().div_ceil(threads).max(1);
    let work = |items: &[T]| {
        let analyzers = Language::ALL.map(|language| Analyzer::new(language, concepts));
        let results: Vec<R> = items.iter().map(|item| read(&analyzers, item)).collect();
        (results, analyzers.map(|analyzer| analyzer.fresh()))
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = items.chunks(part).map(|items| scope.spawn(|| work(items))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut all = Vec::with_capacity(items.len());
    for (results, fresh) in parts {
        all.extend(results);
        for (lexicon, words) in lexicons.iter_mut().zip(fresh) {
            for (word, stem, count) in &words {
                lexicon.add(word, *stem, *count);
            }
        }
    }
    all
}

/// All there is to know of an entry for measuring.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Terms of its quotes and answers: what it says. A gap shares those of its nearest fact.
    pub(super) stated: Arc<Terms>,
    /// Terms of its aliases.
    pub(super) asked: Arc<Terms>,
    /// For a gap, its nearest fact's number among the entries and the terms of that one's aliases.
    pub(super) nearest: Option<(u32, Arc<Terms>)>,
    /// Kinds of questions its aliases ask, a bit each.
    pub(super) kinds: u16,
    /// Whether its quotes or answers hold a number or a date word.
    pub(super) has_number: bool,
    /// Whether its quotes or answers name a time.
    pub(super) has_time: bool,
    /// Its aliases.
    pub(super) aliases: Range<usize>,
    /// The share of its aliases that speak of each person or name.
    pub(super) names: HashMap<u32, f32>,
    /// In how many of its aliases each term stands; a unit counts by each of its terms.
    pub(super) counts: HashMap<u32, u16>,
    /// How many aliases it has, in all and per language.
    pub(super) sizes: [u16; 5],
}

impl Alias {
    pub(super) fn has(&self, terms: &[u32]) -> bool {
        self.units.iter().any(|unit| share_a_term(&unit.terms, terms))
    }
}

impl Evidence {
    /// What a gap takes over from its nearest fact, which has a number: the words of the subject, not the questions.
    pub(super) fn context(&self, number: u32) -> Self {
        Self {
            stated: Arc::clone(&self.stated),
            nearest: Some((number, Arc::clone(&self.asked))),
            has_number: self.has_number,
            has_time: self.has_time,
            ..Self::default()
        }
    }

    /// Whether aliases, its own or those of its nearest fact, have one of the terms.
    pub(super) fn is_asked(&self, terms: &[u32]) -> bool {
        self.asked.holds_one_of(terms) || self.nearest.as_ref().is_some_and(|(_, asked)| asked.holds_one_of(terms))
    }

    pub(super) fn add_statement(&mut self, text: &str, analyzer: &Analyzer<'_>) {
        let tokens = tokenize(text);
        self.has_number |= tokens.iter().any(|token| analyzer.words().number(&token.folded).is_some());
        self.has_time |= tokens.iter().any(|token| analyzer.words().is_time(&token.folded));
        Arc::make_mut(&mut self.stated).0.extend(analyzer.all_terms(&analyzer.read(&tokens)));
    }
}
