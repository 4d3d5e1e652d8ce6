//! The contract of `rapporteur ask`: the batch format, exit statuses, environment variables.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Base, Run, assert_slice, assert_verbatim_json, command, harbour, options, rapporteur, run};

/// Sends lines to `ask --batch` over the invented base.
fn batch(arguments: &[&str], lines: &str) -> Run {
    rapporteur(&harbour(), &[&["ask", "--batch"], arguments].concat(), lines)
}

/// One question through the batch.
fn answer(arguments: &[&str], line: &Value) -> Value {
    let run = batch(arguments, &format!("{line}\n"));
    assert_eq!(run.status, 0, "{run:?}");
    let mut lines = run.json_lines();
    assert_eq!(lines.len(), 1, "{run:?}");
    lines.remove(0)
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap_or_else(|| panic!("an object: {object}")).keys().map(String::as_str).collect()
}

#[test]
fn an_answer_has_exactly_the_documented_keys() {
    let expected =
        BTreeSet::from(["id", "outcome", "language", "text", "fact", "citations", "suggestions", "score", "margin", "elapsed_us"]);
    for question in ["How long is the bridge?", "Who supplied the steel of the bridge?", "Who won the World Cup?", "hello", ""] {
        let answer = answer(&[], &json!({"id": "q", "question": question}));
        assert_eq!(keys(&answer), expected, "{question}");
        assert!(answer["text"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
        assert!(answer["score"].is_number() && answer["margin"].is_number() && answer["elapsed_us"].is_u64(), "{answer}");
        let outcomes = ["fact", "passages", "suggestions", "no_answer", "small_talk"];
        assert!(outcomes.contains(&answer["outcome"].as_str().unwrap()), "{answer}");
    }
}

#[test]
fn a_fact_is_answered_with_its_citation_in_full() {
    let answer = answer(&[], &json!({"id": "q1", "question": "How long is the bridge?", "language": "en"}));
    let stable = json!({"id": answer["id"], "outcome": answer["outcome"], "language": answer["language"], "text": answer["text"], "fact": answer["fact"], "citations": answer["citations"], "suggestions": answer["suggestions"]});
    insta::assert_json_snapshot!(stable, @r#"
    {
      "citations": [
        {
          "end": 393,
          "file": "elmsworth-beacon.txt",
          "published": "2031-03-14",
          "publisher": "The Elmsworth Beacon",
          "quote": "The bridge is 612 metres long and carries two tram tracks, a cycle path and a footway. Cars are not admitted.",
          "source": "beacon-opening",
          "start": 284,
          "url": "https://beacon.example/harbour-bridge-opens#:~:text=The%20bridge%20is%20612,Cars%20are%20not%20admitted."
        }
      ],
      "fact": "bridge-size",
      "id": "q1",
      "language": "en",
      "outcome": "fact",
      "suggestions": [],
      "text": "The bridge is 612 metres long and carries two tram tracks, a cycle path and a footway; cars are not admitted."
    }
    "#);
}

#[test]
fn what_is_unknown_of_a_source_is_null() {
    let answer = answer(&[], &json!({"id": 1, "question": "Who complains about the tram bells?"}));
    let citation = &answer["citations"][0];
    assert_eq!((&citation["publisher"], &citation["url"], &citation["published"]), (&Value::Null, &Value::Null, &"2031-03-17".into()));
}

#[test]
fn no_answer_cites_nothing_and_offers_the_closest_question() {
    let answer = answer(&[], &json!({"id": 1, "question": "Who supplied the steel of the bridge?"}));
    assert_eq!((&answer["outcome"], &answer["fact"], &answer["citations"]), (&"no_answer".into(), &Value::Null, &json!([])));
    assert_eq!(answer["suggestions"], json!([{"fact": "bridge-cost", "question": "How much did the bridge cost?"}]));
    assert_eq!(answer["text"], "The sources do not say.");
}

#[test]
fn answers_keep_the_order_of_the_questions() {
    let questions = ["How long is the bridge?", "hello", "Who designed the bridge?", "Who won the World Cup?"];
    let lines: Vec<_> = (0..40).map(|id| json!({"id": id, "question": questions[id % questions.len()]}).to_string()).collect();
    let ids: Vec<_> = batch(&[], &lines.join("\n")).json_lines().iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..40).collect::<Vec<u64>>());
}

#[test]
fn each_answer_is_flushed_before_the_next_question_is_sent() {
    let mut command = command(&["ask", "--batch"]);
    command.args(options(&harbour())).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    // The reading is done elsewhere, so that an answer that is held back fails the test instead of stopping it.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Some(Ok(line)) = output.next() {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    for id in 0..3 {
        writeln!(input, "{}", json!({"id": id, "question": "How long is the bridge?"})).unwrap();
        input.flush().unwrap();
        let line = receiver.recv_timeout(std::time::Duration::from_mins(1)).expect("the answer comes before the next question");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["id"], id);
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_malformed_line_is_answered_with_an_error_and_the_rest_goes_on() {
    let bad: [&[u8]; 8] = [
        b"not json",
        b"{\"id\": 7}",
        b"[1, 2]",
        b"{\"id\": 7, \"question\": 3}",
        b"\"text\"",
        b"{\"id\": 7, \"question\": \"\xff\"}",
        b"{\"id\": 7, \"question\": \"a\"",
        b"null",
    ];
    for line in bad {
        let input =
            [b"{\"id\": 1, \"question\": \"How long is the bridge?\"}\n", line, b"\n{\"id\": 2, \"question\": \"hello\"}\n"].concat();
        let run = rapporteur(&harbour(), &["ask", "--batch"], input);
        let lines = run.json_lines();
        let shown = String::from_utf8_lossy(line);
        assert_eq!((run.status, lines.len()), (0, 3), "{shown}: {run:?}");
        assert_eq!((&lines[0]["id"], &lines[1]["id"], &lines[2]["id"]), (&1.into(), &Value::Null, &2.into()), "{shown}");
        assert_eq!(keys(&lines[1]), BTreeSet::from(["id", "error"]), "{shown}");
        assert!(lines[1]["error"].as_str().is_some_and(|error| !error.is_empty()), "{shown}");
    }
}

#[test]
fn an_unknown_language_is_an_error_line() {
    let lines =
        batch(&[], "{\"id\": 1, \"question\": \"How long?\", \"language\": \"de\"}\n{\"id\": 2, \"question\": \"hello\"}\n").json_lines();
    assert_eq!(keys(&lines[0]), BTreeSet::from(["id", "error"]));
    assert!(lines[0]["error"].as_str().unwrap().contains("\"de\""), "{}", lines[0]);
    assert_eq!(lines[1]["outcome"], "small_talk");
}

#[test]
fn language_is_optional_and_decides_the_language_of_the_answer_where_it_is_given() {
    let language = |line: Value| answer(&[], &line)["language"].clone();
    assert_eq!(language(json!({"id": 1, "question": "How long is the bridge?"})), "en");
    assert_eq!(language(json!({"id": 1, "question": "How long is the bridge?", "language": null})), "en");
    assert_eq!(language(json!({"id": 1, "question": "612", "language": "it"})), "it");
    assert_eq!(language(json!({"id": 1, "question": "612", "language": "uk"})), "uk");
    assert_eq!(language(json!({"id": 1, "question": "612", "language": "fr-CH"})), "fr");
    let given = answer(&["--lang", "fr"], &json!({"id": 1, "question": "612"}));
    assert_eq!(given["language"], "fr");
}

#[test]
fn ids_of_any_kind_are_given_back_as_they_came() {
    for id in [json!(7), json!(-1), json!(2.5), json!("seven"), json!(""), json!(null), json!(["a"]), json!({"n": 1}), json!(u64::MAX)] {
        assert_eq!(answer(&[], &json!({"id": id, "question": "hello"}))["id"], id);
    }
    assert_eq!(answer(&[], &json!({"question": "hello"}))["id"], Value::Null);
}

#[test]
fn empty_lines_are_passed_over_and_a_last_line_needs_no_line_break() {
    let lines = batch(&[], "\n  \n{\"id\": 1, \"question\": \"hello\"}\r\n\n{\"id\": 2, \"question\": \"hello\"}").json_lines();
    assert_eq!(lines.iter().map(|line| line["id"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(batch(&[], "").stdout, "");
}

#[test]
fn citations_are_the_bytes_of_the_file_at_their_offsets() {
    let questions = ["What did Mayor Tarrant say?", "How many people attended the opening?", "How much is a tram ticket?"];
    for question in questions {
        let answer = answer(&[], &json!({"id": 1, "question": question}));
        assert_eq!(answer["outcome"], "fact", "{answer}");
        assert_verbatim_json(&harbour().seeds, &answer);
    }
}

#[test]
fn offsets_of_a_json_lines_article_count_in_its_text() {
    for question in ["How much did the bridge cost?", "Who complains about the tram bells?", "What happens to the crew of the ferry?"] {
        let answer = answer(&[], &json!({"id": 1, "question": question}));
        let citation = &answer["citations"][0];
        assert_eq!(citation["file"], "coast-wire.jsonl");
        assert_slice(&harbour().seeds, citation, &citation["quote"]);
    }
}

#[test]
fn top_adds_the_best_passages_whatever_is_decided() {
    for question in ["How long is the bridge?", "Who supplied the steel of the bridge?", "bridge"] {
        let answer = answer(&["--top", "3"], &json!({"id": 1, "question": question}));
        let passages = answer["passages"].as_array().unwrap_or_else(|| panic!("passages: {answer}"));
        assert!((1..=3).contains(&passages.len()), "{question}: {}", passages.len());
        for passage in passages {
            assert_slice(&harbour().seeds, passage, &passage["text"]);
            assert!(passage["source"].is_string() && passage["score"].is_number(), "{passage}");
        }
        let scores: Vec<_> = passages.iter().map(|passage| passage["score"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    }
    assert_eq!(answer(&["--top", "1"], &json!({"id": 1, "question": "How long is the bridge?"}))["passages"].as_array().unwrap().len(), 1);
}

#[test]
fn top_adds_a_list_even_where_no_passage_has_a_word_of_the_question() {
    for question in ["hello", "zzyzx qwfpgj", ""] {
        let answer = answer(&["--top", "3"], &json!({"id": 1, "question": question}));
        assert!(answer["passages"].is_array(), "{question:?}: {answer}");
    }
}

#[test]
fn without_top_there_are_no_passages() {
    let answer = answer(&[], &json!({"id": 1, "question": "How long is the bridge?"}));
    assert_eq!(answer.get("passages"), None);
}

// One question.

#[test]
fn the_exit_status_says_whether_there_is_an_answer() {
    let status = |question: &str| rapporteur(&harbour(), &["ask", question], "").status;
    assert_eq!(status("How long is the bridge?"), 0);
    assert_eq!(status("Who supplied the steel of the bridge?"), 1);
    assert_eq!(status("Quali sono le cinque garanzie di sicurezza?"), 1);
}

#[test]
fn wrong_usage_ends_with_status_2_and_says_why() {
    for arguments in [
        &["ask"][..],
        &["ask", ""],
        &["ask", "   "],
        &["ask", "--lang", "de", "how?"],
        &["ask", "--nope"],
        &["nope"],
        &["ask", "--batch", "how?"],
        &["ask", "--top", "x", "how?"],
    ] {
        let run = rapporteur(&harbour(), arguments, "");
        assert_eq!(run.status, 2, "{arguments:?}: {run:?}");
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}: {run:?}");
    }
}

#[test]
fn a_broken_base_ends_with_status_2_and_answers_nothing() {
    let base = Base::small().replace("facts/fire.toml", "Nobody was hurt, said", "Nobody is hurt, said");
    for (arguments, input) in [
        (&["ask", "Was anybody hurt?"][..], ""),
        (&["ask", "--batch"], "{\"id\": 1, \"question\": \"Was anybody hurt?\"}\n"),
        (&["chat"], "Was anybody hurt?\n"),
    ] {
        let run = base.rapporteur(arguments, input);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments:?}: {run:?}");
        assert!(run.stderr.contains("facts/fire.toml:15:9: error: the quote is not verbatim"), "{}", run.stderr);
    }
}

#[test]
fn json_prints_the_answer_as_one_line_with_the_batch_keys() {
    let run = rapporteur(&harbour(), &["ask", "--json", "How long is the bridge?"], "");
    let lines = run.json_lines();
    assert_eq!((run.status, lines.len()), (0, 1));
    assert_eq!((&lines[0]["fact"], &lines[0]["id"]), (&"bridge-size".into(), &Value::Null));
    assert_verbatim_json(&harbour().seeds, &lines[0]);
}

#[test]
fn explain_names_the_alias_the_features_the_score_the_margin_and_the_version() {
    let said = rapporteur(&harbour(), &["ask", "--explain", "how long is the bridge"], "").stdout;
    let version = rapporteur(&harbour(), &["check", "--json"], "").stdout;
    let version: Value = serde_json::from_str(&version).unwrap();
    for word in ["How long is the harbour bridge?", "bridge-size", "score", "margin", "=", version["version"].as_str().unwrap()] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let explained = answer(&["--explain"], &json!({"id": 1, "question": "how long is the bridge"}));
    assert_eq!(explained["explanation"]["candidates"][0]["id"], "bridge-size");
}

#[test]
fn a_printed_answer_shows_text_quote_publisher_date_and_link() {
    let run = rapporteur(&harbour(), &["ask", "How long is the bridge?"], "");
    insta::assert_snapshot!(run.stdout, @r"
    The bridge is 612 metres long and carries two tram tracks, a cycle path and a footway; cars are not admitted.
    [verified by moderators]
      | The bridge is 612 metres long and carries two tram tracks, a cycle path and a footway. Cars are not admitted.
        The Elmsworth Beacon, 14 March 2031
        https://beacon.example/harbour-bridge-opens#:~:text=The%20bridge%20is%20612,Cars%20are%20not%20admitted.
    ");
}

// Which base.

#[test]
fn the_environment_chooses_the_base_and_options_win_over_it() {
    let small = Base::small();
    let environment = |arguments: &[&str]| {
        let mut command = command(arguments);
        let folders = harbour();
        command.env("RAPPORTEUR_SEEDS", folders.seeds).env("RAPPORTEUR_KNOWLEDGE", folders.knowledge).env("RAPPORTEUR_DATA", folders.data);
        command
    };
    assert_eq!(run(environment(&["ask", "How long is the bridge?"]), "").status, 0);
    assert!(run(environment(&["check"]), "").stdout.contains("Port Elmsworth"));
    let mut overridden = environment(&["check"]);
    overridden.args(options(&small.folders()));
    assert!(run(overridden, "").stdout.contains("Fire of Saltmere"));
}

#[test]
fn a_folder_of_articles_without_a_manifest_can_be_asked() {
    let base = Base::empty()
        .seed("one.txt", "Il faro di Saltmere bruciò il 3 maggio 2030 per colpa di un fulmine.\n")
        .seed("two.md", "# Il porto\n\nIl porto di Saltmere riaprirà a settembre, ha annunciato il sindaco.\n")
        .seed("three.jsonl", "{\"id\": 9, \"title\": \"La flotta\", \"text\": \"La flotta di Saltmere conta quaranta pescherecci.\"}\n")
        .seed("ignored.pdf", [0xff, 0xfe]);
    let questions = ["Quando bruciò il faro di Saltmere?", "Quando riaprirà il porto?", "Quanti pescherecci conta la flotta?"];
    let lines = questions.map(|question| json!({"id": 1, "question": question}).to_string()).join("\n");
    let run = base.rapporteur(&["ask", "--batch", "--top", "2"], lines);
    assert_eq!(run.status, 0, "{run:?}");
    for (line, (file, words)) in
        run.json_lines().iter().zip([("one.txt", "3 maggio 2030"), ("two.md", "settembre"), ("three.jsonl", "quaranta pescherecci")])
    {
        let best = &line["passages"][0];
        assert_eq!(best["file"], file, "{line}");
        assert!(best["text"].as_str().unwrap().contains(words), "{line}");
        assert_slice(&base.folders().seeds, best, &best["text"]);
        assert_verbatim_json(&base.folders().seeds, line);
    }
}
