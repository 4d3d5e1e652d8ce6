//! The application commands: what they are called in each language, and registering them only when they changed.

use serenity::all::{CommandOptionType, CommandType, CreateCommand, CreateCommandOption, InstallationContext, InteractionContext};

use crate::intent::Curation;
use crate::knowledge::Language;
use crate::reply::Wording;

/// Discord's names of our languages; English serves as the one that all others fall back to.
const LOCALES: [(&str, Language); 5] =
    [("it", Language::It), ("en-US", Language::En), ("en-GB", Language::En), ("fr", Language::Fr), ("uk", Language::Uk)];

/// The longest question, in characters, that `/ask` takes: Discord's limit.
const LONGEST_QUESTION: u16 = 6000;

/// The name of the command that answers somebody else's message.
pub(super) fn answer_this() -> &'static str {
    Wording::of(Language::En).command("answer_this").0
}

/// Every command, as registered.
pub(super) fn all() -> Vec<CreateCommand> {
    let question =
        option(CommandOptionType::String, "question").required(true).set_autocomplete(true).min_length(1).max_length(LONGEST_QUESTION);
    let source = option(CommandOptionType::String, "source").set_autocomplete(true).max_length(100);
    let mut kb = command("kb").contexts(vec![InteractionContext::Guild]);
    for curation in [Curation::Status, Curation::Check, Curation::Reload] {
        kb = kb.add_option(option(CommandOptionType::SubCommand, curation.name()));
    }
    vec![
        command("ask").add_option(question).add_option(option(CommandOptionType::Boolean, "private")),
        command("topics"),
        command("sources").add_option(source),
        command("help"),
        command("privacy"),
        kb,
        answer_command(),
    ]
}

fn anywhere(command: CreateCommand) -> CreateCommand {
    command.add_integration_type(InstallationContext::Guild).contexts(vec![InteractionContext::Guild, InteractionContext::BotDm])
}

fn command(key: &str) -> CreateCommand {
    let (name, description) = Wording::of(Language::En).command(key);
    let mut command = anywhere(CreateCommand::new(name)).kind(CommandType::ChatInput).description(description);
    for (locale, language) in LOCALES {
        let (name, description) = Wording::of(language).command(key);
        command = command.name_localized(locale, name).description_localized(locale, description);
    }
    command
}

fn answer_command() -> CreateCommand {
    let mut command = anywhere(CreateCommand::new(answer_this())).kind(CommandType::Message);
    for (locale, language) in LOCALES {
        command = command.name_localized(locale, Wording::of(language).command("answer_this").0);
    }
    command
}

fn option(kind: CommandOptionType, key: &str) -> CreateCommandOption {
    let (name, description) = Wording::of(Language::En).command(key);
    let mut option = CreateCommandOption::new(kind, name, description);
    for (locale, language) in LOCALES {
        let (name, description) = Wording::of(language).command(key);
        option = option.name_localized(locale, name).description_localized(locale, description);
    }
    option
}

/// A hash of the commands: they are registered when it is not the one of the last time.
pub(super) fn fingerprint(application: u64) -> Vec<u8> {
    // As a value: the library keeps localisations in maps of random order, a value keeps them sorted.
    let text = serde_json::to_value(all()).unwrap_or_default().to_string();
    blake3::hash(format!("{application} {text}").as_bytes()).as_bytes().to_vec()
}

/// The language of a Discord locale, where it is one of ours.
pub(super) fn language(locale: &str) -> Option<Language> {
    Language::from_code(locale)
}
