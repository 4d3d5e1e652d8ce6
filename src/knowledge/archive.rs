//! Articles of a JSON Lines file: one object a line.

use serde::Deserialize;

use crate::knowledge::Language;
use crate::knowledge::manifest::{check_address, parse_date};
use crate::knowledge::source::Metadata;

/// One line of a JSON Lines source.
#[derive(Debug, Deserialize)]
struct Line {
    id: Identifier,
    title: Option<String>,
    text: String,
    url: Option<String>,
    published: Option<String>,
    language: Option<String>,
    publisher: Option<String>,
    author: Option<String>,
}

/// Archives number their articles as often as they name them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Identifier {
    Text(String),
    Number(i64),
}

/// Reads one line; what it leaves out is taken from `defaults` (publisher, language, remarks).
///
/// # Errors
/// The byte column of the problem in the line, and what it is.
pub fn parse_article(line: &str, defaults: &Metadata) -> Result<(Metadata, String), (usize, String)> {
    let article: Line =
        serde_json::from_str(line).map_err(|error| (error.column().saturating_sub(1), format!("this line is no article: {error}")))?;
    let at = |key: &str| line.find(&format!("\"{key}\"")).unwrap_or(0);
    let url = article.url.filter(|url| !url.is_empty());
    if let Some(reason) = url.as_deref().and_then(|url| check_address(url).err()) {
        return Err((at("url"), format!("\"url\" is not a web address: {reason}")));
    }
    let published = match article.published.filter(|date| !date.is_empty()) {
        None => defaults.published,
        Some(date) => Some(parse_date(&date).ok_or_else(|| (at("published"), format!("\"published\" is not a date: {date:?}")))?),
    };
    let language = match article.language {
        None => defaults.language,
        Some(code) => Language::from_code(&code)
            .ok_or_else(|| (at("language"), format!("the language {code:?} is not one of it, en, fr, uk")))?,
    };
    let id = match article.id {
        Identifier::Text(id) => id,
        Identifier::Number(id) => id.to_string(),
    };
    let metadata = Metadata {
        id,
        publisher: article.publisher.or_else(|| defaults.publisher.clone()),
        title: article.title.filter(|title| !title.is_empty()),
        author: article.author,
        published,
        language,
        address: url,
        ..defaults.clone()
    };
    Ok((metadata, article.text))
}
