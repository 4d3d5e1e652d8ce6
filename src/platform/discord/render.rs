//! Reply -> Discord: one embed with the answer and its quotes, and rows of buttons. Within Discord's limits, whatever the
//! reply holds.

use serenity::all::{
    ButtonStyle, CreateActionRow, CreateAllowedMentions, CreateButton, CreateEmbed, CreateEmbedAuthor, CreateEmbedFooter, CreateSelectMenu,
    CreateSelectMenuKind, CreateSelectMenuOption, ReactionType,
};

use crate::answer::Suggestion;
use crate::knowledge::Language;
use crate::platform::discord::custom_id::{Pressed, write};
use crate::platform::discord::text::{cut, escape, escape_lines, length};
use crate::reply::{Action, Block, Quoted, Reply, Standing, Wording, fill};

/// Discord's limits, in characters: <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>.
const DESCRIPTION: usize = 4096;
const AUTHOR: usize = 256;
/// A longer sentence is not set in bold: it would be hard to read, and its end may be cut.
const BOLD: usize = 1000;
const BUTTON_LABEL: usize = 80;
const OPTION_LABEL: usize = 100;
const OPTIONS: usize = 25;
const ROWS: usize = 5;
/// Of a question that is shown again: enough to recognise it, and to read it for moderators.
const QUESTION: usize = 1000;
/// More questions than this go into a menu.
const AS_BUTTONS: usize = 3;

/// Green: moderators have checked it. Amber: found, not reviewed. Grey: nothing is claimed.
const VERIFIED: u32 = 0x002E_7D32;
const NOT_REVIEWED: u32 = 0x00F9_A825;
const NEUTRAL: u32 = 0x0060_7D8B;

/// What a message is made of.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) embed: CreateEmbed,
    pub(super) rows: Vec<CreateActionRow>,
}

/// Nobody is ever mentioned.
pub(super) fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new().all_users(false).all_roles(false).everyone(false).replied_user(false)
}

/// Renders a reply. `asker` is who alone may change or remove it; `question` is shown again where nothing else shows it.
pub(super) fn render(reply: &Reply, asker: &str, question: Option<&str>) -> Rendered {
    let wording = Wording::of(reply.language);
    let has_standing = reply.blocks.iter().any(|block| matches!(block, Block::Standing(..)));
    let mut embed = CreateEmbed::new();
    let mut colour = NEUTRAL;
    let mut description = Description::default();
    let mut rows = Vec::new();
    for block in &reply.blocks {
        match block {
            Block::Text(text) => {
                let text = escape_lines(text);
                description.add(&if text.contains('\n') || length(&text) > BOLD { text } else { format!("**{text}**") });
            }
            Block::Standing(standing, label) => {
                let mark = match standing {
                    Standing::Verified => "✅",
                    Standing::NotReviewed => "🔎",
                };
                colour = if *standing == Standing::Verified { VERIFIED } else { NOT_REVIEWED };
                embed = embed.author(CreateEmbedAuthor::new(cut(&format!("{mark} {label}"), AUTHOR)));
            }
            Block::Quote(quoted) => description.quote(quoted, wording),
            Block::Questions(lead, questions) => {
                let lead = escape(lead);
                // Related questions stay folded away: the answer is what was asked for.
                if has_standing || questions.len() > AS_BUTTONS {
                    if !has_standing {
                        description.add(&lead);
                    }
                    rows.extend(menu(reply.language, &lead, questions));
                } else {
                    description.add(&lead);
                    rows.extend(questions.iter().filter_map(|question| suggestion(reply.language, asker, question)));
                }
            }
            Block::Actions(actions) => rows.extend(buttons(actions, asker, wording)),
        }
    }
    if let Some(question) = question {
        embed = embed.footer(CreateEmbedFooter::new(fill(&wording.asked, &[("question", &cut(question, QUESTION))])));
    }
    rows.truncate(ROWS);
    Rendered { embed: embed.colour(colour).description(description.0), rows }
}

/// The question shown again at the foot of a reply, read back.
pub(super) fn question_at_the_foot(footer: &str) -> Option<&str> {
    Language::ALL.into_iter().find_map(|language| {
        let (before, after) = Wording::of(language).asked.split_once("{question}")?;
        footer.strip_prefix(before)?.strip_suffix(after)
    })
}

/// The text of an embed, which never grows too long: what does not fit is left out whole.
#[derive(Debug, Default)]
struct Description(String);

impl Description {
    fn fits(&self, text: &str) -> bool {
        length(&self.0) + 2 + length(text) <= DESCRIPTION
    }

    fn add(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let room = DESCRIPTION.saturating_sub(length(&self.0) + 2);
        if room == 0 {
            return;
        }
        let text = if self.fits(text) { text.to_owned() } else { cut(text, room) };
        if !self.0.is_empty() {
            self.0 += "\n\n";
        }
        self.0 += text.as_str();
    }

    /// A quote is never cut: if it does not fit, its source is named and linked to.
    fn quote(&mut self, quoted: &Quoted, wording: &Wording) {
        let lines: Vec<String> = quoted.quote.text.lines().map(|line| format!("> {}", escape(line))).collect();
        let source = match &quoted.quote.url {
            Some(url) => format!("— {} · [{}]({})", escape(&quoted.attribution), escape(&wording.link), url.replace(')', "%29")),
            None => format!("— {}", escape(&quoted.attribution)),
        };
        let whole = format!("{}\n{source}", lines.join("\n"));
        if self.fits(&whole) {
            self.add(&whole);
        } else if self.fits(&source) {
            self.add(&source);
        }
    }
}

fn button(pressed: &Pressed, label: &str, mark: &str) -> Option<CreateButton> {
    let button = CreateButton::new(write(pressed)?).style(ButtonStyle::Secondary).label(cut(label, BUTTON_LABEL));
    Some(if mark.is_empty() { button } else { button.emoji(ReactionType::Unicode(mark.to_owned())) })
}

fn suggestion(language: Language, asker: &str, question: &Suggestion) -> Option<CreateActionRow> {
    let pressed = Pressed::Suggested { language, asker: asker.to_owned(), fact: question.fact.clone() };
    Some(CreateActionRow::Buttons(vec![button(&pressed, &question.question, "")?]))
}

fn menu(language: Language, lead: &str, questions: &[Suggestion]) -> Option<CreateActionRow> {
    let mut options: Vec<CreateSelectMenuOption> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for question in questions.iter().filter(|question| question.fact.len() <= OPTION_LABEL).take(OPTIONS) {
        if !seen.contains(&question.fact.as_str()) {
            seen.push(&question.fact);
            options.push(CreateSelectMenuOption::new(cut(&question.question, OPTION_LABEL), &question.fact));
        }
    }
    if options.is_empty() {
        return None;
    }
    let id = write(&Pressed::Picked(language))?;
    Some(CreateActionRow::SelectMenu(CreateSelectMenu::new(id, CreateSelectMenuKind::String { options }).placeholder(cut(lead, 150))))
}

fn buttons(actions: &[Action], asker: &str, wording: &Wording) -> Option<CreateActionRow> {
    let make = |action: &Action| {
        let (label, mark) = match action {
            Action::Page { back: true, .. } => (&wording.button_previous, "◀️"),
            Action::Page { page: 0, .. } => (&wording.button_more, "➕"),
            Action::Page { .. } => (&wording.button_next, "▶️"),
            Action::Rate { helpful: true } => (&wording.button_helpful, "👍"),
            Action::Rate { helpful: false } => (&wording.button_not_helpful, "👎"),
            Action::Dismiss => (&wording.button_dismiss, "✖️"),
            Action::Tell => (&wording.button_tell, "📮"),
        };
        button(&Pressed::Act(action.clone(), Some(asker.to_owned())), label, mark)
    };
    let buttons: Vec<CreateButton> = actions.iter().filter_map(make).take(5).collect();
    (!buttons.is_empty()).then_some(CreateActionRow::Buttons(buttons))
}
