//! Links to the original at the passage: the text-fragment directive (`#:~:text=`) that current browsers follow.
//!
//! <https://wicg.github.io/scroll-to-text-fragment/>: `-`, `,` and `&` are part of the directive's own syntax and are
//! percent-encoded; a long quote is given by its first and last words; words that stand in the text more than once get
//! what precedes or follows them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but letters, digits and the few marks that mean nothing in a directive.
const DIRECTIVE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'~');

/// Quotes up to this many words are given whole.
const WHOLE: usize = 8;
/// How many words at each end of a longer quote are given.
const ENDS: usize = 4;
/// How many words of context tell two places apart.
const CONTEXT: usize = 3;

/// The address with a directive that scrolls to `quote`, which stands in `text`.
#[must_use]
pub fn to_passage(address: &str, quote: &str, text: &str) -> String {
    // A directive matches within one block of the page: the first line of a longer quote is enough to get there.
    let line = quote.lines().find(|line| !line.trim().is_empty()).unwrap_or(quote).trim();
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.is_empty() {
        return address.to_owned();
    }
    let encode = |words: &[&str]| utf8_percent_encode(&words.join(" "), DIRECTIVE).to_string();
    let directive =
        if words.len() <= WHOLE { encode(&words) } else { format!("{},{}", encode(&words[..ENDS]), encode(&words[words.len() - ENDS..])) };
    let opening = words[..words.len().min(if words.len() <= WHOLE { WHOLE } else { ENDS })].join(" ");
    let (before, after) = if text.matches(opening.as_str()).count() > 1 { context(text, line) } else { (Vec::new(), Vec::new()) };
    let prefix = if before.is_empty() { String::new() } else { format!("{}-,", encode(&before)) };
    let suffix = if after.is_empty() || !before.is_empty() { String::new() } else { format!(",-{}", encode(&after)) };
    format!("{address}#:~:text={prefix}{directive}{suffix}")
}

/// The words just before and just after a line, on its own line of the text.
fn context<'t>(text: &'t str, line: &str) -> (Vec<&'t str>, Vec<&'t str>) {
    let Some(at) = text.find(line) else { return (Vec::new(), Vec::new()) };
    let before = text[..at].rsplit('\n').next().unwrap_or("");
    let after = text[at + line.len()..].split('\n').next().unwrap_or("");
    let mut preceding: Vec<&str> = before.split_whitespace().rev().take(CONTEXT).collect();
    preceding.reverse();
    (preceding, after.split_whitespace().take(CONTEXT).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_encoded_shortened_and_told_apart() {
        let link = |quote: &str, text: &str| {
            to_passage("https://a.example/x", quote, text).split_once("text=").map(|it| it.1.to_owned()).unwrap_or_default()
        };
        assert_eq!(link("pace, ora - e qui & lì", "pace, ora - e qui & lì"), "pace%2C%20ora%20%2D%20e%20qui%20%26%20l%C3%AC");
        assert_eq!(link("a b c d e f g h i", "a b c d e f g h i"), "a%20b%20c%20d,f%20g%20h%20i");
        assert_eq!(link("due volte", "prima di due volte e poi due volte"), "prima%20di-,due%20volte");
    }
}
