//! Finds a quote in a source, tolerant of typography, exact in what it returns.
//!
//! People copy quotes through editors that change apostrophes, quotation marks and spaces. A [`Locator`] compares
//! folded text and gives back the byte range of the source, so that what is stored and shown is the source's own bytes.

use std::ops::Range;

use crate::knowledge::sentences::{paragraphs, sentences};

/// The folded view of one source text, with the way back to its bytes.
#[derive(Debug)]
pub struct Locator {
    folded: String,
    /// For each byte of `folded`, where its character starts in the source; one more entry for the end.
    offsets: Vec<u32>,
}

/// Where a quote that is not in the source comes nearest, and how it differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The sentence of the source most like the quote.
    pub sentence: Range<usize>,
    /// What the quote has from its first difference on, shortened.
    pub quote_from: String,
    /// What the source has there, shortened.
    pub source_from: String,
}

impl Locator {
    /// Folds a source text once, for any number of look-ups.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let (folded, offsets) = fold(text);
        Self { folded, offsets }
    }

    /// Every byte range of the source whose text is the quote, up to white space and typographic variants.
    pub fn find<'a>(&'a self, quote: &str) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let needle = fold(quote.trim()).0;
        let length = needle.len();
        let mut from = 0;
        std::iter::from_fn(move || {
            if length == 0 {
                return None;
            }
            let at = from + self.folded.get(from..)?.find(&needle)?;
            from = at + self.folded[at..].chars().next().map_or(1, char::len_utf8);
            Some(self.offsets[at] as usize..self.end_of(at + length))
        })
    }

    /// The source offset just after the folded byte before `end`, without the white space a fold swallowed.
    fn end_of(&self, end: usize) -> usize {
        let last = self.offsets[end - 1];
        let next = self.offsets[end..].iter().find(|&&offset| offset > last);
        // A run of white space folds to one space, so the next character's start may lie past the quote's own end;
        // the caller's quote never ends in white space, so its last character ends where its encoding does.
        next.map_or(last as usize, |&offset| offset as usize)
    }
}

/// Finds the sentence of `text` nearest to a quote that is not in it; `None` where the text has no sentence.
#[must_use]
pub fn nearest(text: &str, quote: &str) -> Option<Nearest> {
    let wanted = fold(quote.trim()).0;
    let sentence = paragraphs(text, 0..text.len())
        .into_iter()
        .flat_map(|paragraph| sentences(text, paragraph))
        .map(|range| (strsim::sorensen_dice(&fold(&text[range.clone()]).0, &wanted), range))
        .max_by(|a, b| a.0.total_cmp(&b.0))?
        .1;
    let found = fold(&text[sentence.clone()]).0;
    // A quote may begin inside the sentence: compare from where its first words stand, if they do.
    let opening: String = wanted.chars().take(12).collect();
    let found = found.find(&opening).map_or(found.as_str(), |at| &found[at..]);
    let same = wanted.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| text.chars().skip(same.saturating_sub(10)).take(40).collect();
    Some(Nearest { quote_from: from(&wanted), source_from: from(found), sentence })
}

/// Folds typography: white space of any kind and length to one space, quotation marks and apostrophes to `"` and `'`.
fn fold(text: &str) -> (String, Vec<u32>) {
    let mut folded = String::with_capacity(text.len());
    let mut offsets = Vec::with_capacity(text.len() + 1);
    let mut in_space = false;
    for (at, c) in text.char_indices() {
        let c = match c {
            '\u{200b}' | '\u{feff}' | '\u{00ad}' => continue,
            c if c.is_whitespace() => ' ',
            '“' | '”' | '„' | '«' | '»' | '″' => '"',
            '’' | '‘' | 'ʼ' | '′' | '`' | '´' => '\'',
            '–' | '—' | '‐' | '‑' | '−' => '-',
            c => c,
        };
        if c == ' ' && in_space {
            continue;
        }
        in_space = c == ' ';
        folded.push(c);
        offsets.resize(folded.len(), at as u32);
    }
    offsets.push(text.len() as u32);
    (folded, offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_across_typographic_variants_and_returned_in_the_sources_bytes() {
        let text = "Disse: “L’Italia\u{a0} non  manda\nsoldati” – mai.";
        let range = Locator::new(text).find("\"L'Italia non manda soldati\" - mai.").next();
        assert_eq!(range.map(|range| &text[range]), Some("“L’Italia\u{a0} non  manda\nsoldati” – mai."));
    }

    #[test]
    fn a_quote_before_a_run_of_spaces_ends_with_its_own_last_letter() {
        let text = "uno   due";
        assert_eq!(Locator::new(text).find("uno").next(), Some(0..3));
    }

    #[test]
    fn the_nearest_sentence_shows_the_first_difference() {
        let text = "Altro. L’Italia non manda soldati.";
        let near = nearest(text, "L'Italia manda soldati.").expect("there are sentences");
        assert_eq!(&text[near.sentence.clone()], "L’Italia non manda soldati.");
        assert!(near.source_from.contains("non manda"), "{near:?}");
    }
}
