//! Reads `facts/*.toml`, `gaps/*.toml` and `thesaurus.toml`, and checks what needs no search index.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::{FxHashMap, FxHasher};
use serde::Deserialize;
use toml::Spanned;

use crate::knowledge::diagnostic::{Diagnostic, Place};
use crate::knowledge::fact::{Citation, Fact, Gap, Origin, Texts};
use crate::knowledge::locate::{Locator, nearest};
use crate::knowledge::manifest::parse_date;
use crate::knowledge::source::Source;
use crate::knowledge::thesaurus::{Concept, ConceptKind};
use crate::knowledge::{Language, files};

type SpannedTexts = BTreeMap<Language, Vec<Spanned<String>>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactFile {
    #[serde(default)]
    fact: Vec<RawFact>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFact {
    id: Spanned<String>,
    aliases: SpannedTexts,
    answer: BTreeMap<Language, String>,
    citations: Vec<RawCitation>,
    #[serde(default)]
    related: Vec<Spanned<String>>,
    superseded_by: Option<Spanned<String>>,
    as_of: Option<Spanned<toml::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCitation {
    source: Spanned<String>,
    quote: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GapFile {
    #[serde(default)]
    gap: Vec<RawGap>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGap {
    id: Spanned<String>,
    aliases: SpannedTexts,
    nearest: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThesaurusFile {
    #[serde(default)]
    concept: Vec<RawConcept>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConcept {
    id: Spanned<String>,
    #[serde(default)]
    kind: ConceptKind,
    #[serde(default)]
    it: Vec<String>,
    #[serde(default)]
    en: Vec<String>,
    #[serde(default)]
    fr: Vec<String>,
    #[serde(default)]
    uk: Vec<String>,
}

/// Everything read from the curated files, with the places of ids and aliases.
#[derive(Debug, Default)]
pub struct Curated {
    /// Facts, in the order of the files.
    pub facts: Vec<Fact>,
    /// Known gaps, in the order of the files.
    pub gaps: Vec<Gap>,
    /// The thesaurus.
    pub concepts: Vec<Concept>,
    /// The files read: the name shown, and the text.
    pub files: Vec<(String, String)>,
    /// The file each id stands in.
    ids: HashMap<String, usize>,
    /// References to facts that must exist, checked once all are read: id, file, offset.
    references: Vec<(String, usize, usize)>,
}

/// One curated file, parsed.
enum Parsed {
    Facts(FactFile),
    Gaps(GapFile),
    Thesaurus(ThesaurusFile),
}

/// Reads the curated files of the knowledge folder. Files are parsed side by side, and taken in in their order.
pub(super) fn load(knowledge: &Path, sources: &[Source], diagnostics: &mut Vec<Diagnostic>) -> Curated {
    type Parse = fn(Place<'_>, &mut Vec<Diagnostic>) -> Option<Parsed>;
    let mut work: Vec<(PathBuf, Parse)> = Vec::new();
    let parse_facts: Parse = |place, diagnostics| files::parse(place, diagnostics).map(Parsed::Facts);
    let parse_gaps: Parse = |place, diagnostics| files::parse(place, diagnostics).map(Parsed::Gaps);
    let parse_thesaurus: Parse = |place, diagnostics| files::parse(place, diagnostics).map(Parsed::Thesaurus);
    work.extend(folder(knowledge, "facts", diagnostics).into_iter().map(|path| (path, parse_facts)));
    work.extend(folder(knowledge, "gaps", diagnostics).into_iter().map(|path| (path, parse_gaps)));
    let thesaurus = knowledge.join("thesaurus.toml");
    work.extend(thesaurus.exists().then_some((thesaurus, parse_thesaurus)));
    // As many threads as processors take the files in turn.
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let Some((number, (path, parse))) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|number| Some((number, work.get(number)?)))
        {
            let mut found = Vec::new();
            let file = path.display().to_string();
            let text = files::read(path, &mut found);
            let parsed = text.as_ref().and_then(|text| parse(Place { file: &file, text }, &mut found));
            done.push((number, file, text, parsed, found));
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(work.len().max(1));
    let mut parsed: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    parsed.sort_by_key(|(number, ..)| *number);
    let mut curated = Curated::default();
    let mut quotes = Quotes { sources, locators: HashMap::new() };
    for (_, file, text, parsed, found) in parsed {
        diagnostics.extend(found);
        let Some(text) = text else { continue };
        let place = Place { file: &file, text: &text };
        match parsed {
            Some(Parsed::Facts(facts)) => {
                facts.fact.into_iter().for_each(|fact| curated.add_fact(place, fact, &mut quotes, diagnostics));
            }
            Some(Parsed::Gaps(gaps)) => gaps.gap.into_iter().for_each(|gap| curated.add_gap(place, gap, diagnostics)),
            Some(Parsed::Thesaurus(thesaurus)) => {
                let mut ids = HashSet::new();
                thesaurus.concept.into_iter().for_each(|concept| curated.add_concept(place, concept, &mut ids, diagnostics));
            }
            None => {}
        }
        curated.files.push((file, text));
    }
    curated.check_references(diagnostics);
    curated.check_aliases(diagnostics);
    curated
}

fn folder(knowledge: &Path, name: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    let folder = knowledge.join(name);
    if folder.is_dir() { files::list(&folder, &["toml"], diagnostics) } else { Vec::new() }
}

/// Locates quotes; each source is folded once, when it is first cited.
struct Quotes<'a> {
    sources: &'a [Source],
    locators: HashMap<usize, Locator>,
}

impl Curated {
    /// Lets go of the files' texts and of what was needed to check them; places can no longer be told.
    pub(crate) fn forget_files(&mut self) {
        self.files = Vec::new();
        self.ids = HashMap::new();
        self.references = Vec::new();
        let origins = self.facts.iter_mut().map(|fact| &mut fact.origin).chain(self.gaps.iter_mut().map(|gap| &mut gap.origin));
        origins.for_each(|origin| origin.aliases = BTreeMap::new());
    }

    fn add_fact(&mut self, place: Place<'_>, raw: RawFact, quotes: &mut Quotes<'_>, diagnostics: &mut Vec<Diagnostic>) {
        if !self.claim(place, &raw.id, diagnostics) {
            return;
        }
        let id = raw.id.get_ref().clone();
        let missing = |present: &dyn Fn(Language) -> bool| {
            let codes: Vec<_> = Language::ALL.into_iter().filter(|&language| !present(language)).map(Language::code).collect();
            codes.join(", ")
        };
        for (part, lacking) in [
            ("aliases", missing(&|language| raw.aliases.get(&language).is_some_and(|texts| !texts.is_empty()))),
            ("an answer", missing(&|language| raw.answer.get(&language).is_some_and(|text| !text.trim().is_empty()))),
        ] {
            if !lacking.is_empty() {
                diagnostics.push(place.warning(
                    raw.id.span().start,
                    format!("the fact {id:?} has no {part} in {lacking}", part = part.trim_start_matches("an ")),
                    format!("add {part} in that language"),
                ));
            }
        }
        if raw.citations.is_empty() {
            diagnostics.push(place.error(
                raw.id.span().start,
                format!("the fact {id:?} cites nothing"),
                "add a [[fact.citations]] with source and quote",
            ));
        }
        let citations = raw.citations.iter().filter_map(|citation| quotes.locate(place, citation, diagnostics)).collect();
        let as_of = raw.as_of.as_ref().and_then(|value| {
            let date = parse_date(&value.get_ref().to_string());
            if date.is_none() {
                diagnostics.push(place.error(
                    value.span().start,
                    format!("{} is not a date", value.get_ref()),
                    "write the day as 2026-01-06",
                ));
            }
            date
        });
        let related: Vec<String> = raw.related.iter().map(|id| self.refer(id)).collect();
        let superseded_by = raw.superseded_by.as_ref().map(|id| self.refer(id));
        let (aliases, origin) = self.take_aliases(raw.id.span().start, raw.aliases);
        self.facts.push(Fact { id, origin, aliases, answer: raw.answer, citations, related, superseded_by, as_of });
    }

    fn add_gap(&mut self, place: Place<'_>, raw: RawGap, diagnostics: &mut Vec<Diagnostic>) {
        if !self.claim(place, &raw.id, diagnostics) {
            return;
        }
        let id = raw.id.get_ref().clone();
        let nearest = raw.nearest.as_ref().map(|id| self.refer(id));
        let (aliases, origin) = self.take_aliases(raw.id.span().start, raw.aliases);
        self.gaps.push(Gap { id, origin, aliases, nearest });
    }

    fn add_concept(&mut self, place: Place<'_>, raw: RawConcept, ids: &mut HashSet<String>, diagnostics: &mut Vec<Diagnostic>) {
        let labels: Texts =
            [(Language::It, raw.it), (Language::En, raw.en), (Language::Fr, raw.fr), (Language::Uk, raw.uk)].into_iter().collect();
        if labels.values().all(Vec::is_empty) {
            diagnostics.push(place.error(raw.id.span().start, "this concept has no label", "add labels under it, en, fr or uk"));
        }
        let start = raw.id.span().start;
        let id = raw.id.into_inner();
        if !ids.insert(id.clone()) {
            diagnostics.push(place.error(start, format!("the concept {id:?} stands twice"), "merge the two"));
            return;
        }
        self.concepts.push(Concept { id, kind: raw.kind, labels });
    }

    /// Notes an id as taken; says where it stands already if it is.
    fn claim(&mut self, place: Place<'_>, id: &Spanned<String>, diagnostics: &mut Vec<Diagnostic>) -> bool {
        if let Some(&first) = self.ids.get(id.get_ref()) {
            let first = self.files.get(first).map_or(place.file, |(name, _)| name);
            let what = format!("the id {:?} stands already in {first}", id.get_ref());
            diagnostics.push(place.error(id.span().start, what, "give every fact and gap an id of its own"));
            return false;
        }
        self.ids.insert(id.get_ref().clone(), self.files.len());
        true
    }

    fn refer(&mut self, id: &Spanned<String>) -> String {
        self.references.push((id.get_ref().clone(), self.files.len(), id.span().start));
        id.get_ref().clone()
    }

    /// The aliases as texts, and where they stand: in the file being read.
    fn take_aliases(&self, offset: usize, aliases: SpannedTexts) -> (Texts, Origin) {
        let mut origin = Origin { file: self.files.len(), offset, aliases: BTreeMap::new() };
        let mut texts = Texts::new();
        for (language, spanned) in aliases {
            origin.aliases.insert(language, spanned.iter().map(|alias| alias.span().start as u32).collect());
            texts.insert(language, spanned.into_iter().map(Spanned::into_inner).collect());
        }
        (texts, origin)
    }

    fn check_references(&self, diagnostics: &mut Vec<Diagnostic>) {
        let facts: HashSet<&str> = self.facts.iter().map(|fact| fact.id.as_str()).collect();
        for (id, file, offset) in &self.references {
            if !facts.contains(id.as_str()) {
                diagnostics.push(self.place(*file).error(
                    *offset,
                    format!("there is no fact {id:?}"),
                    "correct the id, or remove the reference",
                ));
            }
        }
    }

    /// The same alias on two facts is an error: nobody could say which of them is meant.
    fn check_aliases(&self, diagnostics: &mut Vec<Diagnostic>) {
        let mut owners: FxHashMap<(Language, u64), &str> = FxHashMap::default();
        let facts = self.facts.iter().map(|fact| (&fact.id, &fact.aliases, &fact.origin));
        let gaps = self.gaps.iter().map(|gap| (&gap.id, &gap.aliases, &gap.origin));
        for (id, aliases, origin) in facts.chain(gaps) {
            for (&language, texts) in aliases {
                for (text, &offset) in texts.iter().zip(&origin.aliases[&language]) {
                    let Some(words) = words(text) else {
                        let place = self.place(origin.file);
                        diagnostics.push(place.error(offset as usize, "this alias has no word", "write a question, or remove it"));
                        continue;
                    };
                    if let Some(owner) = owners.insert((language, words), id)
                        && owner != id
                    {
                        let what = format!("the alias {text:?} of {id:?} stands on {owner:?} too");
                        let remedy = "keep it on the one it fits, and make the other more specific";
                        diagnostics.push(self.place(origin.file).error(offset as usize, what, remedy));
                    }
                }
            }
        }
    }

    /// The place to point at in one of the files read.
    #[must_use]
    pub fn place(&self, file: usize) -> Place<'_> {
        self.files.get(file).map_or(Place { file: "", text: "" }, |(name, text)| Place { file: name, text })
    }
}

/// A hash of the words of a text in lower case, without punctuation; none if it has no word.
fn words(text: &str) -> Option<u64> {
    let mut hasher = FxHasher::default();
    let (mut any, mut in_word) = (false, false);
    for c in text.chars() {
        let letter = c.is_alphanumeric();
        if letter {
            if any && !in_word {
                hasher.write_u32(u32::from(' '));
            }
            c.to_lowercase().for_each(|c| hasher.write_u32(u32::from(c)));
            any = true;
        }
        in_word = letter;
    }
    any.then(|| hasher.finish())
}

impl Quotes<'_> {
    fn locate(&mut self, place: Place<'_>, citation: &RawCitation, diagnostics: &mut Vec<Diagnostic>) -> Option<Citation> {
        let (id, quote) = (citation.source.get_ref(), citation.quote.get_ref());
        let Some(index) = self.sources.iter().position(|source| &source.metadata.id == id) else {
            let known: Vec<_> = self.sources.iter().take(20).map(|source| source.metadata.id.as_str()).collect();
            let what = format!("there is no source {id:?}");
            diagnostics.push(place.error(citation.source.span().start, what, format!("use one of: {}", known.join(", "))));
            return None;
        };
        let source = &self.sources[index];
        let locator = self.locators.entry(index).or_insert_with(|| Locator::new(&source.text));
        let mut outside = false;
        for range in locator.find(quote) {
            if source.is_article_text(&range) {
                return Some(Citation { source: index, range });
            }
            outside = true;
        }
        let offset = citation.quote.span().start;
        diagnostics.push(if outside {
            place.error(
                offset,
                format!("the quote stands in {id:?}, but outside its article text"),
                "cite the article text, or correct the ranges in sources.toml",
            )
        } else {
            let what = match nearest(&source.text, quote) {
                None => format!("the quote is not in {id:?}, which has no text"),
                Some(near) => format!(
                    "the quote is not verbatim in {id:?}; nearest: “{}”; they differ at “{}” (quote) and “{}” (source)",
                    &source.text[near.sentence], near.quote_from, near.source_from
                ),
            };
            place.error(offset, what, "copy the quote from the source's file")
        });
        None
    }
}
