//! The knowledge base: sources, facts, gaps and thesaurus, read from files and checked.
//!
//! Loading never stops at the first problem: it gathers [`Diagnostic`]s with file, line and column, and says at the end
//! whether the base can serve.

mod archive;
mod coverage;
mod curated;
mod diagnostic;
mod fact;
mod files;
mod language;
mod locate;
mod manifest;
mod sentences;
mod source;
mod thesaurus;

use std::path::{Path, PathBuf};

pub use archive::{check_archive, parse_article};
pub use coverage::{Coverage, coverage};
pub use curated::Curated;
pub use diagnostic::{Diagnostic, Place, Severity};
pub use fact::{Citation, Fact, Gap, Origin, Texts};
pub use language::Language;
pub use locate::{Locator, Nearest, nearest};
pub use source::{Metadata, Passage, Source, Written, split};
pub use thesaurus::{Concept, ConceptKind};

/// Everything one knowledge base holds.
#[derive(Debug)]
pub struct Knowledge {
    /// Shown to people.
    pub name: String,
    /// Used where a question's language can't be told.
    pub default_language: Language,
    /// The sources held in memory.
    pub sources: Vec<Source>,
    /// JSON Lines files left on disk, with what is known of all their articles.
    pub archives: Vec<(PathBuf, Metadata)>,
    /// Facts, gaps and thesaurus, with their places in the files.
    pub curated: Curated,
    /// Hash of all that was read in memory, shortened: names the state of the base.
    pub version: String,
}

impl Knowledge {
    /// A base with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            name: String::new(),
            default_language: Language::It,
            sources: Vec::new(),
            archives: Vec::new(),
            curated: Curated::default(),
            version: String::new(),
        }
    }
}

/// A knowledge base as read, with everything found wrong.
#[derive(Debug)]
pub struct Loaded {
    /// What could be read.
    pub knowledge: Knowledge,
    /// What is wrong; the base may serve only if none is an error.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Whether any problem forbids serving this base.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads the knowledge base of the two folders.
#[must_use]
pub fn load(seeds: &Path, knowledge: &Path) -> Loaded {
    let mut diagnostics = Vec::new();
    let manifest = manifest::load(seeds, knowledge, &mut diagnostics);
    let curated = curated::load(knowledge, &manifest.sources, &mut diagnostics);
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{:?}{:?}", manifest.name, manifest.default_language).as_bytes());
    for source in &manifest.sources {
        hasher.update(format!("{:?}{:?}", source.metadata, source.article).as_bytes()).update(source.text.as_bytes());
    }
    if manifest.sources.is_empty() && manifest.archives.is_empty() && diagnostics.is_empty() {
        let file = knowledge.join("sources.toml").display().to_string();
        let remedy = format!("put articles into {} and name them here", seeds.display());
        diagnostics.push(Place { file: &file, text: "" }.error(0, "there is no source", remedy));
    }
    for (_, text) in &curated.files {
        hasher.update(text.as_bytes());
    }
    let knowledge = Knowledge {
        name: manifest.name.unwrap_or_else(|| "knowledge base".to_owned()),
        default_language: manifest.default_language.unwrap_or(Language::It),
        sources: manifest.sources,
        archives: manifest.archives,
        curated,
        version: hasher.finalize().to_hex()[..12].to_owned(),
    };
    Loaded { knowledge, diagnostics }
}
