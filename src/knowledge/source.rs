//! Sources: one article each, with its metadata, its passages and their sentences.

use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::knowledge::Language;
use crate::knowledge::sentences::{paragraphs, sentences};

/// Whether a source was written before or after the event it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// What it says of the event is expectation.
    Before,
    /// It reports.
    After,
}

/// What is known of an article besides its text. What is not known is `None`, never guessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Readable slug, unique in the knowledge base.
    pub id: String,
    /// File name inside the seeds folder.
    pub file: String,
    /// Who published it.
    pub publisher: Option<String>,
    /// Its headline.
    pub title: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Publication date.
    pub published: Option<Date>,
    /// Language of the text.
    pub language: Language,
    /// Address of the original.
    pub address: Option<String>,
    /// Whether it was written before the event.
    pub written: Option<Written>,
    /// Whether the text is a machine translation.
    pub machine_translated: bool,
    /// Anything a reader should know.
    pub remarks: Vec<String>,
}

/// A paragraph of a source: what is indexed and ranked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Its byte range in the source's text.
    pub range: Range<usize>,
    /// The headline it stands under.
    pub heading: Option<Range<usize>>,
    /// Its sentences: the smallest quotable units, as byte ranges of the source's text.
    pub sentences: Vec<Range<usize>>,
    /// Whether it is itself a headline.
    pub is_heading: bool,
}

/// One article with its text.
#[derive(Debug, Clone)]
pub struct Source {
    /// What is known of it.
    pub metadata: Metadata,
    /// Where it begins in its file: the line of an article in a JSON Lines file, else 1.
    pub line: usize,
    /// The whole text: the file's bytes, or the `text` of one line of a JSON Lines file.
    pub text: String,
    /// The byte ranges of `text` that are article text.
    pub article: Vec<Range<usize>>,
    /// The paragraphs of the article text, in order.
    pub passages: Vec<Passage>,
}

impl Source {
    /// Splits the article text into passages and sentences.
    #[must_use]
    pub fn new(metadata: Metadata, text: String, article: Vec<Range<usize>>) -> Self {
        let passages = split(&text, &article);
        Self { metadata, line: 1, text, article, passages }
    }

    /// Every sentence of the article text, in order.
    pub fn sentences(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.passages.iter().flat_map(|passage| passage.sentences.iter().cloned())
    }

    /// Whether a byte range lies inside one stretch of article text.
    #[must_use]
    pub fn is_article_text(&self, range: &Range<usize>) -> bool {
        self.article.iter().any(|stretch| stretch.start <= range.start && range.end <= stretch.end)
    }
}

/// The passages of an article's text.
#[must_use]
pub fn split(text: &str, article: &[Range<usize>]) -> Vec<Passage> {
    let mut heading: Option<Range<usize>> = None;
    let mut passages = Vec::new();
    for range in article.iter().flat_map(|stretch| paragraphs(text, stretch.clone())) {
        let is_heading = is_heading(&text[range.clone()]);
        passages.push(Passage {
            sentences: sentences(text, range.clone()),
            heading: if is_heading { None } else { heading.clone() },
            range: range.clone(),
            is_heading,
        });
        if is_heading {
            heading = Some(range);
        }
    }
    passages
}

/// A headline is short and does not end like a sentence.
fn is_heading(paragraph: &str) -> bool {
    let end = paragraph.trim_end_matches(['”', '“', '"', '»', ')', '’', '\'']);
    paragraph.starts_with('#') || (paragraph.split_whitespace().count() <= 18 && !end.ends_with(['.', '!', '?', ';', '…', ':']))
}
