//! The application commands: asking, completing, topics, sources, help, privacy; in the member's language.

use rapporteur::knowledge::Language;
use rapporteur::reply::Wording;
use serde_json::{Value, json};

use super::scene::{FOOTBALL, LENGTH, OPENED, STEEL, Scene, assert_notice, button, english, has_button, id, is_private, standing};
use super::{SOON, text};
use crate::fake_discord::{Discord, Fault, Id, MessageSpec};
use crate::setup::{Setup, harbour_copy};
use crate::support::{Base, shipped};

/// What is offered to a member who has typed this so far.
async fn completed(scene: &Scene, user: Id, command: &str, option: &str, typed: &str) -> Vec<(String, String)> {
    let options = json!([{ "name": option, "type": 3, "value": typed, "focused": true }]);
    let typing = scene.discord.autocomplete(scene.channel, user, command, options);
    let response = scene.discord.wait_response(typing, SOON).await;
    assert_eq!(response["type"], 8, "{response:#}");
    let choices = response["data"]["choices"].as_array().expect("a list");
    let word = |choice: &Value, key: &str| choice[key].as_str().expect("a text").to_owned();
    choices.iter().map(|choice| (word(choice, "name"), word(choice, "value"))).collect()
}

async fn questions(scene: &Scene, typed: &str) -> Vec<String> {
    completed(scene, scene.anna, "ask", "question", typed).await.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn a_question_is_answered_for_all_and_a_private_one_for_its_asker_alone() {
    let scene = Scene::start().await;
    let response = scene.ask(scene.anna, OPENED).await;
    assert!(text(&response["message"]).contains("14 March 2031") && !is_private(&response["message"]), "{response:#}");
    let response = scene.ask_alone(scene.anna, LENGTH).await;
    assert!(text(&response["message"]).contains("612 metres") && is_private(&response["message"]), "{response:#}");
    let not = json!([{ "name": "question", "type": 3, "value": STEEL }, { "name": "private", "type": 5, "value": false }]);
    let response = scene.slash(scene.anna, "ask", not).await;
    assert!(!is_private(&response["message"]), "{response:#}");
    let direct = scene.discord.dm_channel(scene.bruno);
    let asked = scene.discord.slash(direct, scene.bruno, "ask", json!([{ "name": "question", "type": 3, "value": OPENED }]));
    let response = scene.discord.wait_response(asked, SOON).await;
    assert!(text(&response["message"]).contains("14 March 2031"), "{response:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_question_without_an_answer_is_shown_again_under_the_reply() {
    let scene = Scene::start().await;
    let response = scene.ask(scene.anna, STEEL).await;
    assert_eq!(response["message"]["embeds"][0]["footer"]["text"], format!("You asked: {STEEL}"), "{response:#}");
    let response = scene.ask(scene.anna, OPENED).await;
    assert_eq!(response["message"]["embeds"][0]["footer"], Value::Null, "the answer says what was asked: {response:#}");
    scene.end().await;
}

#[tokio::test]
async fn option_values_with_markup_are_read_as_words() {
    let scene = Scene::start().await;
    let values = [
        "**how long** is the `harbour bridge`?",
        "@everyone how long is the ||harbour bridge||? <@42> <@&43> <#44>",
        "how long is the harbour bridge? https://evil.example",
        "> quoted\nhow long is the harbour bridge?",
    ];
    for value in values {
        let response = scene.ask_alone(scene.anna, value).await;
        assert!(text(&response["message"]).contains("612 metres"), "{value}: {response:#}");
    }
    for nothing in ["   ", "@everyone", "<@42>", "\u{200b}"] {
        let response = scene.ask(scene.anna, nothing).await;
        assert_notice(&response, "mention me");
    }
    scene.end().await;
}

#[tokio::test]
async fn what_is_typed_is_completed_by_its_beginning_and_in_spite_of_typing_errors() {
    let scene = Scene::start().await;
    let cases = [
        ("who des", "Who designed the bridge?"),
        ("WHO DESIGNED", "Who designed the bridge?"),
        ("who desinged the brigde", "Who designed the bridge?"),
        ("lenght of the bridge", "How long is the harbour bridge?"),
        ("marigol", "Until when does the Marigold sail?"),
        ("tram tiket", "How much is a tram ticket?"),
        ("how much did it c", "How much did the bridge cost?"),
        ("bells", "Who complains about the tram bells?"),
    ];
    for (typed, expected) in cases {
        let offered = questions(&scene, typed).await;
        assert!(offered.iter().take(2).any(|question| question == expected), "{typed}: {offered:?}");
    }
    scene.end().await;
}

#[tokio::test]
async fn before_anything_is_typed_questions_are_offered_and_for_nonsense_none() {
    let scene = Scene::start().await;
    for typed in ["", "  ", "?"] {
        assert_eq!(questions(&scene, typed).await.len(), 12, "{typed:?}");
    }
    for typed in ["xyzzy plugh", "qqqqqqqq", "42"] {
        assert_eq!(questions(&scene, typed).await, Vec::<String>::new(), "{typed:?}");
    }
    for typed in ["a".repeat(6000), "😀".repeat(3000), "\u{0}\u{202e}*_~`|".into(), "fact:bridge-size".into()] {
        questions(&scene, &typed).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn there_are_never_more_than_25_choices_nor_one_twice_and_none_is_too_long() {
    let scene = Scene::with(Setup { folders: shipped(), ..Setup::default() }).await;
    for locale in ["it", "en-US", "fr", "uk", "de", "en-GB"] {
        scene.discord.set_locale(scene.anna, locale);
        for typed in ["", "chi", "who", "qui", "хто", "italia", "ukraine", "della la di", "garanzie di sicurezza", "the"] {
            let offered = completed(&scene, scene.anna, "ask", "question", typed).await;
            assert!(offered.len() <= 25 && (!typed.is_empty() || offered.len() > 20), "{locale} {typed}: {}", offered.len());
            let values: std::collections::BTreeSet<&String> = offered.iter().map(|(_, value)| value).collect();
            assert_eq!(values.len(), offered.len(), "{offered:?}");
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn choices_are_in_the_members_language() {
    let scene = Scene::with(Setup { folders: shipped(), ..Setup::default() }).await;
    let mut first = Vec::new();
    for locale in ["it", "en-US", "fr", "uk"] {
        scene.discord.set_locale(scene.anna, locale);
        first.push(completed(&scene, scene.anna, "ask", "question", "").await.remove(0).0);
    }
    let distinct: std::collections::BTreeSet<&String> = first.iter().collect();
    assert_eq!(distinct.len(), 4, "{first:?}");
    assert!(first[3].chars().any(|c| ('а'..='я').contains(&c)), "{first:?}");
    // A language that is none of ours falls back to the base's.
    scene.discord.set_locale(scene.anna, "de");
    assert_eq!(completed(&scene, scene.anna, "ask", "question", "").await[0].0, first[0]);
    scene.end().await;
}

#[tokio::test]
async fn every_choice_is_answered_exactly() {
    let scene = Scene::start().await;
    for (question, value) in completed(&scene, scene.anna, "ask", "question", "").await {
        let response = scene.ask_alone(scene.anna, &value).await;
        assert!(standing(&response["message"]).contains("verified by moderators"), "{question}: {response:#}");
        if question == "Who designed the bridge?" {
            assert!(text(&response["message"]).contains("Ruben Askeland"), "{response:#}");
        }
    }
    // One that the base no longer has is refused with a hint.
    let response = scene.ask(scene.anna, "fact:gone").await;
    assert_notice(&response, &english().unknown_fact);
    scene.end().await;
}

#[tokio::test]
async fn sources_are_completed_by_publisher_title_and_id() {
    let scene = Scene::start().await;
    for (typed, expected) in [("beac", "beacon-opening"), ("FERRY KEEPS", "wire-marigold"), ("council-n", "council-notes")] {
        let offered = completed(&scene, scene.anna, "sources", "source", typed).await;
        assert_eq!(offered.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), [expected], "{typed}");
    }
    assert_eq!(completed(&scene, scene.anna, "sources", "source", "").await.len(), 5);
    assert_eq!(completed(&scene, scene.anna, "sources", "source", "xyzzy").await, Vec::new());
    scene.end().await;
}

#[tokio::test]
async fn answer_this_answers_somebody_elses_message_for_all() {
    let scene = Scene::start().await;
    let said = scene.discord.say(scene.channel, scene.bruno, "I wonder, **how long** is the harbour bridge? @everyone");
    let used = scene.discord.message_command(scene.channel, scene.anna, "Answer this", said);
    let response = scene.discord.wait_response(used, SOON).await;
    assert!(text(&response["message"]).contains("612 metres") && !is_private(&response["message"]), "{response:#}");
    // A message without words.
    let spec = MessageSpec {
        attachments: vec![
            json!({"id": "1", "filename": "x.png", "size": 1, "url": "https://x.example/x.png", "proxy_url": "https://x.example/x.png"}),
        ],
        ..MessageSpec::default()
    };
    for empty in [scene.discord.say_with(scene.channel, scene.bruno, &spec), scene.discord.say(scene.channel, scene.bruno, "<@42>")] {
        let used = scene.discord.message_command(scene.channel, scene.anna, "Answer this", empty);
        let response = scene.discord.wait_response(used, SOON).await;
        assert!(response["type"] == 4 && is_private(&response["message"]), "{response:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn every_button_under_answer_this_does_what_it_says() {
    let scene = Scene::start().await;
    let said = scene.discord.say(scene.channel, scene.bruno, STEEL);
    let used = scene.discord.message_command(scene.channel, scene.anna, "Answer this", said);
    let message = scene.discord.wait_response(used, SOON).await["message"].clone();
    assert!(text(&message).contains(&english().no_answer), "{message:#}");
    if has_button(&message, ":tell:") {
        let told = scene.press(&message, scene.anna, ":tell:").await;
        assert_notice(&told, &english().told);
        assert_eq!(scene.setup.journal().unanswered(9).expect("it can be read")[0].question, STEEL);
    }
    scene.end().await;
}

#[tokio::test]
async fn topics_are_questions_in_a_menu_that_answers_privately() {
    let scene = Scene::start().await;
    let response = scene.slash(scene.anna, "topics", json!([])).await;
    assert_notice(&response, &english().topics);
    let menu = &response["message"]["components"][0]["components"][0];
    let options = menu["options"].as_array().expect("a menu");
    assert!((5..=25).contains(&options.len()), "{menu:#}");
    for option in options {
        let value = option["value"].as_str().expect("a value");
        let picked = scene.discord.select(id(&response["message"]), scene.anna, &button(&response["message"], ":pick:"), &[value]);
        let answer = scene.discord.wait_response(picked, SOON).await;
        assert!(is_private(&answer["message"]) && standing(&answer["message"]).contains("verified"), "{option}: {answer:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn a_base_without_facts_has_topics_to_none() {
    let base = Base::empty().seed("saltmere.txt", crate::support::ARTICLE).knowledge("sources.toml", crate::support::SOURCES);
    let scene = Scene::with(Setup { folders: base.folders(), ..Setup::default() }).await;
    let response = scene.slash(scene.anna, "topics", json!([])).await;
    assert!(is_private(&response["message"]) && Discord::custom_ids(&response["message"]).is_empty(), "{response:#}");
    assert_eq!(questions(&scene, "who").await, Vec::<String>::new());
    scene.end().await;
}

#[tokio::test]
async fn sources_lists_title_publisher_date_id_and_address_of_each() {
    let scene = Scene::start().await;
    let response = scene.slash(scene.anna, "sources", json!([])).await;
    assert_notice(&response, &english().sources);
    for words in [
        "Harbour bridge opens in Port Elmsworth (The Elmsworth Beacon, 14 March 2031; beacon-opening)",
        "https://council.example/notes",
        "A letter from the quay (publisher unknown, 17 March 2031; quay-letter)",
    ] {
        assert!(text(&response["message"]).contains(words), "{words}: {response:#}");
    }
    scene.end().await;
}

#[tokio::test]
async fn an_address_is_listed_so_that_it_can_be_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = harbour_copy(folder.path());
    let manifest = folders.knowledge.join("sources.toml");
    let sources = std::fs::read_to_string(&manifest).expect("the manifest");
    std::fs::write(&manifest, sources.replace("council.example/notes", "council.example/our_notes/of_~2031_[x]")).expect("a file");
    let scene = Scene::with(Setup { folders, ..Setup::default() }).await;
    let response = scene.slash(scene.anna, "sources", json!([])).await;
    let listed = text(&response["message"]);
    assert!(listed.contains("https://council.example/our_notes/of_~2031_"), "{listed}");
    scene.end().await;
}

#[tokio::test]
async fn a_source_is_shown_passage_by_passage_and_turned_back_and_forth_in_place() {
    let scene = Scene::start().await;
    let options = json!([{ "name": "source", "type": 3, "value": "beacon-opening" }]);
    let response = scene.slash(scene.anna, "sources", options).await;
    let first = response["message"].clone();
    assert_notice(&response, "1–3 of 4");
    assert!(text(&first).contains("Harbour bridge opens in Port Elmsworth") && text(&first).matches("\n> ").count() >= 3, "{first:#}");
    assert!(!has_button(&first, "sourceback"), "{first:#}");
    let turned = scene.press(&first, scene.anna, ":source:").await;
    assert_eq!(turned["type"], 7, "{turned:#}");
    let second = turned["message"].clone();
    assert_eq!(id(&second), id(&first));
    assert!(
        text(&second).contains("4–4 of 4") && text(&second).contains("harbourmaster") || text(&second).contains("Lonsdale"),
        "{second:#}"
    );
    assert!(!has_button(&second, ":source:"), "there is nothing behind the last page: {second:#}");
    let back = scene.press(&second, scene.anna, ":sourceback:").await;
    assert_eq!((&back["type"], text(&back["message"])), (&json!(7), text(&first)));
    scene.end().await;
}

#[tokio::test]
async fn an_unknown_source_is_answered_with_those_that_are_known() {
    let scene = Scene::start().await;
    for unknown in ["nope", "@everyone **x**", "BEACON"] {
        let response = scene.slash(scene.anna, "sources", json!([{ "name": "source", "type": 3, "value": unknown }])).await;
        assert_notice(&response, "beacon-opening, council-notes");
    }
    scene.end().await;
}

#[tokio::test]
async fn help_names_the_commands_and_leaves_no_place_open() {
    let scene = Scene::start().await;
    for locale in ["en-US", "it", "fr", "uk"] {
        scene.discord.set_locale(scene.anna, locale);
        let wording = Wording::of(Language::from_code(locale).expect("one of ours"));
        let response = scene.slash(scene.anna, "help", json!([])).await;
        let help = text(&response["message"]);
        assert!(is_private(&response["message"]) && !help.contains('{') && !help.contains('}'), "{help}");
        for key in ["ask", "topics", "sources", "privacy"] {
            // As registered, or as members see it in their language.
            let named = |name: &str| help.contains(&format!("/{name}"));
            assert!(named(wording.command(key).0) || named(english().command(key).0), "{locale} {key}: {help}");
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn privacy_says_what_is_kept() {
    let scene = Scene::start().await;
    let response = scene.slash(scene.anna, "privacy", json!([])).await;
    assert_notice(&response, "30 days");
    scene.discord.set_locale(scene.anna, "fr");
    let response = scene.slash(scene.anna, "privacy", json!([])).await;
    assert_notice(&response, "30 jours");
    scene.end().await;
}

#[tokio::test]
async fn unknown_and_stale_commands_are_acknowledged_with_a_notice() {
    let scene = Scene::start().await;
    for (name, options) in
        [("dance", json!([])), ("chiedi", json!([])), ("kb", json!([])), ("kb", json!([{ "name": "drop", "type": 1, "options": [] }]))]
    {
        let response = scene.slash(scene.anna, name, options).await;
        assert_notice(&response, "I do not know this command");
    }
    let response = scene.slash(scene.anna, "ask", json!([])).await;
    assert_notice(&response, "mention me");
    let said = scene.discord.say(scene.channel, scene.bruno, OPENED);
    let used = scene.discord.message_command(scene.channel, scene.anna, "Translate this", said);
    assert_notice(&scene.discord.wait_response(used, SOON).await, "I do not know this command");
    for (name, option) in [("ask", "colour"), ("dance", "question"), ("kb", "x")] {
        completed(&scene, scene.anna, name, option, "who").await;
    }
    scene.end().await;
}

#[tokio::test]
async fn an_interaction_that_is_delivered_twice_is_answered_once() {
    let scene = Scene::start().await;
    let asked = scene.discord.slash(scene.channel, scene.anna, "ask", json!([{ "name": "question", "type": 3, "value": OPENED }]));
    let again = scene.discord.with(|state| state.interactions[&asked].value.clone());
    scene.discord.fault(Fault::Event("INTERACTION_CREATE".into(), again));
    scene.discord.wait_response(asked, SOON).await;
    scene.discord.assert_quiet(super::QUIET).await;
    let callbacks = scene.discord.requests().into_iter().filter(|request| request.path.ends_with("/callback")).count();
    assert_eq!(callbacks, 1);
    scene.end().await;
}

#[tokio::test]
async fn commands_are_registered_with_names_and_descriptions_in_every_language() {
    let scene = Scene::start().await;
    scene.discord.wait_until(SOON, |state| state.commands.contains_key(&None)).await;
    let registered = scene.discord.registered(None);
    let names: Vec<&str> = registered.iter().filter_map(|command| command["name"].as_str()).collect();
    assert_eq!(names, ["ask", "topics", "sources", "help", "privacy", "kb", "Answer this"]);
    let locales = [("it", Language::It), ("en-US", Language::En), ("en-GB", Language::En), ("fr", Language::Fr), ("uk", Language::Uk)];
    let check = |value: &Value, key: &str| {
        for (locale, language) in locales {
            let (name, description) = Wording::of(language).command(key);
            assert!(!name.is_empty(), "{locale} {key}");
            assert_eq!(value["name_localizations"][locale], name, "{value:#}");
            if value["type"] != 3 || value["autocomplete"].is_boolean() {
                assert_eq!(value["description_localizations"][locale].as_str().unwrap_or_default(), description, "{value:#}");
            }
        }
    };
    for command in &registered {
        let key = if command["type"] == 3 { "answer_this" } else { command["name"].as_str().expect("a name") };
        check(command, key);
        for option in command["options"].as_array().into_iter().flatten() {
            check(option, option["name"].as_str().expect("a name"));
        }
        assert_eq!(command["integration_types"], json!([0]), "{command:#}");
    }
    let contexts = |name: &str| registered.iter().find(|command| command["name"] == name).map(|command| command["contexts"].clone());
    assert_eq!((contexts("ask"), contexts("kb")), (Some(json!([0, 1])), Some(json!([0]))));
    scene.end().await;
}

#[tokio::test]
async fn the_interface_speaks_the_members_language_and_the_bases_to_all_others() {
    let scene = Scene::start().await;
    for (locale, language) in [
        ("it", Language::It),
        ("fr", Language::Fr),
        ("uk", Language::Uk),
        ("en-GB", Language::En),
        ("en-US", Language::En),
        ("de", Language::En),
        ("zh-CN", Language::En),
    ] {
        scene.discord.set_locale(scene.anna, locale);
        let wording = Wording::of(language);
        let response = scene.ask_alone(scene.anna, OPENED).await;
        let message = &response["message"];
        assert!(standing(message).contains(&wording.verified), "{locale}: {message:#}");
        assert!(text(message).contains(&wording.link) && message.to_string().contains(&wording.button_helpful), "{locale}: {message:#}");
        let response = scene.ask_alone(scene.anna, FOOTBALL).await;
        let foot = response["message"]["embeds"][0]["footer"]["text"].as_str().unwrap_or_default();
        assert_eq!(foot, wording.asked.replace("{question}", FOOTBALL), "{locale}");
        assert!(response["message"].to_string().contains(&wording.button_tell), "{locale}: {response:#}");
        let response = scene.slash(scene.anna, "dance", json!([])).await;
        assert_notice(&response, &wording.unknown_command);
    }
    scene.end().await;
}

#[tokio::test]
async fn a_line_of_the_bots_own_is_in_the_members_language_too() {
    let scene = Scene::start().await;
    for (locale, language) in [("it", Language::It), ("fr", Language::Fr), ("uk", Language::Uk)] {
        scene.discord.set_locale(scene.anna, locale);
        let response = scene.ask_alone(scene.anna, FOOTBALL).await;
        let (said, own) = (text(&response["message"]), &Wording::of(language).no_answer);
        // The question's own language may be meant: then the label below it has to be in that language too.
        assert!(said.contains(own), "{locale}: {said:?} is not {own:?}");
    }
    scene.end().await;
}
