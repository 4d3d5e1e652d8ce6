//! Reads and parses the files of a knowledge base, turning every failure into a diagnostic with its place.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::knowledge::diagnostic::{Diagnostic, Place};

/// Reads a file as UTF-8; on failure says why and returns nothing.
pub(super) fn read(path: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let file = path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let place = Place { file: &file, text: "" };
            diagnostics.push(place.error(0, format!("cannot be read: {error}"), "check that the file exists and may be read"));
            return None;
        }
    };
    String::from_utf8(bytes)
        .map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
            let place = Place { file: &file, text: &text };
            let byte = error.as_bytes()[valid];
            diagnostics.push(place.error(valid, format!("byte 0x{byte:02x} is not UTF-8"), "save the file as UTF-8"));
        })
        .ok()
}

/// Parses TOML; on failure says where and returns nothing.
pub(super) fn parse<T: DeserializeOwned>(place: Place<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    toml::from_str(place.text)
        .map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let what = error.message().to_owned();
            let remedy =
                if what.contains("unknown field") { "remove the key or correct its spelling" } else { "correct the TOML at this place" };
            diagnostics.push(place.error(offset, what, remedy));
        })
        .ok()
}

/// The files of a folder with one of the extensions, sorted by name.
pub(super) fn list(folder: &Path, extensions: &[&str], diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let file = folder.display().to_string();
            let place = Place { file: &file, text: "" };
            diagnostics.push(place.error(0, format!("the folder cannot be read: {error}"), "create it, or name another one"));
            return Vec::new();
        }
    };
    let matches = |path: &PathBuf| path.extension().and_then(|extension| extension.to_str()).is_some_and(|it| extensions.contains(&it));
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(matches).collect();
    paths.sort();
    paths
}

/// A readable id from a file name: its stem in lower case, everything but letters and digits as hyphens.
#[must_use]
pub(super) fn slug(file: &str) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let mapped: String = stem.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    mapped.trim_matches('-').to_owned()
}
