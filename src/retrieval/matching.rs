//! Finds the facts (and known gaps) a question may mean, and measures how well each fits.
//!
//! Every alias is a small document. A question gathers, through postings, the weight of the units it shares with each
//! alias; the best entries are measured with the features that decide question answering: coverage both ways, string
//! likeness, question kind, uncovered names and numbers, agreement with the evidence. What the features are worth is
//! learned elsewhere ([`crate::answer`]).

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::ops::Range;

use crate::knowledge::{Knowledge, Language, Texts};
use crate::retrieval::analysis::{Analyzer, Unit, UnitKind, UnitTerms};
use crate::retrieval::concepts::Concepts;
use crate::retrieval::lexicon::Lexicon;
use crate::retrieval::question::{Question, QuestionUnit, keeps, kind};
use crate::retrieval::text::tokenize;
use crate::retrieval::words::Kind;

/// How many entries are measured exactly.
const MEASURED: usize = 14;
/// How many of its best aliases speak for an entry together.
const BEST: usize = 3;

/// What an alias belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Index of a fact.
    Fact(usize),
    /// Index of a known gap.
    Gap(usize),
}

/// What is left out of matching, to ask what would be found without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// One alias: its entry, language and index.
    Alias(Entry, Language, usize),
    /// A whole entry.
    Entry(Entry),
}

/// One alias, analysed.
#[derive(Debug)]
struct Alias {
    entry: u32,
    language: Language,
    index: usize,
    folded: String,
    kind: Kind,
    negated: bool,
    units: Vec<AliasUnit>,
    weight: f32,
}

#[derive(Debug)]
struct AliasUnit {
    terms: UnitTerms,
    kind: UnitKind,
    weight: f32,
}

/// A set of terms, sorted.
#[derive(Debug, Default, Clone)]
struct Terms(Vec<u32>);

impl Terms {
    fn contains(&self, term: u32) -> bool {
        self.0.binary_search(&term).is_ok()
    }

    fn holds_one_of(&self, terms: &[u32]) -> bool {
        terms.iter().any(|&term| self.contains(term))
    }

    /// Puts the terms in order after some were added.
    fn settle(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
        self.0.shrink_to_fit();
    }
}

/// An entry as read, before it has a number.
#[derive(Debug)]
struct Entered {
    entry: Entry,
    evidence: Evidence,
    aliases: Vec<Alias>,
    persons: Vec<u32>,
}

impl Entered {
    fn new(entry: Entry, texts: &Texts, mut evidence: Evidence, analyzers: &[Analyzer<'_>; 4]) -> Self {
        let (mut aliases, mut persons) = (Vec::new(), Vec::new());
        for (&language, texts) in texts {
            let analyzer = &analyzers[language.index()];
            for (index, text) in texts.iter().enumerate() {
                let tokens = tokenize(text);
                let reading = analyzer.read(&tokens);
                let kind = kind(text, &tokens, analyzer.words());
                evidence.asked.0.extend(analyzer.all_terms(&reading));
                evidence.kinds.insert(kind);
                let mut units: Vec<AliasUnit> = Vec::new();
                for Unit { terms, kind, .. } in analyzer.units(&reading) {
                    if kind != UnitKind::Filler && !units.iter().any(|unit| unit.terms == terms) {
                        units.push(AliasUnit { terms, kind, weight: 0.0 });
                    }
                }
                let negated = tokens.iter().any(|token| analyzer.words().is_negation(&token.folded));
                let folded = tokens.iter().map(|token| token.folded.as_str()).collect::<Vec<_>>().join(" ");
                aliases.push(Alias { entry: 0, language, index, folded, kind, negated, units, weight: 0.0 });
            }
        }
        evidence.asked.settle();
        evidence.stated.settle();
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
fn shared_out<T: Sync, R: Send>(
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
            for (word, stem) in &words {
                lexicon.add(word, *stem);
            }
        }
    }
    all
}

/// All there is to know of an entry for measuring.
#[derive(Debug, Default)]
struct Evidence {
    /// Terms of its quotes and answers: what it says.
    stated: Terms,
    /// Terms of its aliases.
    asked: Terms,
    /// Kinds of questions its aliases ask.
    kinds: HashSet<Kind>,
    /// Whether its quotes or answers hold a number or a date word.
    has_number: bool,
    /// Whether its quotes or answers name a time.
    has_time: bool,
    /// Its aliases.
    aliases: Range<usize>,
    /// The share of its aliases that speak of each person or name.
    names: HashMap<u32, f32>,
    /// In how many of its aliases each term stands; a unit counts by each of its terms.
    counts: HashMap<u32, u16>,
    /// How many aliases it has, in all and per language.
    sizes: [u16; 5],
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
            let evidence = nearest.map_or_else(Evidence::default, |fact| matcher.evidence[*fact].context());
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
        let mut frequency: HashMap<u32, u32> = HashMap::default();
        for evidence in &self.evidence {
            for &term in &evidence.asked.0 {
                *frequency.entry(term).or_default() += 1;
            }
            for &term in evidence.stated.0.iter().filter(|term| !evidence.asked.contains(**term)) {
                *frequency.entry(term).or_default() += 1;
            }
        }
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
        for (number, evidence) in self.evidence.iter().enumerate() {
            for &term in &evidence.stated.0 {
                self.stated.entry(term).or_default().push(number as u32);
            }
        }
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
    pub fn candidates(&self, question: &Question, without: Option<Without>) -> Vec<Candidate> {
        let weight = |unit: &QuestionUnit| self.weight_of(&unit.unit.terms) * keeps(unit.unit.kind);
        let weights: Vec<f32> = question.units.iter().map(weight).collect();
        let asked = Asked { question, total: weights.iter().sum(), weights, bigrams: bigrams(&question.folded) };
        if asked.total <= f32::EPSILON {
            return Vec::new();
        }
        let (shared, touched) = self.share(&asked, without);
        let ranked = self.rank(&asked, &shared, &touched);
        let left_out = without.and_then(|without| match without {
            Without::Alias(entry, language, index) => self.find_alias(entry, language, index).map(|at| &self.aliases[at]),
            Without::Entry(_) => None,
        });
        ranked.into_iter().map(|entry| self.measure(&asked, entry, &shared, left_out.filter(|alias| alias.entry == entry))).collect()
    }

    fn find_alias(&self, entry: Entry, language: Language, index: usize) -> Option<usize> {
        self.aliases
            .iter()
            .position(|alias| alias.language == language && alias.index == index && self.entries[alias.entry as usize] == entry)
    }

    /// The weight each alias shares with the question.
    fn share(&self, asked: &Asked<'_>, without: Option<Without>) -> (Vec<f32>, Vec<u32>) {
        let mut shared = vec![0.0; self.aliases.len()];
        let touched = add_up(asked, &self.postings, &mut shared);
        match without {
            Some(Without::Alias(entry, language, index)) => {
                if let Some(at) = self.find_alias(entry, language, index) {
                    shared[at] = 0.0;
                }
            }
            Some(Without::Entry(entry)) => {
                if let Some(at) = self.entries.iter().position(|other| *other == entry) {
                    shared[self.evidence[at].aliases.clone()].fill(0.0);
                }
            }
            None => {}
        }
        (shared, touched)
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
            .zip(&stated)
            .enumerate()
            .filter(|(_, (best, _))| **best > 0.0)
            .map(|(entry, (best, stated))| (best + 0.35 * stated / asked.total, entry as u32))
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

    fn measure(&self, asked: &Asked<'_>, entry: u32, shared: &[f32], without: Option<&Alias>) -> Candidate {
        let question = asked.question;
        let evidence = &self.evidence[entry as usize];
        let mut aliases: Vec<(usize, f32)> = evidence
            .aliases
            .clone()
            .filter(|&at| shared[at] > 0.0)
            .map(|at| (at, Self::f1(asked, &self.aliases[at], shared[at])))
            .collect();
        aliases.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let (best, best_f1) = aliases[0];
        let alias = &self.aliases[best];
        let own = || aliases.iter().filter(|(at, _)| self.aliases[*at].language == question.language);
        let likeness = own().take(BEST).map(|(at, _)| dice(&asked.bigrams, &bigrams(&self.aliases[*at].folded))).fold(0.0, f32::max);
        let same_kind = aliases.iter().find(|(at, _)| self.aliases[*at].kind == question.kind).map_or(0.0, |(_, f1)| *f1);
        let most_covered = aliases.iter().map(|(at, _)| shared[*at]).fold(0.0, f32::max);
        let missing = self.missing(asked, evidence, alias);
        let conflict = |kind: UnitKind| {
            let asked_only = question.units.iter().any(|unit| unit.unit.kind == kind && !alias.has(&unit.unit.terms));
            let alias_only = alias
                .units
                .iter()
                .any(|unit| unit.kind == kind && !question.units.iter().any(|asked| share_a_term(&asked.unit.terms, &unit.terms)));
            truth(asked_only && alias_only)
        };
        let of_kind = |kind: UnitKind| question.units.iter().filter(move |unit| unit.unit.kind == kind).map(|unit| unit.unit.terms[0]);
        let least_share = |kind: UnitKind| of_kind(kind).map(|name| evidence.names.get(&name).copied().unwrap_or(0.0)).fold(1.0, f32::min);
        let other_share = |kind: UnitKind| {
            let asks = of_kind(kind).next().is_some();
            let others =
                evidence.names.iter().filter(|(name, _)| self.persons.contains(*name) && !of_kind(kind).any(|asked| asked == **name));
            if asks { others.map(|(_, share)| *share).fold(0.0, f32::max) } else { 0.0 }
        };
        let (likelihood, likelihood_worst) = self.likelihood(asked, evidence, without);
        let lacked = alias.units.iter().filter(|unit| !question.units.iter().any(|asked| share_a_term(&asked.unit.terms, &unit.terms)));
        let asks_number = matches!(question.kind, Kind::HowMany | Kind::HowMuch | Kind::HowLong);
        let features = [
            best_f1,
            own().next().map_or(0.0, |(_, f1)| *f1),
            aliases.iter().take(BEST).map(|(_, f1)| f1).sum::<f32>() / BEST as f32,
            shared[best] / asked.total,
            shared[best] / alias.weight.max(f32::EPSILON),
            missing.covered / asked.total,
            missing.stated / asked.total,
            likeness,
            truth(alias.kind == question.kind),
            truth(evidence.kinds.contains(&question.kind)),
            missing.persons,
            missing.names,
            missing.numbers,
            missing.unknown,
            missing.heaviest,
            lacked.map(|unit| unit.weight).fold(0.0, f32::max) / self.unknown,
            truth(asks_number) * if evidence.has_number { 1.0 } else { -1.0 },
            truth(question.kind == Kind::When) * if evidence.has_time { 1.0 } else { -1.0 },
            truth(matches!(self.entries[entry as usize], Entry::Gap(_))),
            (asked.total / (4.0 * self.unknown)).min(1.0),
            order(question, alias),
            truth(question.negated != alias.negated),
            missing.by_alias,
            truth(alias.folded == question.folded),
            same_kind,
            most_covered / asked.total,
            conflict(UnitKind::Person),
            conflict(UnitKind::Name),
            missing.persons_never_asked,
            (missing.count / 4.0).min(1.5),
            (missing.by_alias_count / 4.0).min(1.5),
            missing.unstated,
            truth(question.units.iter().any(|unit| unit.mended.is_some())),
            missing.never_asked,
            truth(alias.kind.group() == question.kind.group()),
            truth(evidence.kinds.iter().any(|kind| kind.group() == question.kind.group())),
            truth(question.kind == Kind::Keyword && matches!(self.entries[entry as usize], Entry::Gap(_))),
            least_share(UnitKind::Person),
            other_share(UnitKind::Person),
            least_share(UnitKind::Name),
            missing.uncovered / asked.total,
            likelihood,
            likelihood_worst,
            self.core_covered(asked, evidence, without),
        ];
        Candidate { entry: self.entries[entry as usize], features, alias: (alias.language, alias.index), uncovered: missing.surfaces }
    }

    /// In how many aliases of an entry a unit stands, and of how many that could have it: a concept may stand in all, a
    /// stem only in those of its language. An alias left out is not counted.
    fn count(evidence: &Evidence, terms: &[u32], language: Language, without: Option<&Alias>) -> (f32, f32) {
        let left_out = without.map_or(0.0, |alias| truth(alias.has(terms)));
        let count = |term: &u32| f32::from(evidence.counts.get(term).copied().unwrap_or(0));
        let most = terms.iter().map(count).fold(0.0, f32::max);
        let size = if terms.len() > 1 { evidence.sizes[4] } else { evidence.sizes[language.index()] };
        ((most - left_out).max(0.0), (f32::from(size) - truth(without.is_some())).max(1.0))
    }

    /// How much likelier the question's units are under this entry's aliases than under all: the mean log ratio, weighed,
    /// and the worst of them. (The multinomial naive Bayes classifier, with additive smoothing.)
    fn likelihood(&self, asked: &Asked<'_>, evidence: &Evidence, without: Option<&Alias>) -> (f32, f32) {
        let all = self.aliases.len() as f32;
        let (mut sum, mut worst) = (0.0, 0.0_f32);
        for (unit, &weight) in asked.question.units.iter().zip(&asked.weights) {
            let terms = &unit.unit.terms;
            let (count, size) = Self::count(evidence, terms, asked.question.language, without);
            let anywhere = terms.iter().map(|term| self.counts.get(term).copied().unwrap_or(0)).max().unwrap_or(0) as f32;
            let ratio = (((count + 0.2) / (size + 2.0)) / ((anywhere + 2.0) / (all + 20.0))).ln().clamp(-3.0, 5.0);
            sum += weight * ratio;
            worst = worst.min(ratio * weight / self.unknown);
        }
        (sum / asked.total / 3.0, worst / 2.0)
    }

    /// The share of what an entry's aliases usually speak of that the question speaks of too.
    fn core_covered(&self, asked: &Asked<'_>, evidence: &Evidence, without: Option<&Alias>) -> f32 {
        let size = f32::from(evidence.sizes[4]).max(1.0);
        let (mut core, mut covered) = (0.0, 0.0);
        for (term, &count) in &evidence.counts {
            let left_out = without.map_or(0.0, |alias| truth(alias.has(&[*term])));
            let share = (f32::from(count) - left_out) / size;
            if share < 0.25 {
                continue;
            }
            let weight = share * self.idf.get(term).copied().unwrap_or(0.0);
            core += weight;
            covered += weight * truth(asked.question.units.iter().any(|unit| unit.unit.terms.contains(term)));
        }
        if core > 0.0 { covered / core } else { 1.0 }
    }

    /// What of the question the evidence, its aliases and its best alias lack.
    fn missing(&self, asked: &Asked<'_>, evidence: &Evidence, alias: &Alias) -> Missing {
        let mut missing = Missing::default();
        for (unit, &weight) in asked.question.units.iter().zip(&asked.weights) {
            let (terms, kind) = (&unit.unit.terms, unit.unit.kind);
            let relative = weight / self.unknown;
            let (is_stated, is_asked) = (evidence.stated.holds_one_of(terms), evidence.asked.holds_one_of(terms));
            if is_stated {
                missing.stated += weight;
            } else {
                missing.unstated = missing.unstated.max(relative);
            }
            if !is_asked {
                missing.never_asked = missing.never_asked.max(relative);
                missing.persons_never_asked += truth(kind == UnitKind::Person);
            }
            if !alias.has(terms) {
                missing.by_alias = missing.by_alias.max(relative);
                missing.by_alias_count += keeps(kind);
            }
            if is_stated || is_asked {
                missing.covered += weight;
                continue;
            }
            if kind == UnitKind::Filler {
                continue;
            }
            missing.persons += truth(kind == UnitKind::Person);
            missing.names += truth(kind == UnitKind::Name);
            missing.numbers += truth(kind == UnitKind::Number);
            missing.unknown += truth(!unit.known);
            missing.heaviest = missing.heaviest.max(relative);
            missing.count += keeps(kind);
            missing.uncovered += weight;
            missing.surfaces.push(unit.surface.clone());
        }
        missing
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

/// The pairs of neighbouring letters of a text, white space left out, sorted.
fn bigrams(text: &str) -> Vec<u64> {
    let mut letters = text.chars().filter(|c| !c.is_whitespace()).map(|c| u64::from(u32::from(c)));
    let Some(mut last) = letters.next() else { return Vec::new() };
    let mut pairs: Vec<u64> = letters.map(|letter| std::mem::replace(&mut last, letter) << 32 | letter).collect();
    pairs.sort_unstable();
    pairs
}

/// The Sørensen–Dice coefficient of two sorted lists of bigrams: what `strsim::sorensen_dice` computes, without building
/// two maps for each of the many aliases a question is held against, and by letters where that one counts bytes.
fn dice(a: &[u64], b: &[u64]) -> f32 {
    let (mut left, mut right, mut shared) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(left), b.get(right)) {
        left += usize::from(x <= y);
        right += usize::from(y <= x);
        shared += usize::from(x == y);
    }
    2.0 * shared as f32 / (a.len() + b.len()).max(1) as f32
}

fn share_a_term(a: &[u32], b: &[u32]) -> bool {
    a.iter().any(|term| b.contains(term))
}

fn truth(value: bool) -> f32 {
    f32::from(u8::from(value))
}

impl Alias {
    fn has(&self, terms: &[u32]) -> bool {
        self.units.iter().any(|unit| share_a_term(&unit.terms, terms))
    }
}

/// What of a question the evidence lacks; weights relative to that of an unknown word.
#[derive(Debug, Default)]
struct Missing {
    covered: f32,
    stated: f32,
    persons: f32,
    names: f32,
    numbers: f32,
    unknown: f32,
    heaviest: f32,
    unstated: f32,
    never_asked: f32,
    persons_never_asked: f32,
    by_alias: f32,
    by_alias_count: f32,
    count: f32,
    uncovered: f32,
    surfaces: Vec<String>,
}

impl Evidence {
    /// What a gap takes over from its nearest fact: the words of the subject, not the questions.
    fn context(&self) -> Self {
        Self {
            stated: self.stated.clone(),
            asked: self.asked.clone(),
            has_number: self.has_number,
            has_time: self.has_time,
            ..Self::default()
        }
    }

    fn add_statement(&mut self, text: &str, analyzer: &Analyzer<'_>) {
        let tokens = tokenize(text);
        self.has_number |= tokens.iter().any(|token| analyzer.words().number(&token.folded).is_some());
        self.has_time |= tokens.iter().any(|token| analyzer.words().is_time(&token.folded));
        self.stated.0.extend(analyzer.all_terms(&analyzer.read(&tokens)));
    }
}

/// The share of neighbouring question units that stand in the same order, near each other, in the alias.
fn order(question: &Question, alias: &Alias) -> f32 {
    let place = |terms: &[u32]| alias.units.iter().position(|unit| share_a_term(&unit.terms, terms));
    let places: Vec<Option<usize>> =
        question.units.iter().filter(|unit| unit.is_informative()).map(|unit| place(&unit.unit.terms)).collect();
    let pairs = places.windows(2).filter(|pair| matches!(pair, [Some(a), Some(b)] if a < b && b - a <= 2)).count();
    pairs as f32 / (places.len().max(2) - 1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeness_of_two_texts_is_that_of_strsim() {
        for (a, b) in [("chi guidava la delegazione", "chi ha guidato la delegazione"), ("abab", "ab"), ("a", "b")] {
            let expected = strsim::sorensen_dice(a, b);
            assert!((f64::from(dice(&bigrams(a), &bigrams(b))) - expected).abs() < 1e-6, "{a} {b}");
        }
    }
}
