//! What readers can do with a reply by reacting to it. All that takes is carried in the reply itself, beside its text, so
//! that it works after a restart; in encrypted rooms it is encrypted with it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::knowledge::Language;
use crate::reply::{Action, Block, Pages, Reply, Spot};

/// The key of a message's content that carries the offer.
const KEY: &str = "rapporteur.offer";
/// Keycaps count to ten.
pub(super) const KEYCAPS: [&str; 10] = ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣", "🔟"];
pub(super) const HELPFUL: &str = "👍";
pub(super) const NOT_HELPFUL: &str = "👎";
pub(super) const MORE: &str = "➕";
pub(super) const DISMISS: &str = "❌";
pub(super) const TELL: &str = "📮";

/// What can be done with a reply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offer {
    /// Who asked: they alone, and moderators, may change or remove the reply.
    pub(super) asker: String,
    /// The reply's language, by its code.
    pub(super) language: String,
    /// Facts to choose by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) choices: Vec<String>,
    /// Whether a choice takes the reply's place: it had no answer.
    #[serde(default)]
    pub(super) in_place: bool,
    /// Further quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) more: Option<More>,
    /// Whether it can be rated.
    #[serde(default)]
    pub(super) rate: bool,
    /// Whether its question can be given to the moderators.
    #[serde(default)]
    pub(super) tell: bool,
}

/// A page of quotes, by numbers that hold for one version of the base.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct More {
    version: String,
    page: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    found: Vec<(usize, usize)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Offer {
    /// What a reply offers.
    pub(super) fn of(reply: &Reply, asker: &str) -> Self {
        let mut offer = Self { asker: asker.to_owned(), language: reply.language.code().to_owned(), ..Self::default() };
        let has_standing = reply.blocks.iter().any(|block| matches!(block, Block::Standing(..)));
        offer.in_place = !has_standing && !reply.private;
        for block in &reply.blocks {
            match block {
                Block::Questions(_, questions) => offer.choices.extend(questions.iter().map(|question| question.fact.clone())),
                Block::Actions(actions) => actions.iter().for_each(|action| offer.add(action)),
                _ => {}
            }
        }
        offer.choices.truncate(KEYCAPS.len());
        offer
    }

    fn add(&mut self, action: &Action) {
        match action {
            // Earlier pages stand above in the room.
            Action::Page { back: true, .. } | Action::Dismiss => {}
            Action::Page { pages, version, page, .. } => {
                let (found, source) = match pages {
                    Pages::Found(spots) => (spots.iter().map(|spot| (spot.passage, spot.sentence)).collect(), None),
                    Pages::Source(id) => (Vec::new(), Some(id.clone())),
                };
                self.more = Some(More { version: version.clone(), page: *page, found, source });
            }
            Action::Rate { .. } => self.rate = true,
            Action::Tell => self.tell = true,
        }
    }

    /// Puts the offer into a message's content.
    pub(super) fn write(&self, content: &mut Value) {
        // It is text, numbers and lists of them: it always becomes JSON.
        content[KEY] = serde_json::to_value(self).unwrap_or_default();
    }

    /// The offer of a reply, as its event is now: an edit's counts.
    pub(super) fn read(event: &Value) -> Option<Self> {
        let edited = &event["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"][KEY];
        let offer = if edited.is_object() { edited } else { &event["content"][KEY] };
        serde_json::from_value(offer.clone()).ok()
    }

    /// The reply's language.
    pub(super) fn language(&self) -> Language {
        Language::from_code(&self.language).unwrap_or(Language::En)
    }
}

impl More {
    /// The quotes.
    pub(super) fn pages(&self) -> Pages {
        match &self.source {
            Some(id) => Pages::Source(id.clone()),
            None => Pages::Found(self.found.iter().map(|&(passage, sentence)| Spot { passage, sentence }).collect()),
        }
    }

    /// The version of the base, and the page.
    pub(super) fn place(&self) -> (&str, usize) {
        (&self.version, self.page)
    }
}

/// What a reaction means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    /// The question of this number, from 0.
    Choice(usize),
    /// Whether it helped.
    Rate(bool),
    /// Further quotes.
    More,
    /// Take it away.
    Dismiss,
    /// Tell the moderators.
    Tell,
}

/// Reads a reaction: whatever the skin, and however the client writes the sign.
pub(super) fn pressed(key: &str) -> Option<Pressed> {
    let bare = |sign: &str| sign.chars().filter(|c| !matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')).collect::<String>();
    let key = bare(key);
    let is = |sign: &str| bare(sign) == key;
    if let Some(number) = KEYCAPS.iter().position(|keycap| is(keycap)) {
        return Some(Pressed::Choice(number));
    }
    match () {
        () if is(HELPFUL) => Some(Pressed::Rate(true)),
        () if is(NOT_HELPFUL) => Some(Pressed::Rate(false)),
        () if is(MORE) => Some(Pressed::More),
        () if is(DISMISS) || is("✖") => Some(Pressed::Dismiss),
        () if is(TELL) => Some(Pressed::Tell),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reactions_are_read_in_every_spelling() {
        let cases = [
            ("👍", Some(Pressed::Rate(true))),
            ("👍🏽", Some(Pressed::Rate(true))),
            ("👎\u{fe0f}", Some(Pressed::Rate(false))),
            ("2\u{20e3}", Some(Pressed::Choice(1))),
            ("2️⃣", Some(Pressed::Choice(1))),
            ("🔟", Some(Pressed::Choice(9))),
            ("❌", Some(Pressed::Dismiss)),
            ("🎉", None),
            ("", None),
        ];
        for (key, expected) in cases {
            assert_eq!(pressed(key), expected, "{key:?}");
        }
    }

    #[test]
    fn an_offer_is_read_back_from_the_reply_or_its_last_edit() {
        let offer = Offer { asker: "@a:b".to_owned(), language: "it".to_owned(), choices: vec!["x".to_owned()], ..Offer::default() };
        let mut event = json!({ "content": {} });
        offer.write(&mut event["content"]);
        assert_eq!(Offer::read(&event), Some(offer.clone()));
        let edited = Offer { rate: true, ..offer };
        edited.write(&mut event["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]);
        assert_eq!(Offer::read(&event), Some(edited));
        assert_eq!(Offer::read(&json!({ "content": { "body": "x" } })), None);
    }
}
