//! The engine: one question through matching, passage search and the decision.

use std::collections::HashSet;

use crate::answer::calibration::Calibration;
use crate::answer::weigh::{Alternatives, is_year, show_probability, weigh};
use crate::answer::{Answer, ExplainedCandidate, Explanation, Outcome, Quote, Suggestion};
use crate::knowledge::{Citation, Fact, Language};
use crate::link::to_passage;
use crate::retrieval::{Entry, Question, RankedPassage, analyse, detect, rank};
use crate::snapshot::Snapshot;

/// How many curated questions are offered.
const SUGGESTED: usize = 3;
/// How many passages are quoted where no fact answers.
const QUOTED: usize = 3;
/// How many candidates an explanation lists.
const EXPLAINED: usize = 4;
/// A fact less probable than this is no closest topic either.
const CLOSEST: f32 = 0.02;
/// A second passage is quoted beside the first only if its score comes this near.
const SECOND_PASSAGE: f32 = 1.0;

/// Answers questions from a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    snapshot: &'a Snapshot,
    calibration: &'a Calibration,
}

/// A passage as listed by `--top`.
#[derive(Debug, Clone, PartialEq)]
pub struct TopPassage {
    /// The passage, quoted whole.
    pub passage: Quote,
    /// Its sentence that answers best.
    pub sentence: Quote,
    /// The ranking score.
    pub score: f32,
}

/// Everything found for a question, before anything is decided.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The question as understood.
    pub question: Question,
    /// Passages, the best first.
    pub ranked: Vec<RankedPassage>,
    /// Facts and gaps, with the alternative that none answers.
    pub alternatives: Alternatives,
}

impl<'a> Engine<'a> {
    /// An engine over a snapshot.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, calibration: &'a Calibration) -> Self {
        Self { snapshot, calibration }
    }

    /// Answers a question; the language is found where none is given.
    #[must_use]
    pub fn answer(&self, text: &str, language: Option<Language>) -> Answer {
        self.decide(&self.find(text, language), false)
    }

    /// Answers a question and says why.
    #[must_use]
    pub fn explain(&self, text: &str, language: Option<Language>) -> Answer {
        self.decide(&self.find(text, language), true)
    }

    /// The curated answer of a fact, where the base has it; given in a language.
    #[must_use]
    pub fn fact_answer(&self, id: &str, language: Language) -> Option<Answer> {
        let curated = &self.snapshot.knowledge.curated;
        let index = curated.facts.iter().position(|fact| fact.id == id)?;
        let mut answer = Self::none(language);
        self.give(self.current(index), &mut answer);
        (answer.score, answer.margin) = (1.0, 1.0);
        (answer.outcome == Outcome::Fact).then_some(answer)
    }

    /// A sentence by the numbers of its passage and of itself there, quoted.
    #[must_use]
    pub fn quote_of(&self, passage: usize, sentence: usize) -> Option<Quote> {
        self.quote_sentence(passage, sentence)
    }

    /// The passages of a source held in memory, quoted, in their order.
    #[must_use]
    pub fn quotes_of_source(&self, id: &str) -> Vec<Quote> {
        let sources = &self.snapshot.knowledge.sources;
        let Some(article) = sources.iter().position(|source| source.metadata.id == id) else { return Vec::new() };
        let source = &sources[article];
        let passages = source.passages.iter().filter(|passage| !passage.is_heading);
        passages
            .filter_map(|passage| self.quote(article, passage.range.clone(), source.text.get(passage.range.clone())?, &source.text))
            .collect()
    }

    /// Finds facts and passages without deciding.
    #[must_use]
    pub fn find(&self, text: &str, language: Option<Language>) -> Findings {
        let language = language.unwrap_or_else(|| detect(text, &self.snapshot.lexicons, self.snapshot.knowledge.default_language));
        let passages = &self.snapshot.passages;
        let question = analyse(text, language, &self.snapshot.concepts, &self.snapshot.lexicons[language.index()], |stem| {
            passages.frequency(stem) > 0
        });
        let ranked = rank(&self.snapshot.passages, &question, &self.calibration.ranking).unwrap_or_else(|error| {
            tracing::error!(%error, "the passages cannot be searched; facts still answer");
            Vec::new()
        });
        let candidates = self.snapshot.matcher.candidates(&question);
        let alternatives = weigh(self.snapshot, &question, candidates, &ranked, self.calibration);
        Findings { question, ranked, alternatives }
    }

    /// The snapshot it answers from.
    #[must_use]
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// A sentence of a ranked passage, quoted.
    #[must_use]
    pub fn sentence(&self, ranked: &RankedPassage, sentence: usize) -> Option<Quote> {
        self.quote_sentence(ranked.passage, sentence)
    }

    /// The best passages for a question, whatever would be decided.
    #[must_use]
    pub fn top(&self, findings: &Findings, count: usize) -> Vec<TopPassage> {
        let top = |ranked: &RankedPassage| {
            Some(TopPassage {
                passage: self.quote_passage(ranked)?,
                sentence: self.quote_sentence(ranked.passage, ranked.sentence)?,
                score: ranked.score,
            })
        };
        findings.ranked.iter().take(count).filter_map(top).collect()
    }

    /// Concludes from what was found.
    #[must_use]
    pub fn decide(&self, findings: &Findings, explain: bool) -> Answer {
        let Findings { question, ranked, alternatives } = findings;
        let shown = show_probability(question, ranked, self.calibration);
        let mut answer = self.conclude(question, ranked, alternatives, shown);
        if explain {
            answer.explanation = Some(self.explanation(question, alternatives, shown));
        }
        answer
    }

    fn conclude(&self, question: &Question, ranked: &[RankedPassage], alternatives: &Alternatives, shown: f32) -> Answer {
        let mut answer = Self::none(question.language);
        if question.small_talk.is_some() {
            return Answer { outcome: Outcome::SmallTalk, topic: question.small_talk, score: 1.0, margin: 1.0, ..answer };
        }
        let thresholds = self.calibration.thresholds;
        let groups = self.groups(alternatives);
        if let Some(&(best, probability)) = groups.first() {
            let gap = alternatives
                .candidates
                .iter()
                .filter(|weighed| matches!(weighed.candidate.entry, Entry::Gap(_)))
                .map(|weighed| weighed.probability);
            let against = gap.chain(groups.get(1).map(|next| next.1)).fold(alternatives.none, f32::max);
            (answer.score, answer.margin) = (probability, probability - against);
            if probability >= thresholds.fact {
                self.give(self.current(best), &mut answer);
                if answer.outcome == Outcome::Fact {
                    return answer;
                }
            }
        }
        // Two facts that only together are probable enough: their quotes are shown, and neither is given as the answer.
        if let [(first, one), (second, other), ..] = groups[..]
            && one + other >= thresholds.fact
        {
            let quotes = [first, second]
                .map(|fact| self.current(fact).citations.iter().filter_map(|citation| self.quote_citation(citation)).take(2));
            answer.citations = quotes.into_iter().flatten().take(QUOTED).collect();
            answer.score = one + other - 0.02;
            return Answer { outcome: Outcome::Passages, ..answer };
        }
        let curated = !self.snapshot.knowledge.curated.facts.is_empty();
        let needed = if curated { thresholds.passages } else { thresholds.passages_uncurated };
        // A year that no source knows is that of another event.
        let other_year = question
            .units
            .iter()
            .any(|unit| is_year(unit) && !unit.unit.terms.iter().any(|term| self.snapshot.passages.frequency(*term) > 0));
        if shown >= needed && !other_year && !Self::is_gap(alternatives) {
            answer.citations = self.quote_best(ranked);
            if !answer.citations.is_empty() {
                (answer.score, answer.margin) = (shown, 2.0 * shown - 1.0);
                return Answer { outcome: Outcome::Passages, ..answer };
            }
        }
        let close = groups.iter().filter(|(_, probability)| *probability >= thresholds.suggest).map(|(fact, _)| self.current(*fact));
        answer.suggestions = Self::suggest(close, question.language, &[]);
        if answer.suggestions.is_empty() {
            let nearest = alternatives.candidates.first().and_then(|best| match best.candidate.entry {
                Entry::Gap(gap) => self.snapshot.knowledge.curated.gaps[gap].nearest.as_deref().and_then(|id| self.fact(id)),
                Entry::Fact(_) => None,
            });
            let nearest =
                nearest.or_else(|| groups.first().filter(|(_, probability)| *probability >= CLOSEST).map(|(fact, _)| self.current(*fact)));
            answer.suggestions = Self::suggest(nearest.into_iter(), question.language, &[]);
        } else {
            answer.outcome = Outcome::Suggestions;
        }
        answer
    }

    /// An answer that says nothing yet.
    fn none(language: Language) -> Answer {
        Answer {
            outcome: Outcome::NoAnswer,
            language,
            text: None,
            as_of: None,
            fact: None,
            citations: Vec::new(),
            suggestions: Vec::new(),
            topic: None,
            score: 0.0,
            margin: 0.0,
            explanation: None,
        }
    }

    /// Answers by a fact, if it still has a quote to show.
    fn give(&self, fact: &Fact, answer: &mut Answer) {
        answer.citations = fact.citations.iter().filter_map(|citation| self.quote_citation(citation)).collect();
        if answer.citations.is_empty() {
            return;
        }
        answer.outcome = Outcome::Fact;
        answer.text = Some(fact.answer(answer.language).to_owned());
        answer.as_of = fact.as_of;
        answer.fact = Some(fact.id.clone());
        answer.suggestions = Self::suggest(fact.related.iter().filter_map(|id| self.fact(id)), answer.language, &[&fact.id]);
    }

    /// Facts with the probability that giving them shows the right passage, the most probable first. A fact is right not
    /// only where it is meant itself, but also where it cites what another one that is meant rests on.
    fn groups(&self, alternatives: &Alternatives) -> Vec<(usize, f32)> {
        let facts = &self.snapshot.knowledge.curated.facts;
        let candidates: Vec<(usize, f32)> = alternatives
            .candidates
            .iter()
            .filter_map(|weighed| match weighed.candidate.entry {
                Entry::Fact(index) => Some((index, weighed.probability)),
                Entry::Gap(_) => None,
            })
            .collect();
        let chance = |fact: usize, rest: &[(usize, f32)]| {
            rest.iter().map(|(other, probability)| probability * shown_by(&facts[fact], &facts[*other])).sum::<f32>()
        };
        let mut groups: Vec<(usize, f32)> = Vec::new();
        let mut rest = candidates;
        // Greedy cover: the fact that shows most, then the one that shows most of what is left.
        while !rest.is_empty() {
            // Among equals the fact that is most probably meant itself.
            let weighed = rest.iter().map(|(fact, own)| (*fact, chance(*fact, &rest), *own));
            let Some((best, probability, _)) = weighed.max_by(|a, b| (a.1 + 0.3 * a.2).total_cmp(&(b.1 + 0.3 * b.2))) else { break };
            groups.push((best, probability.min(1.0)));
            rest.retain(|(other, _)| shown_by(&facts[best], &facts[*other]) < 0.5);
        }
        groups
    }

    /// Whether a known gap is the most probable alternative.
    fn is_gap(alternatives: &Alternatives) -> bool {
        alternatives.candidates.first().is_some_and(|best| matches!(best.candidate.entry, Entry::Gap(_)) && best.probability > 0.3)
    }

    /// The fact that stands for another today: its replacement, if it was superseded.
    fn current(&self, index: usize) -> &'a Fact {
        let mut fact = &self.snapshot.knowledge.curated.facts[index];
        for _ in 0..8 {
            match fact.superseded_by.as_deref().and_then(|id| self.fact(id)) {
                Some(newer) => fact = newer,
                None => break,
            }
        }
        fact
    }

    fn fact(&self, id: &str) -> Option<&'a Fact> {
        self.snapshot.knowledge.curated.facts.iter().find(|fact| fact.id == id)
    }

    fn suggest<'f>(facts: impl Iterator<Item = &'f Fact>, language: Language, not: &[&str]) -> Vec<Suggestion> {
        let mut seen: HashSet<&str> = not.iter().copied().collect();
        facts
            .filter(|fact| seen.insert(&fact.id))
            .take(SUGGESTED)
            .map(|fact| Suggestion { fact: fact.id.clone(), question: fact.question(language).to_owned() })
            .collect()
    }

    fn quote_best(&self, ranked: &[RankedPassage]) -> Vec<Quote> {
        let Some(best) = ranked.first() else { return Vec::new() };
        let mut quotes: Vec<Quote> = self.quote_sentence(best.passage, best.sentence).into_iter().collect();
        for next in ranked.iter().skip(1).take_while(|next| best.score - next.score < SECOND_PASSAGE).take(QUOTED - 1) {
            quotes.extend(self.quote_sentence(next.passage, next.sentence));
        }
        quotes
    }

    fn quote_citation(&self, citation: &Citation) -> Option<Quote> {
        let source = &self.snapshot.knowledge.sources[citation.source];
        let mut quote = self.quote(citation.source, citation.range.clone(), source.text.get(citation.range.clone())?, &source.text)?;
        quote.headline = source.passages.iter().any(|passage| passage.is_heading && passage.range == citation.range);
        Some(quote)
    }

    fn quote_sentence(&self, passage: usize, sentence: usize) -> Option<Quote> {
        let record = self.snapshot.passages.record(passage)?;
        let (text, sentence) = (record.text()?, record.sentences().nth(sentence)?);
        let range = record.start() + sentence.bytes.start..record.start() + sentence.bytes.end;
        self.quote(record.article(), range, text.get(sentence.bytes)?, text)
    }

    fn quote_passage(&self, ranked: &RankedPassage) -> Option<Quote> {
        let record = self.snapshot.passages.record(ranked.passage)?;
        let text = record.text()?;
        self.quote(record.article(), record.start()..record.start() + text.len(), text, text)
    }

    /// Makes a quote, after a last comparison with the stored source where that is in memory.
    fn quote(&self, article: usize, range: std::ops::Range<usize>, text: &str, whole: &str) -> Option<Quote> {
        if let Some(source) = self.snapshot.knowledge.sources.get(article)
            && source.text.get(range.clone()) != Some(text)
        {
            tracing::error!(source = source.metadata.id, ?range, "a quote differs from its source and is not shown");
            return None;
        }
        let metadata = self.snapshot.article(article)?;
        Some(Quote {
            source: metadata.id.clone(),
            file: metadata.file.clone(),
            range,
            text: text.to_owned(),
            publisher: metadata.publisher.clone(),
            title: metadata.title.clone(),
            published: metadata.published,
            language: metadata.language,
            headline: false,
            written: metadata.written,
            machine_translated: metadata.machine_translated,
            url: metadata.address.as_deref().map(|address| to_passage(address, text, whole)),
        })
    }

    fn explanation(&self, question: &Question, alternatives: &Alternatives, passages: f32) -> Explanation {
        let curated = &self.snapshot.knowledge.curated;
        let names = crate::answer::candidate_names();
        let candidates = alternatives.candidates.iter().take(EXPLAINED).map(|weighed| {
            let (id, aliases) = match weighed.candidate.entry {
                Entry::Fact(index) => (&curated.facts[index].id, &curated.facts[index].aliases),
                Entry::Gap(index) => (&curated.gaps[index].id, &curated.gaps[index].aliases),
            };
            let (language, index) = weighed.candidate.alias;
            ExplainedCandidate {
                id: id.clone(),
                probability: weighed.probability,
                alias: aliases.get(&language).and_then(|texts| texts.get(index)).cloned().unwrap_or_default(),
                uncovered: weighed.candidate.uncovered.clone(),
                features: names
                    .iter()
                    .zip(weighed.features)
                    .filter(|(_, value)| *value != 0.0)
                    .map(|(name, value)| ((*name).to_owned(), value))
                    .collect(),
            }
        });
        let unit = |unit: &crate::retrieval::QuestionUnit| match &unit.mended {
            Some(word) => format!("+{word}"),
            None if unit.known => unit.surface.clone(),
            None => format!("?{}", unit.surface),
        };
        Explanation {
            kind: question.kind,
            units: question.units.iter().filter(|unit| unit.is_informative()).map(unit).collect(),
            candidates: candidates.collect(),
            none: alternatives.none,
            passages,
            version: self.snapshot.version.clone(),
        }
    }
}

/// How surely giving a fact shows what another rests on: its first citation, or one of the others.
fn shown_by(given: &Fact, meant: &Fact) -> f32 {
    if given.id == meant.id {
        return 1.0;
    }
    let overlap = |a: &Citation, b: &Citation| a.source == b.source && a.range.start < b.range.end && b.range.start < a.range.end;
    let cites = |citation: &Citation| given.citations.iter().any(|own| overlap(own, citation));
    match meant.citations.split_first() {
        Some((first, _)) if cites(first) => 1.0,
        Some((_, rest)) if rest.iter().any(cites) => 0.25,
        _ => 0.0,
    }
}
