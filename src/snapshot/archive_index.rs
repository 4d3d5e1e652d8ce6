//! Indexes of large archives: built once, kept on disk under the hash of their content, rebuilt when damaged.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::knowledge::{Knowledge, parse_article, split};
use crate::retrieval::{Analyzer, IndexError, PassageWriter, Passages};

/// How far a build has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the archives read.
    pub done: u64,
    /// Bytes of the archives in all.
    pub total: u64,
}

/// Told how far a build has come, now and then.
pub type ProgressFn<'a> = &'a (dyn Fn(Progress) + Sync);

/// Opens the index of the base's archives, building it where there is none that can be trusted.
pub(super) fn open_or_build(
    knowledge: &Knowledge,
    data: &Path,
    analyzers: &[Analyzer<'_>; 4],
    fill: impl Fn(&mut PassageWriter) -> Result<(), IndexError>,
    progress: ProgressFn<'_>,
) -> Result<(Passages, String), IndexError> {
    std::fs::create_dir_all(data)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(knowledge.version.as_bytes());
    for (path, metadata) in &knowledge.archives {
        hasher.update(fingerprint(path, data)?.as_bytes());
        hasher.update(serde_json::to_string(metadata).map_err(std::io::Error::from)?.as_bytes());
    }
    let version = hasher.finalize().to_hex()[..12].to_owned();
    let folder = data.join(format!("index-{version}"));
    match Passages::open(&folder) {
        Ok(passages) => return Ok((passages, version)),
        Err(error) if folder.exists() => tracing::warn!(folder = %folder.display(), %error, "the kept index is rebuilt"),
        Err(_) => {}
    }
    let total = knowledge.archives.iter().map(|(path, _)| path.metadata().map_or(0, |data| data.len())).sum();
    let passages = Passages::build(&folder, |writer| {
        fill(writer)?;
        let mut done = 0;
        let mut ids: HashSet<String> = knowledge.sources.iter().map(|source| source.metadata.id.clone()).collect();
        for (path, defaults) in &knowledge.archives {
            let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
            let (mut bytes, mut number) = (Vec::new(), 0);
            loop {
                bytes.clear();
                let read = reader.read_until(b'\n', &mut bytes)?;
                if read == 0 {
                    break;
                }
                (done, number) = (done + read as u64, number + 1);
                if number % 512 == 0 {
                    progress(Progress { done, total });
                }
                let broken = |column: usize, reason: &str| IndexError::Archive(format!("{}:{number}:{column}: {reason}", path.display()));
                let line = std::str::from_utf8(&bytes).map_err(|_| broken(1, "this line is not UTF-8; save the file as UTF-8"))?;
                if line.trim().is_empty() {
                    continue;
                }
                let (metadata, text) = parse_article(line.trim_end(), defaults).map_err(|(column, reason)| {
                    let characters = line.get(..column).map_or(column, |before| before.chars().count());
                    broken(characters + 1, &reason)
                })?;
                if !ids.insert(metadata.id.clone()) {
                    let id = &metadata.id;
                    return Err(IndexError::Archive(format!(
                        "{}:{number}:1: the article id {id:?} stands on another article already",
                        path.display()
                    )));
                }
                let whole: Vec<_> = std::iter::once(0..text.len()).collect();
                writer.add(&metadata, &text, &split(&text, &whole), &analyzers[metadata.language.index()])?;
            }
        }
        progress(Progress { done: total, total });
        Ok(())
    })?;
    Ok((passages, version))
}

/// The hash of a file's content. Files whose length and time of change are as noted last time are not read again.
fn fingerprint(path: &Path, data: &Path) -> std::io::Result<String> {
    let state = path.metadata()?;
    let changed = state.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let key = format!("{}|{}|{changed}", path.canonicalize()?.display(), state.len());
    let notes = data.join("fingerprints.json");
    let mut known: BTreeMap<String, String> =
        std::fs::read(&notes).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if let Some(hash) = known.get(&key) {
        return Ok(hash.clone());
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    let hash = hasher.finalize().to_hex().to_string();
    known.insert(key, hash.clone());
    std::fs::write(&notes, serde_json::to_vec_pretty(&known)?)?;
    Ok(hash)
}
