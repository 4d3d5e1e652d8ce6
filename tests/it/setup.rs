//! What a bot is started with, on whatever platform.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rapporteur::cooldown::{Allowance, Cooldowns};
use rapporteur::journal::Journal;
use rapporteur::respond::Responder;
use rapporteur::serving::Store;
use rapporteur::snapshot::Folders;
use tempfile::TempDir;

use crate::support::harbour;

/// What a bot is started with; each platform adds how it is started there.
pub(crate) struct Setup {
    /// The base it serves.
    pub(crate) folders: Folders,
    /// Where its journal is, and what else a platform keeps.
    pub(crate) data: Arc<TempDir>,
    /// Its environment, besides its account.
    pub(crate) variables: BTreeMap<&'static str, String>,
    /// How often a member, and a channel or room, may ask.
    pub(crate) cooldowns: (&'static str, &'static str),
}

impl Default for Setup {
    fn default() -> Self {
        let data = Arc::new(tempfile::tempdir().expect("a folder for the journal"));
        Self { folders: harbour(), data, variables: BTreeMap::new(), cooldowns: ("off", "off") }
    }
}

impl Setup {
    pub(crate) fn with(mut self, variable: &'static str, value: impl std::fmt::Display) -> Self {
        self.variables.insert(variable, value.to_string());
        self
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(self.data.path()).expect("the journal opens")
    }

    /// What answers, over a base of its own.
    pub(crate) fn responder(&self) -> Arc<Responder> {
        let store = Arc::new(Store::load(self.folders.clone(), &|_| {}).expect("the base loads"));
        let allowance = |text: &str| text.parse::<Allowance>().expect("an allowance");
        let cooldowns = Cooldowns::new(allowance(self.cooldowns.0), allowance(self.cooldowns.1));
        Arc::new(Responder::new(store, self.journal(), cooldowns))
    }
}

/// A copy of the invented base, to be changed.
pub(crate) fn harbour_copy(folder: &Path) -> Folders {
    let from = harbour();
    for (source, name) in [(&from.seeds, "seeds"), (&from.knowledge, "knowledge")] {
        copy(source, &folder.join(name));
    }
    Folders { seeds: folder.join("seeds"), knowledge: folder.join("knowledge"), data: folder.join("data") }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the fixture") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}
