//! One passage as stored beside the search index: its tokens for re-ranking, its sentences, its text.
//!
//! Re-ranking looks at dozens of passages within microseconds, so a record is read in place, without parsing: fixed
//! widths, little endian, terms as 32-bit hashes.

use std::ops::Range;

use crate::knowledge::{Language, Passage};
use crate::retrieval::analysis::Analyzer;
use crate::retrieval::text::{Token, term, tokenize};
use crate::retrieval::words::Class;

/// The token is capitalised and does not begin its sentence: part of a name.
pub(super) const NAME: u8 = 1;
/// The token is a number, in digits or as a word.
pub(super) const NUMBER: u8 = 2;
/// The token is a month, a weekday, a year.
pub(super) const TIME: u8 = 4;
/// The token is a function word or filler.
pub(super) const EMPTY: u8 = 8;
/// The token gives a reason: perché, because, in order to.
pub(super) const REASON: u8 = 16;

/// Most tokens of a passage that are kept.
const MOST_TOKENS: usize = 4_000;
const HEADER: usize = 20;
const SENTENCE: usize = 12;
/// Bytes of a token: stem, concept, head (hash of the first letters), flags, one spare.
const TOKEN: usize = 12;

/// Words that announce a reason or a purpose, in the four languages, folded.
const REASONS: &[&str] = &[
    "perche",
    "poiche",
    "affinche",
    "siccome",
    "motivo",
    "causa",
    "dovuto",
    "grazie",
    "ragioni",
    "scopo",
    "obiettivo",
    "fine",
    "because",
    "since",
    "due",
    "reason",
    "aim",
    "cause",
    "order",
    "purpose",
    "parce",
    "afin",
    "raison",
    "cause",
    "but",
    "тому",
    "оскільки",
    "через",
    "щоб",
    "аби",
    "мета",
    "причина",
];

/// Builds records.
#[derive(Debug, Default)]
pub(super) struct RecordWriter {
    bytes: Vec<u8>,
}

impl RecordWriter {
    /// Encodes a passage of an article's text; gives its record. `heading` is the title and headline it stands under.
    pub(super) fn write(&mut self, article: u32, text: &str, passage: &Passage, heading: &str, analyzer: &Analyzer<'_>) -> &[u8] {
        let slice = &text[passage.range.clone()];
        let mut tokens = tokenize(slice);
        tokens.truncate(MOST_TOKENS);
        let titles = analyzer.all_terms(&analyzer.read(&tokenize(heading)));
        let sentences: Vec<Range<usize>> = passage
            .sentences
            .iter()
            .take(u16::MAX as usize)
            .map(|range| range.start - passage.range.start..range.end - passage.range.start)
            .collect();
        self.bytes.clear();
        self.put(article);
        self.put(passage.range.start as u32);
        self.put(slice.len() as u32);
        self.put(tokens.len() as u32);
        self.bytes.extend((sentences.len() as u16).to_le_bytes());
        self.bytes.extend((titles.len().min(u16::MAX as usize) as u16).to_le_bytes());
        for sentence in &sentences {
            self.put(sentence.start as u32);
            self.put(sentence.end as u32);
            let first = tokens.partition_point(|token| token.range.start < sentence.start);
            let last = tokens.partition_point(|token| token.range.start < sentence.end);
            self.bytes.extend((first as u16).to_le_bytes());
            self.bytes.extend((last as u16).to_le_bytes());
        }
        self.put_tokens(slice, &tokens, &sentences, analyzer);
        for title in titles.iter().take(u16::MAX as usize) {
            self.put(*title);
        }
        self.bytes.extend(slice.as_bytes());
        &self.bytes
    }

    fn put(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn put_tokens(&mut self, slice: &str, tokens: &[Token], sentences: &[Range<usize>], analyzer: &Analyzer<'_>) {
        let content: Vec<usize> = (0..tokens.len()).filter(|&at| analyzer.class(&tokens[at]) != Class::Stop).collect();
        let stems: Vec<u32> = content.iter().map(|&at| analyzer.stem(&tokens[at].folded)).collect();
        let mut concepts = vec![0_u32; tokens.len()];
        for (nth, &at) in content.iter().enumerate() {
            if let Some((concept, _)) = analyzer.longest(&stems[nth..]) {
                concepts[at] = concept;
            }
        }
        let mut nth = 0;
        for (at, token) in tokens.iter().enumerate() {
            let stop = content.get(nth) != Some(&at);
            let stem = if stop { 0 } else { stems[nth] };
            nth += usize::from(!stop);
            self.put(stem);
            self.put(concepts[at]);
            self.bytes.extend(head(&token.folded).to_le_bytes());
            self.bytes.push(flags(slice, token, stop, sentences, analyzer));
            self.bytes.push(0);
        }
    }
}

/// A hash of a word's first letters: forms and derivations that stemming keeps apart often share them.
#[must_use]
pub(super) fn head(folded: &str) -> u16 {
    match folded.char_indices().nth(5) {
        Some((end, _)) => (term(&folded[..end]) as u16).max(1),
        None if folded.chars().count() == 5 => (term(folded) as u16).max(1),
        None => 0,
    }
}

fn flags(slice: &str, token: &Token, stop: bool, sentences: &[Range<usize>], analyzer: &Analyzer<'_>) -> u8 {
    let words = analyzer.words();
    let starts = sentences.iter().any(|sentence| {
        slice[sentence.start.min(token.range.start)..token.range.start].chars().all(|c| !c.is_alphanumeric())
            && sentence.start <= token.range.start
    });
    let number = words.number(&token.folded).or_else(|| token.folded.chars().next().filter(char::is_ascii_digit).map(|_| 0));
    let year = token.folded.len() == 4 && number.is_some_and(|year| (1000..2100).contains(&year));
    let mut flags = 0;
    if token.capitalised && !starts {
        flags |= NAME;
    }
    if number.is_some() && !token.elided && (!stop || token.folded.starts_with(|c: char| c.is_ascii_digit())) {
        flags |= NUMBER;
    }
    if year || words.is_time(&token.folded) || is_century(token, slice) {
        flags |= TIME;
    }
    if stop || words.class(&token.folded) == Class::Filler {
        flags |= EMPTY;
    }
    if REASONS.contains(&token.folded.as_str()) {
        flags |= REASON;
    }
    flags
}

/// A Roman numeral in capitals ("XIX secolo").
fn is_century(token: &Token, slice: &str) -> bool {
    token.acronym && slice[token.range.clone()].chars().all(|c| matches!(c, 'I' | 'V' | 'X'))
}

/// A record, read in place.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    bytes: &'a [u8],
    tokens: usize,
    sentences: usize,
    titles: usize,
}

/// A token of a record.
#[derive(Debug, Clone, Copy)]
pub struct RecordToken {
    /// Stem, or 0 for a function word.
    pub stem: u32,
    /// Concept that starts here, or 0.
    pub concept: u32,
    /// Hash of the first letters, or 0.
    pub head: u16,
    /// What is known of it: part of a name, number, time, function word, reason.
    pub flags: u8,
}

/// A sentence of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSentence {
    /// Byte range in the passage.
    pub bytes: Range<usize>,
    /// Range of its tokens.
    pub tokens: Range<usize>,
}

impl<'a> Record<'a> {
    /// Reads a record; `None` if the bytes are not one (a damaged index).
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let record = Self {
            bytes,
            tokens: u32_at(bytes, 12)? as usize,
            sentences: usize::from(u16_at(bytes, 16)?),
            titles: usize::from(u16_at(bytes, 18)?),
        };
        let length = record.text_start().checked_add(u32_at(bytes, 8)? as usize)?;
        (length == bytes.len()).then_some(record)
    }

    fn tokens_start(&self) -> usize {
        HEADER + SENTENCE * self.sentences
    }

    fn titles_start(&self) -> usize {
        self.tokens_start() + TOKEN * self.tokens
    }

    fn text_start(&self) -> usize {
        self.titles_start() + 4 * self.titles
    }

    /// The number of the article.
    #[must_use]
    pub fn article(&self) -> usize {
        u32_at(self.bytes, 0).unwrap_or(0) as usize
    }

    /// Where the passage starts in the article's text, in bytes.
    #[must_use]
    pub fn start(&self) -> usize {
        u32_at(self.bytes, 4).unwrap_or(0) as usize
    }

    /// The passage's text; `None` if it is not UTF-8 (a damaged index).
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(&self.bytes[self.text_start()..]).ok()
    }

    /// The tokens, in order.
    #[must_use]
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = RecordToken> + use<'a> {
        self.bytes[self.tokens_start()..self.titles_start()].chunks_exact(TOKEN).map(|token| RecordToken {
            stem: u32::from_le_bytes([token[0], token[1], token[2], token[3]]),
            concept: u32::from_le_bytes([token[4], token[5], token[6], token[7]]),
            head: u16::from_le_bytes([token[8], token[9]]),
            flags: token[10],
        })
    }

    /// The sentences, in order.
    #[must_use]
    pub fn sentences(&self) -> impl ExactSizeIterator<Item = RecordSentence> + use<'a> {
        self.bytes[HEADER..self.tokens_start()].chunks_exact(SENTENCE).map(|sentence| {
            let long = |at: usize| u32::from_le_bytes([sentence[at], sentence[at + 1], sentence[at + 2], sentence[at + 3]]) as usize;
            let short = |at: usize| usize::from(u16::from_le_bytes([sentence[at], sentence[at + 1]]));
            RecordSentence { bytes: long(0)..long(4), tokens: short(8)..short(10) }
        })
    }

    /// The terms of the title and headline.
    #[must_use]
    pub fn titles(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.bytes[self.titles_start()..self.text_start()]
            .chunks_exact(4)
            .map(|title| u32::from_le_bytes([title[0], title[1], title[2], title[3]]))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]))
}

/// The analyzers of every language over one thesaurus.
#[must_use]
pub fn analyzers(concepts: &crate::retrieval::Concepts) -> [Analyzer<'_>; 4] {
    Language::ALL.map(|language| Analyzer::new(language, concepts))
}
