//! Reads `sources.toml` and the sources it names.
//!
//! Without a manifest every text, Markdown and JSON Lines file of the seeds folder is a source with nothing known of it
//! but its name: a folder of articles can be asked before anybody has described it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use crate::knowledge::diagnostic::{Diagnostic, Place};
use crate::knowledge::files;
use crate::knowledge::source::{Metadata, Source, Written};
use crate::knowledge::{Language, archive, files::slug};

/// JSON Lines files above this many bytes are left on disk and read through their index.
pub(super) const IN_MEMORY_LIMIT: u64 = 16 * 1024 * 1024;

/// The manifest's text form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: Option<String>,
    default_language: Option<Language>,
    #[serde(default, alias = "sources")]
    source: Vec<Entry>,
}

/// A text, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    file: Spanned<String>,
    publisher: Option<String>,
    title: Option<String>,
    author: Option<String>,
    #[serde(alias = "date")]
    published: Option<Spanned<toml::Value>>,
    language: Option<Language>,
    #[serde(alias = "url")]
    address: Option<Spanned<String>>,
    written: Option<Written>,
    #[serde(default)]
    machine_translated: bool,
    #[serde(default)]
    remarks: OneOrMany,
    article: Option<Vec<Spanned<String>>>,
}

/// What a manifest leads to.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The name of the knowledge base, shown to people.
    pub name: Option<String>,
    /// The language used where a question's language can't be told.
    pub default_language: Option<Language>,
    /// The sources held in memory.
    pub sources: Vec<Source>,
    /// JSON Lines files too large for that, with what the manifest says of all their articles.
    pub archives: Vec<(PathBuf, Metadata)>,
}

/// Reads the manifest of the knowledge folder, or the seeds folder itself where there is none.
pub(super) fn load(seeds: &Path, knowledge: &Path, diagnostics: &mut Vec<Diagnostic>) -> Gathered {
    let path = knowledge.join("sources.toml");
    let shown = path.display().to_string();
    if !path.exists() {
        return load_folder(seeds, diagnostics);
    }
    let Some(text) = files::read(&path, diagnostics) else { return Gathered::default() };
    let place = Place { file: &shown, text: &text };
    let Some(manifest) = files::parse::<Manifest>(place, diagnostics) else { return Gathered::default() };
    let mut loaded = Gathered { name: manifest.name, default_language: manifest.default_language, ..Gathered::default() };
    let language = manifest.default_language.unwrap_or(Language::It);
    for entry in manifest.source {
        load_entry(seeds, place, entry, language, &mut loaded, diagnostics);
    }
    loaded
}

fn load_folder(seeds: &Path, diagnostics: &mut Vec<Diagnostic>) -> Gathered {
    let mut loaded = Gathered::default();
    for path in files::list(seeds, &["txt", "md", "jsonl"], diagnostics) {
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let metadata = Metadata {
            // Two files may differ by their ending only.
            id: if loaded.sources.iter().any(|source| source.metadata.id == slug(&file)) { slug(&format!("{file}.")) } else { slug(&file) },
            file,
            publisher: None,
            title: None,
            author: None,
            published: None,
            language: Language::It,
            address: None,
            written: None,
            machine_translated: false,
            remarks: Vec::new(),
        };
        load_file(&path, metadata, None, &mut loaded, diagnostics);
    }
    loaded
}

fn load_entry(seeds: &Path, place: Place<'_>, entry: Entry, language: Language, loaded: &mut Gathered, diagnostics: &mut Vec<Diagnostic>) {
    let published = entry.published.as_ref().and_then(|value| {
        if let Some(date) = parse_date(&value.get_ref().to_string()) {
            Some(date)
        } else {
            diagnostics.push(place.error(
                value.span().start,
                format!("{} is not a date", value.get_ref()),
                "write the day as 2026-01-06, or leave the key out where it is not known",
            ));
            None
        }
    });
    if let Some(address) = &entry.address
        && let Err(reason) = check_address(address.get_ref())
    {
        diagnostics.push(place.error(
            address.span().start,
            format!("{:?} is not a web address: {reason}", address.get_ref()),
            "write the whole address, starting with https://, or leave the key out where it is not known",
        ));
    }
    let file = entry.file.get_ref().clone();
    let path = seeds.join(&file);
    if file.contains("..") || Path::new(&file).is_absolute() || !path.is_file() {
        diagnostics.push(place.error(
            entry.file.span().start,
            format!("there is no file {file:?} in {}", seeds.display()),
            "put the text there under that name, or correct the name",
        ));
        return;
    }
    let metadata = Metadata {
        id: entry.id.get_ref().clone(),
        file,
        publisher: entry.publisher,
        title: entry.title,
        author: entry.author,
        published,
        language: entry.language.unwrap_or(language),
        address: entry.address.map(Spanned::into_inner),
        written: entry.written,
        machine_translated: entry.machine_translated,
        remarks: match entry.remarks {
            OneOrMany::One(remark) => vec![remark],
            OneOrMany::Many(remarks) => remarks,
        },
    };
    if loaded.sources.iter().any(|source| source.metadata.id == metadata.id) {
        diagnostics.push(place.error(
            entry.id.span().start,
            format!("the source id {:?} stands twice", metadata.id),
            "give every source an id of its own",
        ));
        return;
    }
    load_file(&path, metadata, entry.article.map(|ranges| (place, ranges)), loaded, diagnostics);
}

fn load_file(
    path: &Path,
    metadata: Metadata,
    article: Option<(Place<'_>, Vec<Spanned<String>>)>,
    loaded: &mut Gathered,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if path.extension().is_some_and(|extension| extension == "jsonl") {
        if path.metadata().map_or(0, |data| data.len()) > IN_MEMORY_LIMIT {
            loaded.archives.push((path.to_owned(), metadata));
        } else if let Some(text) = files::read(path, diagnostics) {
            load_articles(path, &text, &metadata, loaded, diagnostics);
        }
        return;
    }
    let Some(text) = files::read(path, diagnostics) else { return };
    let lines = line_starts(&text);
    let mut stretches = Vec::new();
    match article {
        None => stretches.push(0..text.len()),
        Some((place, ranges)) => {
            for range in ranges {
                match parse_lines(range.get_ref(), &lines) {
                    Some(stretch) => stretches.push(stretch),
                    None => diagnostics.push(place.error(
                        range.span().start,
                        format!("{:?} is no range of lines of {}, which has {}", range.get_ref(), metadata.file, lines.len() - 1),
                        "write the first and the last line of the article text, as in \"3-51\"",
                    )),
                }
            }
        }
    }
    loaded.sources.push(Source::new(metadata, text, stretches));
}

fn load_articles(path: &Path, text: &str, defaults: &Metadata, loaded: &mut Gathered, diagnostics: &mut Vec<Diagnostic>) {
    let shown = path.display().to_string();
    let place = Place { file: &shown, text };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += line.len();
        if line.trim().is_empty() {
            continue;
        }
        match archive::parse_article(line.trim_end(), defaults) {
            Err((column, reason)) => {
                diagnostics.push(place.error(start + column, reason, "write one JSON object a line with at least \"id\" and \"text\""));
            }
            Ok((metadata, body)) => {
                if loaded.sources.iter().any(|source| source.metadata.id == metadata.id && source.metadata.file != metadata.file) {
                    diagnostics.push(place.error(
                        start,
                        format!("the id {:?} is that of another source", metadata.id),
                        "give every article an id of its own",
                    ));
                    continue;
                }
                if let Some(first) = seen.insert(metadata.id.clone(), number + 1) {
                    diagnostics.push(place.error(
                        start,
                        format!("the article id {:?} stands in line {first} already", metadata.id),
                        "give every article an id of its own",
                    ));
                    continue;
                }
                let whole = std::iter::once(0..body.len()).collect();
                loaded.sources.push(Source { line: number + 1, ..Source::new(metadata, body, whole) });
            }
        }
    }
}

/// The byte offset of each line's start, and the text's length.
fn line_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    if starts.last() != Some(&text.len()) {
        starts.push(text.len());
    }
    starts
}

fn parse_lines(range: &str, starts: &[usize]) -> Option<Range<usize>> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (1 <= first && first <= last && last < starts.len()).then(|| starts[first - 1]..starts[last])
}

/// A civil date from text such as `2026-01-06` or `2026-01-06T11:21:00`.
#[must_use]
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim_matches('"');
    let (day, rest) = text.split_at_checked(10)?;
    // A time of day may follow; anything else means that this is no date.
    let is_time = rest.is_empty() || (rest.starts_with(['T', 't', ' ']) && rest[1..].starts_with(|c: char| c.is_ascii_digit()));
    if is_time { day.parse().ok() } else { None }
}

/// Whether an address is one a link may point at.
///
/// # Errors
/// A phrase saying why not.
pub(super) fn check_address(address: &str) -> Result<(), String> {
    // The parser forgives these; a terminal or a chat that shows the address does not.
    if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it holds white space or control characters".to_owned());
    }
    let url = url::Url::parse(address).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("the scheme is {:?}", url.scheme()));
    }
    if url.fragment().is_some() {
        return Err("it has a fragment (#...), which the link to the passage needs for itself".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_drive_a_terminal_or_leave_the_web_are_refused() {
        for address in
            ["https://a.example/\u{1b}]8;;x", "https://a.example/a b", "javascript:alert(1)", "https://a.example/#x", "a.example"]
        {
            assert!(check_address(address).is_err(), "{address:?}");
        }
        assert_eq!(check_address("https://a.example/è?q=1"), Ok(()));
    }
}
