//! What is being served: one base, swapped whole. Reloading builds and checks the new one first; on any error the old one
//! goes on serving, untouched.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::answer::{Answer, Calibration, Engine, Outcome};
use crate::knowledge::{Language, Severity};
use crate::snapshot::{Folders, ProgressFn, Snapshot, SnapshotError};

/// A snapshot with the figures it is judged by.
#[derive(Debug)]
pub struct Base {
    /// The knowledge base.
    pub snapshot: Snapshot,
    /// The decision figures.
    pub calibration: Calibration,
    /// Problems that do not keep it from serving.
    pub warnings: usize,
}

impl Base {
    /// An engine over the base.
    #[must_use]
    pub fn engine(&self) -> Engine<'_> {
        Engine::new(&self.snapshot, &self.calibration)
    }
}

/// Why a base cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The files or the index.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The base's own calibration.
    #[error("{0}")]
    Calibration(String),
}

/// Holds the base that serves. The lock is held only to copy or replace one pointer.
#[derive(Debug)]
pub struct Store {
    folders: Folders,
    current: RwLock<Arc<Base>>,
    /// One reload at a time.
    reloading: Mutex<()>,
}

impl Store {
    /// Loads a base and serves it.
    ///
    /// # Errors
    /// When its files have errors.
    pub fn load(folders: Folders, progress: ProgressFn<'_>) -> Result<Self, LoadError> {
        let base = read(&folders, progress)?;
        Ok(Self { folders, current: RwLock::new(Arc::new(base)), reloading: Mutex::new(()) })
    }

    /// The base that serves now. What holds it goes on with it, whatever is loaded meanwhile.
    #[must_use]
    pub fn current(&self) -> Arc<Base> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the base is read from.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Reads the files anew, asks the golden questions of both bases and serves the new one. Takes about a second: not to
    /// be called where others wait.
    ///
    /// # Errors
    /// When the files have errors; the old base then goes on serving.
    pub fn reload(&self) -> Result<Change, LoadError> {
        let _alone = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let (old, new) = (self.current(), Arc::new(read(&self.folders, &|_| {})?));
        let change = Change::between(&old, &new);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(change)
    }
}

fn read(folders: &Folders, progress: ProgressFn<'_>) -> Result<Base, LoadError> {
    let calibration = calibration(&folders.knowledge).map_err(LoadError::Calibration)?;
    let loaded = crate::knowledge::load(&folders.seeds, &folders.knowledge);
    let warnings = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning).count();
    let snapshot = Snapshot::of(loaded, folders, progress)?;
    Ok(Base { snapshot, calibration, warnings })
}

/// The calibration of a knowledge folder: its own if it brings one, else the built-in.
///
/// # Errors
/// When its own cannot be read; the message names the file and the remedy.
pub fn calibration(knowledge: &Path) -> Result<Calibration, String> {
    let path = knowledge.join("calibration.toml");
    if !path.exists() {
        return Ok(Calibration::default());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Calibration::parse(&text).map_err(|reason| format!("{}: {reason}; remove the file to use the built-in figures", path.display()))
}

/// What a reload changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The version before.
    pub from: String,
    /// The version now.
    pub to: String,
    /// Ids of facts that are new.
    pub added: Vec<String>,
    /// Ids of facts that are gone.
    pub removed: Vec<String>,
    /// Ids of sources that are new or gone.
    pub sources: Vec<String>,
    /// How many golden questions were asked of both.
    pub asked: usize,
    /// Golden questions that are answered differently now.
    pub changed: Vec<GoldenChange>,
    /// Problems that do not keep the base from serving.
    pub warnings: usize,
}

/// A golden question whose answer changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenChange {
    /// The question.
    pub question: String,
    /// The fact that answered, if one did.
    pub before: Option<String>,
    /// The fact that answers now, if one does.
    pub now: Option<String>,
}

impl Change {
    /// Compares two bases. The golden questions are those that facts of both show people, in every language.
    #[must_use]
    pub fn between(old: &Base, new: &Base) -> Self {
        let ids = |base: &Base| base.snapshot.knowledge.curated.facts.iter().map(|fact| fact.id.clone()).collect::<Vec<_>>();
        let sources = |base: &Base| base.snapshot.knowledge.sources.iter().map(|source| source.metadata.id.clone()).collect::<Vec<_>>();
        let only = |a: &[String], b: &[String]| a.iter().filter(|id| !b.contains(id)).cloned().collect::<Vec<_>>();
        let (before, now) = (ids(old), ids(new));
        let (sources_before, sources_now) = (sources(old), sources(new));
        let mut change = Self {
            from: old.snapshot.version.clone(),
            to: new.snapshot.version.clone(),
            added: only(&now, &before),
            removed: only(&before, &now),
            sources: [only(&sources_now, &sources_before), only(&sources_before, &sources_now)].concat(),
            warnings: new.warnings,
            ..Self::default()
        };
        if change.from == change.to {
            return change;
        }
        let shown: HashMap<(&str, Language), &str> = golden(new).collect();
        for ((id, language), question) in golden(old) {
            if shown.get(&(id, language)).is_none_or(|other| *other != question) {
                continue;
            }
            change.asked += 1;
            let (was, is) = (old.engine().answer(question, Some(language)), new.engine().answer(question, Some(language)));
            if said(&was) != said(&is) {
                change.changed.push(GoldenChange { question: question.to_owned(), before: was.fact, now: is.fact });
            }
        }
        change
    }
}

fn golden(base: &Base) -> impl Iterator<Item = ((&str, Language), &str)> {
    base.snapshot.knowledge.curated.facts.iter().flat_map(|fact| {
        let shown = fact.aliases.iter().filter_map(|(&language, texts)| Some((language, texts.first()?)));
        shown.map(|(language, text)| ((fact.id.as_str(), language), text.as_str()))
    })
}

fn said(answer: &Answer) -> (Outcome, Option<&str>, Option<&str>, Vec<&str>) {
    (answer.outcome, answer.fact.as_deref(), answer.text.as_deref(), answer.citations.iter().map(|quote| quote.text.as_str()).collect())
}
