//! What a reader can do with a reply: buttons on one platform, reactions on another. Everything an action needs is in it, so
//! that a platform can carry it in the message and it works after a restart.

/// A sentence of a snapshot, by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Number of the passage.
    pub passage: usize,
    /// Number of the sentence in it.
    pub sentence: usize,
}

/// Quotes shown page by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pages {
    /// Sentences found for a question, the best first.
    Found(Vec<Spot>),
    /// The passages of a source, by its id.
    Source(String),
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// See a page of quotes, alone. The numbers hold for one version of the base.
    Page {
        /// The quotes.
        pages: Pages,
        /// The version of the base they were found in.
        version: String,
        /// Which page, from 0.
        page: usize,
        /// Whether it leads back from the page shown.
        back: bool,
    },
    /// Say whether the reply helped.
    Rate {
        /// It did.
        helpful: bool,
    },
    /// Take the reply away.
    Dismiss,
    /// Give the question to the moderators.
    Tell,
}
