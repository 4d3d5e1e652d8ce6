//! Members ask: by mention, command, private message, reply, menu.

use serde_json::json;

use super::{QUIET, SOON, Setup, text};
use crate::fake_discord::{Discord, MessageSpec};

#[tokio::test]
async fn a_mention_is_answered_with_the_quote_publisher_date_and_link() {
    let discord = Discord::start().await;
    let guild = discord.guild("harbour");
    let channel = discord.text_channel(guild, "general");
    let anna = discord.user("anna");
    let bot = Setup::default().start(&discord).await;
    let asked = discord.say_with(
        channel,
        anna,
        &MessageSpec { content: "when was the harbour bridge opened?".into(), mentions_bot: true, ..MessageSpec::default() },
    );
    let answer = discord.next_message(channel, SOON).await;
    assert_eq!(answer["message_reference"]["message_id"], asked.to_string());
    let said = text(&answer);
    assert!(
        said.contains("14 March 2031") && said.contains("\n> ") && said.contains("The Elmsworth Beacon") && said.contains("#:~:text="),
        "{said}"
    );
    assert!(answer["embeds"][0]["author"]["name"].as_str().is_some_and(|name| name.contains("verified by moderators")), "{answer:#}");
    discord.assert_quiet(QUIET).await;
    bot.stop().await.expect("it stops");
    discord.finish();
}

#[tokio::test]
async fn the_ask_command_is_answered_at_once() {
    let discord = Discord::start().await;
    let guild = discord.guild("harbour");
    let channel = discord.text_channel(guild, "general");
    let anna = discord.user("anna");
    let bot = Setup::default().start(&discord).await;
    let asked = discord.slash(channel, anna, "ask", json!([{ "name": "question", "type": 3, "value": "Who designed the bridge?" }]));
    let response = discord.wait_response(asked, SOON).await;
    assert_eq!(response["type"], 4);
    assert!(text(&response["message"]).contains("> "), "{response:#}");
    bot.stop().await.expect("it stops");
    discord.finish();
}
