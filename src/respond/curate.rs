//! What moderators do with the knowledge base: only they, noted with who and when.

use std::fmt::Write as _;

use crate::intent::Curation;
use crate::knowledge::{Diagnostic, Language, Severity, load};
use crate::message::{Message, Role};
use crate::reply::{Reply, Wording, fill};
use crate::respond::{Now, Responder};
use crate::serving::{Change, LoadError};
use crate::snapshot::SnapshotError;

/// How many problems, facts or questions a reply lists.
const LISTED: usize = 5;

impl Responder {
    pub(super) fn curate(&self, curation: Curation, message: &Message, language: Language, now: Now) -> Reply {
        let platform = message.conversation.platform;
        if message.author.role != Role::Moderator {
            tracing::warn!(message.platform = platform, author = message.author.id, command = curation.name(), "refused: no moderator");
            self.note(platform, &message.author.id, curation, "refused", now);
            return Reply::notice(language, &Wording::of(language).not_moderator);
        }
        match curation {
            Curation::Status => Reply::notice(language, self.status(language)),
            Curation::Check => Reply::notice(language, self.check(language)),
            Curation::Reload => Reply::notice(language, self.reload(platform, &message.author.id, language, now)),
        }
    }

    fn note(&self, platform: &str, author: &str, curation: Curation, outcome: &str, now: Now) {
        if let Err(error) = self.journal.moderation(platform, author, curation.name(), outcome, now.time) {
            tracing::error!(%error, "what a moderator did is not noted");
        }
    }

    fn status(&self, language: Language) -> String {
        let base = self.store.current();
        let knowledge = &base.snapshot.knowledge;
        let curated = &knowledge.curated;
        let all = curated.facts.iter().map(|fact| &fact.aliases).chain(curated.gaps.iter().map(|gap| &gap.aliases));
        let aliases: usize = all.map(|texts| texts.values().map(Vec::len).sum::<usize>()).sum();
        let (helpful, not_helpful) = self.journal.ratings().unwrap_or_default();
        let unanswered = self.journal.unanswered(usize::MAX).map_or(0, |questions| questions.len());
        fill(
            &Wording::of(language).kb_status,
            &[
                ("name", &knowledge.name),
                ("version", &base.snapshot.version),
                ("sources", &knowledge.sources.len()),
                ("facts", &curated.facts.len()),
                ("gaps", &curated.gaps.len()),
                ("aliases", &aliases),
                ("warnings", &base.warnings),
                ("unanswered", &unanswered),
                ("helpful", &helpful),
                ("not_helpful", &not_helpful),
            ],
        )
    }

    fn check(&self, language: Language) -> String {
        let folders = self.store.folders();
        let loaded = load(&folders.seeds, &folders.knowledge);
        if loaded.is_broken() {
            return self.broken(&loaded.diagnostics, language);
        }
        let warnings = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning).count();
        fill(&Wording::of(language).kb_checked, &[("version", &loaded.knowledge.version), ("warnings", &warnings)])
    }

    /// Serves what the files say now, and says what changed; `author` is who wanted it.
    #[must_use]
    pub fn reload(&self, platform: &str, author: &str, language: Language, now: Now) -> String {
        let (outcome, said) = match self.store.reload() {
            Ok(change) => {
                tracing::info!(from = change.from, to = change.to, author, "reloaded");
                if change.from != change.to
                    && let Err(error) = self.journal.unsay_all()
                {
                    tracing::error!(%error, "old answers may be linked to");
                }
                (format!("{} -> {}", change.from, change.to), changed(&change, language))
            }
            Err(LoadError::Snapshot(SnapshotError::Broken(diagnostics))) => {
                let said = self.broken(&diagnostics, language);
                tracing::warn!(author, "not reloaded: {said}");
                ("refused: errors in the files".to_owned(), said)
            }
            Err(error) => {
                tracing::error!(%error, author, "not reloaded");
                let version = self.store.current().snapshot.version.clone();
                let broken = fill(&Wording::of(language).kb_broken, &[("errors", &1), ("version", &version)]);
                (format!("failed: {error}"), format!("{broken}\n{error}"))
            }
        };
        self.note(platform, author, Curation::Reload, &outcome, now);
        said
    }

    fn broken(&self, diagnostics: &[Diagnostic], language: Language) -> String {
        let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
        let version = self.store.current().snapshot.version.clone();
        let lead = fill(&Wording::of(language).kb_broken, &[("errors", &errors.len()), ("version", &version)]);
        let listed = errors.iter().take(LISTED).map(ToString::to_string).collect::<Vec<_>>().join("\n");
        format!("{lead}\n{listed}")
    }
}

fn changed(change: &Change, language: Language) -> String {
    let wording = Wording::of(language);
    if change.from == change.to {
        return fill(&wording.kb_same, &[("version", &change.to)]);
    }
    let list = |ids: &[String]| match ids.len() {
        0 => wording.none.clone(),
        1..=LISTED => ids.join(", "),
        more => format!("{}, … ({more})", ids[..LISTED].join(", ")),
    };
    let mut said = fill(
        &wording.kb_reloaded,
        &[
            ("to", &change.to),
            ("from", &change.from),
            ("added", &list(&change.added)),
            ("removed", &list(&change.removed)),
            ("sources", &list(&change.sources)),
            ("warnings", &change.warnings),
            ("asked", &change.asked),
            ("changed", &change.changed.len()),
        ],
    );
    for golden in change.changed.iter().take(LISTED) {
        let name = |fact: &Option<String>| fact.clone().unwrap_or_else(|| wording.none.clone());
        // Writing to a string never fails.
        let _ = write!(said, "\n• {}: {} → {}", golden.question, name(&golden.before), name(&golden.now));
    }
    said
}
