//! Commands, buttons and menus. Discord waits three seconds for an acknowledgement: the reply itself is it, but for
//! reloading, which is acknowledged first.

use std::time::{Duration, SystemTime};

use serenity::all::{
    CommandInteraction, CommandType, ComponentInteraction, ComponentInteractionDataKind, CreateInteractionResponse,
    CreateInteractionResponseMessage, EditInteractionResponse, Interaction, InteractionId, InteractionResponseFlags, Member, MessageFlags,
    ResolvedOption, ResolvedTarget, ResolvedValue, User,
};
use tracing::Instrument as _;

use crate::intent::{Curation, Intent};
use crate::journal::{Event, Handled};
use crate::knowledge::Language;
use crate::message::{Address, Author, Conversation, Message as Said};
use crate::platform::discord::bot::{Bot, PLATFORM};
use crate::platform::discord::commands;
use crate::platform::discord::custom_id::{self, Pressed};
use crate::platform::discord::messages::again;
use crate::platform::discord::outbox::{Failure, failure, persist, report};
use crate::platform::discord::render::{nobody, question_at_the_foot, render};
use crate::platform::discord::text::words;
use crate::reply::{Action, Block, Reply, Wording};
use crate::respond::{Now, Responder, Response};

/// Discord takes no acknowledgement later than this.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_millis(2800);
/// An acknowledged interaction can be answered for fifteen minutes.
const ANSWERED_WITHIN: Duration = Duration::from_mins(14);
/// A choice's value that names a fact.
pub(super) const FACT: &str = "fact:";

impl Bot {
    /// A command, a button, a menu or what is being typed.
    pub(super) async fn interaction(&self, interaction: Interaction) {
        let span = tracing::info_span!("interaction", message.platform = PLATFORM, interaction = interaction.id().get());
        async {
            match interaction {
                Interaction::Command(command) => self.command(command).await,
                Interaction::Autocomplete(typing) => self.autocomplete(typing).await,
                Interaction::Component(component) => self.component(component).await,
                _ => {}
            }
        }
        .instrument(span)
        .await;
    }

    async fn command(&self, command: CommandInteraction) {
        // Whoever comes while the program stops is told nothing and sees Discord's own notice.
        let Some(_leave) = self.act().await else { return };
        if !self.is_new(command.id, &command.channel_id.to_string(), command.guild_id.is_none()) {
            return;
        }
        let mut private = true;
        let intent = match command.data.kind {
            CommandType::Message => {
                private = false;
                match command.data.target() {
                    Some(ResolvedTarget::Message(message)) if command.data.name == commands::answer_this() => match words(&message.content)
                    {
                        text if text.is_empty() => Intent::Unknown,
                        text => Intent::Ask(text),
                    },
                    _ => Intent::Unknown,
                }
            }
            _ => read_command(&command, &mut private),
        };
        // In a private conversation nothing is answered with a link.
        let alone = private || command.guild_id.is_none();
        let message =
            self.message_of(&command.user, command.member.as_deref(), &command.locale, &command.channel_id.to_string(), alone, intent);
        if matches!(message.intent, Intent::Curate(Curation::Check | Curation::Reload)) {
            return self.curate(&command, message).await;
        }
        let question = match (&message.intent, command.data.kind) {
            (Intent::Ask(question), CommandType::ChatInput) => Some(question.clone()),
            _ => None,
        };
        let asker = command.user.id.to_string();
        let (response, answered) = match self.responder.respond(&message, Now::real()) {
            Response::Say(mut reply, answer) => {
                if command.data.kind == CommandType::Message {
                    // The words are somebody else's: who used the command cannot give them away.
                    let actions =
                        reply.blocks.iter_mut().filter_map(|block| if let Block::Actions(actions) = block { Some(actions) } else { None });
                    actions.for_each(|actions| actions.retain(|action| *action != Action::Tell));
                }
                // The question is shown where the answer does not say what was asked.
                let unanswered = answer.as_ref().is_some_and(|answer| answer.fact.is_none());
                let private = reply.private || private;
                let said = said(&reply, &asker, question.as_deref().filter(|_| unanswered)).ephemeral(private);
                (said, answer.and_then(|answer| Some((answer.fact?, answer.language))).filter(|_| !private))
            }
            Response::Wait(reply) => (said(&reply, &asker, None).ephemeral(true), None),
            Response::Again(kept, language) => {
                let content = again(command.guild_id, &kept, language);
                (
                    CreateInteractionResponseMessage::new()
                        .content(content)
                        .flags(InteractionResponseFlags::SUPPRESS_EMBEDS | InteractionResponseFlags::EPHEMERAL),
                    None,
                )
            }
            Response::Silence | Response::Leave => {
                let language = message.locale.unwrap_or(Language::En);
                (said(&Reply::notice(language, &Wording::of(language).unknown_command), &asker, None).ephemeral(true), None)
            }
        };
        let acknowledged =
            self.acknowledge(command.id, &command.token, CreateInteractionResponse::Message(response.allowed_mentions(nobody()))).await;
        if acknowledged && let Some((fact, language)) = answered {
            self.note_public(&command, &fact, language).await;
        }
    }

    /// Notes which message a public answer became, so that it can be linked to and rated.
    async fn note_public(&self, command: &CommandInteraction, fact: &str, language: Language) {
        match persist(Duration::from_secs(20), || command.get_response(&self.http)).await {
            Ok(reply) => {
                let noted = self.journal().done(PLATFORM, &command.id.to_string(), Some(&reply.id.to_string()), Some((fact, language)));
                if let Err(error) = noted {
                    tracing::error!(%error, "an answer is not noted");
                }
            }
            Err(error) => tracing::debug!(%error, "which message an answer became is not known"),
        }
    }

    /// Checking and reloading read all files: acknowledged first, done off the threads that listen.
    async fn curate(&self, command: &CommandInteraction, message: Said) {
        let defer = CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new().ephemeral(true));
        if !self.acknowledge(command.id, &command.token, defer).await {
            return;
        }
        let responder = self.responder.clone();
        let done = tokio::task::spawn_blocking(move || responder.respond(&message, Now::real())).await;
        let Ok(Response::Say(reply, _)) = done else {
            tracing::error!("a command of a moderator failed");
            return;
        };
        let rendered = render(&reply, &command.user.id.to_string(), None);
        let edit = EditInteractionResponse::new().embed(rendered.embed).components(rendered.rows).allowed_mentions(nobody());
        if let Err(error) = persist(ANSWERED_WITHIN, || command.edit_response(&self.http, edit.clone())).await {
            report(&error, "a moderator is not told what came of a command", command.channel_id);
        }
    }

    async fn component(&self, component: ComponentInteraction) {
        let Some(_leave) = self.act().await else { return };
        if !self.is_new(component.id, &component.channel_id.to_string(), component.guild_id.is_none()) {
            return;
        }
        let response = self.pressed(&component).await;
        // A button's only answer without a change is the removal of what it stands on.
        let removes = matches!(response, CreateInteractionResponse::Acknowledge);
        if self.acknowledge(component.id, &component.token, response).await && removes {
            self.dismiss(&component).await;
        }
    }

    async fn pressed(&self, component: &ComponentInteraction) -> CreateInteractionResponse {
        let message = self.message_of(
            &component.user,
            component.member.as_ref(),
            &component.locale,
            &component.channel_id.to_string(),
            true,
            Intent::Nothing,
        );
        let language = self.language_of(&component.locale);
        let wording = Wording::of(language);
        let me = component.user.id.to_string();
        let notice = |text: &str| private(said(&Reply::notice(language, text), &me, None));
        let allowed = |asker: &str| Responder::may_change(&message, asker);
        let fact_of = |kind: &ComponentInteractionDataKind| match kind {
            ComponentInteractionDataKind::StringSelect { values } => values.first().cloned(),
            _ => None,
        };
        match custom_id::read(&component.data.custom_id) {
            None => notice(&wording.stale),
            Some(Pressed::Picked(language)) => {
                match fact_of(&component.data.kind).and_then(|fact| self.responder.chosen(&fact, language)) {
                    Some((reply, _)) => private(said(&reply, &me, None)),
                    None => notice(&wording.unknown_fact),
                }
            }
            Some(Pressed::Suggested { language, asker, fact }) => match self.responder.chosen(&fact, language) {
                None => notice(&wording.unknown_fact),
                // In place for who asked; others read it alone.
                Some((reply, _)) if !allowed(&asker) => private(said(&reply, &me, None)),
                Some((reply, answer)) => {
                    self.journal_choice(component, &answer);
                    CreateInteractionResponse::UpdateMessage(said(&reply, &asker, None).allowed_mentions(nobody()))
                }
            },
            Some(Pressed::Act(Action::Page { pages, version, page, .. }, _)) => {
                let reply = self.responder.page(&pages, &version, page, language);
                let shown_alone = component.message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
                let turned = matches!(
                    custom_id::read(&component.data.custom_id),
                    Some(Pressed::Act(Action::Page { page: 1.., .. } | Action::Page { back: true, .. }, _))
                );
                let page = said(&reply, &me, None).allowed_mentions(nobody());
                if shown_alone && turned { CreateInteractionResponse::UpdateMessage(page) } else { private(page) }
            }
            Some(Pressed::Act(Action::Rate { helpful }, _)) => {
                match self.responder.rate(&message, &component.message.id.to_string(), helpful, Now::real()) {
                    Ok(reply) => private(said(&reply, &me, None)),
                    Err(error) => {
                        tracing::error!(%error, "feedback is not noted");
                        notice(&wording.failed)
                    }
                }
            }
            Some(Pressed::Act(Action::Dismiss, asker)) => {
                if !allowed(&asker.unwrap_or_default()) {
                    return notice(&wording.not_yours);
                }
                CreateInteractionResponse::Acknowledge
            }
            Some(Pressed::Act(Action::Tell, asker)) => {
                // Consent is its author's alone to give.
                if asker.as_deref() != Some(me.as_str()) {
                    return notice(&wording.not_yours);
                }
                match self.question_of(component).await {
                    None => notice(&wording.failed),
                    Some(question) => match self.responder.tell(&message, &component.message.id.to_string(), &question, Now::real()) {
                        Ok(reply) => private(said(&reply, &me, None)),
                        Err(error) => {
                            tracing::error!(%error, "a question is not kept for the moderators");
                            notice(&wording.failed)
                        }
                    },
                }
            }
        }
    }

    /// Removes the reply. One that only its reader sees can be removed through the interaction alone.
    async fn dismiss(&self, component: &ComponentInteraction) {
        if !component.message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL)) {
            return self.take_back(component.channel_id, &component.message.id.to_string()).await;
        }
        let remove = || self.http.delete_original_interaction_response(&component.token);
        if let Err(error) = persist(Duration::from_mins(1), remove).await {
            report(&error, "a private reply is not taken away", component.channel_id);
        }
    }

    /// The question a reply answers: shown at its foot, or in the message it replies to.
    async fn question_of(&self, component: &ComponentInteraction) -> Option<String> {
        let foot = component.message.embeds.first().and_then(|embed| embed.footer.as_ref());
        if let Some(question) = foot.and_then(|footer| question_at_the_foot(&footer.text)) {
            return Some(question.to_owned());
        }
        if let Some(asked) = component.message.referenced_message.as_ref().filter(|asked| !asked.content.is_empty()) {
            return Some(words(&asked.content));
        }
        let asked = component.message.message_reference.as_ref()?.message_id?;
        let fetch = || component.channel_id.message(&self.http, asked);
        let message = persist(Duration::from_millis(1500), fetch).await.ok()?;
        Some(words(&message.content)).filter(|text| !text.is_empty())
    }

    /// The reply now gives a fact: a later question can be linked to it.
    fn journal_choice(&self, component: &ComponentInteraction, answer: &crate::answer::Answer) {
        let reply = component.message.id.to_string();
        let noted = match self.journal().of_reply(PLATFORM, &reply) {
            Ok(Some(kept)) => {
                let fact = answer.fact.as_deref().map(|fact| (fact, answer.language));
                self.journal().done(PLATFORM, &kept.event, Some(&reply), fact)
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::error!(%error, "a chosen question is not noted");
        }
    }

    fn message_of(&self, user: &User, member: Option<&Member>, locale: &str, conversation: &str, private: bool, intent: Intent) -> Said {
        let role = member.map_or_else(|| self.role(None, &[]), |member| self.role(member.permissions, &member.roles));
        Said {
            author: Author { id: user.id.to_string(), role },
            conversation: Conversation { platform: PLATFORM, id: conversation.to_owned() },
            address: if private { Address::Private } else { Address::Open },
            intent,
            locale: commands::language(locale),
        }
    }

    /// The language of a locale; that of the base for those which are none of ours.
    pub(super) fn language_of(&self, locale: &str) -> Language {
        commands::language(locale).unwrap_or_else(|| self.responder.store().current().snapshot.knowledge.default_language)
    }

    /// Whether an interaction comes for the first time.
    fn is_new(&self, id: InteractionId, conversation: &str, direct: bool) -> bool {
        let id = id.to_string();
        let event = Event { platform: PLATFORM, id: &id, conversation, direct };
        let begun = self.journal().begin(event, SystemTime::now()).and_then(|handled| {
            // There is no catching up with interactions: their three seconds are over.
            self.journal().done(PLATFORM, &id, None, None)?;
            Ok(handled)
        });
        match begun {
            Ok(handled) => handled == Handled::New,
            Err(error) => {
                tracing::error!(%error, "what is handled is not noted");
                true
            }
        }
    }

    /// Acknowledges an interaction; whether Discord took it.
    pub(super) async fn acknowledge(&self, id: InteractionId, token: &str, response: CreateInteractionResponse) -> bool {
        let send = || self.http.create_interaction_response(id, token, &response, Vec::new());
        match persist(ACKNOWLEDGED_WITHIN, send).await {
            Ok(()) => true,
            // An attempt got through without our hearing of it.
            Err(error) if failure(&error) == Failure::AcknowledgedBefore => true,
            Err(error) => {
                tracing::error!(%error, "an interaction is not acknowledged");
                false
            }
        }
    }
}

fn read_command(command: &CommandInteraction, private: &mut bool) -> Intent {
    let options = command.data.options();
    let text = |name: &str| {
        options.iter().find_map(|option| match option {
            ResolvedOption { name: known, value: ResolvedValue::String(text), .. } if *known == name => Some((*text).to_owned()),
            _ => None,
        })
    };
    match command.data.name.as_str() {
        "ask" => {
            *private = options.iter().any(|option| option.name == "private" && matches!(option.value, ResolvedValue::Boolean(true)));
            let question = text("question").unwrap_or_default();
            match question.strip_prefix(FACT) {
                Some(fact) => Intent::Fact(fact.to_owned()),
                None => match words(&question) {
                    question if question.is_empty() => Intent::Help,
                    question => Intent::Ask(question),
                },
            }
        }
        "topics" => Intent::Topics,
        "sources" => Intent::Sources(text("source").filter(|source| !source.is_empty())),
        "help" => Intent::Help,
        "privacy" => Intent::Privacy,
        "kb" => options.first().and_then(|option| Curation::named(option.name)).map_or(Intent::Unknown, Intent::Curate),
        _ => Intent::Unknown,
    }
}

fn said(reply: &Reply, asker: &str, question: Option<&str>) -> CreateInteractionResponseMessage {
    let rendered = render(reply, asker, question);
    CreateInteractionResponseMessage::new().embed(rendered.embed).components(rendered.rows)
}

fn private(message: CreateInteractionResponseMessage) -> CreateInteractionResponse {
    CreateInteractionResponse::Message(message.allowed_mentions(nobody()).ephemeral(true))
}
