//! Discord's markup: taken out of what members write, put around what sources say. Text from both is hostile.

/// The words of a message: without mentions, markup, addresses, code fences and quoted lines.
pub(super) fn words(content: &str) -> String {
    let mut text = String::with_capacity(content.len());
    for line in content.lines().filter(|line| !line.trim_start().starts_with("> ")) {
        let mut rest = line;
        while let Some(at) = rest.find('<') {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest.find('>').filter(|&end| is_reference(&rest[1..end]));
            if let Some(end) = end {
                rest = &rest[end + 1..];
            } else {
                text.push('<');
                rest = &rest[1..];
            }
            text.push(' ');
        }
        text.push_str(rest);
        text.push('\n');
    }
    let is_word = |word: &&str| {
        let bare = word.trim_start_matches(['(', '<', '[', '|']);
        !bare.starts_with("http://") && !bare.starts_with("https://") && !matches!(bare, "@everyone" | "@here")
    };
    let kept: Vec<String> = text.split_whitespace().filter(is_word).map(without_target).collect();
    kept.join(" ").chars().filter(|c| !matches!(c, '*' | '`' | '|' | '~') && !is_unseen(*c)).collect::<String>().trim().to_owned()
}

/// The words of a link with words of its own, `[words](address)`, without the address.
fn without_target(word: &str) -> String {
    let Some((label, rest)) = word.split_once("](http") else { return word.to_owned() };
    format!("{}{}", label.trim_start_matches('['), rest.split_once(')').map_or("", |(_, after)| after))
}

/// Characters nobody sees: of no width, or turning the direction of what follows.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether the inside of angle brackets is a mention, an emoji, a time or a link to a channel or command.
fn is_reference(inside: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_id = |prefix: &str| inside.strip_prefix(prefix).is_some_and(digits);
    ["@", "@!", "@&", "#"].iter().any(|prefix| is_id(prefix))
        || inside.starts_with("t:")
        || inside.starts_with('/') && inside.contains(':')
        || inside
            .strip_prefix("a:")
            .or_else(|| inside.strip_prefix(':'))
            .is_some_and(|emoji| emoji.rsplit_once(':').is_some_and(|(_, id)| digits(id)))
}

/// The bot's own lines, shown as they are; an address on a line of its own stays one that can be followed.
pub(super) fn escape_lines(text: &str) -> String {
    let is_address = |line: &str| url::Url::parse(line.trim()).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let line = |line: &str| if is_address(line) { line.to_owned() } else { escape(line) };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Text shown as it is: nothing in it is markup, mentions nobody, and does not break the layout.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut at_start = true;
    for c in text.chars() {
        match c {
            '\n' => {
                escaped.push(c);
                at_start = true;
                continue;
            }
            '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '[' | ']' => escaped.extend(['\\', c]),
            '#' | '-' | '>' | '+' if at_start => escaped.extend(['\\', c]),
            // A word joiner, which nobody sees, keeps it from being a mention.
            '@' => escaped.extend(['@', '\u{2060}']),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
        at_start = at_start && c.is_whitespace();
    }
    escaped
}

/// Cuts a text to so many characters as Discord counts them, with an ellipsis where something was cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.len_utf16();
        if used > most {
            break;
        }
        kept.push(c);
    }
    kept.trim_end().to_owned() + "…"
}

/// The length of a text as Discord counts it at worst: in UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_left_of_a_message() {
        let cases = [
            ("<@123> chi c'era?", "chi c'era?"),
            ("chi c'era <@!123>?", "chi c'era ?"),
            ("> he said this\n<@1> who was there?", "who was there?"),
            ("**how many** `troops` <:hm:42> <#7> <t:1:R>", "how many troops"),
            ("@everyone who came https://evil.example/x ||spoiler||", "who came spoiler"),
            ("is 3 < 4 or 5 > 4", "is 3 < 4 or 5 > 4"),
            ("```\ncode\n```", "code"),
            ("<@1>", ""),
        ];
        for (content, expected) in cases {
            assert_eq!(words(content).split_whitespace().collect::<Vec<_>>().join(" "), expected, "{content:?}");
        }
    }

    #[test]
    fn nothing_is_markup_or_mention_once_escaped() {
        assert_eq!(escape("*a* _b_ [c](https://d) <@1>"), r"\*a\* \_b\_ \[c\](https://d) \<@".to_owned() + "\u{2060}1>");
        assert_eq!(escape("# a\n - b > c\n> d"), "\\# a\n \\- b > c\n\\> d");
        assert!(!escape("@everyone").contains("@everyone"));
    }

    #[test]
    fn a_cut_counts_as_discord_counts() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(length(&cut(&"😀".repeat(50), 80)), 79);
    }
}
