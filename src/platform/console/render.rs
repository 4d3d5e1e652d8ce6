//! Reply -> text for a terminal: coloured and linked where the terminal can, plain where the output is piped.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use crate::answer::Explanation;
use crate::reply::{Block, Quoted, Reply, Standing, Wording};

/// What the output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colours.
    pub colour: bool,
    /// Clickable links (OSC 8).
    pub links: bool,
}

impl Style {
    /// Plain text.
    pub const PLAIN: Self = Self { colour: false, links: false };

    /// What standard output can show. `NO_COLOR` (<https://no-color.org>) is honoured.
    #[must_use]
    pub fn detect() -> Self {
        let terminal = std::io::stdout().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb");
        Self { colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()), links: terminal }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn link(self, address: &str, text: &str) -> String {
        if self.links { format!("\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\") } else { address.to_owned() }
    }
}

/// Renders a reply, without a final line break.
#[must_use]
pub fn render(reply: &Reply, style: Style) -> String {
    let mut text = String::new();
    for block in &reply.blocks {
        // Writing to a string never fails.
        let _ = match block {
            Block::Text(sentence) => writeln!(text, "{}", style.paint("1", &clean(sentence))),
            Block::Standing(Standing::Verified, label) => writeln!(text, "{}", style.paint("32", &format!("[{label}]"))),
            Block::Standing(Standing::NotReviewed, label) => writeln!(text, "{}", style.paint("33", &format!("[{label}]"))),
            Block::Quote(quoted) => write!(text, "{}", quote(quoted, reply, style)),
            Block::Questions(lead, questions) => {
                let lead = if lead.is_empty() { String::new() } else { format!("{lead}\n") };
                let lines: Vec<String> = questions.iter().map(|question| format!("  - {}", clean(&question.question))).collect();
                writeln!(text, "{lead}{}", lines.join("\n"))
            }
            // There is nothing to press in a terminal.
            Block::Actions(_) => Ok(()),
        };
    }
    text.trim_end().to_owned()
}

fn quote(quoted: &Quoted, reply: &Reply, style: Style) -> String {
    let mut text = String::new();
    for line in quoted.quote.text.lines() {
        let _ = writeln!(text, "  {} {}", style.paint("36", "|"), style.paint("36", &clean(line)));
    }
    let _ = writeln!(text, "    {}", style.paint("2", &clean(&quoted.attribution)));
    if let Some(url) = &quoted.quote.url {
        let _ = writeln!(text, "    {}", style.link(url, &Wording::of(reply.language).link));
    }
    text
}

/// Takes control characters out: text from sources must not drive the terminal.
fn clean(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

/// Renders why an answer is what it is.
#[must_use]
pub fn render_explanation(explanation: &Explanation) -> String {
    let mut text = format!(
        "asked: {:?}; units: {}\nno fact: {:.3}; passages: {:.3}; version {}\n",
        explanation.kind,
        explanation.units.join(", "),
        explanation.none,
        explanation.passages,
        explanation.version
    );
    for candidate in &explanation.candidates {
        let features: Vec<String> = candidate.features.iter().map(|(name, value)| format!("{name}={value:.2}")).collect();
        let _ = writeln!(text, "{:.3} {} by {:?}", candidate.probability, candidate.id, clean(&candidate.alias));
        if !candidate.uncovered.is_empty() {
            let _ = writeln!(text, "      lacks: {}", candidate.uncovered.join(", "));
        }
        let _ = writeln!(text, "      {}", features.join(" "));
    }
    text.trim_end().to_owned()
}
