//! Finds the facts (and known gaps) a question may mean, and measures how well each fits.
//!
//! Every alias is a small document. A question gathers, through postings, the weight of the units it shares with each
//! alias; the best entries are measured with the features that decide question answering: coverage both ways, string
//! likeness, question kind, uncovered names and numbers, agreement with the evidence. What the features are worth is
//! learned elsewhere ([`crate::answer`]).

mod entry;
mod likeness;
mod measure;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::knowledge::{Knowledge, Language};
use crate::retrieval::concepts::Concepts;
use crate::retrieval::lexicon::Lexicon;
use crate::retrieval::matching::entry::{Alias, Entered, Evidence, shared_out};
use crate::retrieval::matching::likeness::bigrams;
use crate::retrieval::question::{Question, QuestionUnit, keeps};

/// How many entries are measured exactly.
const MEASURED: usize = 14;

/// What an alias belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Index of a fact.
    Fact(usize),
    /// Index of a known gap.
    Gap(usize),
}

/// The aliases and evidence of a knowledge base, ready to be matched.
#[derive(Debug, Default)]
pub struct Matcher {
    entries: Vec<Entry>,
    evidence: Vec<Evidence>,
    aliases: Vec<Alias>,
    /// Aliases by term.
    postings: HashMap<u32, Vec<u32>>,
    /// Entries by term of their statements.
    stated: HashMap<u32, Vec<u32>>,
    /// Inverse document frequency of a term over entries.
    idf: HashMap<u32, f32>,
    /// The weight of a term no entry has.
    unknown: f32,
    /// The terms that stand for persons.
    persons: HashSet<u32>,
    /// In how many aliases of all entries each term stands.
    counts: HashMap<u32, u32>,
}

/// The number of features of a candidate.
pub const FEATURES: usize = 44;

/// Names of the features, in order, for explanations and for the calibration file.
pub const FEATURE_NAMES: [&str; FEATURES] = [
    "alias_f1",
    "alias_f1_own_language",
    "alias_f1_top3",
    "alias_question_coverage",
    "alias_coverage",
    "evidence_coverage",
    "statement_coverage",
    "string_likeness",
    "kind_same_alias",
    "kind_any_alias",
    "uncovered_persons",
    "uncovered_names",
    "uncovered_numbers",
    "uncovered_unknown",
    "uncovered_heaviest",
    "alias_missing_heaviest",
    "number_asked_and_stated",
    "time_asked_and_stated",
    "gap",
    "question_weight",
    "order",
    "negation_differs",
    "uncovered_by_alias_heaviest",
    "exact",
    "alias_f1_same_kind",
    "best_question_coverage",
    "person_conflict",
    "name_conflict",
    "persons_never_asked",
    "uncovered_count",
    "uncovered_by_alias_count",
    "unstated_heaviest",
    "mended",
    "never_asked_heaviest",
    "kind_group_same",
    "kind_group_any",
    "keyword_and_gap",
    "least_person_share",
    "other_person_share",
    "least_name_share",
    "uncovered_share",
    "likelihood",
    "likelihood_worst",
    "core_covered",
];

/// An entry with its features.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The fact or gap.
    pub entry: Entry,
    /// The features, see [`FEATURE_NAMES`].
    pub features: [f32; FEATURES],
    /// Language and index of the best alias.
    pub alias: (Language, usize),
    /// Surfaces of the informative units the evidence does not cover.
    pub uncovered: Vec<String>,
}

/// A question's units with their weights, as every measurement needs them.
#[derive(Debug)]
struct Asked<'q> {
    question: &'q Question,
    weights: Vec<f32>,
    total: f32,
    bigrams: Vec<u64>,
}

impl Matcher {
    /// Analyses every alias, answer and quote, and teaches the lexicons their words. Entries are shared out between the
    /// processors: reading them is most of what starting costs.
    #[must_use]
    pub fn build(knowledge: &Knowledge, concepts: &Concepts, lexicons: &mut [Lexicon; 4]) -> Self {
        let curated = &knowledge.curated;
        let mut matcher = Self::default();
        let facts: Vec<usize> = (0..curated.facts.len()).collect();
        let read = shared_out(&facts, concepts, lexicons, |analyzers, &index| {
            let fact = &curated.facts[index];
            let mut evidence = Evidence::default();
            let quotes = fact.citations.iter().map(|citation| {
                let source = &knowledge.sources[citation.source];
                (source.metadata.language, &source.text[citation.range.clone()])
            });
            let answers = fact.answer.iter().map(|(&language, text)| (language, text.as_str()));
            for (language, text) in quotes.chain(answers) {
                evidence.add_statement(text, &analyzers[language.index()]);
            }
            Entered::new(Entry::Fact(index), &fact.aliases, evidence, analyzers)
        });
        for entered in read {
            matcher.add(entered);
        }
        let ids: HashMap<&str, usize> = curated.facts.iter().enumerate().map(|(index, fact)| (fact.id.as_str(), index)).collect();
        let gaps: Vec<usize> = (0..curated.gaps.len()).collect();
        let read = shared_out(&gaps, concepts, lexicons, |analyzers, &index| {
            let gap = &curated.gaps[index];
            // A gap is asked in the words of what the sources do say about its subject.
            let nearest = gap.nearest.as_deref().and_then(|id| ids.get(id));
            let evidence = nearest.map_or_else(Evidence::default, |fact| matcher.evidence[*fact].context(*fact as u32));
            Entered::new(Entry::Gap(index), &gap.aliases, evidence, analyzers)
        });
        for entered in read {
            matcher.add(entered);
        }
        matcher.weigh();
        matcher
    }

    fn add(&mut self, entered: Entered) {
        let Entered { entry, mut evidence, mut aliases, persons } = entered;
        let (number, first) = (self.entries.len() as u32, self.aliases.len());
        for alias in &mut aliases {
            alias.entry = number;
        }
        self.aliases.extend(aliases);
        evidence.aliases = first..self.aliases.len();
        self.persons.extend(persons);
        for (&term, &count) in &evidence.counts {
            *self.counts.entry(term).or_default() += u32::from(count);
        }
        self.entries.push(entry);
        self.evidence.push(evidence);
    }

    /// Computes weights and postings once all entries are known.
    fn weigh(&mut self) {
        let frequency = self.frequencies();
        let entries = self.entries.len() as f32;
        let idf = |count: f32| ((entries - count + 0.5) / (count + 0.5)).ln_1p();
        self.unknown = idf(0.0);
        self.idf = frequency.into_iter().map(|(term, count)| (term, idf(count as f32))).collect();
        for number in 0..self.aliases.len() {
            for at in 0..self.aliases[number].units.len() {
                let unit = &self.aliases[number].units[at];
                let weight = self.weight_of(&unit.terms) * keeps(unit.kind);
                self.aliases[number].units[at].weight = weight;
                self.aliases[number].weight += weight;
                for &term in self.aliases[number].units[at].terms.iter() {
                    let postings = self.postings.entry(term).or_default();
                    if postings.last() != Some(&(number as u32)) {
                        postings.push(number as u32);
                    }
                }
            }
        }
        // What a gap shares with its nearest fact is posted there alone.
        for (number, evidence) in self.evidence.iter().enumerate().filter(|(_, evidence)| evidence.nearest.is_none()) {
            for &term in &evidence.stated.0 {
                self.stated.entry(term).or_default().push(number as u32);
            }
        }
    }

    /// In how many entries each term stands, in aliases or statements; a gap has the terms of its nearest fact too.
    fn frequencies(&self) -> HashMap<u32, u32> {
        let mut frequency: HashMap<u32, u32> = HashMap::default();
        let mut sharers = vec![1_u32; self.evidence.len()];
        for evidence in &self.evidence {
            let Some((nearest, asked)) = &evidence.nearest else { continue };
            sharers[*nearest as usize] += 1;
            for &term in evidence.asked.0.iter().filter(|term| !asked.contains(**term) && !evidence.stated.contains(**term)) {
                *frequency.entry(term).or_default() += 1;
            }
        }
        for (evidence, sharers) in self.evidence.iter().zip(sharers).filter(|(evidence, _)| evidence.nearest.is_none()) {
            let stated_only = evidence.stated.0.iter().filter(|term| !evidence.asked.contains(**term));
            for &term in evidence.asked.0.iter().chain(stated_only) {
                *frequency.entry(term).or_default() += sharers;
            }
        }
        frequency
    }

    /// The weight of a unit: that of its commonest term, since a rare spelling of a common concept tells no more.
    fn weight_of(&self, terms: &[u32]) -> f32 {
        terms.iter().filter_map(|term| self.idf.get(term)).copied().reduce(f32::min).unwrap_or(self.unknown)
    }

    /// Whether there is nothing to match.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every alias: its entry, language and index.
    pub fn aliases(&self) -> impl Iterator<Item = (Entry, Language, usize)> + '_ {
        self.aliases.iter().map(|alias| (self.entries[alias.entry as usize], alias.language, alias.index))
    }

    /// The entries that fit a question best, measured; in no particular order.
    #[must_use]
    pub fn candidates(&self, question: &Question) -> Vec<Candidate> {
        let weight = |unit: &QuestionUnit| self.weight_of(&unit.unit.terms) * keeps(unit.unit.kind);
        let weights: Vec<f32> = question.units.iter().map(weight).collect();
        let asked = Asked { question, total: weights.iter().sum(), weights, bigrams: bigrams(&question.folded) };
        if asked.total <= f32::EPSILON {
            return Vec::new();
        }
        let mut shared = vec![0.0; self.aliases.len()];
        let touched = add_up(&asked, &self.postings, &mut shared);
        self.rank(&asked, &shared, &touched).into_iter().map(|entry| self.measure(&asked, entry, &shared)).collect()
    }

    /// The entries with the best alias and statements.
    fn rank(&self, asked: &Asked<'_>, shared: &[f32], touched: &[u32]) -> Vec<u32> {
        let mut stated = vec![0.0; self.entries.len()];
        add_up(asked, &self.stated, &mut stated);
        let mut best = vec![0.0_f32; self.entries.len()];
        for &at in touched {
            let (alias, share) = (&self.aliases[at as usize], shared[at as usize]);
            if share > 0.0 {
                let best = &mut best[alias.entry as usize];
                *best = best.max(Self::f1(asked, alias, share));
            }
        }
        let mut ranked: Vec<(f32, u32)> = best
            .iter()
            .enumerate()
            .filter(|(_, best)| **best > 0.0)
            .map(|(entry, best)| {
                let owner = self.evidence[entry].nearest.as_ref().map_or(entry, |(nearest, _)| *nearest as usize);
                (best + 0.35 * stated[owner] / asked.total, entry as u32)
            })
            .collect();
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if ranked.len() > MEASURED {
            ranked.select_nth_unstable_by(MEASURED, order);
            ranked.truncate(MEASURED);
        }
        ranked.sort_by(order);
        ranked.into_iter().map(|(_, entry)| entry).collect()
    }

    fn f1(asked: &Asked<'_>, alias: &Alias, share: f32) -> f32 {
        let (coverage, covered) = (share / asked.total, share / alias.weight.max(f32::EPSILON));
        if coverage + covered <= f32::EPSILON { 0.0 } else { 2.0 * coverage * covered / (coverage + covered) }
    }
}

/// Adds the weight of each question unit to everything its terms are posted under, once each; gives what was added to.
fn add_up(asked: &Asked<'_>, postings: &HashMap<u32, Vec<u32>>, sums: &mut [f32]) -> Vec<u32> {
    let mut added: Vec<u8> = vec![0; sums.len()];
    let mut touched = Vec::with_capacity(1024);
    for (number, (unit, &weight)) in asked.question.units.iter().zip(&asked.weights).enumerate() {
        // Units beyond the range of the marks are too many to matter.
        let mark = u8::try_from(number + 1).unwrap_or(u8::MAX);
        for &at in unit.unit.terms.iter().filter_map(|term| postings.get(term)).flatten() {
            let seen = &mut added[at as usize];
            if *seen == mark {
                continue;
            }
            if *seen == 0 {
                touched.push(at);
            }
            *seen = mark;
            sums[at as usize] += weight;
        }
    }
    touched
}

fn share_a_term(a: &[u32], b: &[u32]) -> bool {
    a.iter().any(|term| b.contains(term))
}

fn truth(value: bool) -> f32 {
    f32::from(u8::from(value))
}
