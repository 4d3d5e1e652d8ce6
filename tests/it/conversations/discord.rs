//! The table on the mocked Discord: questions by mention, commands by their names.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Quoted, Said, Seen, Who, hold, joined};
use crate::fake_discord::{Discord, MessageSpec, USUAL};
use crate::setup::Setup;

const SOON: Duration = Duration::from_secs(10);
const MANAGE_SERVER: u64 = 1 << 5;

#[tokio::test]
async fn the_table_holds_on_discord() {
    let discord = Discord::start().await;
    let bot = Setup::default().start(&discord).await;
    let (anna, mona) = (discord.user("anna"), discord.user("mona"));
    discord.set_permissions(mona, USUAL | MANAGE_SERVER);
    let guild = discord.guild("harbour");
    hold(&[Who::Member, Who::Moderator], async |who, said| {
        let user = if who == Who::Member { anna } else { mona };
        // A channel for each: what was answered in a channel a moment ago is only linked to there.
        let channel = discord.text_channel(guild, "general");
        match said {
            Said::Question(question) => {
                let spec = MessageSpec { content: question.to_owned(), mentions_bot: true, ..MessageSpec::default() };
                discord.say_with(channel, user, &spec);
                read(&discord.next_message(channel, SOON).await)
            }
            Said::Command(name, option) => {
                let options = match (name, option) {
                    (_, "") => json!([]),
                    ("kb", what) => json!([{ "name": what, "type": 1, "options": [] }]),
                    ("ask", question) => json!([{ "name": "question", "type": 3, "value": question }]),
                    (_, source) => json!([{ "name": "source", "type": 3, "value": source }]),
                };
                let interaction = discord.slash(channel, user, name, options);
                read(&discord.wait_response(interaction, SOON).await["message"])
            }
        }
    })
    .await;
    bot.stop().await.expect("it stops");
    assert_eq!(discord.finish(), Vec::<String>::new());
}

fn read(message: &Value) -> Seen {
    let embed = &message["embeds"][0];
    let standing = embed["author"]["name"].as_str().unwrap_or_default();
    let mut seen = Seen { standing: standing.trim_start_matches(['✅', '🔎', ' ']).to_owned(), ..Seen::default() };
    let mut text = Vec::new();
    for line in embed["description"].as_str().unwrap_or_default().lines() {
        if let Some(quote) = line.strip_prefix("> ") {
            seen.quotes.push(Quoted { text: plain(quote), ..Quoted::default() });
        } else if let (Some(about), Some(quoted)) = (line.strip_prefix("— "), seen.quotes.last_mut()) {
            let (attribution, link) = about.split_once(" · [").unwrap_or((about, ""));
            quoted.attribution = plain(attribution);
            quoted.link = link.split_once("](").map(|(_, link)| link.trim_end_matches(')').to_owned()).unwrap_or_default();
        } else {
            text.push(plain(line).replace("**", ""));
        }
    }
    seen.text = joined(&text);
    for part in message["components"].as_array().into_iter().flatten().flat_map(|row| row["components"].as_array().into_iter().flatten()) {
        let label = |part: &Value| part["label"].as_str().unwrap_or_default().to_owned();
        if part["custom_id"].as_str().is_some_and(|id| id.contains(":ask:")) {
            seen.questions.push(label(part));
        }
        seen.questions.extend(part["options"].as_array().into_iter().flatten().map(label));
    }
    seen
}

/// Text without the signs that keep Discord from reading it as markup.
fn plain(text: &str) -> String {
    let mut chars = text.chars().peekable();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation) {
            continue;
        }
        plain.push(c);
    }
    plain.replace('\u{200b}', "")
}
