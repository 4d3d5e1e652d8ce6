//! The languages people ask in and sources are written in.

use serde::{Deserialize, Serialize};

/// A language the analyzers, the wording and the knowledge base know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Italian.
    It,
    /// English.
    En,
    /// French.
    Fr,
    /// Ukrainian.
    Uk,
}

impl Language {
    /// Every language, in the order used in tables and reports.
    pub const ALL: [Self; 4] = [Self::It, Self::En, Self::Fr, Self::Uk];

    /// The ISO 639-1 code, lower case.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
            Self::Fr => "fr",
            Self::Uk => "uk",
        }
    }

    /// The position in [`Language::ALL`], for arrays with one entry per language.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The language of a code such as `it`, `it-IT` or `IT`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.code() == primary)
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::str::FromStr for Language {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::from_code(code).ok_or_else(|| format!("unknown language {code:?}; use one of it, en, fr, uk"))
    }
}
