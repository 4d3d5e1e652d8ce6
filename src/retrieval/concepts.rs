//! The thesaurus, compiled: word sequences of a text become concepts, whatever the language.

use compact_str::CompactString;
use rustc_hash::FxHashMap as HashMap;

use crate::knowledge::{Concept, ConceptKind, Language};
use crate::retrieval::lexicon::Lexicon;
use crate::retrieval::text::{Stems, term, tokenize};
use crate::retrieval::words::Words;

/// A word of the thesaurus counts as if it had been met so often: curators do not misspell.
const CURATED: u32 = 100;

/// One label: the stems after the first, and its concept.
#[derive(Debug)]
struct Label {
    rest: Vec<u32>,
    concept: u32,
}

impl Label {
    /// Whether the stems after the first are those of the label. The second stem alone decides nearly always.
    fn continues(&self, stems: &[u32]) -> bool {
        match self.rest.as_slice() {
            [] => true,
            [next, ..] => stems.first() == Some(next) && stems.starts_with(&self.rest),
        }
    }
}

/// A concept as matching sees it.
#[derive(Debug)]
pub struct Compiled {
    /// Readable slug.
    pub id: String,
    /// Its term, shared by all languages.
    pub term: u32,
    /// What it names.
    pub kind: ConceptKind,
}

/// The labels of a language by their first stem.
type Labels = HashMap<u32, Vec<Label>>;

/// All labels by language and first stem, the longest first.
#[derive(Debug, Default)]
pub struct Concepts {
    labels: [Labels; 4],
    concepts: Vec<Compiled>,
}

impl Concepts {
    /// Compiles a thesaurus, and teaches the lexicons the words of its labels. Names are known in every language by all
    /// their spellings; vocabulary only in its own. Each language is compiled by itself.
    #[must_use]
    pub fn compile(concepts: &[Concept], lexicons: &mut [Lexicon; 4]) -> Self {
        let parts: Vec<(Labels, Vec<(CompactString, u32)>)> = std::thread::scope(|scope| {
            let running = Language::ALL.map(|language| scope.spawn(move || compile_language(concepts, language)));
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        let mut compiled = Self::default();
        for ((labels, lexicon), (compiled, words)) in compiled.labels.iter_mut().zip(lexicons).zip(parts) {
            *labels = compiled;
            for (word, stem) in &words {
                lexicon.add(word, *stem, CURATED);
            }
        }
        compiled.concepts = concepts
            .iter()
            .map(|concept| Compiled { id: concept.id.clone(), term: term(&format!("#{}", concept.id)), kind: concept.kind })
            .collect();
        compiled
    }

    /// The longest label that starts at the head of a sequence of stems, and how many of them it takes.
    #[must_use]
    pub fn longest(&self, language: Language, stems: &[u32]) -> Option<(&Compiled, usize)> {
        let (first, rest) = stems.split_first()?;
        let label = self.labels[language.index()].get(first)?.iter().find(|label| label.continues(rest))?;
        Some((&self.concepts[label.concept as usize], label.rest.len() + 1))
    }

    /// Every label that starts at the head of a sequence of stems.
    pub fn all(&self, language: Language, stems: &[u32]) -> impl Iterator<Item = &Compiled> {
        let labels = stems.first().and_then(|first| self.labels[language.index()].get(first));
        labels.into_iter().flatten().filter(|label| label.continues(&stems[1..])).map(|label| &self.concepts[label.concept as usize])
    }

    /// How many concepts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.concepts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.concepts.is_empty()
    }
}

/// The labels of one language, and the words they are made of with their stems.
fn compile_language(concepts: &[Concept], language: Language) -> (Labels, Vec<(CompactString, u32)>) {
    let mut compiler = Compiler { words: Words::of(language), stems: Stems::of(language), met: HashMap::default() };
    let mut labels = Labels::default();
    for (concept, label) in labelled(concepts).filter(|(_, of, _)| *of == language).map(|(concept, _, label)| (concept, label)) {
        if let Some((first, rest)) = compiler.stems(label).split_first() {
            labels.entry(*first).or_default().push(Label { rest: rest.to_vec(), concept });
        }
    }
    // Names of other languages, unless they mean something in this one already.
    let names = labelled(concepts)
        .filter(|(concept, _, label)| concepts[*concept as usize].kind != ConceptKind::Vocabulary && label.starts_with(char::is_uppercase));
    for (concept, _, label) in names.filter(|(_, of, _)| *of != language) {
        if let Some((first, rest)) = compiler.stems(label).split_first() {
            let labels = labels.entry(*first).or_default();
            if !labels.iter().any(|label| label.rest == rest) {
                labels.push(Label { rest: rest.to_vec(), concept });
            }
        }
    }
    for labels in labels.values_mut() {
        labels.sort_by_key(|label| std::cmp::Reverse(label.rest.len()));
    }
    (labels, compiler.met.into_iter().collect())
}

/// Every label with its concept's number and its language.
fn labelled(concepts: &[Concept]) -> impl Iterator<Item = (u32, Language, &str)> {
    concepts.iter().enumerate().flat_map(|(number, concept)| {
        concept.labels.iter().flat_map(move |(language, labels)| labels.iter().map(move |label| (number as u32, *language, label.as_str())))
    })
}

/// Stems labels, each distinct word once.
struct Compiler {
    words: &'static Words,
    stems: Stems,
    met: HashMap<CompactString, u32>,
}

impl Compiler {
    /// The stems of a label, without function words.
    fn stems(&mut self, label: &str) -> Vec<u32> {
        let mut stems = Vec::new();
        for token in tokenize(label) {
            if token.acronym || !(token.elided || self.words.is_stop(&token.folded)) {
                let stem = *self.met.entry(token.folded.clone()).or_insert_with(|| self.stems.with(&token.folded, term));
                stems.push(stem);
            }
        }
        stems
    }
}
