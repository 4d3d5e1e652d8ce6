//! Question sets: JSON Lines with a gold passage for each question, or none where the sources do not say.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::knowledge::{Language, Locator};
use crate::snapshot::Snapshot;

/// One line of a question set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    question: String,
    language: Language,
    kind: String,
    gold: Vec<GoldLine>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldLine {
    file: Option<String>,
    source: Option<String>,
    text: String,
}

/// A passage that answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gold {
    /// Id of the source.
    pub source: String,
    /// Where the answer may stand in the source's text: every occurrence of the gold text.
    pub ranges: Vec<Range<usize>>,
}

/// A question with what is right.
#[derive(Debug, Clone)]
pub struct EvalQuestion {
    /// Its id.
    pub id: String,
    /// As asked.
    pub question: String,
    /// Its language.
    pub language: Language,
    /// Its kind, as named in the set.
    pub kind: String,
    /// Passages any of which answers; empty where the sources do not say.
    pub gold: Vec<Gold>,
}

impl EvalQuestion {
    /// Whether the sources answer it.
    #[must_use]
    pub fn is_answerable(&self) -> bool {
        !self.gold.is_empty()
    }

    /// Whether a quote of a source holds a gold passage whole.
    #[must_use]
    pub fn is_held_by(&self, source: &str, quote: &Range<usize>) -> bool {
        self.gold
            .iter()
            .any(|gold| gold.source == source && gold.ranges.iter().any(|range| quote.start <= range.start && range.end <= quote.end))
    }

    /// Whether a quote of a source and a gold passage share any text.
    #[must_use]
    pub fn is_touched_by(&self, source: &str, quote: &Range<usize>) -> bool {
        self.gold
            .iter()
            .any(|gold| gold.source == source && gold.ranges.iter().any(|range| quote.start < range.end && range.start < quote.end))
    }
}

/// The files of the sets under a path: the file itself, or the JSON Lines files of a folder.
///
/// # Errors
/// When the path does not exist.
pub fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("{}: there is no such question set", path.display()))?;
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "jsonl")).collect();
    files.sort();
    Ok(files)
}

/// Reads the question sets under a path.
///
/// # Errors
/// When there are none, or one cannot be read, see [`load`].
pub fn load_all(path: &Path, snapshot: &Snapshot) -> anyhow::Result<Vec<EvalQuestion>> {
    let mut questions = Vec::new();
    for file in files(path)? {
        questions.extend(load(&file, snapshot)?);
    }
    Ok(questions)
}

/// Reads a question set and finds its gold passages in the sources of the snapshot.
///
/// # Errors
/// When the file cannot be read, a line is not a question, or a gold text is not in its source.
pub fn load(path: &Path, snapshot: &Snapshot) -> anyhow::Result<Vec<EvalQuestion>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let mut questions = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("{}:{}", path.display(), number + 1);
        let line: Line = serde_json::from_str(line).with_context(place)?;
        let gold = line.gold.iter().map(|gold| locate(gold, snapshot)).collect::<anyhow::Result<_>>().with_context(place)?;
        questions.push(EvalQuestion { id: line.id, question: line.question, language: line.language, kind: line.kind, gold });
    }
    Ok(questions)
}

fn locate(gold: &GoldLine, snapshot: &Snapshot) -> anyhow::Result<Gold> {
    let named = |id: &str, file: &str| gold.source.as_deref().map_or(gold.file.as_deref() == Some(file), |wanted| wanted == id);
    let sources = &snapshot.knowledge.sources;
    let Some(source) = sources.iter().find(|source| named(&source.metadata.id, &source.metadata.file)) else {
        bail!("there is no source {:?}", gold.source.as_ref().or(gold.file.as_ref()));
    };
    let ranges: Vec<Range<usize>> = Locator::new(&source.text).find(&gold.text).filter(|range| source.is_article_text(range)).collect();
    if ranges.is_empty() {
        bail!("the gold text {:?} is not in the article text of {:?}", gold.text, source.metadata.id);
    }
    Ok(Gold { source: source.metadata.id.clone(), ranges })
}
