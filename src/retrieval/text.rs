//! Tokens: words with their byte ranges, folded so that case, accents and apostrophes do not matter.

use std::ops::Range;

use compact_str::CompactString;
use frostem::{Algorithm, Stemmer};
use unicode_normalization::char::decompose_canonical;

use crate::knowledge::Language;

/// The longest word that is looked at, in bytes; what is longer is cut, so that no input costs more than it should.
const LONGEST_WORD: usize = 48;

/// Forms that stand before an apostrophe in Italian, French and English and mean nothing by themselves.
const ELIDED: &[&str] = &[
    "l", "d", "c", "s", "m", "t", "n", "j", "v", "un", "dell", "nell", "all", "sull", "dall", "coll", "quell", "quest", "gl", "anch",
    "com", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "cos", "dov", "quand", "qual", "don", "isn", "aren", "doesn", "didn", "wasn",
    "weren", "won", "wouldn", "couldn", "shouldn", "hasn", "haven", "hadn", "ain", "ll", "ve", "re", "po",
];

/// What stands after an English apostrophe and means nothing by itself.
const ENCLITIC: &[&str] = &["s", "t", "re", "ve", "ll", "d", "m"];

/// Short words that an accent tells from others; they keep it ("où" is no "ou", "né" no "ne").
const ACCENTED: &[&str] = &["où", "né"];

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// Lower case, without accents.
    pub folded: CompactString,
    /// Whether it starts with a capital letter.
    pub capitalised: bool,
    /// Whether it is written in capitals only (two letters or more).
    pub acronym: bool,
    /// Whether it is an elided article or particle (`l'`, `dell'`, `qu'`), or what follows an English apostrophe.
    pub elided: bool,
}

/// Splits a text into tokens: runs of letters and digits. An apostrophe inside a Cyrillic word belongs to it; any other
/// apostrophe separates.
#[must_use]
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 6);
    let mut chars = text.char_indices().peekable();
    let mut after_apostrophe = false;
    // One buffer for all words: a short string grows dearly, letter by letter.
    let mut folded = String::with_capacity(LONGEST_WORD);
    while let Some((start, first)) = chars.next() {
        if !is_word(first) {
            after_apostrophe = after_apostrophe && is_apostrophe(first);
            continue;
        }
        folded.clear();
        push_folded(&mut folded, first);
        let capitalised = is_capital(first);
        let (mut end, mut letters, mut capitals) = (start + first.len_utf8(), 1, usize::from(capitalised));
        let mut cyrillic = is_cyrillic(first);
        let mut next_apostrophe = false;
        while let Some(&(at, c)) = chars.peek() {
            if is_word(c) || is_combining(c) {
                push_folded(&mut folded, c);
                letters += usize::from(!is_combining(c));
                capitals += usize::from(is_capital(c));
                cyrillic = is_cyrillic(c);
                end = at + c.len_utf8();
                chars.next();
            } else if is_apostrophe(c) {
                let follows = text[at + c.len_utf8()..].chars().next();
                if cyrillic && follows.is_some_and(is_cyrillic) {
                    chars.next();
                } else {
                    next_apostrophe = true;
                    break;
                }
            } else {
                break;
            }
        }
        if let Some(kept) = ACCENTED.iter().find(|word| folded.len() == word.len() - 1 && text[start..end].to_lowercase() == **word) {
            folded.clear();
            folded.push_str(kept);
        }
        let elided = (next_apostrophe && ELIDED.contains(&folded.as_str())) || (after_apostrophe && ENCLITIC.contains(&folded.as_str()));
        let token =
            Token { range: start..end, elided, capitalised, acronym: letters >= 2 && capitals == letters, folded: clip(&folded).into() };
        tokens.push(token);
        after_apostrophe = next_apostrophe;
    }
    if tokens.len() > 2 && !text.chars().any(char::is_lowercase) {
        // Somebody shouts: capitals tell nothing.
        for token in &mut tokens {
            token.acronym = false;
        }
    }
    tokens
}

fn clip(word: &str) -> &str {
    let end = (0..=LONGEST_WORD.min(word.len())).rev().find(|&at| word.is_char_boundary(at)).unwrap_or(0);
    &word[..end]
}

/// Lower case without accents; Cyrillic letters keep theirs, since й and ї are letters of their own.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    text.chars().for_each(|c| push_folded(&mut folded, c));
    folded
}

/// The folded words of a phrase.
#[must_use]
pub fn fold_words(phrase: &str) -> Vec<String> {
    tokenize(phrase).into_iter().map(|token| token.folded.into()).collect()
}

fn push_folded(folded: &mut String, c: char) {
    match c {
        'A'..='Z' => folded.push(c.to_ascii_lowercase()),
        c if c.is_ascii() => folded.push(c),
        'а'..='я' | 'і' | 'ї' | 'є' => folded.push(c),
        'А'..='Я' => folded.push(char::from_u32(c as u32 + 32).unwrap_or(c)),
        'ґ' | 'Ґ' => folded.push('г'),
        'ё' | 'Ё' => folded.push('е'),
        c if is_cyrillic(c) => folded.extend(c.to_lowercase()),
        // The letters of Italian and French, before the table of all.
        'à' | 'â' | 'À' | 'Â' => folded.push('a'),
        'è'..='ê' | 'È'..='Ê' => folded.push('e'),
        'ì' | 'î' | 'Ì' | 'Î' => folded.push('i'),
        'ò' | 'ô' | 'Ò' | 'Ô' => folded.push('o'),
        'ù' | 'û' | 'Ù' | 'Û' => folded.push('u'),
        'ç' | 'Ç' => folded.push('c'),
        'œ' | 'Œ' => folded.push_str("oe"),
        'æ' | 'Æ' => folded.push_str("ae"),
        'ß' => folded.push_str("ss"),
        c => decompose_canonical(c, |part| {
            if !is_combining(part) {
                folded.extend(part.to_lowercase().filter(|part| !is_combining(*part)));
            }
        }),
    }
}

/// Whether a character belongs to a word; the common ranges are told without a table. Unicode counts the apostrophe ʼ
/// among the letters; here it is what people mean by it.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        matches!(c, 'а'..='я' | 'А'..='Я' | 'і' | 'ї' | 'є' | 'ґ' | 'І' | 'Ї' | 'Є' | 'Ґ' | 'à'..='ö')
            || (c.is_alphanumeric() && !is_apostrophe(c))
    }
}

/// Whether a letter is a capital; the common ranges are told without a table.
fn is_capital(c: char) -> bool {
    match c {
        'а'..='я' | 'і' | 'ї' | 'є' | 'ґ' | 'à'..='ö' => false,
        c if c.is_ascii() => c.is_ascii_uppercase(),
        c => c.is_uppercase(),
    }
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52f}')
}

/// Apostrophes as people type them.
#[must_use]
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '′' | '`' | '´')
}

/// Whether a text is written mostly in Cyrillic.
#[must_use]
pub(super) fn mostly_cyrillic(text: &str) -> bool {
    let (cyrillic, letters) = text
        .chars()
        .filter(|c| c.is_alphabetic())
        .fold((0, 0), |(cyrillic, letters), c| (cyrillic + usize::from(is_cyrillic(c)), letters + 1));
    2 * cyrillic > letters
}

/// Stems folded words of one language with Snowball's algorithm.
pub(super) struct Stems(Stemmer);

impl std::fmt::Debug for Stems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stems({:?})", self.0.algorithm())
    }
}

impl Stems {
    /// The stemmer of a language.
    #[must_use]
    pub(super) fn of(language: Language) -> Self {
        Self(Stemmer::new(match language {
            Language::It => Algorithm::Italian,
            Language::En => Algorithm::English,
            Language::Fr => Algorithm::French,
            Language::Uk => Algorithm::Ukrainian,
        }))
    }

    /// Applies `use_it` to the stem of a folded word; short words and numbers are their own.
    pub(super) fn with<T>(&self, word: &str, use_it: impl FnOnce(&str) -> T) -> T {
        if word.chars().nth(3).is_none() || word.starts_with(|c: char| c.is_numeric()) {
            return use_it(word);
        }
        use_it(&self.0.stem(word))
    }

    /// The stem of a folded word.
    #[must_use]
    pub(super) fn stem(&self, word: &str) -> String {
        self.with(word, str::to_owned)
    }
}

/// A term: the hash of a stem or of a concept's id. 32 bits keep the forward index small; among the tens of thousands
/// of terms of a curated base a collision is unlikely, and its worst effect is one wrong overlap.
#[must_use]
pub fn term(text: &str) -> u32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_elisions_marked() {
        let words = |text: &str| tokenize(text).into_iter().filter(|token| !token.elided).map(|token| token.folded).collect::<Vec<_>>();
        assert_eq!(words("L’Italia e dell'Ucraina"), ["italia", "e", "ucraina"]);
        assert_eq!(words("Qu’est-ce qu'il a décidé ?"), ["est", "ce", "il", "a", "decide"]);
        assert_eq!(words("Italy's troops aren't"), ["italy", "troops"]);
        assert_eq!(words("перемир'я в Україні"), ["перемиря", "в", "україні"]);
        assert_eq!(words("п\u{2bc}ять"), words("п'ять"));
        assert_eq!(words("cos'è successo"), ["e", "successo"]);
    }

    #[test]
    fn acronyms_are_told_from_words() {
        assert!(tokenize("US")[0].acronym);
        assert!(!tokenize("us")[0].acronym);
    }
}
