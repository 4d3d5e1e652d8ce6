//! Reply -> Matrix: a notice with a plain body that reads well alone and an HTML body of allowed tags. Nobody is mentioned.

use serde_json::{Value, json};

use crate::answer::Suggestion;
use crate::platform::matrix::offer::{DISMISS, HELPFUL, KEYCAPS, MORE, NOT_HELPFUL, Offer, TELL};
use crate::platform::matrix::text::escape;
use crate::reply::{Action, Block, Quoted, Reply, Standing, Wording, fill};

/// An event holds 64 KiB, encrypted and with two forms of the text: so much of each, in bytes.
const LONGEST: usize = 14_000;

/// A reply in both forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) body: String,
    pub(super) html: String,
}

impl Rendered {
    fn add(&mut self, body: &str, html: &str) -> bool {
        if body.is_empty() || self.body.len() + body.len() > LONGEST || self.html.len() + html.len() > LONGEST {
            return false;
        }
        if !self.body.is_empty() {
            self.body += "\n\n";
        }
        self.body += body;
        self.html += html;
        true
    }

    fn text(&mut self, text: &str) {
        // A sentence stands out; several lines are a list or a report.
        let text = clean(&text.replace("**", ""));
        if text.contains('\n') {
            let shown: Vec<&str> = fitting(&text);
            let html: Vec<String> = shown.iter().map(|line| linked(line)).collect();
            self.add(&shown.join("\n"), &format!("<p>{}</p>", html.join("<br>")));
        } else {
            self.add(&text, &format!("<p><strong>{}</strong></p>", escape(&text)));
        }
    }

    fn standing(&mut self, standing: Standing, label: &str) {
        let mark = match standing {
            Standing::Verified => "✅",
            Standing::NotReviewed => "🔎",
        };
        self.add(&format!("{mark} {}", clean(label)), &format!("<p>{mark} <em>{}</em></p>", escape(label)));
    }

    /// A quote is never cut: if it does not fit, its source is named and linked to.
    fn quote(&mut self, quoted: &Quoted, wording: &Wording) {
        let text = clean(&quoted.quote.text);
        let attribution = clean(&quoted.attribution);
        let mut source = (format!("— {attribution}"), format!("— {}", escape(&attribution)));
        if let Some(url) = &quoted.quote.url {
            source.0 = format!("{}\n{}", source.0, clean(url));
            source.1 = format!("{} · <a href=\"{}\">{}</a>", source.1, escape(url), escape(&wording.link));
        }
        let lines: Vec<String> = text.lines().map(|line| format!("> {line}")).collect();
        let html: Vec<String> = text.lines().map(escape).collect();
        let whole = self.add(
            &format!("{}\n{}", lines.join("\n"), source.0),
            &format!("<blockquote><p>{}</p></blockquote><p>{}</p>", html.join("<br>"), source.1),
        );
        if !whole {
            self.add(&source.0, &format!("<p>{}</p>", source.1));
        }
    }

    fn questions(&mut self, lead: &str, questions: &[Suggestion], wording: &Wording) {
        let numbered = |(number, question): (usize, &Suggestion)| format!("{}. {}", number + 1, clean(&question.question));
        let lines: Vec<String> = questions.iter().enumerate().map(numbered).collect();
        let items: Vec<String> = questions.iter().map(|question| format!("<li>{}</li>", escape(&clean(&question.question)))).collect();
        let last = questions.len().min(KEYCAPS.len());
        let marks = if last == 1 { KEYCAPS[0].to_owned() } else { format!("{} – {}", KEYCAPS[0], KEYCAPS[last - 1]) };
        let hint = fill(&wording.choose, &[("marks", &marks)]);
        let (lead_line, lead_html) =
            if lead.is_empty() { (String::new(), String::new()) } else { (format!("{lead}\n"), format!("<p>{}</p>", escape(lead))) };
        self.add(
            &format!("{lead_line}{}\n{hint}", lines.join("\n")),
            &format!("{lead_html}<ol>{}</ol><p>{}</p>", items.concat(), escape(&hint)),
        );
    }

    fn actions(&mut self, actions: &[Action], wording: &Wording) {
        let label = |action: &Action| match action {
            Action::Page { back: true, .. } => None,
            Action::Page { page: 0, .. } => Some((MORE, &wording.button_more)),
            Action::Page { .. } => Some((MORE, &wording.button_next)),
            Action::Rate { helpful: true } => Some((HELPFUL, &wording.button_helpful)),
            Action::Rate { helpful: false } => Some((NOT_HELPFUL, &wording.button_not_helpful)),
            Action::Dismiss => Some((DISMISS, &wording.button_dismiss)),
            Action::Tell => Some((TELL, &wording.button_tell)),
        };
        let labels: Vec<String> = actions.iter().filter_map(label).map(|(mark, label)| format!("{mark} {label}")).collect();
        let line = labels.join(" · ");
        self.add(&line, &format!("<p>{}</p>", escape(&line)));
    }

    /// The content of the message that says this, with what can be done with it.
    pub(super) fn content(&self, offer: &Offer) -> Value {
        let mut content = json!({
            "msgtype": "m.notice",
            "body": self.body,
            "format": "org.matrix.custom.html",
            "formatted_body": self.html,
            // Without it, clients look for names in the text.
            "m.mentions": {},
        });
        offer.write(&mut content);
        content
    }
}

/// Renders a reply.
pub(super) fn render(reply: &Reply) -> Rendered {
    let wording = Wording::of(reply.language);
    let mut rendered = Rendered::default();
    for block in &reply.blocks {
        match block {
            Block::Text(text) => rendered.text(text),
            Block::Standing(standing, label) => rendered.standing(*standing, label),
            Block::Quote(quoted) => rendered.quote(quoted, wording),
            Block::Questions(lead, questions) if questions.is_empty() => rendered.text(lead),
            Block::Questions(lead, questions) => rendered.questions(lead, questions, wording),
            Block::Actions(actions) => rendered.actions(actions, wording),
        }
    }
    rendered
}

/// The content that puts other content in a reply's place.
pub(super) fn replacing(reply: &str, content: &Value) -> Value {
    let starred = |value: &Value| Value::from(format!("* {}", value.as_str().unwrap_or_default()));
    json!({
        "msgtype": content["msgtype"],
        "body": starred(&content["body"]),
        "format": content["format"],
        "formatted_body": starred(&content["formatted_body"]),
        "m.mentions": {},
        "m.new_content": content,
        "m.relates_to": { "rel_type": "m.replace", "event_id": reply },
    })
}

/// The relation of a reply to an event: in its thread, if it is in one.
pub(super) fn relation(event: &str, thread: Option<&str>) -> Value {
    match thread {
        Some(root) => json!({ "rel_type": "m.thread", "event_id": root, "is_falling_back": false, "m.in_reply_to": { "event_id": event } }),
        None => json!({ "m.in_reply_to": { "event_id": event } }),
    }
}

/// The lines that fit, from the first on.
fn fitting(text: &str) -> Vec<&str> {
    let mut left = LONGEST / 3;
    let fits = |line: &&str| {
        let before = left;
        left = left.saturating_sub(line.len() + 1);
        before > line.len()
    };
    text.lines().take_while(fits).collect()
}

/// A line, with its address to be followed if it is one.
fn linked(line: &str) -> String {
    let address = url::Url::parse(line.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match address {
        Some(_) => format!("<a href=\"{0}\">{0}</a>", escape(line.trim())),
        None => escape(line),
    }
}

/// Text without control characters.
fn clean(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Quote;
    use crate::knowledge::Language;

    fn quote(text: &str, url: Option<&str>) -> Block {
        let quote = Quote {
            source: "s".to_owned(),
            file: "s.txt".to_owned(),
            range: 0..text.len(),
            text: text.to_owned(),
            publisher: None,
            title: None,
            published: None,
            headline: false,
            language: Language::En,
            written: None,
            machine_translated: false,
            url: url.map(str::to_owned),
        };
        Block::Quote(Quoted { quote, attribution: "The <Beacon>, 1 May".to_owned() })
    }

    #[test]
    fn a_reply_reads_well_in_both_forms_and_nothing_in_it_is_markup() {
        let suggestion = |text: &str| Suggestion { fact: "f".to_owned(), question: text.to_owned() };
        let reply = Reply {
            language: Language::En,
            private: false,
            blocks: vec![
                Block::Text("It is <b>long</b>.".to_owned()),
                Block::Standing(Standing::Verified, "verified".to_owned()),
                quote("One & two.\nThree.", Some("https://example.org/a?b=1&c=2")),
                Block::Questions("See also:".to_owned(), vec![suggestion("How?"), suggestion("Why?")]),
                Block::Actions(vec![Action::Rate { helpful: true }, Action::Dismiss]),
            ],
        };
        let Rendered { body, html } = render(&reply);
        assert_eq!(
            body,
            "It is <b>long</b>.\n\n✅ verified\n\n> One & two.\n> Three.\n— The <Beacon>, 1 May\nhttps://example.org/a?b=1&c=2\n\n\
             See also:\n1. How?\n2. Why?\nReact with 1️⃣ – 2️⃣ to choose.\n\n👍 Helpful · ❌ Remove"
        );
        assert_eq!(
            html,
            "<p><strong>It is &lt;b&gt;long&lt;/b&gt;.</strong></p><p>✅ <em>verified</em></p>\
             <blockquote><p>One &amp; two.<br>Three.</p></blockquote><p>— The &lt;Beacon&gt;, 1 May · \
             <a href=\"https://example.org/a?b=1&amp;c=2\">open the original at this passage</a></p>\
             <p>See also:</p><ol><li>How?</li><li>Why?</li></ol><p>React with 1️⃣ – 2️⃣ to choose.</p><p>👍 Helpful · ❌ Remove</p>"
        );
        let content = render(&reply).content(&Offer::of(&reply, "@a:b"));
        assert_eq!((&content["m.mentions"], &content["msgtype"]), (&json!({}), &json!("m.notice")));
    }

    #[test]
    fn a_quote_that_does_not_fit_is_left_out_whole_and_its_source_named() {
        let long = "x".repeat(LONGEST);
        let reply = Reply { language: Language::En, private: false, blocks: vec![Block::Text("A".to_owned()), quote(&long, None)] };
        assert_eq!(render(&reply).body, "A\n\n— The <Beacon>, 1 May");
    }
}
