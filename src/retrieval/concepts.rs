//! The thesaurus, compiled: word sequences of a text become concepts, whatever the language.


use rustc_hash::FxHashMap as HashMap;
use crate::knowledge::{Concept, ConceptKind, Language};
use crate::retrieval::text::{Stems, term, tokenize};
use crate::retrieval::words::Words;

/// One label: the stems after the first, and its concept.
#[derive(Debug)]
struct Label {
    rest: Vec<u32>,
    concept: u32,
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

/// All labels by language and first stem, the longest first.
#[derive(Debug, Default)]
pub struct Concepts {
    labels: [HashMap<u32, Vec<Label>>; 4],
    concepts: Vec<Compiled>,
}

impl Concepts {
    /// Compiles a thesaurus. Names are known in every language by all their spellings; vocabulary only in its own.
    #[must_use]
    pub fn compile(concepts: &[Concept]) -> Self {
        let mut compiled = Self::default();
        let stemmers = Language::ALL.map(Stems::of);
        for (index, concept) in concepts.iter().enumerate() {
            compiled.concepts.push(Compiled { id: concept.id.clone(), term: term(&format!("#{}", concept.id)), kind: concept.kind });
            for (&language, labels) in &concept.labels {
                for label in labels {
                    compiled.add(language, label, index as u32, &stemmers);
                }
            }
        }
        for (index, concept) in concepts.iter().enumerate().filter(|(_, concept)| concept.kind != ConceptKind::Vocabulary) {
            for label in concept.labels.values().flatten().filter(|label| label.starts_with(char::is_uppercase)) {
                for language in Language::ALL {
                    compiled.add_new(language, label, index as u32, &stemmers);
                }
            }
        }
        for labels in compiled.labels.iter_mut().flat_map(HashMap::values_mut) {
            labels.sort_by_key(|label| std::cmp::Reverse(label.rest.len()));
        }
        compiled
    }

    fn add(&mut self, language: Language, label: &str, concept: u32, stemmers: &[Stems; 4]) {
        if let Some((first, rest)) = stems(language, label, &stemmers[language.index()]).split_first() {
            self.labels[language.index()].entry(*first).or_default().push(Label { rest: rest.to_vec(), concept });
        }
    }

    /// Adds a label of another language, unless it means something in this one already.
    fn add_new(&mut self, language: Language, label: &str, concept: u32, stemmers: &[Stems; 4]) {
        if let Some((first, rest)) = stems(language, label, &stemmers[language.index()]).split_first() {
            let labels = self.labels[language.index()].entry(*first).or_default();
            if !labels.iter().any(|label| label.rest == rest) {
                labels.push(Label { rest: rest.to_vec(), concept });
            }
        }
    }

    /// The longest label that starts at the head of a sequence of stems, and how many of them it takes.
    #[must_use]
    pub fn longest(&self, language: Language, stems: &[u32]) -> Option<(&Compiled, usize)> {
        let (first, rest) = stems.split_first()?;
        let label = self.labels[language.index()].get(first)?.iter().find(|label| rest.starts_with(&label.rest))?;
        Some((&self.concepts[label.concept as usize], label.rest.len() + 1))
    }

    /// Every label that starts at the head of a sequence of stems.
    pub fn all(&self, language: Language, stems: &[u32]) -> impl Iterator<Item = &Compiled> {
        let labels = stems.first().and_then(|first| self.labels[language.index()].get(first));
        labels.into_iter().flatten().filter(|label| stems[1..].starts_with(&label.rest)).map(|label| &self.concepts[label.concept as usize])
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

/// The stems of a label, without function words.
fn stems(language: Language, label: &str, stemmer: &Stems) -> Vec<u32> {
    let words = Words::of(language);
    let tokens = tokenize(label).into_iter().filter(|token| token.acronym || !(token.elided || words.is_stop(&token.folded)));
    tokens.map(|token| stemmer.with(&token.folded, term)).collect()
}
