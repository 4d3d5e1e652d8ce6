//! Speed and memory of the engine: start, one question on the shipped base, and large archives against a bare tantivy
//! search of the same question on the same index, measured in turn in one run.
//!
//! `cargo bench` measures 2,000 and 100,000 passages; `RAPPORTEUR_BENCH_PASSAGES=1000000 cargo bench` others.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run may end in a panic")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rapporteur::answer::{Calibration, Engine};
use rapporteur::evaluation::set;
use rapporteur::knowledge::Language;
use rapporteur::snapshot::{Folders, Snapshot};
use tantivy::Term;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;

/// Questions asked of an archive.
const QUESTIONS: usize = 400;

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let calibration = Calibration::default();
    start(&root, &calibration);
    shipped(&root, &calibration);
    let sizes = std::env::var("RAPPORTEUR_BENCH_PASSAGES").unwrap_or_else(|_| "2000,100000".to_owned());
    for size in sizes.split(',').filter_map(|size| size.trim().parse().ok()) {
        archive(size, &calibration);
    }
}

fn folders(root: &Path) -> Folders {
    Folders { seeds: root.join("seeds"), knowledge: root.join("knowledge"), data: std::env::temp_dir() }
}

/// Start to first answer, in this process: reading, checking, indexing, answering.
fn start(root: &Path, calibration: &Calibration) {
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            let snapshot = Snapshot::load(&folders(root), &|_| {}).unwrap();
            let answer = Engine::new(&snapshot, calibration).answer("Quali sono le cinque garanzie di sicurezza?", None);
            let elapsed = start.elapsed();
            assert!(!answer.citations.is_empty(), "the first answer quotes");
            elapsed
        })
        .collect();
    times.sort();
    println!("start to first answer, shipped base: median {:.0} ms, best {:.0} ms", millis(times[7]), millis(times[0]));
}

/// One question through the whole engine, over all question sets of the shipped base.
fn shipped(root: &Path, calibration: &Calibration) {
    let snapshot = Snapshot::load(&folders(root), &|_| {}).unwrap();
    let engine = Engine::new(&snapshot, calibration);
    let mut questions = Vec::new();
    for part in ["tests/eval/dev", "tests/eval/test"] {
        for file in set::files(&root.join(part)).unwrap() {
            questions.extend(set::load(&file, &snapshot).unwrap());
        }
    }
    let mut times = Vec::new();
    for _ in 0..3 {
        for question in &questions {
            let start = Instant::now();
            std::hint::black_box(engine.answer(&question.question, Some(question.language)));
            times.push(start.elapsed());
        }
    }
    println!("one question, shipped base ({} questions): {}", questions.len(), percentiles(&mut times));
    println!("resident memory with the shipped base: {:.0} MB", resident_megabytes());
}

/// The whole engine against bare tantivy on a generated archive.
fn archive(size: usize, calibration: &Calibration) {
    let folder = tempfile::tempdir().unwrap();
    let seeds = folder.path().join("seeds");
    std::fs::create_dir_all(&seeds).unwrap();
    let questions = generate(&seeds.join("archive.jsonl"), size);
    let folders = Folders { seeds, knowledge: folder.path().join("knowledge"), data: folder.path().join("data") };
    let began = Instant::now();
    drop(Snapshot::load(&folders, &|_| {}).unwrap());
    let built = began.elapsed();
    let began = Instant::now();
    let snapshot = Snapshot::load(&folders, &|_| {}).unwrap();
    let opened = began.elapsed();
    let engine = Engine::new(&snapshot, calibration);
    let bare = std::fs::read_dir(&folders.data).ok().into_iter().flatten().flatten().find(|entry| entry.path().is_dir());
    println!("{size} passages: built in {:.1} s, opened in {:.0} ms", built.as_secs_f64(), millis(opened));
    let Some(bare) = bare else {
        // A small archive is indexed in memory; only the engine itself can be measured.
        let mut times: Vec<Duration> = questions.iter().map(|question| timed(|| engine.answer(question, Some(Language::It)))).collect();
        println!("  engine {}", percentiles(&mut times));
        return;
    };
    let index = tantivy::Index::open_in_dir(bare.path()).unwrap();
    let searcher = index.reader().unwrap().searcher();
    let body = index.schema().get_field("body").unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..3 {
        for question in &questions {
            let found = engine.find(question, Some(Language::It));
            let terms: Vec<u32> = found
                .question
                .units
                .iter()
                .filter(|unit| unit.is_informative())
                .filter_map(|unit| unit.unit.terms.last().copied())
                .collect();
            let search = || {
                let clauses = terms.iter().map(|term| {
                    let query: Box<dyn Query> =
                        Box::new(TermQuery::new(Term::from_field_text(body, &format!("{term:08x}")), IndexRecordOption::WithFreqs));
                    (Occur::Should, query)
                });
                searcher.search(&BooleanQuery::new(clauses.collect()), &TopDocs::with_limit(10).order_by_score()).unwrap()
            };
            let (own, bare) = (timed(|| engine.answer(question, Some(Language::It))), timed(search));
            // The first round warms the page cache for both.
            if round > 0 {
                ours.push(own);
                theirs.push(bare);
            }
        }
    }
    let (own, bare) = (percentiles(&mut ours), percentiles(&mut theirs));
    let ratio = |share: f64| at(&ours, share).as_secs_f64() / at(&theirs, share).as_secs_f64();
    println!("  engine {own}\n  bare tantivy {bare}\n  ratio p50 {:.2}, p99 {:.2}", ratio(0.5), ratio(0.99));
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// Writes an archive of invented prose with a natural distribution of words; gives questions about some passages.
fn generate(path: &Path, size: usize) -> Vec<String> {
    let mut random = Random(0x5eed);
    let words: Vec<String> = (0..60_000).map(|_| random.word()).collect();
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut questions = Vec::new();
    for number in 0..size {
        let mut text = String::new();
        let mut picked = Vec::new();
        for sentence in 0..4 {
            for at in 0..18 {
                let word = &words[random.zipf(words.len())];
                if sentence == 1 && at % 3 == 0 {
                    picked.push(word.clone());
                }
                let _ = write!(text, "{word} ");
            }
            text.truncate(text.len() - 1);
            text.push_str(". ");
        }
        if number % (size / QUESTIONS).max(1) == 0 && questions.len() < QUESTIONS {
            questions.push(format!("chi {}?", picked.join(" ")));
        }
        writeln!(
            file,
            "{}",
            serde_json::json!({"id": format!("a{number}"), "title": words[random.zipf(words.len())], "text": text.trim(), "language": "it"})
        )
        .unwrap();
    }
    file.flush().unwrap();
    questions
}

/// xorshift64* (Vigna 2016): the same archive in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A rank with probability inverse to it: Zipf's law.
    fn zipf(&mut self, size: usize) -> usize {
        ((size as f64).powf(self.unit()) as usize).saturating_sub(1).min(size - 1)
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 24] = [
            "ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo", "tra", "ste", "pri", "gno", "chi", "ale",
            "ori", "anti", "por", "mez",
        ];
        (0..2 + self.next() % 3).map(|_| SYLLABLES[(self.next() >> 20) as usize % SYLLABLES.len()]).collect()
    }
}

fn at(sorted: &[Duration], share: f64) -> Duration {
    sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]
}

fn percentiles(times: &mut [Duration]) -> String {
    times.sort();
    format!("p50 {:.0} us, p99 {:.0} us", micros(at(times, 0.5)), micros(at(times, 0.99)))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Resident memory of this process (Linux; 0 elsewhere).
fn resident_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
