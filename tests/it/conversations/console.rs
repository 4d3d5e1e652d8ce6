//! The table on the terminal, where whoever sits at it is a moderator.

use super::{Quoted, Said, Seen, Who, hold, joined};
use crate::support::{harbour, rapporteur};

#[tokio::test]
async fn the_table_holds_on_the_console() {
    hold(&[Who::Moderator], async |_, said| {
        let line = match said {
            Said::Question(question) => question.to_owned(),
            Said::Command(name, option) => format!("/{name} {option}"),
        };
        let run = rapporteur(&harbour(), &["chat", "--lang", "en"], format!("{line}\n"));
        assert_eq!(run.status, 0, "{run:?}");
        read(&run.stdout)
    })
    .await;
}

fn read(printed: &str) -> Seen {
    let (mut seen, mut text) = (Seen::default(), Vec::new());
    for line in printed.lines() {
        if let Some(quote) = line.strip_prefix("  | ") {
            seen.quotes.push(Quoted { text: quote.to_owned(), ..Quoted::default() });
        } else if let Some(question) = line.strip_prefix("  - ") {
            seen.questions.push(question.to_owned());
        } else if let (Some(about), Some(quoted)) = (line.strip_prefix("    "), seen.quotes.last_mut()) {
            let part = if quoted.attribution.is_empty() { &mut quoted.attribution } else { &mut quoted.link };
            about.clone_into(part);
        } else if let Some(standing) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            standing.clone_into(&mut seen.standing);
        } else {
            text.push(line.to_owned());
        }
    }
    seen.text = joined(&text);
    seen
}
