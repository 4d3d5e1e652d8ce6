//! What is wrong with a knowledge base, where, and what to do about it.

use std::fmt;

use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The knowledge base is refused.
    Error,
    /// It loads, but somebody should look.
    Warning,
}

/// One problem, with its place and its remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether the knowledge base is refused because of it.
    pub severity: Severity,
    /// The file, as the operator named its folder.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Self { file, line, column, what, remedy, .. } = self;
        write!(f, "{file}:{line}:{column}: {label}: {what}\n    remedy: {remedy}")
    }
}

/// A file's name and text: what turns a byte offset into a place.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The file, as shown to people.
    pub file: &'a str,
    /// Its whole text.
    pub text: &'a str,
}

impl Place<'_> {
    /// An error at a byte offset of the file.
    #[must_use]
    pub fn error(&self, offset: usize, what: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
        self.at(Severity::Error, offset, what.into(), remedy.into())
    }

    /// A warning at a byte offset of the file.
    #[must_use]
    pub fn warning(&self, offset: usize, what: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
        self.at(Severity::Warning, offset, what.into(), remedy.into())
    }

    fn at(&self, severity: Severity, offset: usize, what: String, remedy: String) -> Diagnostic {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Diagnostic {
            severity,
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what,
            remedy,
        }
    }
}
