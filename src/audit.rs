//! The checks that need the search: does each alias find its own fact, do two facts look alike, is every sentence cited.

use std::collections::BTreeSet;
use std::path::Path;

use crate::answer::{Calibration, Engine};
use crate::knowledge::{Coverage, Curated, Diagnostic, Knowledge, Loaded, Origin, Place, Texts, check_archive, coverage};
use crate::retrieval::Entry;
use crate::snapshot::Snapshot;

/// Two aliases of different facts this alike are hardly told apart.
const NEAR_DUPLICATE: f32 = 0.99;

/// A knowledge base with everything found wrong in it.
#[derive(Debug)]
pub struct Audit {
    /// The base.
    pub knowledge: Knowledge,
    /// How far its facts cover its sources.
    pub coverage: Coverage,
    /// What is wrong, in order of file and line.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a loaded base. What needs an index is left out where the base is broken.
#[must_use]
pub fn audit(loaded: Loaded, seeds: &Path, folder: &Path, calibration: &Calibration) -> Audit {
    let broken = loaded.is_broken();
    let Loaded { knowledge, mut diagnostics } = loaded;
    let coverage = coverage(&knowledge);
    if !knowledge.curated.facts.is_empty() {
        diagnostics.extend(uncovered(&knowledge, seeds, &coverage));
    }
    let mut ids: BTreeSet<String> = knowledge.sources.iter().map(|source| source.metadata.id.clone()).collect();
    for (path, metadata) in &knowledge.archives {
        check_archive(path, metadata, &mut ids, &mut diagnostics);
    }
    let knowledge = if broken || !knowledge.archives.is_empty() {
        knowledge
    } else {
        match Snapshot::index(Loaded { knowledge, diagnostics: Vec::new() }, folder, &|_| {}) {
            Ok(snapshot) => {
                diagnostics.extend(lost_aliases(&snapshot, calibration));
                snapshot.knowledge
            }
            Err(error) => {
                let file = folder.display().to_string();
                diagnostics.push(Place { file: &file, text: "" }.error(
                    0,
                    error.to_string(),
                    "report this: the files themselves are in order",
                ));
                return Audit { knowledge: Knowledge::empty(), coverage, diagnostics };
            }
        }
    };
    diagnostics.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    Audit { knowledge, coverage, diagnostics }
}

/// A warning for each sentence of article text no fact cites.
fn uncovered<'a>(knowledge: &'a Knowledge, seeds: &'a Path, coverage: &'a Coverage) -> impl Iterator<Item = Diagnostic> + 'a {
    coverage.uncovered.iter().map(|(index, range)| {
        let source = &knowledge.sources[*index];
        let file = seeds.join(&source.metadata.file).display().to_string();
        let what = format!("no fact cites “{}”", &source.text[range.clone()]);
        let remedy = "cite it from a fact, or take its line out of the article text";
        let mut warning = Place { file: &file, text: &source.text }.warning(range.start, what, remedy);
        if Path::new(&file).extension().is_some_and(|extension| extension == "jsonl") {
            // Offsets are those of the article's own text: in the file only its line can be named.
            (warning.line, warning.column) = (source.line, 1);
        }
        warning
    })
}

/// A warning for each alias that does not find its own fact, or that another fact has almost word for word.
fn lost_aliases(snapshot: &Snapshot, calibration: &Calibration) -> Vec<Diagnostic> {
    let engine = Engine::new(snapshot, calibration);
    let curated = &snapshot.knowledge.curated;
    let mut found = Vec::new();
    for (entry, language, index) in snapshot.matcher.aliases() {
        let (id, aliases, origin) = owner(curated, entry);
        let Some(text) = aliases.get(&language).and_then(|texts| texts.get(index)) else { continue };
        let Some(&offset) = origin.aliases.get(&language).and_then(|offsets| offsets.get(index)) else { continue };
        let offset = offset as usize;
        let findings = engine.find(text, Some(language));
        let candidates = &findings.alternatives.candidates;
        let is_own = |other: Entry| other == entry;
        let place = curated.place(origin.file);
        // The same words under another question word ask for something else.
        let exact = |other: &crate::answer::Weighed| {
            other.candidate.features[0] >= NEAR_DUPLICATE && other.candidate.features[8] > 0.0 && other.candidate.alias.0 == language
        };
        if let Some(twin) =
            candidates.iter().find(|other| !is_own(other.candidate.entry) && exact(other) && !alike(snapshot, entry, other.candidate.entry))
        {
            let (other, ..) = owner(curated, twin.candidate.entry);
            found.push(place.warning(
                offset,
                format!("the alias {text:?} of {id:?} says almost what {other:?} says"),
                "make the two more specific, or keep one",
            ));
        } else if !candidates.first().is_some_and(|best| is_own(best.candidate.entry) || alike(snapshot, entry, best.candidate.entry)) {
            found.push(place.warning(offset, format!("the alias {text:?} does not find {id:?}"), "use words that belong to this fact"));
        }
    }
    found
}

fn owner(curated: &Curated, entry: Entry) -> (&str, &Texts, &Origin) {
    match entry {
        Entry::Fact(index) => (&curated.facts[index].id, &curated.facts[index].aliases, &curated.facts[index].origin),
        Entry::Gap(index) => (&curated.gaps[index].id, &curated.gaps[index].aliases, &curated.gaps[index].origin),
    }
}

/// Whether it makes no difference to the reader which of two entries is found: both are gaps, or both facts rest on the
/// same passage.
fn alike(snapshot: &Snapshot, a: Entry, b: Entry) -> bool {
    let (Entry::Fact(a), Entry::Fact(b)) = (a, b) else { return matches!((a, b), (Entry::Gap(_), Entry::Gap(_))) };
    let facts = &snapshot.knowledge.curated.facts;
    facts[a]
        .citations
        .iter()
        .any(|a| facts[b].citations.iter().any(|b| a.source == b.source && a.range.start < b.range.end && b.range.start < a.range.end))
}
