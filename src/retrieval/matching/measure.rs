//! The features of one entry for one question.

use crate::knowledge::Language;
use crate::retrieval::analysis::UnitKind;
use crate::retrieval::matching::entry::{Alias, Evidence};
use crate::retrieval::matching::likeness::{bigrams, dice};
use crate::retrieval::matching::{Asked, Candidate, Entry, Matcher, share_a_term, truth};
use crate::retrieval::question::{Question, keeps};
use crate::retrieval::words::Kind;

/// How many of its best aliases speak for an entry together.
const BEST: usize = 3;

impl Matcher {
    pub(super) fn measure(&self, asked: &Asked<'_>, entry: u32, shared: &[f32]) -> Candidate {
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
        let (likelihood, likelihood_worst) = self.likelihood(asked, evidence);
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
            truth(evidence.kinds & question.kind.bit() != 0),
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
            truth(*alias.folded == *question.folded),
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
            truth(evidence.kinds & question.kind.group_bits() != 0),
            truth(question.kind == Kind::Keyword && matches!(self.entries[entry as usize], Entry::Gap(_))),
            least_share(UnitKind::Person),
            other_share(UnitKind::Person),
            least_share(UnitKind::Name),
            missing.uncovered / asked.total,
            likelihood,
            likelihood_worst,
            self.core_covered(asked, evidence),
        ];
        Candidate { entry: self.entries[entry as usize], features, alias: (alias.language, alias.index), uncovered: missing.surfaces }
    }

    /// In how many aliases of an entry a unit stands, and of how many that could have it: a concept may stand in all, a
    /// stem only in those of its language.
    fn count(evidence: &Evidence, terms: &[u32], language: Language) -> (f32, f32) {
        let count = |term: &u32| f32::from(evidence.counts.get(term).copied().unwrap_or(0));
        let most = terms.iter().map(count).fold(0.0, f32::max);
        let size = if terms.len() > 1 { evidence.sizes[4] } else { evidence.sizes[language.index()] };
        (most, f32::from(size).max(1.0))
    }

    /// How much likelier the question's units are under this entry's aliases than under all: the mean log ratio, weighed,
    /// and the worst of them. (The multinomial naive Bayes classifier, with additive smoothing.)
    fn likelihood(&self, asked: &Asked<'_>, evidence: &Evidence) -> (f32, f32) {
        let all = self.aliases.len() as f32;
        let (mut sum, mut worst) = (0.0, 0.0_f32);
        for (unit, &weight) in asked.question.units.iter().zip(&asked.weights) {
            let terms = &unit.unit.terms;
            let (count, size) = Self::count(evidence, terms, asked.question.language);
            let anywhere = terms.iter().map(|term| self.counts.get(term).copied().unwrap_or(0)).max().unwrap_or(0) as f32;
            let ratio = (((count + 0.2) / (size + 2.0)) / ((anywhere + 2.0) / (all + 20.0))).ln().clamp(-3.0, 5.0);
            sum += weight * ratio;
            worst = worst.min(ratio * weight / self.unknown);
        }
        (sum / asked.total / 3.0, worst / 2.0)
    }

    /// The share of what an entry's aliases usually speak of that the question speaks of too.
    fn core_covered(&self, asked: &Asked<'_>, evidence: &Evidence) -> f32 {
        let size = f32::from(evidence.sizes[4]).max(1.0);
        let (mut core, mut covered) = (0.0, 0.0);
        for (term, &count) in &evidence.counts {
            let share = f32::from(count) / size;
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
            let (is_stated, is_asked) = (evidence.stated.holds_one_of(terms), evidence.is_asked(terms));
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

/// The share of neighbouring question units that stand in the same order, near each other, in the alias.
fn order(question: &Question, alias: &Alias) -> f32 {
    let place = |terms: &[u32]| alias.units.iter().position(|unit| share_a_term(&unit.terms, terms));
    let places: Vec<Option<usize>> =
        question.units.iter().filter(|unit| unit.is_informative()).map(|unit| place(&unit.unit.terms)).collect();
    let pairs = places.windows(2).filter(|pair| matches!(pair, [Some(a), Some(b)] if a < b && b - a <= 2)).count();
    pairs as f32 / (places.len().max(2) - 1) as f32
}
