//! The words a base knows in each language, and the nearest of them to a misspelt one.

use compact_str::CompactString;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// Known folded words of one language, grouped so that a near one is found without looking at all.
#[derive(Debug, Default)]
pub struct Lexicon {
    /// How often each word was met.
    known: HashMap<CompactString, u32>,
    /// The stems of the known words: an unseen form of a known word is no typo.
    stems: HashSet<u32>,
    /// Words by length in characters and by their first or second letter: a typo rarely spoils both letters.
    groups: HashMap<(u8, char), Vec<CompactString>>,
}

/// Shorter words have too many neighbours to be mended.
const SHORTEST: usize = 4;
/// Longer ones are no words.
const LONGEST: usize = 24;
/// What people asked holds misspelt words too: a word met less often than this may be one ...
const SELDOM: u32 = 2;
/// ... of a word met so often.
const OFTEN: u32 = 50;

impl Lexicon {
    /// Adds a folded word with the term of its stem, and how often it was met.
    pub fn add(&mut self, word: &str, stem: u32, count: u32) {
        self.stems.insert(stem);
        if let Some(known) = self.known.get_mut(word) {
            *known = known.saturating_add(count);
            return;
        }
        self.known.insert(word.into(), count);
        let length = word.chars().count();
        if (SHORTEST..=LONGEST).contains(&length) && !word.starts_with(char::is_numeric) {
            for head in heads(word) {
                self.groups.entry((length as u8, head)).or_default().push(word.into());
            }
        }
    }

    fn count(&self, word: &str) -> u32 {
        self.known.get(word).copied().unwrap_or(0)
    }

    /// Whether a known word is so rare that it may be misspelt.
    #[must_use]
    pub fn is_rare(&self, word: &str) -> bool {
        (1..SELDOM).contains(&self.count(word))
    }

    /// Whether a folded word is known.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        self.known.contains_key(word)
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
    /// one edit: optimal string alignment). Among equals the one most alike by Jaro–Winkler, which favours a shared head; a
    /// rare word, which may be misspelt itself, only where there is no other.
    #[must_use]
    pub fn nearest(&self, word: &str) -> Option<&str> {
        self.nearest_of(word, SELDOM).or_else(|| self.nearest_of(word, 0))
    }

    /// The common word a rare one is a misspelling of, if there is one.
    #[must_use]
    pub fn correct(&self, word: &str) -> Option<&str> {
        self.nearest_of(word, OFTEN)
    }

    fn nearest_of(&self, word: &str, least: u32) -> Option<&str> {
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
                    if !plausible(word.as_bytes(), candidate.as_bytes(), limit) || self.count(candidate) < least || candidate == word {
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
            lexicon.add(word, 0, 1);
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

    #[test]
    fn a_word_met_once_is_a_misspelling_of_one_met_often() {
        let mut lexicon = Lexicon::default();
        for (word, count) in [("delegation", 50), ("delegaton", 1), ("declaration", 40), ("harbour", 1)] {
            lexicon.add(word, 0, count);
        }
        assert!(lexicon.is_rare("delegaton") && lexicon.is_rare("harbour") && !lexicon.is_rare("delegation"));
        assert_eq!(lexicon.correct("delegaton"), Some("delegation"));
        assert_eq!(lexicon.correct("harbour"), None);
        assert_eq!(lexicon.nearest("delegatin"), Some("delegation"), "not the other misspelling");
    }
}
