//! Archives too large for memory: indexed on disk once, reopened, never trusted when damaged or outdated.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use rapporteur::answer::{Engine, TopPassage};
use rapporteur::snapshot::{Progress, Snapshot};

use crate::support::{ARTICLE, Base, FACTS, SOURCES, calibration};

/// Above this many bytes a JSON Lines file is left on disk.
const IN_MEMORY_LIMIT: u64 = 16 * 1024 * 1024;

/// A word that only article `number` has.
fn name(number: usize) -> String {
    const SYLLABLES: [&str; 12] = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te"];
    let mut name = "Mo".to_owned();
    for place in [1728, 144, 12, 1] {
        name.push_str(SYLLABLES[number / place % 12]);
    }
    name
}

/// The text of article `number`: what a quote must be a part of.
fn text(number: usize) -> String {
    format!(
        "Il molo di {} è lungo {} metri e fu costruito nel {}.\n\nNé “nave” né barca attracca qui d’inverno.",
        name(number),
        100 + number,
        1000 + number % 900
    )
}

/// One line of an archive, filled up to a size with a key that nobody reads.
fn line(number: usize, size: usize) -> String {
    let mut line = format!(
        "{{\"id\": {number}, \"title\": \"Molo {number}\", \"text\": {}, \"published\": \"2031-05-06\"",
        serde_json::json!(text(number))
    );
    let filling = size.saturating_sub(line.len() + 12);
    write!(line, ", \"raw\": \"{}\"}}", "x".repeat(filling)).expect("a string takes all");
    line.push('\n');
    line
}

/// An archive above the limit, of so many articles.
fn archive(articles: usize) -> String {
    let size = IN_MEMORY_LIMIT as usize / articles + 20;
    let archive: String = (0..articles).map(|number| line(number, size)).collect();
    assert!(archive.len() as u64 > IN_MEMORY_LIMIT, "{}", archive.len());
    archive
}

/// The small base with an archive beside its article.
fn base(archive: &str) -> Base {
    let manifest =
        format!("{SOURCES}\n[[source]]\nid = \"moli\"\nfile = \"moli.jsonl\"\npublisher = \"Catasto dei moli\"\nlanguage = \"it\"\n");
    Base::empty()
        .seed("saltmere.txt", ARTICLE)
        .seed("moli.jsonl", archive)
        .knowledge("sources.toml", manifest)
        .knowledge("facts/fire.toml", FACTS)
}

/// Loads a base; says whether an index was built for it.
fn load(base: &Base) -> (Snapshot, bool) {
    let told: Mutex<Vec<Progress>> = Mutex::new(Vec::new());
    let snapshot =
        Snapshot::load(&base.folders(), &|progress| told.lock().expect("no panic while telling").push(progress)).expect("the base loads");
    let told = told.into_inner().expect("no panic while telling");
    assert!(told.is_sorted_by_key(|progress| progress.done), "{told:?}");
    assert!(told.last().is_none_or(|last| last.done == last.total && last.total > IN_MEMORY_LIMIT), "{told:?}");
    (snapshot, !told.is_empty())
}

/// The index folders under the data folder.
fn indexes(base: &Base) -> Vec<PathBuf> {
    let entries = fs::read_dir(base.path("data")).expect("the data folder is there");
    entries.map(|entry| entry.expect("it can be read").path()).filter(|path| path.is_dir()).collect()
}

/// The files of the one index, with the times they were changed.
fn files(base: &Base) -> BTreeMap<PathBuf, SystemTime> {
    let folders = indexes(base);
    assert_eq!(folders.len(), 1, "{folders:?}");
    let entries = fs::read_dir(&folders[0]).expect("the index can be listed").map(|entry| entry.expect("it can be read").path());
    entries
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::metadata(&path).and_then(|data| data.modified()).expect("a time")))
        .collect()
}

/// The best passage for the article with a number, held against what was written.
fn best(snapshot: &Snapshot, number: usize) -> TopPassage {
    let engine = Engine::new(snapshot, calibration());
    let findings = engine.find(&format!("Quanto è lungo il molo di {}?", name(number)), None);
    let top = engine.top(&findings, 1).into_iter().next().unwrap_or_else(|| panic!("nothing found for {}", name(number)));
    for quote in [&top.passage, &top.sentence] {
        assert_eq!((quote.source.as_str(), quote.file.as_str()), (number.to_string().as_str(), "moli.jsonl"));
        assert_eq!(text(number).get(quote.range.clone()), Some(quote.text.as_str()), "{quote:?}");
    }
    top
}

#[test]
fn a_large_archive_is_indexed_on_disk_once_and_reopened_without_a_build() {
    let base = base(&archive(12_000));
    let (snapshot, built) = load(&base);
    assert!(built, "the first load builds");
    assert_eq!((snapshot.knowledge.sources.len(), snapshot.knowledge.archives.len()), (1, 1));
    assert_eq!(snapshot.passages.len(), 2 * 12_000 + 2);
    for number in [0, 1, 4_711, 11_999] {
        let top = best(&snapshot, number);
        assert!(top.passage.text.contains(&format!("{} metri", 100 + number)), "{top:?}");
        assert_eq!(
            (top.passage.publisher.as_deref(), top.passage.title.as_deref()),
            (Some("Catasto dei moli"), Some(format!("Molo {number}").as_str()))
        );
    }
    let (before, version) = (files(&base), snapshot.version.clone());
    drop(snapshot);

    let (again, built) = load(&base);
    assert!(!built, "the second load builds nothing");
    assert_eq!((files(&base), &again.version), (before, &version));
    best(&again, 4_711);
}

#[test]
fn facts_still_answer_beside_an_archive() {
    let (snapshot, _) = load(&base(&archive(300)));
    let answer = crate::support::ask(&snapshot, "When did the lighthouse burn down?");
    assert_eq!(answer.fact.as_deref(), Some("fire-date"));
    assert_eq!(answer.citations[0].text, "The lighthouse of Saltmere burned down on 3 May 2030.");
}

/// Damages each file of a kept index in turn; the base must answer as before each time. Gives what went wrong.
fn survives(damage: impl Fn(&Path)) -> Vec<String> {
    let base = base(&archive(300));
    let (snapshot, _) = load(&base);
    let expected: Vec<_> = (0..300).step_by(50).map(|number| best(&snapshot, number)).collect();
    drop(snapshot);
    let names: Vec<_> =
        files(&base).into_keys().filter_map(|path| path.file_name().map(|name| name.to_string_lossy().into_owned())).collect();
    assert!(names.iter().any(|name| name == "seal.json") && names.len() > 6, "{names:?}");
    // The names of tantivy's files change with every build: what counts is the kind.
    let kinds: std::collections::BTreeSet<_> =
        names.iter().map(|name| if name.len() > 32 { name.rsplit('.').next().unwrap_or(name) } else { name }).collect();
    let mut wrong = Vec::new();
    for kind in kinds {
        let Some(path) = files(&base).into_keys().find(|path| path.to_string_lossy().ends_with(kind)) else {
            wrong.push(format!("{kind}: not there after a rebuild"));
            continue;
        };
        damage(&path);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let (snapshot, _) = load(&base);
            (0..300).step_by(50).map(|number| best(&snapshot, number)).collect::<Vec<_>>()
        }));
        match result {
            Ok(found) if found == expected => {}
            Ok(_) => wrong.push(format!("{kind}: other passages are found")),
            Err(panic) => {
                let said =
                    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("");
                wrong.push(format!("{kind}: {}", said.chars().take(160).collect::<String>()));
            }
        }
        // The next file is damaged in an index that is whole.
        fs::remove_dir_all(base.path("data")).expect("the index can be removed");
        fs::create_dir(base.path("data")).expect("an empty data folder");
        load(&base);
    }
    wrong
}

#[test]
fn an_index_with_a_truncated_file_is_rebuilt() {
    let wrong = survives(|path| {
        let bytes = fs::read(path).expect("a file of the index");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("it can be cut");
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn an_index_with_a_missing_file_is_rebuilt() {
    assert_eq!(survives(|path| fs::remove_file(path).expect("it can be removed")), Vec::<String>::new());
}

#[test]
fn an_index_with_a_file_of_garbage_is_rebuilt() {
    let wrong = survives(|path| {
        let length = fs::metadata(path).expect("a file of the index").len();
        let garbage: Vec<u8> = (0..length).map(|at| (at * 131 % 251) as u8).collect();
        fs::write(path, garbage).expect("it can be overwritten");
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn an_index_with_garbage_in_the_first_third_of_a_file_is_rebuilt() {
    let wrong = survives(|path| {
        let mut bytes = fs::read(path).expect("a file of the index");
        let (start, length) = (bytes.len() / 3, (bytes.len() / 6).min(2_000));
        bytes[start..start + length].iter_mut().for_each(|byte| *byte ^= 0x5a);
        fs::write(path, bytes).expect("it can be overwritten");
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn an_index_of_an_older_layout_is_rebuilt() {
    let base = base(&archive(300));
    load(&base);
    let seal = indexes(&base)[0].join("seal.json");
    let mut said: serde_json::Value = serde_json::from_slice(&fs::read(&seal).expect("a seal")).expect("JSON");
    said["layout"] = 0.into();
    fs::write(&seal, said.to_string()).expect("it can be written");
    let (snapshot, built) = load(&base);
    assert!(built, "an index of another layout is not opened");
    best(&snapshot, 299);
}

#[test]
fn a_changed_archive_is_indexed_anew() {
    let base = base(&archive(300));
    let (before, _) = load(&base);
    let path = base.path("seeds/moli.jsonl");
    let changed = fs::read_to_string(&path).expect("the archive") + line(300, 0).as_str();
    fs::write(&path, changed).expect("it can be written");
    let (after, built) = load(&base);
    assert!(built && after.version != before.version, "{} {}", before.version, after.version);
    best(&after, 300);
    best(&after, 0);
}

#[test]
fn an_archive_changed_within_its_length_is_indexed_anew() {
    let base = base(&archive(300));
    let (before, _) = load(&base);
    let path = base.path("seeds/moli.jsonl");
    let changed = fs::read_to_string(&path).expect("the archive").replacen("100 metri", "999 metri", 1);
    fs::write(&path, changed).expect("it can be written");
    let (after, built) = load(&base);
    assert!(built && after.version != before.version);
    let engine = Engine::new(&after, calibration());
    let findings = engine.find(&format!("Quanto è lungo il molo di {}?", name(0)), None);
    assert!(engine.top(&findings, 1)[0].passage.text.contains("999 metri"));
}

// Bad lines.

/// An archive whose line 200 is replaced.
fn broken(bad: &[u8]) -> Base {
    // One long line more: without the replaced one it is still too large for memory.
    let whole = archive(300) + line(300, 100_000).as_str();
    let lines: Vec<_> = whole.lines().map(str::as_bytes).collect();
    let mut bytes = [lines[..199].join(&b'\n'), bad.to_vec(), lines[200..].join(&b'\n')].join(&b'\n');
    bytes.push(b'\n');
    assert!(bytes.len() as u64 > IN_MEMORY_LIMIT, "{}", bytes.len());
    base("").seed("moli.jsonl", bytes)
}

/// What `ask` says of a base it must refuse.
fn refused(base: &Base) -> String {
    let run = base.rapporteur(&["ask", "Was anybody hurt?"], "");
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:?}");
    run.stderr
}

#[test]
fn a_bad_line_of_an_archive_is_an_error_at_its_file_line_and_column() {
    let bad = "{\"id\": \"x\", \"text\": \"Il molo.\", \"published\": \"soon\"}";
    let base = broken(bad.as_bytes());
    let column = bad.find("\"published\"").expect("the key") + 1;
    let place = format!("{}:200:{column}: ", base.path("seeds/moli.jsonl").display());
    let said = refused(&base);
    assert!(said.contains(&place) && said.contains("not a date"), "{place}: {said}");
}

#[test]
fn the_column_in_an_archive_counts_characters_as_everywhere() {
    let bad = "{\"id\": \"x\", \"text\": \"È così, perché?\", \"published\": \"soon\"}";
    let base = broken(bad.as_bytes());
    let column = bad[..bad.find("\"published\"").expect("the key")].chars().count() + 1;
    let place = format!("{}:200:{column}: ", base.path("seeds/moli.jsonl").display());
    let said = refused(&base);
    assert!(said.contains(&place), "{place}: {said}");
}

#[test]
fn a_line_of_an_archive_that_is_no_json_is_an_error_at_its_file_and_line() {
    let base = broken(b"{\"id\": 7, \"text\": ");
    let place = format!("{}:200:", base.path("seeds/moli.jsonl").display());
    let said = refused(&base);
    assert!(said.contains(&place), "{place}: {said}");
}

#[test]
fn a_line_of_an_archive_that_is_not_utf8_is_an_error_at_its_file_and_line() {
    let base = broken(b"{\"id\": 7, \"text\": \"caf\xe9\"}");
    let place = format!("{}:200:", base.path("seeds/moli.jsonl").display());
    let said = refused(&base);
    assert!(said.contains(&place), "{place}: {said}");
}

#[test]
fn a_bad_line_of_an_archive_is_not_called_a_damaged_index() {
    let said = refused(&broken(b"{\"id\": 7, \"text\": "));
    assert!(!said.contains("index is damaged"), "{said}");
}

#[test]
fn check_reports_a_bad_line_of_an_archive() {
    let base = broken(b"{\"id\": 7, \"text\": ");
    let run = base.rapporteur(&["check"], "");
    let place = format!("{}:200:", base.path("seeds/moli.jsonl").display());
    assert!(run.status == 2 && run.stdout.contains(&place), "{run:?}");
}

#[test]
fn an_archive_with_one_id_on_two_articles_is_refused() {
    let base = broken(line(17, 0).trim_end().as_bytes());
    let run = base.rapporteur(&["ask", "Was anybody hurt?"], "");
    assert_eq!(run.status, 2, "{run:?}");
}
