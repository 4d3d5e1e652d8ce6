//! What completes a command while it is typed: curated questions, and sources.

use serenity::all::{AutocompleteChoice, CommandInteraction, CreateAutocompleteResponse, CreateInteractionResponse};

use crate::platform::discord::bot::Bot;
use crate::platform::discord::interactions::FACT;
use crate::platform::discord::text::cut;

/// How many choices Discord shows, and how long each and its value may be.
const CHOICES: usize = 25;
const CHOICE: usize = 100;
impl Bot {
    pub(super) async fn autocomplete(&self, typing: CommandInteraction) {
        let language = self.language_of(&typing.locale);
        let option = typing.data.autocomplete();
        let choices: Vec<AutocompleteChoice> = match option {
            Some(option) if option.name == "question" => {
                let complete = self.responder.complete(option.value, language, CHOICES).into_iter();
                let fits = complete.filter(|suggestion| suggestion.fact.len() + FACT.len() <= CHOICE);
                fits.map(|it| AutocompleteChoice::new(cut(&it.question, CHOICE), format!("{FACT}{}", it.fact))).collect()
            }
            Some(option) if option.name == "source" => self.sources_like(option.value),
            _ => Vec::new(),
        };
        let response = CreateAutocompleteResponse::new().set_choices(choices);
        self.acknowledge(typing.id, &typing.token, CreateInteractionResponse::Autocomplete(response)).await;
    }

    fn sources_like(&self, typed: &str) -> Vec<AutocompleteChoice> {
        let base = self.responder.store().current();
        let typed = typed.to_lowercase();
        let choice = |source: &crate::knowledge::Source| {
            let metadata = &source.metadata;
            let name = format!("{}: {}", metadata.publisher.as_deref().unwrap_or("?"), metadata.title.as_deref().unwrap_or(&metadata.id));
            let fits = (name.to_lowercase().contains(&typed) || metadata.id.contains(&typed)) && metadata.id.len() <= CHOICE;
            fits.then(|| AutocompleteChoice::new(cut(&name, CHOICE), metadata.id.clone()))
        };
        base.snapshot.knowledge.sources.iter().filter_map(choice).take(CHOICES).collect()
    }
}
