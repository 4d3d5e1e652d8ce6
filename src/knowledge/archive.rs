//! Articles of a JSON Lines file: one object a line.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::knowledge::Language;
use crate::knowledge::diagnostic::{Diagnostic, Place, Severity};
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

/// How many problems of one archive are listed: a file of another format would fill the screen.
const MOST_PROBLEMS: usize = 20;

/// Reads a whole archive and says what is wrong with it, line by line. `ids` are those taken already; the archive's are added.
pub fn check_archive(path: &Path, defaults: &Metadata, ids: &mut BTreeSet<String>, diagnostics: &mut Vec<Diagnostic>) {
    let file = path.display().to_string();
    let reader = match File::open(path) {
        Ok(file) => BufReader::with_capacity(1 << 20, file),
        Err(error) => {
            diagnostics.push(Place { file: &file, text: "" }.error(
                0,
                format!("cannot be read: {error}"),
                "check that the file may be read",
            ));
            return;
        }
    };
    let mut found = 0;
    for (number, line) in reader.split(b'\n').enumerate() {
        let problem = match line.map(String::from_utf8) {
            Err(error) => Some((0, error.to_string())),
            Ok(Err(_)) => Some((0, "this line is not UTF-8; save the file as UTF-8".to_owned())),
            Ok(Ok(line)) if line.trim().is_empty() => None,
            Ok(Ok(line)) => match parse_article(line.trim_end(), defaults) {
                Err((column, reason)) => Some((line.get(..column).map_or(column, |before| before.chars().count()), reason)),
                Ok((metadata, _)) if ids.contains(&metadata.id) => {
                    Some((0, format!("the article id {:?} stands on another article already", metadata.id)))
                }
                Ok((metadata, _)) => {
                    ids.insert(metadata.id);
                    None
                }
            },
        };
        if let Some((column, what)) = problem {
            let remedy = "write one JSON object a line with at least \"id\" and \"text\"".to_owned();
            diagnostics.push(Diagnostic {
                severity: Severity::Error,
                file: file.clone(),
                line: number + 1,
                column: column + 1,
                what,
                remedy,
            });
            found += 1;
            if found == MOST_PROBLEMS {
                return;
            }
        }
    }
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
        Some(code) => {
            Language::from_code(&code).ok_or_else(|| (at("language"), format!("the language {code:?} is not one of it, en, fr, uk")))?
        }
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
