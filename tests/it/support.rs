//! What the tests share: the two knowledge bases, a builder for small ones, the binary, and an independent reading of
//! the sources to hold quotes against.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rapporteur::answer::{Answer, Calibration, Engine};
use rapporteur::snapshot::{Folders, Snapshot};
use serde_json::Value;
use tempfile::TempDir;

/// The folders of the base that is shipped.
pub(crate) fn shipped() -> Folders {
    folders(Path::new(env!("CARGO_MANIFEST_DIR")))
}

/// The folders of the invented base.
pub(crate) fn harbour() -> Folders {
    folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/harbour"))
}

fn folders(root: &Path) -> Folders {
    Folders { seeds: root.join("seeds"), knowledge: root.join("knowledge"), data: std::env::temp_dir().join("rapporteur-tests") }
}

/// The shipped base, loaded once for all tests.
pub(crate) fn shipped_snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| Snapshot::load(&shipped(), &|_| {}).expect("the shipped base loads"))
}

/// The invented base, loaded once for all tests.
pub(crate) fn harbour_snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| Snapshot::load(&harbour(), &|_| {}).expect("the invented base loads"))
}

/// The built-in figures.
pub(crate) fn calibration() -> &'static Calibration {
    static CALIBRATION: OnceLock<Calibration> = OnceLock::new();
    CALIBRATION.get_or_init(Calibration::default)
}

/// Asks an engine over a snapshot; the language is found from the text.
pub(crate) fn ask(snapshot: &Snapshot, question: &str) -> Answer {
    Engine::new(snapshot, calibration()).answer(question, None)
}

/// The text a citation's offsets count in, read from the files and not through the library.
pub(crate) fn source_text(seeds: &Path, file: &str, source: &str) -> String {
    let text = std::fs::read_to_string(seeds.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    if Path::new(file).extension().is_none_or(|extension| extension != "jsonl") {
        return text;
    }
    let mut articles = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("the fixture's lines are JSON"));
    let id = |article: &Value| article["id"].as_str().map_or_else(|| article["id"].to_string(), str::to_owned);
    let article = articles.find(|article| id(article) == source);
    article.unwrap_or_else(|| panic!("{file} has no article {source}"))["text"].as_str().expect("an article has a text").to_owned()
}

/// Every quote of an answer is exactly the bytes of its source's file.
pub(crate) fn assert_verbatim(seeds: &Path, answer: &Answer) {
    for quote in &answer.citations {
        let text = source_text(seeds, &quote.file, &quote.source);
        assert_eq!(text.get(quote.range.clone()), Some(quote.text.as_str()), "{quote:?}");
    }
}

/// The same for the citations of a line of JSON.
pub(crate) fn assert_verbatim_json(seeds: &Path, answer: &Value) {
    for citation in answer["citations"].as_array().expect("citations are a list") {
        assert_slice(seeds, citation, &citation["quote"]);
    }
}

/// `text` is what stands at the offsets of a citation or a passage.
pub(crate) fn assert_slice(seeds: &Path, place: &Value, text: &Value) {
    let name = |key: &str| place[key].as_str().unwrap_or_else(|| panic!("{key} is a string: {place}"));
    let offset = |key: &str| usize::try_from(place[key].as_u64().unwrap_or_else(|| panic!("{key} is a number: {place}"))).expect("fits");
    let source = source_text(seeds, name("file"), name("source"));
    assert_eq!(source.get(offset("start")..offset("end")), text.as_str(), "{place}");
}

/// How a run of the binary ended, and what it said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The lines of standard output, as JSON.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

/// The binary with no variable of ours set, in a folder where no `.env` lies.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapporteur"));
    command.args(args).current_dir(std::env::temp_dir());
    for name in ["RAPPORTEUR_SEEDS", "RAPPORTEUR_KNOWLEDGE", "RAPPORTEUR_DATA", "RAPPORTEUR_LANGUAGE", "RUST_LOG"] {
        command.env_remove(name);
    }
    command.env("LANG", "en_US.UTF-8").env("TERM", "xterm-256color");
    command
}

/// Runs a command with something on its standard input.
pub(crate) fn run(mut command: Command, stdin: impl AsRef<[u8]>) -> Run {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut input = child.stdin.take().expect("standard input is piped");
    let bytes = stdin.as_ref().to_vec();
    // Written beside the reading, or both sides could wait for each other; a program that ends early closes the pipe.
    let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = child.wait_with_output().expect("the binary ends");
    writer.join().expect("the writer ends");
    Run {
        status: output.status.code().expect("the binary is not killed by a signal"),
        stdout: String::from_utf8(output.stdout).expect("what is printed is UTF-8"),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The options that choose a base.
pub(crate) fn options(folders: &Folders) -> Vec<String> {
    let pair = |name: &str, path: &Path| [format!("--{name}"), path.display().to_string()];
    [pair("seeds", &folders.seeds), pair("knowledge", &folders.knowledge), pair("data", &folders.data)].concat()
}

/// Runs the binary over a base.
pub(crate) fn rapporteur(base: &Folders, args: &[&str], stdin: impl AsRef<[u8]>) -> Run {
    let mut command = command(args);
    command.args(options(base));
    run(command, stdin)
}

/// Runs the binary with a standard output nobody reads; how it ended, and what it said of it.
pub(crate) fn rapporteur_status_of_a_closed_pipe(base: &Folders, args: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = command(args);
    let child = command.args(options(base)).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    // The command holds the other end of the pipe until it goes.
    drop(command);
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A knowledge base in a temporary folder, written from strings.
#[derive(Debug)]
pub(crate) struct Base {
    dir: TempDir,
}

/// The article of [`Base::small`].
pub(crate) const ARTICLE: &str = "The lighthouse of Saltmere burned down on 3 May 2030.\n\nNobody was hurt, said captain Ines Holm.\n";

/// Its manifest.
pub(crate) const SOURCES: &str = "name = \"Fire of Saltmere\"\ndefault_language = \"en\"\n\n[[source]]\nid = \"saltmere-times\"\nfile = \"saltmere.txt\"\nlanguage = \"en\"\n";

/// Its facts.
pub(crate) const FACTS: &str = r#"[[fact]]
id = "fire-date"
aliases.en = ["When did the lighthouse burn down?", "date of the fire"]
answer.en = "The lighthouse burned down on 3 May 2030."
[[fact.citations]]
source = "saltmere-times"
quote = "The lighthouse of Saltmere burned down on 3 May 2030."

[[fact]]
id = "fire-injured"
aliases.en = ["Was anybody hurt?", "number of injured people"]
answer.en = "Nobody was hurt, according to captain Ines Holm."
[[fact.citations]]
source = "saltmere-times"
quote = "Nobody was hurt, said captain Ines Holm."
"#;

impl Base {
    /// Two empty folders.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in ["seeds", "knowledge/facts", "knowledge/gaps", "data"] {
            std::fs::create_dir_all(dir.path().join(name)).expect("a folder in it");
        }
        Self { dir }
    }

    /// A base in order: one article of two sentences, one fact for each.
    pub(crate) fn small() -> Self {
        Self::empty().seed("saltmere.txt", ARTICLE).knowledge("sources.toml", SOURCES).knowledge("facts/fire.toml", FACTS)
    }

    /// Writes a source text.
    pub(crate) fn seed(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.write(&format!("seeds/{name}"), bytes)
    }

    /// Writes a file of the knowledge folder.
    pub(crate) fn knowledge(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.write(&format!("knowledge/{name}"), bytes)
    }

    /// Replaces a piece of a file of the knowledge folder, which must hold it.
    pub(crate) fn replace(self, name: &str, from: &str, to: &str) -> Self {
        let text = std::fs::read_to_string(self.path(&format!("knowledge/{name}"))).expect("the file is there");
        assert!(text.contains(from), "{name} has no {from:?}");
        self.knowledge(name, text.replacen(from, to, 1))
    }

    fn write(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(name), bytes).expect("the file can be written");
        self
    }

    /// A path inside the base.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Its folders.
    pub(crate) fn folders(&self) -> Folders {
        Folders { seeds: self.path("seeds"), knowledge: self.path("knowledge"), data: self.path("data") }
    }

    /// Runs the binary over it.
    pub(crate) fn rapporteur(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Run {
        rapporteur(&self.folders(), args, stdin)
    }

    /// Loads it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::load(&self.folders(), &|_| {}).unwrap_or_else(|error| panic!("{error:?}"))
    }
}
