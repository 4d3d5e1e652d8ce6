//! Concepts with their labels per language: the SKOS idea, as far as matching needs it.

use serde::{Deserialize, Serialize};

use crate::knowledge::fact::Texts;

/// What a concept names. Names weigh more than vocabulary: what was asked of one person is not answered by another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConceptKind {
    /// A person.
    Person,
    /// A place, a country, a people.
    Place,
    /// An organisation or a body.
    Organisation,
    /// A named event or document.
    Event,
    /// Any other word.
    #[default]
    Vocabulary,
}

/// One concept.
#[derive(Debug, Clone)]
pub struct Concept {
    /// Readable slug.
    pub id: String,
    /// What it names.
    pub kind: ConceptKind,
    /// Its labels per language, the preferred one first.
    pub labels: Texts,
}
