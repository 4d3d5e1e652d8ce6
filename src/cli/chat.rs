//! `rapporteur chat`, or no subcommand at all: the terminal.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::{ANSWERED, Base};
use crate::cooldown::{Allowance, Cooldowns};
use crate::journal::Journal;
use crate::knowledge::Language;
use crate::platform::console;
use crate::respond::Responder;

/// How to chat.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:\n  rapporteur chat --lang en\n  echo 'chi guidava la delegazione USA?' | rapporteur chat")]
pub(super) struct Args {
    /// Language of the greeting and the commands [default: from LANG, else the knowledge base's]
    #[arg(long, env = "RAPPORTEUR_LANGUAGE", value_name = "it|en|fr|uk")]
    lang: Option<Language>,
}

impl Args {
    /// What holds where the subcommand was not named.
    pub(super) fn from_environment() -> anyhow::Result<Self> {
        let named = std::env::var("RAPPORTEUR_LANGUAGE").ok().filter(|code| !code.is_empty());
        let lang = named.map(|code| code.parse().map_err(|error| anyhow::anyhow!("RAPPORTEUR_LANGUAGE: {error}"))).transpose()?;
        Ok(Self { lang })
    }
}

/// Runs the subcommand.
pub(super) fn run(base: &Base, args: &Args) -> anyhow::Result<u8> {
    let store = base.store()?;
    let knowledge = store.current();
    let knowledge = &knowledge.snapshot.knowledge;
    let of_system = || std::env::var("LANG").ok().and_then(|code| Language::from_code(&code));
    let language = args.lang.or_else(of_system).unwrap_or(knowledge.default_language);
    let history = base.folders().data.join("history.txt");
    let off = Allowance { questions: 1, within: Duration::ZERO };
    let responder = Responder::new(Arc::new(store), Journal::in_memory()?, Cooldowns::new(off, off));
    console::chat(&responder, &knowledge.name, language, Some(&history))?;
    Ok(ANSWERED)
}
