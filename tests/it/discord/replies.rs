//! Whole replies as Discord gets them, in every language. Ids, and what depends on the base's version, are left out.

use serde_json::{Value, json};

use super::SOON;
use super::scene::{FOOTBALL, MAYOR, OPENED, STEEL, Scene};
use crate::fake_discord::{Discord, MessageSpec};
use crate::setup::{Setup, harbour_copy};
use crate::support::shipped;

/// What members see of a message.
fn whole(message: &Value) -> Value {
    let mut shown = json!({ "content": message["content"], "embeds": message["embeds"], "components": message["components"], "flags": message["flags"] });
    let rows = shown["components"].as_array_mut().into_iter().flatten();
    for part in rows.flat_map(|row| row["components"].as_array_mut().into_iter().flatten()) {
        if let Some(id) = part["custom_id"].as_str().map(redacted) {
            part["custom_id"] = id.into();
        }
    }
    shown
}

/// JSON in which whatever fits is on one line.
fn json(value: &Value) -> String {
    let inside: Vec<String> = match value {
        _ if value.to_string().len() < 110 => return value.to_string(),
        Value::Array(list) => list.iter().map(json).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| format!("{}: {}", json!(key), json(value))).collect(),
        _ => return value.to_string(),
    };
    let inside = inside.join(",\n").replace('\n', "\n  ");
    if value.is_array() { format!("[\n  {inside}\n]") } else { format!("{{\n  {inside}\n}}") }
}

/// A custom id without who asked, and without the numbers of one version of a base.
fn redacted(id: &str) -> String {
    let mut parts: Vec<&str> = id.split(':').collect();
    let asker = |part: &&str| part.len() > 15 && part.chars().all(|c| c.is_ascii_digit());
    let spots = matches!(parts.get(1), Some(&("more" | "back")));
    for (at, part) in parts.iter_mut().enumerate() {
        match at {
            2 if part.len() == 12 => *part = "[version]",
            4 if spots => *part = "[spots]",
            _ if asker(part) => *part = "[asker]",
            _ => {}
        }
    }
    parts.join(":")
}

/// A member whose client has this language uses `/ask`.
async fn asked_in(scene: &Scene, locale: &str, question: &str) -> Value {
    scene.discord.set_locale(scene.anna, locale);
    whole(&scene.ask_alone(scene.anna, question).await["message"])
}

/// A question to the shipped base by private message, whose reply is in the question's language.
async fn shipped_answer(question: &str) -> Value {
    let scene = Scene::with(Setup { folders: shipped(), ..Setup::default() }).await;
    let direct = scene.discord.dm_channel(scene.anna);
    scene.discord.say(direct, scene.anna, question);
    let mut answer = whole(&scene.discord.next_message(direct, SOON).await);
    // What is related to it grows with the base.
    answer["components"] = Value::Null;
    scene.end().await;
    answer
}

#[tokio::test]
async fn a_curated_fact() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(OPENED).await;
    insta::assert_snapshot!(json(&whole(&answer)), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:pick:en",
              "options": [
                {"label":"How many people attended the opening?","value":"bridge-attendance"},
                {"label":"How long is the harbour bridge?","value":"bridge-size"}
              ],
              "placeholder": "See also:",
              "type": 3
            }
          ],
          "type": 1
        },
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "More passages",
              "style": 2,
              "type": 2
            },
            {"custom_id":"r1:rate:yes","disabled":false,"emoji":{"name":"👍"},"label":"Helpful","style":2,"type":2},
            {"custom_id":"r1:rate:no","disabled":false,"emoji":{"name":"👎"},"label":"Not helpful","style":2,"type":2},
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Remove",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [
        {
          "author": {"name":"✅ verified by moderators"},
          "color": 3046706,
          "description": "**Mayor Odile Tarrant opened the harbour bridge on Friday 14 March 2031.**\n\n> The Port Elmsworth harbour bridge was opened on Friday 14 March 2031 by Mayor Odile Tarrant, who cut a ribbon of sailcloth.\n— The Elmsworth Beacon, 14 March 2031 · [open the original at this passage](https://beacon.example/harbour-bridge-opens#:~:text=The%20Port%20Elmsworth%20harbour,a%20ribbon%20of%20sailcloth.)",
          "type": "rich"
        }
      ],
      "flags": 0
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn sources_that_differ_and_one_from_before_the_event() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked("How many people attended the opening?").await;
    insta::assert_snapshot!(json(&whole(&answer)), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "More passages",
              "style": 2,
              "type": 2
            },
            {"custom_id":"r1:rate:yes","disabled":false,"emoji":{"name":"👍"},"label":"Helpful","style":2,"type":2},
            {"custom_id":"r1:rate:no","disabled":false,"emoji":{"name":"👎"},"label":"Not helpful","style":2,"type":2},
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Remove",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [
        {
          "author": {"name":"✅ verified by moderators"},
          "color": 3046706,
          "description": "**The sources differ: the Beacon counts some four thousand residents; before the opening the council had expected about six thousand people.**\n\n> Some four thousand residents attended the ceremony.\n— The Elmsworth Beacon, 14 March 2031 · [open the original at this passage](https://beacon.example/harbour-bridge-opens#:~:text=Some%20four%20thousand%20residents%20attended%20the%20ceremony.)\n\n> The council expects about six thousand people at the opening of the harbour bridge.\n— Port Elmsworth Council, 20 February 2031, written before the event · [open the original at this passage](https://council.example/notes#:~:text=The%20council%20expects%20about,of%20the%20harbour%20bridge.)\n\n> Bridge opening: what to expect\n— Port Elmsworth Council, 20 February 2031, written before the event · [open the original at this passage](https://council.example/notes#:~:text=Bridge%20opening%3A%20what%20to%20expect)",
          "type": "rich"
        }
      ],
      "flags": 0
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn a_fact_that_held_on_a_day() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked("Until when does the Marigold sail?").await;
    insta::assert_snapshot!(json(&whole(&answer)["embeds"]), @r#"
    [
      {
        "author": {"name":"✅ verified by moderators, as of 15 March 2031"},
        "color": 3046706,
        "description": "**The ferry Marigold will keep sailing until the end of June 2031.**\n\n> The ferry Marigold will keep sailing until the end of June 2031, the harbour company announced after the opening of the bridge.\n— Coast Wire, 15 March 2031 · [open the original at this passage](https://wire.example/marigold#:~:text=The%20ferry%20Marigold%20will,opening%20of%20the%20bridge.)",
        "type": "rich"
      }
    ]
    "#);
    scene.end().await;
}

#[tokio::test]
async fn a_source_without_publisher_and_address() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked("Who complains about the tram bells?").await;
    insta::assert_snapshot!(json(&whole(&answer)["embeds"]), @r#"
    [
      {
        "author": {"name":"✅ verified by moderators"},
        "color": 3046706,
        "description": "**According to a letter, a resident complains that the tram bells wake Cooper's Quay at five in the morning.**\n\n> The tram bells wake Cooper’s Quay at five in the morning, a resident complains.\n— publisher unknown, 17 March 2031",
        "type": "rich"
      }
    ]
    "#);
    scene.end().await;
}

#[tokio::test]
async fn passages_nobody_has_reviewed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = harbour_copy(folder.path());
    for part in ["facts", "gaps"] {
        std::fs::remove_dir_all(folders.knowledge.join(part)).expect("it was copied");
    }
    let scene = Scene::with(Setup { folders, ..Setup::default() }).await;
    let (_, answer) = scene.asked("Which ships have to give notice two hours ahead?").await;
    insta::assert_snapshot!(json(&whole(&answer)), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "More passages",
              "style": 2,
              "type": 2
            },
            {"custom_id":"r1:rate:yes","disabled":false,"emoji":{"name":"👍"},"label":"Helpful","style":2,"type":2},
            {"custom_id":"r1:rate:no","disabled":false,"emoji":{"name":"👎"},"label":"Not helpful","style":2,"type":2},
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Remove",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [
        {
          "author": {"name":"🔎 found in the articles, not reviewed"},
          "color": 16361509,
          "description": "**Found in the articles (not reviewed by moderators):**\n\n> Harbourmaster Piet Lonsdale said that ships above 40 metres will have to give notice two hours ahead, so that the central span can be raised.\n— The Elmsworth Beacon, 14 March 2031 · [open the original at this passage](https://beacon.example/harbour-bridge-opens#:~:text=Harbourmaster%20Piet%20Lonsdale%20said,span%20can%20be%20raised.)",
          "type": "rich"
        }
      ],
      "flags": 0
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn no_answer_with_the_closest_topic() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(STEEL).await;
    insta::assert_snapshot!(json(&whole(&answer)), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:ask:en:[asker]:bridge-cost",
              "disabled": false,
              "label": "How much did the bridge cost?",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        },
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "More passages",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:tell:[asker]",
              "disabled": false,
              "emoji": {"name":"📮"},
              "label": "Tell the moderators",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Remove",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [{"color":6323595,"description":"**The sources do not say.**\n\nThe closest topic:","type":"rich"}],
      "flags": 0
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn no_answer_to_a_command() {
    let scene = Scene::start().await;
    let answer = asked_in(&scene, "en-US", FOOTBALL).await;
    insta::assert_snapshot!(json(&answer), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:tell:[asker]",
              "disabled": false,
              "emoji": {"name":"📮"},
              "label": "Tell the moderators",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Remove",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [
        {
          "color": 6323595,
          "description": "**The sources do not say.**",
          "footer": {"text":"You asked: who won the football match?"},
          "type": "rich"
        }
      ],
      "flags": 64
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn suggestions() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked(MAYOR).await;
    let mut answer = whole(&answer);
    // Which questions are near enough beside this one is a matter of calibration.
    let rows = answer["components"].as_array_mut().expect("rows");
    rows.retain(|row| !row.to_string().contains(":ask:") || row.to_string().contains(":bridge-opening"));
    insta::assert_snapshot!(json(&answer), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:ask:en:[asker]:bridge-opening",
              "disabled": false,
              "label": "When was the harbour bridge opened?",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        },
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "More passages",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:tell:[asker]",
              "disabled": false,
              "emoji": {"name":"📮"},
              "label": "Tell the moderators",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Remove",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [{"color":6323595,"description":"**Did you mean one of these?**","type":"rich"}],
      "flags": 0
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn small_talk_in_each_language() {
    let scene = Scene::start().await;
    let mut said = Vec::new();
    for talk in ["thanks", "ciao", "merci", "привіт"] {
        let (_, answer) = scene.asked(talk).await;
        said.push(whole(&answer));
    }
    let buttons: Vec<Vec<String>> = said.iter().map(Discord::custom_ids).collect();
    assert_eq!(buttons, vec![["r1:dismiss:[asker]"]; 4]);
    let said: Vec<&Value> = said.iter().map(|answer| &answer["embeds"][0]["description"]).collect();
    insta::assert_snapshot!(json(&json!(said)), @r#"
    [
      "**You're welcome! Ask me anything else about Opening of the Port Elmsworth harbour bridge (14 March 2031).**",
      "**Ciao! Rispondo alle domande su: Opening of the Port Elmsworth harbour bridge (14 March 2031). Chiedimi pure.**",
      "**Avec plaisir ! Si vous avez d'autres questions sur Opening of the Port Elmsworth harbour bridge (14 March 2031), je suis là.**",
      "**Вітаю! Я відповідаю на запитання про: Opening of the Port Elmsworth harbour bridge (14 March 2031). Питайте.**"
    ]
    "#);
    scene.end().await;
}

#[tokio::test]
async fn help_by_mention() {
    let scene = Scene::start().await;
    let (_, answer) = scene.asked("").await;
    insta::assert_snapshot!(json(&whole(&answer)), @r#"
    {
      "components": [],
      "content": "",
      "embeds": [
        {
          "color": 6323595,
          "description": "I answer questions about Opening of the Port Elmsworth harbour bridge (14 March 2031), in Italian, English, French and Ukrainian. What I say comes only from the sources and is always quoted; what they do not say, I do not know.\n• /ask – ask a question; /ask with “private” shows the answer to you alone\n• mention me, reply to me or write to me directly\n• /topics – what I can answer\n• /sources – the articles I rest on\n• /privacy – what I keep",
          "type": "rich"
        }
      ],
      "flags": 0
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn topics() {
    let scene = Scene::start().await;
    let response = scene.slash(scene.anna, "topics", json!([])).await;
    insta::assert_snapshot!(json(&whole(&response["message"])), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:pick:en",
              "options": [
                {"label":"When was the harbour bridge opened?","value":"bridge-opening"},
                {"label":"How many people attended the opening?","value":"bridge-attendance"},
                {"label":"How long is the harbour bridge?","value":"bridge-size"},
                {"label":"Who designed the bridge?","value":"bridge-designer"},
                {"label":"What did Mayor Tarrant say at the ceremony?","value":"bridge-tarrant-quote"},
                {"label":"Which ships have to give notice?","value":"bridge-ship-notice"},
                {"label":"How much did the bridge cost?","value":"bridge-cost"},
                {"label":"How much is a tram ticket?","value":"fare"},
                {"label":"Will the ferry stop on the day the bridge opens?","value":"ferry-expected-end"},
                {"label":"Until when does the Marigold sail?","value":"ferry-until-june"},
                {"label":"What happens to the crew of the ferry?","value":"ferry-crew"},
                {"label":"Who complains about the tram bells?","value":"quay-bells"}
              ],
              "placeholder": "For example, I can answer:",
              "type": 3
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [{"color":6323595,"description":"For example, I can answer:","type":"rich"}],
      "flags": 64
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn a_page_of_a_source() {
    let scene = Scene::start().await;
    let response = scene.slash(scene.anna, "sources", json!([{ "name": "source", "type": 3, "value": "council-notes" }])).await;
    insta::assert_snapshot!(json(&whole(&response["message"])), @r#"
    {
      "components": [],
      "content": "",
      "embeds": [
        {
          "color": 6323595,
          "description": "**Bridge opening: what to expect (1–3 of 3)**\n\n> The council expects about six thousand people at the opening of the harbour bridge.\n— Port Elmsworth Council, 20 February 2031, written before the event · [open the original at this passage](https://council.example/notes#:~:text=The%20council%20expects%20about,of%20the%20harbour%20bridge.)\n\n> Pedestrians and cyclists will cross for free; a tram ticket will cost three crowns.\n— Port Elmsworth Council, 20 February 2031, written before the event · [open the original at this passage](https://council.example/notes#:~:text=Pedestrians%20and%20cyclists%20will,will%20cost%20three%20crowns.)\n\n> The ferry \\*Marigold\\* will stop running on the day the bridge opens.\n— Port Elmsworth Council, 20 February 2031, written before the event · [open the original at this passage](https://council.example/notes#:~:text=The%20ferry%20%2AMarigold%2A%20will,day%20the%20bridge%20opens.)",
          "type": "rich"
        }
      ],
      "flags": 64
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn the_first_of_several_pages_of_a_source() {
    let scene = Scene::start().await;
    let response = scene.slash(scene.anna, "sources", json!([{ "name": "source", "type": 3, "value": "beacon-opening" }])).await;
    insta::assert_snapshot!(json(&whole(&response["message"])["components"]), @r#"
    [
      {
        "components": [
          {
            "custom_id": "r1:source:[version]:1:beacon-opening",
            "disabled": false,
            "emoji": {"name":"▶️"},
            "label": "Next",
            "style": 2,
            "type": 2
          }
        ],
        "type": 1
      }
    ]
    "#);
    scene.end().await;
}

#[tokio::test]
async fn what_was_said_a_moment_ago() {
    let scene = Scene::start().await;
    let (_, first) = scene.asked(OPENED).await;
    let (_, again) = scene.asked(OPENED).await;
    let mut again = whole(&again);
    let link = format!("/{}/{}/{}", scene.guild, scene.channel, first["id"].as_str().expect("an id"));
    again["content"] = again["content"].as_str().expect("a text").replace(&link, "/[guild]/[channel]/[reply]").into();
    insta::assert_snapshot!(json(&again), @r#"
    {
      "components": [],
      "content": "This was answered here a moment ago: https://discord.com/channels/[guild]/[channel]/[reply]",
      "embeds": [],
      "flags": 4
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn what_is_around_an_answer_in_italian() {
    let scene = Scene::start().await;
    let answer = asked_in(&scene, "it", OPENED).await;
    insta::assert_snapshot!(json(&answer), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:pick:it",
              "options": [
                {"label":"How many people attended the opening?","value":"bridge-attendance"},
                {"label":"How long is the harbour bridge?","value":"bridge-size"}
              ],
              "placeholder": "Vedi anche:",
              "type": 3
            }
          ],
          "type": 1
        },
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "Altri passaggi",
              "style": 2,
              "type": 2
            },
            {"custom_id":"r1:rate:yes","disabled":false,"emoji":{"name":"👍"},"label":"Utile","style":2,"type":2},
            {"custom_id":"r1:rate:no","disabled":false,"emoji":{"name":"👎"},"label":"Non utile","style":2,"type":2},
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Rimuovi",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [
        {
          "author": {"name":"✅ verificato dai moderatori"},
          "color": 3046706,
          "description": "**Mayor Odile Tarrant opened the harbour bridge on Friday 14 March 2031.**\n\n> The Port Elmsworth harbour bridge was opened on Friday 14 March 2031 by Mayor Odile Tarrant, who cut a ribbon of sailcloth.\n— The Elmsworth Beacon, 14 marzo 2031, in inglese · [apri l'originale in questo punto](https://beacon.example/harbour-bridge-opens#:~:text=The%20Port%20Elmsworth%20harbour,a%20ribbon%20of%20sailcloth.)",
          "type": "rich"
        }
      ],
      "flags": 64
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn what_is_around_an_answer_in_french() {
    let scene = Scene::start().await;
    let answer = asked_in(&scene, "fr", "How many people attended the opening?").await;
    insta::assert_snapshot!(json(&answer), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "Autres passages",
              "style": 2,
              "type": 2
            },
            {"custom_id":"r1:rate:yes","disabled":false,"emoji":{"name":"👍"},"label":"Utile","style":2,"type":2},
            {"custom_id":"r1:rate:no","disabled":false,"emoji":{"name":"👎"},"label":"Pas utile","style":2,"type":2},
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Retirer",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [
        {
          "author": {"name":"✅ vérifié par les modérateurs"},
          "color": 3046706,
          "description": "**The sources differ: the Beacon counts some four thousand residents; before the opening the council had expected about six thousand people.**\n\n> Some four thousand residents attended the ceremony.\n— The Elmsworth Beacon, 14 mars 2031, en anglais · [ouvrir l'original à ce passage](https://beacon.example/harbour-bridge-opens#:~:text=Some%20four%20thousand%20residents%20attended%20the%20ceremony.)\n\n> The council expects about six thousand people at the opening of the harbour bridge.\n— Port Elmsworth Council, 20 février 2031, en anglais, écrit avant l'événement · [ouvrir l'original à ce passage](https://council.example/notes#:~:text=The%20council%20expects%20about,of%20the%20harbour%20bridge.)\n\n> Bridge opening: what to expect\n— Port Elmsworth Council, 20 février 2031, en anglais, écrit avant l'événement · [ouvrir l'original à ce passage](https://council.example/notes#:~:text=Bridge%20opening%3A%20what%20to%20expect)",
          "type": "rich"
        }
      ],
      "flags": 64
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn what_is_around_an_answer_in_ukrainian() {
    let scene = Scene::start().await;
    let answer = asked_in(&scene, "uk", "Until when does the Marigold sail?").await;
    insta::assert_snapshot!(json(&answer), @r#"
    {
      "components": [
        {
          "components": [
            {
              "custom_id": "r1:pick:uk",
              "options": [{"label":"What happens to the crew of the ferry?","value":"ferry-crew"}],
              "placeholder": "Дивіться також:",
              "type": 3
            }
          ],
          "type": 1
        },
        {
          "components": [
            {
              "custom_id": "r1:more:[version]:0:[spots]",
              "disabled": false,
              "emoji": {"name":"➕"},
              "label": "Інші уривки",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:rate:yes",
              "disabled": false,
              "emoji": {"name":"👍"},
              "label": "Корисно",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:rate:no",
              "disabled": false,
              "emoji": {"name":"👎"},
              "label": "Не корисно",
              "style": 2,
              "type": 2
            },
            {
              "custom_id": "r1:dismiss:[asker]",
              "disabled": false,
              "emoji": {"name":"✖️"},
              "label": "Прибрати",
              "style": 2,
              "type": 2
            }
          ],
          "type": 1
        }
      ],
      "content": "",
      "embeds": [
        {
          "author": {"name":"✅ перевірено модераторами, станом на 15 березня 2031"},
          "color": 3046706,
          "description": "**The ferry Marigold will keep sailing until the end of June 2031.**\n\n> The ferry Marigold will keep sailing until the end of June 2031, the harbour company announced after the opening of the bridge.\n— Coast Wire, 15 березня 2031, мова: англійська · [відкрити оригінал на цьому місці](https://wire.example/marigold#:~:text=The%20ferry%20Marigold%20will,opening%20of%20the%20bridge.)",
          "type": "rich"
        }
      ],
      "flags": 64
    }
    "#);
    scene.end().await;
}

#[tokio::test]
async fn a_fact_of_the_shipped_base_in_italian() {
    let answer = shipped_answer("Chi guidava la delegazione statunitense?").await;
    insta::assert_snapshot!(json(&answer["embeds"]), @r#"
    [
      {
        "author": {"name":"✅ verificato dai moderatori"},
        "color": 3046706,
        "description": "**La delegazione presidenziale statunitense a Parigi era guidata da Steve Witkoff.**\n\n> Gli Usa hanno partecipato con una delegazione presidenziale, guidata da Steve Witkoff, con la presenza di Jared Kushner e dell’ambasciatore a Parigi.\n— L'Identità, 7 gennaio 2026 · [apri l'originale in questo punto](https://www.lidentita.it/a-parigi-nuove-prove-di-sicurezza-per-lucraina/#:~:text=Gli%20Usa%20hanno%20partecipato,e%20dell%E2%80%99ambasciatore%20a%20Parigi.)\n\n> Gli Stati Uniti saranno rappresentati dagli inviati del presidente Donald Trump, Steve Witkoff e Jared Kushner.\n— mariellaromano.it, 6 gennaio 2026, scritto prima dell'evento, traduzione automatica · [apri l'originale in questo punto](https://mariellaromano.it/cronaca/incerti-i-progressi-dei-colloqui-ucraini-a-parigi-con-lattenzione-degli-stati-uniti-spostata-sul-venezuela/20030#:~:text=Gli%20Stati%20Uniti%20saranno,Witkoff%20e%20Jared%20Kushner.)",
        "type": "rich"
      }
    ]
    "#);
}

#[tokio::test]
async fn a_fact_of_the_shipped_base_in_english() {
    let answer = shipped_answer("Who led the US delegation?").await;
    insta::assert_snapshot!(json(&answer["embeds"]), @r#"
    [
      {
        "author": {"name":"✅ verified by moderators"},
        "color": 3046706,
        "description": "**The US presidential delegation in Paris was led by Steve Witkoff.**\n\n> Gli Usa hanno partecipato con una delegazione presidenziale, guidata da Steve Witkoff, con la presenza di Jared Kushner e dell’ambasciatore a Parigi.\n— L'Identità, 7 January 2026, in Italian · [open the original at this passage](https://www.lidentita.it/a-parigi-nuove-prove-di-sicurezza-per-lucraina/#:~:text=Gli%20Usa%20hanno%20partecipato,e%20dell%E2%80%99ambasciatore%20a%20Parigi.)\n\n> Gli Stati Uniti saranno rappresentati dagli inviati del presidente Donald Trump, Steve Witkoff e Jared Kushner.\n— mariellaromano.it, 6 January 2026, in Italian, written before the event, machine translation · [open the original at this passage](https://mariellaromano.it/cronaca/incerti-i-progressi-dei-colloqui-ucraini-a-parigi-con-lattenzione-degli-stati-uniti-spostata-sul-venezuela/20030#:~:text=Gli%20Stati%20Uniti%20saranno,Witkoff%20e%20Jared%20Kushner.)",
        "type": "rich"
      }
    ]
    "#);
}

#[tokio::test]
async fn a_fact_of_the_shipped_base_in_french() {
    let answer = shipped_answer("Qui dirigeait la délégation américaine ?").await;
    insta::assert_snapshot!(json(&answer["embeds"]), @r#"
    [
      {
        "author": {"name":"✅ vérifié par les modérateurs"},
        "color": 3046706,
        "description": "**La délégation présidentielle américaine à Paris était conduite par Steve Witkoff.**\n\n> Gli Usa hanno partecipato con una delegazione presidenziale, guidata da Steve Witkoff, con la presenza di Jared Kushner e dell’ambasciatore a Parigi.\n— L'Identità, 7 janvier 2026, en italien · [ouvrir l'original à ce passage](https://www.lidentita.it/a-parigi-nuove-prove-di-sicurezza-per-lucraina/#:~:text=Gli%20Usa%20hanno%20partecipato,e%20dell%E2%80%99ambasciatore%20a%20Parigi.)\n\n> Gli Stati Uniti saranno rappresentati dagli inviati del presidente Donald Trump, Steve Witkoff e Jared Kushner.\n— mariellaromano.it, 6 janvier 2026, en italien, écrit avant l'événement, traduction automatique · [ouvrir l'original à ce passage](https://mariellaromano.it/cronaca/incerti-i-progressi-dei-colloqui-ucraini-a-parigi-con-lattenzione-degli-stati-uniti-spostata-sul-venezuela/20030#:~:text=Gli%20Stati%20Uniti%20saranno,Witkoff%20e%20Jared%20Kushner.)",
        "type": "rich"
      }
    ]
    "#);
}

#[tokio::test]
async fn a_fact_of_the_shipped_base_in_ukrainian() {
    let answer = shipped_answer("Хто очолював делегацію США?").await;
    insta::assert_snapshot!(json(&answer["embeds"]), @r#"
    [
      {
        "author": {"name":"✅ перевірено модераторами"},
        "color": 3046706,
        "description": "**Президентську делегацію США в Парижі очолював Стів Віткофф.**\n\n> Gli Usa hanno partecipato con una delegazione presidenziale, guidata da Steve Witkoff, con la presenza di Jared Kushner e dell’ambasciatore a Parigi.\n— L'Identità, 7 січня 2026, мова: італійська · [відкрити оригінал на цьому місці](https://www.lidentita.it/a-parigi-nuove-prove-di-sicurezza-per-lucraina/#:~:text=Gli%20Usa%20hanno%20partecipato,e%20dell%E2%80%99ambasciatore%20a%20Parigi.)\n\n> Gli Stati Uniti saranno rappresentati dagli inviati del presidente Donald Trump, Steve Witkoff e Jared Kushner.\n— mariellaromano.it, 6 січня 2026, мова: італійська, написано до події, машинний переклад · [відкрити оригінал на цьому місці](https://mariellaromano.it/cronaca/incerti-i-progressi-dei-colloqui-ucraini-a-parigi-con-lattenzione-degli-stati-uniti-spostata-sul-venezuela/20030#:~:text=Gli%20Stati%20Uniti%20saranno,Witkoff%20e%20Jared%20Kushner.)",
        "type": "rich"
      }
    ]
    "#);
}

#[tokio::test]
async fn what_is_sent_beside_what_is_seen() {
    let scene = Scene::start().await;
    let spec = MessageSpec { content: OPENED.into(), mentions_bot: true, ..MessageSpec::default() };
    let asked = scene.discord.say_with(scene.channel, scene.anna, &spec);
    scene.discord.next_message(scene.channel, SOON).await;
    let sent =
        scene.discord.requests().into_iter().rfind(|it| it.method == "POST" && it.path.ends_with("/messages")).expect("it was sent").body;
    assert_eq!(sent["nonce"], asked.to_string());
    assert_eq!((&sent["enforce_nonce"], &sent["tts"]), (&json!(true), &json!(false)));
    assert_eq!(sent["allowed_mentions"], json!({ "parse": [], "users": [], "roles": [], "replied_user": false }));
    assert_eq!(sent["message_reference"]["fail_if_not_exists"], false);
    scene.end().await;
}
