//! Whatever members write, and however long the sources are: nobody is pinged, nothing unfurls, the layout holds.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::scene::{FOOTBALL, LENGTH, Scene};
use super::{SOON, text};
use crate::fake_discord::EPHEMERAL;
use crate::setup::{Setup, harbour_copy};

/// No character of a text can be markup of Discord's that a member wrote: every one of these is escaped or absent.
fn assert_tame(said: &str) {
    for live in ["@everyone", "@here", "<@", "](http", "```", "||", "**@"] {
        assert!(!said.contains(live), "{live:?} in {said}");
    }
}

#[tokio::test]
async fn whatever_surrounds_a_question_it_is_answered_and_nobody_is_pinged() {
    let scene = Scene::start().await;
    let (anna, bruno) = (scene.anna, scene.bruno);
    let questions = [
        format!("@everyone {LENGTH}"),
        format!("@here @everyone, {LENGTH} <@&{}> <@{bruno}> <@!{anna}>", scene.guild),
        format!("**{LENGTH}** __please__"),
        "# how *long* is the ~~harbour~~ ||`bridge`||?".to_owned(),
        format!("> somebody said something else\n> about the ferry\n{LENGTH}"),
        format!("```rust\n{LENGTH}\n```"),
        format!("{LENGTH} https://evil.example/x?y=@everyone http://evil.example (https://evil.example/z) <https://evil.example>"),
        "how long is the harbour [bridge](https://evil.example/pay)?".to_owned(),
        "\u{200b}\u{202e}how\u{200d} long\u{feff} is the har\u{200b}bour bridge\u{2060}?".to_owned(),
        format!("<t:1700000000:R> <:wave:123456789012345678> <a:run:42> <#{}> </ask:12> {LENGTH}", scene.channel),
        format!("- 1. \\ {LENGTH} ~~~ *** ___ ||| ``"),
    ];
    for question in questions {
        let direct = scene.discord.dm_channel(anna);
        scene.discord.say(direct, anna, &question);
        let answer = scene.discord.next_message(direct, SOON).await;
        assert!(text(&answer).contains("612 metres"), "{question:?}: {answer:#}");
        assert!(answer["content"].as_str().unwrap_or_default().is_empty(), "what is in an embed never unfurls: {answer:#}");
        assert_tame(&text(&answer).replace("](https://beacon.example", ""));
    }
    scene.end().await;
}

#[tokio::test]
async fn a_question_that_is_shown_again_is_shown_without_its_markup() {
    let scene = Scene::start().await;
    let questions = [
        "@everyone who won the **football** match? <@&42> https://evil.example/x",
        "who won\n\n# the football match?\n> - x\n```\nlong\n```",
        "@everyone, who won the football match? (@here) @everyone!",
        "who won the [football](https://evil.example) match ||quickly||?",
        "who won the foot\u{200b}ball match?\u{202e}\u{2066}\u{2067}\u{061c}",
    ];
    for question in questions {
        let response = scene.ask(scene.anna, question).await;
        let foot = response["message"]["embeds"][0]["footer"]["text"].as_str().unwrap_or_else(|| panic!("{response:#}"));
        assert!(foot.contains("who won") && !foot.contains('\n'), "{foot:?}");
        let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
        assert!(!foot.contains(hidden), "{foot:?}");
        assert_tame(&text(&response["message"]));
        assert!(response["message"]["content"].as_str().unwrap_or_default().is_empty());
    }
    scene.end().await;
}

#[tokio::test]
async fn very_long_questions_are_answered() {
    let scene = Scene::start().await;
    let long = |length: usize| "and furthermore ".repeat(length / 16);
    let (_, answer) = scene.asked(&format!("{LENGTH} {}", long(3900))).await;
    assert_eq!(answer["author"]["id"], scene.discord.bot().to_string());
    for question in [long(6000), "😀".repeat(3000), "a".repeat(6000), "who? ".repeat(1200), format!("{FOOTBALL} {}", "\\*_".repeat(1900))]
    {
        let response = scene.ask(scene.anna, &question).await;
        let size: usize = ["footer", "author"].iter().map(|part| response["message"]["embeds"][0][part].to_string().len()).sum();
        assert!(size > 0 && response["message"]["embeds"][0].is_object(), "{response:#}");
    }
    scene.end().await;
}

/// A base whose facts quote three whole paragraphs each, in markup of all sorts, and answer at length.
fn lengthy(folder: &std::path::Path, quote: usize, answer: usize) -> Setup {
    let folders = harbour_copy(folder);
    let mut seed = String::from("The long article\n");
    let mut fact = format!(
        "[[fact]]\nid = \"lighthouse\"\naliases.en = [\"Who painted the lighthouse?\", \"painter of the lighthouse\"]\nanswer.en = \"{}\"\n",
        format!("The lighthouse was painted by Otto_Berg*, {}", "as was said and said again, ".repeat(answer / 28)).trim()
    );
    for number in ["first", "second", "third"] {
        let said = format!(
            "The {number} painter of the lighthouse was Otto_Berg*, {}.",
            "who [paints] `all` *night* and _day_ ".repeat(quote / 37)
        );
        let said = said.replace(" .", ".");
        let _ = write!(seed, "\n{said}\n");
        let _ = write!(fact, "[[fact.citations]]\nsource = \"long\"\nquote = \"{said}\"\n");
    }
    std::fs::write(folders.seeds.join("long.txt"), seed).expect("a file");
    std::fs::write(folders.knowledge.join("facts/long.toml"), fact).expect("a file");
    let manifest = folders.knowledge.join("sources.toml");
    let mut sources = std::fs::read_to_string(&manifest).expect("the manifest");
    let _ = write!(
        sources,
        "\n[[source]]\nid = \"long\"\nfile = \"long.txt\"\npublisher = \"{}\"\nlanguage = \"en\"\naddress = \"https://long.example/a_b_(c)\"\n",
        "The Long [Paper] ".repeat(10).trim()
    );
    std::fs::write(manifest, sources).expect("a file");
    Setup { folders, ..Setup::default() }
}

/// The stars that make text bold are closed, or all that follows is bold or shows them.
fn assert_balanced(said: &str) {
    let bare = said.replace("\\\\", "").replace("\\*", "");
    assert_eq!(bare.matches("**").count() % 2, 0, "bold is not closed: {said}");
}

#[tokio::test]
async fn the_longest_quotes_stay_within_an_embed_and_are_left_out_whole() {
    for quote in [900, 1300, 2000, 4200, 9000] {
        let folder = tempfile::tempdir().expect("a folder");
        let scene = Scene::with(lengthy(folder.path(), quote, 30)).await;
        let (_, answer) = scene.asked("who painted the lighthouse?").await;
        let said = text(&answer);
        assert!(said.contains("painted by Otto\\_Berg\\*"), "{said}");
        assert_balanced(&said);
        let quotes: Vec<&str> = said.lines().filter(|line| line.starts_with("> ")).collect();
        assert!(quotes.iter().all(|line| line.ends_with("and \\_day\\_.")), "a quote is cut: {said}");
        assert!(said.matches("open the original at this passage").count() >= quotes.len().max(1), "{said}");
        scene.end().await;
    }
}

#[tokio::test]
async fn the_longest_answers_stay_within_an_embed_and_keep_the_layout() {
    for answer in [1500, 3900, 4080, 4100, 9000] {
        let folder = tempfile::tempdir().expect("a folder");
        let scene = Scene::with(lengthy(folder.path(), 50, answer)).await;
        let (_, answer) = scene.asked("who painted the lighthouse?").await;
        assert!(text(&answer).contains("painted by Otto\\_Berg\\*"), "{answer:#}");
        assert_balanced(&text(&answer));
        scene.end().await;
    }
}

#[tokio::test]
async fn answers_that_nobody_needs_to_be_told_of_ping_nobody_and_name_nobody() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(&format!("@everyone <@{}> {LENGTH}", scene.bruno)).await;
    assert_eq!(answer["mentions"], json!([]), "{answer:#}");
    let sent: Vec<Value> = scene.discord.requests().into_iter().filter(|request| request.method == "POST").map(|it| it.body).collect();
    for body in sent.iter().filter(|body| body["embeds"].is_array()) {
        assert_eq!(body["allowed_mentions"]["parse"], json!([]), "{body:#}");
        assert_eq!(body["allowed_mentions"]["replied_user"], false, "{body:#}");
        assert_eq!(body["flags"].as_u64().unwrap_or(0) & EPHEMERAL, 0);
    }
    scene.end().await;
}
