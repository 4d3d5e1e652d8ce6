//! Which sentences of the article text are cited by a fact.

use std::ops::Range;

use crate::knowledge::Knowledge;

/// Two sentences at or above this Sørensen–Dice similarity state the same thing in the same words: a repeat.
const REPEAT: f64 = 0.75;

/// How far the facts cover the sources.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Sentences of article text.
    pub sentences: usize,
    /// Those that a fact cites, or that repeat one that is cited.
    pub covered: usize,
    /// The others: index of the source and byte range.
    pub uncovered: Vec<(usize, Range<usize>)>,
}

/// Computes the coverage of every source held in memory.
#[must_use]
pub fn coverage(knowledge: &Knowledge) -> Coverage {
    let citations: Vec<_> = knowledge.curated.facts.iter().flat_map(|fact| &fact.citations).collect();
    let cited = |source: usize, sentence: &Range<usize>| {
        citations.iter().any(|citation| {
            let shared = citation.range.end.min(sentence.end).saturating_sub(citation.range.start.max(sentence.start));
            citation.source == source && 2 * shared >= sentence.len()
        })
    };
    let mut result = Coverage::default();
    let (mut cited_texts, mut others) = (Vec::new(), Vec::new());
    for (index, source) in knowledge.sources.iter().enumerate() {
        for sentence in source.sentences() {
            result.sentences += 1;
            if cited(index, &sentence) {
                cited_texts.push(&source.text[sentence]);
            } else {
                others.push((index, sentence));
            }
        }
    }
    result.uncovered = others;
    // Comparing pays only while few sentences are left: a base without facts has nothing to repeat.
    if !cited_texts.is_empty() {
        result.uncovered.retain(|(index, sentence)| {
            let text = &knowledge.sources[*index].text[sentence.clone()];
            let bare = text.trim_end_matches('.');
            !cited_texts.iter().any(|cited| cited.contains(bare) || strsim::sorensen_dice(cited, text) >= REPEAT)
        });
    }
    result.covered = result.sentences - result.uncovered.len();
    result
}
