//! The table on Synapse: questions by mention, commands with their sign; the plain body and the HTML say the same.

use serde_json::Value;

use super::{Quoted, Said, Seen, Who, hold, joined};
use crate::matrix::SOON;
use crate::setup::Setup;
use crate::synapse::{Homeserver, body, html, is_skipped};

#[tokio::test]
async fn the_table_holds_on_matrix() {
    if is_skipped() {
        return;
    }
    let (server, setup) = (Homeserver::shared().await, Setup::default());
    let account = server.member("rapporteur").await;
    let bot = setup.start_on(server, &account);
    let (anna, mona) = (server.member("anna").await, server.member("mona").await);
    hold(&[Who::Member, Who::Moderator], async |who, said| {
        let user = if who == Who::Member { &anna } else { &mona };
        // A room for each: what was answered in a room a moment ago is only linked to there.
        let room = mona.room(&[&account.id, &anna.id]).await;
        anna.join(&room).await;
        user.sees_join(&room, &account.id, SOON).await;
        let asked = match said {
            Said::Question(question) => user.mention(&room, &account.id, question).await,
            Said::Command(name, option) => user.say(&room, &format!("!{name} {option}")).await,
        };
        read(&user.answer(&room, &asked, &account.id, SOON).await)
    })
    .await;
    bot.stop().await.expect("it stops");
}

fn read(said: &Value) -> Seen {
    let (mut seen, mut text) = (Seen::default(), Vec::new());
    for line in body(said).lines() {
        let number = line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok());
        if let Some(quote) = line.strip_prefix("> ") {
            seen.quotes.push(Quoted { text: quote.to_owned(), ..Quoted::default() });
        } else if let (Some(about), Some(quoted)) = (line.strip_prefix("— "), seen.quotes.last_mut()) {
            about.clone_into(&mut quoted.attribution);
        } else if let (true, Some(quoted)) = (line.starts_with("https://"), seen.quotes.last_mut()) {
            line.clone_into(&mut quoted.link);
        } else if let Some((_, question)) = number {
            seen.questions.push(question.to_owned());
        } else if line.starts_with(['✅', '🔎']) {
            line.trim_start_matches(['✅', '🔎', ' ']).clone_into(&mut seen.standing);
        } else if !line.starts_with(['➕', '👍', '👎', '❌', '📮']) {
            text.push(line.to_owned());
        }
    }
    seen.text = joined(&text);
    assert_same_in_html(&seen, html(said));
    seen
}

/// What the plain body says stands in the HTML too, in its place.
fn assert_same_in_html(seen: &Seen, html: &str) {
    let parts = |open: &str, close: &str| -> Vec<String> {
        let parts = html.split(open).skip(1).map(|part| part.split(close).next().unwrap_or_default());
        parts.map(|part| unescaped(&part.replace("<p>", "").replace("</p>", ""))).collect()
    };
    let quotes: Vec<String> = seen.quotes.iter().map(|quoted| quoted.text.clone()).collect();
    assert_eq!(parts("<blockquote>", "</blockquote>"), quotes, "{html}");
    assert_eq!(parts("<li>", "</li>"), seen.questions, "{html}");
    for quoted in &seen.quotes {
        assert!(quoted.link.is_empty() || parts("<a href=\"", "\"").contains(&quoted.link), "{quoted:?}: {html}");
        assert!(unescaped(html).contains(&quoted.attribution), "{quoted:?}: {html}");
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
