//! A snapshot: one checked, immutable knowledge base with its indexes and a version.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::knowledge::{self, Coverage, Diagnostic, Knowledge, Loaded, Metadata};
use crate::retrieval::{Concepts, IndexError, Lexicon, Matcher, PassageWriter, Passages, analyzers};

mod archive_index;

pub use archive_index::{Progress, ProgressFn};

/// Where a base is, and where large indexes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The source texts.
    pub seeds: PathBuf,
    /// Manifest, facts, gaps, thesaurus.
    pub knowledge: PathBuf,
    /// Indexes of large archives, kept between runs.
    pub data: PathBuf,
}

/// One knowledge base, ready to answer.
#[derive(Debug)]
pub struct Snapshot {
    /// What was read.
    pub knowledge: Knowledge,
    /// The thesaurus, compiled.
    pub concepts: Concepts,
    /// The words known in each language.
    pub lexicons: [Lexicon; 4],
    /// Facts and gaps, ready to be matched.
    pub matcher: Matcher,
    /// Passages, ready to be searched.
    pub passages: Passages,
    /// Names this state of the base.
    pub version: String,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The files have errors: nothing was served from them.
    #[error("the knowledge base has {} error(s)", .0.len())]
    Broken(Vec<Diagnostic>),
    /// The search index could not be made.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl Snapshot {
    /// Reads, checks and indexes a knowledge base.
    ///
    /// # Errors
    /// When the files have errors or the index cannot be made.
    pub fn load(folders: &Folders, progress: ProgressFn<'_>) -> Result<Self, SnapshotError> {
        Self::of(knowledge::load(&folders.seeds, &folders.knowledge), folders, progress)
    }

    /// Indexes a knowledge base that was read, to be served. The files' own texts are let go: nothing more is said of them.
    ///
    /// # Errors
    /// When the files have errors or the index cannot be made.
    pub fn of(mut loaded: Loaded, folders: &Folders, progress: ProgressFn<'_>) -> Result<Self, SnapshotError> {
        if loaded.is_broken() {
            return Err(SnapshotError::Broken(loaded.diagnostics));
        }
        loaded.knowledge.curated.forget_files();
        Ok(Self::index(loaded, &folders.data, progress)?)
    }

    /// Indexes what was read; problems other than errors do not matter here.
    ///
    /// # Errors
    /// When the index cannot be made.
    pub fn index(loaded: Loaded, data: &Path, progress: ProgressFn<'_>) -> Result<Self, IndexError> {
        let knowledge = loaded.knowledge;
        let mut lexicons: [Lexicon; 4] = std::array::from_fn(|_| Lexicon::default());
        let concepts = Concepts::compile(&knowledge.curated.concepts, &mut lexicons);
        let analyzers = analyzers(&concepts);
        let matcher = Matcher::build(&knowledge, &concepts, &mut lexicons);
        let fill = |writer: &mut PassageWriter| -> Result<(), IndexError> {
            for source in &knowledge.sources {
                writer.add(&source.metadata, &source.text, &source.passages, &analyzers[source.metadata.language.index()])?;
            }
            Ok(())
        };
        let (passages, version) = if knowledge.archives.is_empty() {
            (Passages::in_memory(fill)?, knowledge.version.clone())
        } else {
            archive_index::open_or_build(&knowledge, data, &analyzers, fill, progress)?
        };
        for (lexicon, analyzer) in lexicons.iter_mut().zip(&analyzers) {
            // Indexing has met every word of the sources.
            analyzer.fresh().iter().for_each(|(word, stem, count)| lexicon.add(word, *stem, *count));
        }
        drop(analyzers);
        Ok(Self { knowledge, concepts, lexicons, matcher, passages, version })
    }

    /// What is known of the article with a number.
    #[must_use]
    pub fn article(&self, number: usize) -> Option<Cow<'_, Metadata>> {
        match self.knowledge.sources.get(number) {
            Some(source) => Some(Cow::Borrowed(&source.metadata)),
            None => self.passages.article(number).map(Cow::Owned),
        }
    }

    /// How far the facts cover the sources.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        knowledge::coverage(&self.knowledge)
    }
}
