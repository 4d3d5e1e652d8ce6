//! The words a base knows in each language, and the nearest of them to a misspelt one.

use compact_str::CompactString;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// Known folded words of one language, grouped so that a near one is found without looking at all.
#[derive(Debug, Default)]
pub struct Lexicon {
    known: HashSet<CompactString>,
    /// The stems of the known words: an unseen form of a known word is no typo.
    stems: HashSet<u32>,
    /// Words by length in characters and by their first or second letter: a typo rarely spoils both letters.
    groups: HashMap<(u8, char), Vec<CompactString>>,
}

/// Shorter words have too many neighbours to be mended.
const SHORTEST: usize = 4;
/// Longer ones are no words.
const LONGEST: usize = 24;

impl Lexicon {
    /// Adds a folded word with the term of its stem.
    pub fn add(&mut self, word: &str, stem: u32) {
        self.stems.insert(stem);
        if !self.known.insert(word.into()) {
            return;
        }
        let length = word.chars().count();
        if (SHORTEST..=LONGEST).contains(&length) && !word.starts_with(char::is_numeric) {
            for head in heads(word) {
                self.groups.entry((length as u8, head)).or_default().push(word.into());
            }
        }
    }

    /// Whether a folded word is known.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        self.known.contains(word)
    }

    /// Whether a form of the word with this stem is known.
    #[must_use]
    pub fn knows_stem(&self, stem: u32) -> bool {
        self.stems.contains(&stem)
    }

    /// How many words are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The known word nearest to a misspelt one: one edit away from four letters on, two from ten on (a transposition is
    /// one edit: optimal string alignment). Among equals the one most alike by Jaro–Winkler, which favours a shared head.
    #[must_use]
    pub fn nearest(&self, word: &str) -> Option<&str> {
        let length = word.chars().count();
        let limit = match length {
            SHORTEST..10 => 1,
            10..=LONGEST => 2,
            _ => return None,
        };
        let mut best: Option<(usize, f64, &str)> = None;
        for head in heads(word) {
            for candidate_length in length - limit..=length + limit {
                for candidate in self.groups.get(&(candidate_length as u8, head)).into_iter().flatten() {
                    if !plausible(word.as_bytes(), candidate.as_bytes(), limit) {
                        continue;
                    }
                    let distance = strsim::osa_distance(word, candidate);
                    if distance > limit || best.is_some_and(|(least, ..)| distance > least) {
                        continue;
                    }
                    let likeness = strsim::jaro_winkler(word, candidate);
                    if best.is_none_or(|(least, most, _)| distance < least || likeness > most) {
                        best = Some((distance, likeness, candidate));
                    }
                }
            }
        }
        best.map(|(.., candidate)| candidate)
    }
}

/// The first two letters of a word, once each.
fn heads(word: &str) -> impl Iterator<Item = char> {
    let mut letters = word.chars();
    let (first, second) = (letters.next(), letters.next());
    first.into_iter().chain(second.filter(|second| Some(*second) != first))
}

/// A cheap bound before the exact distance: words within `limit` edits share all but a few of their letters.
fn plausible(a: &[u8], b: &[u8], limit: usize) -> bool {
    let mask = |bytes: &[u8]| bytes.iter().fold(0_u64, |mask, byte| mask | 1 << (byte & 63));
    let (a, b) = (mask(a), mask(b));
    (a & !b).count_ones() as usize <= limit && (b & !a).count_ones() as usize <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_words_find_the_known_one_and_strange_words_find_none() {
        let mut lexicon = Lexicon::default();
        for word in ["garanzie", "sicurezza", "truppe", "trupp", "zelensky", "перемиря"] {
            lexicon.add(word, 0);
        }
        let cases = [
            ("garanzei", Some("garanzie")),
            ("sicurezzza", Some("sicurezza")),
            ("trupe", Some("truppe")),
            ("zelenskj", Some("zelensky")),
            ("перимиря", Some("перемиря")),
            ("carbonara", None),
            ("re", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(lexicon.nearest(typed), expected, "{typed}");
        }
    }
}
