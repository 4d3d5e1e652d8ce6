//! Splits text into paragraphs and sentences, as byte ranges.
//!
//! A sentence is the smallest quotable unit, so the splitter errs on the long side: never inside quotation marks, never
//! after an abbreviation or an initial. Articles mix quotation marks (`“…“` as well as `“…”`), and headlines end
//! without a full stop: a paragraph's end always ends its last sentence.

use std::ops::Range;

/// Abbreviations after which a full stop ends no sentence; compared in lower case.
const ABBREVIATIONS: &[&str] = &[
    "sig", "sigg", "dott", "prof", "avv", "ing", "on", "sen", "gen", "col", "cap", "mons", "art", "artt", "ecc", "es", "cfr", "pag",
    "pagg", "vol", "cit", "fig", "tab", "nr", "tel", "ca", "mr", "mrs", "ms", "dr", "st", "jr", "sr", "vs", "etc", "approx", "dept", "mm",
    "mme", "mlle", "p", "pp", "ss", "a.c", "d.c", "u.s", "e.g", "i.e", "вул", "ім", "див", "напр", "грн", "млн", "млрд", "тис", "р", "рр",
    "ст", "п", "s.p.a", "s.r.l", "p.iva", "sgt", "cpt", "gov", "c.so", "v.le",
];

/// The ranges of the paragraphs of `text` that lie inside `range`.
///
/// Text whose lines are long has one paragraph a line; text wrapped at a width has its paragraphs between blank lines.
#[must_use]
pub(super) fn paragraphs(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let body = &text[range.clone()];
    let one_a_line = body.lines().any(|line| line.len() > 200) || !body.contains("\n\n");
    let mut found = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut offset = range.start;
    for line in body.split_inclusive('\n') {
        let trimmed = trim(text, offset..offset + line.len());
        offset += line.len();
        if trimmed.is_empty() || one_a_line {
            found.extend(open.take());
        }
        if !trimmed.is_empty() {
            open = Some(open.map_or(trimmed.start, |range| range.start)..trimmed.end);
        }
    }
    found.extend(open);
    found
}

/// The ranges of the sentences of the paragraph of `text` at `range`.
#[must_use]
pub(super) fn sentences(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let body = &text[range.clone()];
    let respect_quotes = balanced(body);
    let mut found = Vec::new();
    let (mut start, mut in_quotes) = (0, false);
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if is_quotation_mark(c) {
            in_quotes = opens(c, in_quotes);
        }
        if !matches!(c, '.' | '!' | '?' | '…') || (c == '.' && is_abbreviation(&body[start..at])) {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some(&(next_at, next)) = chars.peek() {
            if !(matches!(next, '.' | '!' | '?' | '…' | ')' | ']' | '\'' | '’') || (is_quotation_mark(next) && (in_quotes || next != '«')))
            {
                break;
            }
            if is_quotation_mark(next) {
                in_quotes = opens(next, in_quotes);
            }
            end = next_at + next.len_utf8();
            chars.next();
        }
        if (!in_quotes || !respect_quotes) && starts_a_sentence(&body[end..]) {
            found.push(trim(text, range.start + start..range.start + end));
            start = end;
        }
    }
    found.push(trim(text, range.start + start..range.end));
    found.retain(|sentence| !sentence.is_empty());
    found
}

fn is_quotation_mark(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Whether quotation is open after the mark `c`: a closing mark closes, an ambiguous one toggles.
fn opens(c: char, in_quotes: bool) -> bool {
    match c {
        '”' | '»' => false,
        '«' | '„' => true,
        _ => !in_quotes,
    }
}

/// Whether every quotation opened in the paragraph is closed in it; where not, its marks say nothing about sentences.
fn balanced(paragraph: &str) -> bool {
    !paragraph.chars().filter(|&c| is_quotation_mark(c)).fold(false, |in_quotes, c| opens(c, in_quotes))
}

/// Whether the text before a full stop ends in an abbreviation or an initial.
fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '“' | '"' | '\'' | '’')).next().unwrap_or("");
    let mut chars = word.chars();
    let initial = matches!((chars.next(), chars.next()), (Some(only), None) if only.is_uppercase());
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Whether what follows an end mark begins a new sentence: white space, then no lower-case letter.
fn starts_a_sentence(rest: &str) -> bool {
    let next = rest.trim_start();
    next.len() < rest.len() && next.chars().find(|c| !is_quotation_mark(*c)).is_some_and(|c| !c.is_lowercase())
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = &text[range.clone()];
    let start = range.start + (slice.len() - slice.trim_start().len());
    start..start.max(range.start + slice.trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text, 0..text.len()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_survive_abbreviations_quotes_and_missing_stops() {
        let cases: &[(&str, &[&str])] = &[
            ("Uno. Due.", &["Uno.", "Due."]),
            ("Il sig. Rossi arriva. Parla.", &["Il sig. Rossi arriva.", "Parla."]),
            ("G. Meloni parla", &["G. Meloni parla"]),
            ("Ha detto: “Non ora. Forse mai.” Poi tace.", &["Ha detto: “Non ora. Forse mai.”", "Poi tace."]),
            ("Parla di “una giornata storica“, sottolinea. Poi va.", &["Parla di “una giornata storica“, sottolinea.", "Poi va."]),
            ("Dice: “Perché no?”. Fine.", &["Dice: “Perché no?”.", "Fine."]),
            ("Costa 3.5 euro. E basta.", &["Costa 3.5 euro.", "E basta."]),
            ("Un “virgolettato mai chiuso. Ma la frase sì.", &["Un “virgolettato mai chiuso.", "Ma la frase sì."]),
            ("Titolo senza punto", &["Titolo senza punto"]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text), *expected, "{text}");
        }
    }

    #[test]
    fn wrapped_lines_join_and_long_lines_stand_alone() {
        let wrapped = "una riga\nche continua\n\naltra";
        assert_eq!(paragraphs(wrapped, 0..wrapped.len()), vec![0..21, 23..28]);
        let long = format!("{}\nseconda", "a".repeat(300));
        assert_eq!(paragraphs(&long, 0..long.len()).len(), 2);
    }
}
