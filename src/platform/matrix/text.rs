//! The words of what members write, and the bot's names in them.

use std::ops::Range;

/// The words of a message: without the quoted reply, markup, addresses and the bot's names where they call it. A message
/// that mentions the bot may have its name anywhere.
pub(super) fn words(body: &str, names: &[String], mentioned: bool) -> String {
    let unquoted: Vec<&str> = body.lines().filter(|line| !line.starts_with("> ") && line.trim() != ">").collect();
    let mut text = without_links(&unquoted.join("\n"));
    for name in names {
        for range in occurrences(&text, name).into_iter().rev().filter(|range| mentioned || is_call(&text, range)).collect::<Vec<_>>() {
            text.replace_range(range, " ");
        }
    }
    let is_word = |word: &&str| {
        let bare = word.trim_start_matches(['(', '<', '[']);
        !bare.starts_with("http://") && !bare.starts_with("https://") && *word != "@room"
    };
    let kept: Vec<&str> = text.split_whitespace().filter(is_word).collect();
    let plain =
        kept.join(" ").chars().filter(|c| !matches!(c, '*' | '`' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')).collect::<String>();
    // What stood between a name and the question.
    plain.trim().trim_start_matches([':', ',']).trim_end_matches(',').trim().to_owned()
}

/// Links as some clients write mentions in plain text, `[Anna](https://matrix.to/#/@anna:example.org)`, become their label.
fn without_links(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(middle) = text.find("](https://matrix.to/#/") {
        let Some(end) = text[middle..].find(')').map(|end| middle + end) else { break };
        let start = text[..middle].rfind('[').unwrap_or(middle);
        let label = text[(start + 1).min(middle)..middle].to_owned();
        text.replace_range(start..=end, &label);
    }
    text
}

/// Whether a message calls the bot by one of its names: at its beginning, or anywhere with an at sign.
pub(super) fn calls(body: &str, names: &[String]) -> bool {
    let unquoted: Vec<&str> = body.lines().filter(|line| !line.starts_with("> ")).collect();
    let text = without_links(unquoted.join("\n").trim());
    names.iter().any(|name| occurrences(&text, name).iter().any(|range| is_call(&text, range)))
}

fn is_call(text: &str, name: &Range<usize>) -> bool {
    text[..name.start].trim().is_empty() || text[name.clone()].starts_with('@')
}

/// Where a name stands as a word of its own, in whatever case, with an at sign before it if there is one.
fn occurrences(text: &str, name: &str) -> Vec<Range<usize>> {
    let name: Vec<char> = name.trim_start_matches('@').chars().flat_map(char::to_lowercase).collect();
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut found = Vec::new();
    if name.is_empty() {
        return found;
    }
    let mut last = 0;
    for (start, _) in text.char_indices() {
        // A name may hold itself again; what is found never overlaps.
        if start < last {
            continue;
        }
        let before = text[..start].chars().next_back();
        let length = matched(&text[start..], &name).filter(|_| !is_part(before));
        let Some(end) = length.map(|length| start + length).filter(|&end| !is_part(text[end..].chars().next())) else { continue };
        found.push(start - usize::from(before == Some('@'))..end);
        last = end;
    }
    found
}

/// How many bytes of a text a name in small letters takes, if the text begins with it.
fn matched(text: &str, name: &[char]) -> Option<usize> {
    let mut expected = name.iter();
    for (at, c) in text.char_indices() {
        if expected.as_slice().is_empty() {
            return Some(at);
        }
        for small in c.to_lowercase() {
            if expected.next() != Some(&small) {
                return None;
            }
        }
    }
    expected.as_slice().is_empty().then_some(text.len())
}

/// Text as it stands in HTML, in attributes too. Control characters are left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && c != '\n' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["@rapporteur:example.org", "Il Relatore", "rapporteur", "Bot Bot"].map(str::to_owned).to_vec()
    }

    #[test]
    fn words_are_left_of_a_message() {
        let cases = [
            ("rapporteur: chi c'era?", "chi c'era?"),
            ("Bot Bot Bot", "Bot"),
            ("Il relatore, chi c'era?", "chi c'era?"),
            ("chi c'era, @rapporteur:example.org?", "chi c'era, ?"),
            ("[Il Relatore](https://matrix.to/#/@rapporteur:example.org) chi c'era?", "chi c'era?"),
            ("> <@a:b> he said this\n> and that\n\nwho was there?", "who was there?"),
            ("**how many** `troops` https://evil.example/x", "how many troops"),
            ("is 3 < 4 or 5 > 4", "is 3 < 4 or 5 > 4"),
            ("rapporteurs are people", "rapporteurs are people"),
            ("who is the rapporteur of the UN?", "who is the rapporteur of the UN?"),
            ("rapporteur", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(words(body, &names(), false), expected, "{body:?}");
        }
    }

    #[test]
    fn a_mention_may_stand_anywhere() {
        assert_eq!(words("chi c'era, Il Relatore, a Parigi?", &names(), true), "chi c'era, , a Parigi?");
    }

    #[test]
    fn a_name_calls_at_the_beginning_or_with_an_at_sign() {
        for body in
            ["rapporteur: hi", "Rapporteur hi", "IL RELATORE hi", "hi @rapporteur", "@rapporteur:example.org hi", "tell me, @Il Relatore"]
        {
            assert!(calls(body, &names()), "{body:?}");
        }
        for body in ["the rapporteur of the UN", "rapporteurs!", "> rapporteur: hi\n\nno", ""] {
            assert!(!calls(body, &names()), "{body:?}");
        }
    }

    #[test]
    fn nothing_is_a_tag_once_escaped() {
        assert_eq!(escape("<b a=\"'\">&\u{7}"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
    }
}
