//! Curated questions that complete what somebody is typing: words may be unfinished or misspelt.

use crate::answer::Suggestion;
use crate::knowledge::Language;
use crate::respond::Responder;
use crate::retrieval::{Entry, fold_words};

/// A word that is like another by this much (Jaro-Winkler) is taken for a misspelling of it.
const MISSPELT: f64 = 0.88;
/// Questions that hold less than this share of what was typed are no completion.
const LEAST: f64 = 0.5;

impl Responder {
    /// The curated questions that fit what was typed so far, the best first.
    #[must_use]
    pub fn complete(&self, typed: &str, language: Language, most: usize) -> Vec<Suggestion> {
        let base = self.store.current();
        let facts = &base.snapshot.knowledge.curated.facts;
        let typed = crate::retrieval::clip(typed);
        let words: Vec<String> = fold_words(typed).into_iter().take(24).collect();
        if words.is_empty() {
            let step = facts.len().div_ceil(most.max(1)).max(1);
            return facts.iter().step_by(step).map(|fact| suggestion(fact, language)).collect();
        }
        // What the words mean helps where they are other words than the question's.
        let findings = base.engine().find(typed, Some(language));
        let meant = |index: usize| {
            let of_fact = findings.alternatives.candidates.iter().find(|weighed| weighed.candidate.entry == Entry::Fact(index));
            of_fact.map_or(0.0, |weighed| f64::from(weighed.probability))
        };
        let scored = facts.iter().enumerate().map(|(index, fact)| {
            let question = fold_words(fact.question(language));
            let held = words.iter().enumerate().map(|(at, word)| likeness(word, at + 1 == words.len(), &question)).sum::<f64>();
            (held / words.len() as f64 + meant(index), index)
        });
        let mut scored: Vec<(f64, usize)> = scored.filter(|(score, _)| *score >= LEAST).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.into_iter().take(most).map(|(_, index)| suggestion(&facts[index], language)).collect()
    }
}

fn suggestion(fact: &crate::knowledge::Fact, language: Language) -> Suggestion {
    Suggestion { fact: fact.id.clone(), question: fact.question(language).to_owned() }
}

/// How far a question holds a typed word; the last one may be unfinished.
fn likeness(word: &str, unfinished: bool, question: &[String]) -> f64 {
    let one = |other: &String| {
        if other == word {
            1.0
        } else if unfinished && other.starts_with(word) {
            0.9
        } else if word.len() > 3 && other.len() > 3 {
            let alike = strsim::jaro_winkler(word, other);
            if alike >= MISSPELT { alike * 0.8 } else { 0.0 }
        } else {
            0.0
        }
    };
    question.iter().map(one).fold(0.0, f64::max)
}
