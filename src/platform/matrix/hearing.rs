//! Whether something said is for the bot, and what it asks. Pure.

use crate::intent::{self, Intent};
use crate::message::Address;
use crate::platform::matrix::event::Said;
use crate::platform::matrix::text::{calls, words};

/// The room something was said in, as far as that decides who is meant.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The bot's user id.
    pub(super) me: String,
    /// The names the bot goes by there, its user id among them.
    pub(super) names: Vec<String>,
    /// What commands begin with.
    pub(super) prefix: char,
    /// Whether the room is for one person and the bot.
    pub(super) direct: bool,
    /// Whether questions need no mention.
    pub(super) answers: bool,
}

/// What is wanted of the bot, and how it was called; none if it was not.
pub(super) fn listen(said: &Said, place: &Place, replies_to_me: bool) -> Option<(Address, Intent)> {
    let mentioned = is_mentioned(said, place);
    let text = words(&said.body, &place.names, mentioned);
    let called = replies_to_me || mentioned || calls(&said.body, &place.names);
    let address = if place.direct { Address::Private } else { Address::Open };
    if text.starts_with(place.prefix) {
        return match intent::read(&text, place.prefix) {
            // The commands of other bots.
            Intent::Unknown | Intent::Explain | Intent::Leave | Intent::Nothing | Intent::Fact(_) => {
                (place.direct || called).then_some((address, Intent::Help))
            }
            intent => Some((address, intent)),
        };
    }
    match (text.is_empty(), called) {
        (false, true) => Some((address, Intent::Ask(text))),
        (false, false) if place.direct => Some((address, Intent::Ask(text))),
        (false, false) => place.answers.then_some((Address::Overheard, Intent::Ask(text))),
        // A mention and nothing else.
        (true, true) if !replies_to_me => Some((address, Intent::Help)),
        (true, _) => None,
    }
}

/// Whether something said may be for the bot: what it replies to is not looked at yet.
pub(super) fn may_concern(said: &Said, place: &Place) -> bool {
    said.reply_to.is_some() || listen(said, place, false).is_some()
}

/// Whether a client says that the bot is mentioned.
fn is_mentioned(said: &Said, place: &Place) -> bool {
    // Another's id may begin with the bot's.
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | ':'));
    let linked = |id: &str| said.html.split(&format!("https://matrix.to/#/{id}")).skip(1).any(ends);
    said.mentions.contains(&place.me) || linked(&place.me) || linked(&place.me.replace('@', "%40").replace(':', "%3A"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(direct: bool, answers: bool) -> Place {
        let names = ["@bot:example.org", "Relatore"].map(str::to_owned).to_vec();
        Place { me: "@bot:example.org".to_owned(), names, prefix: '!', direct, answers }
    }

    fn said(body: &str) -> Said {
        Said { body: body.to_owned(), ..Said::default() }
    }

    #[test]
    fn in_a_room_only_what_is_for_the_bot_is_heard() {
        let ask = |text: &str| Some((Address::Open, Intent::Ask(text.to_owned())));
        let cases = [
            ("chi c'era?", None),
            ("Relatore: chi c'era?", ask("chi c'era?")),
            ("Relatore", Some((Address::Open, Intent::Help))),
            ("!ask chi c'era?", ask("chi c'era?")),
            ("!topics", Some((Address::Open, Intent::Topics))),
            ("!weather Rome", None),
            ("Relatore !weather", Some((Address::Open, Intent::Help))),
        ];
        for (body, expected) in cases {
            assert_eq!(listen(&said(body), &place(false, false), false), expected, "{body:?}");
        }
    }

    #[test]
    fn mentions_are_heard_in_each_form() {
        let mentioned = Said { mentions: vec!["@bot:example.org".to_owned()], ..said("chi c'era?") };
        let other = Said { html: "<a href=\"https://matrix.to/#/@bot:example.organic\">x</a>".to_owned(), ..said("x chi c'era?") };
        assert_eq!(listen(&other, &place(false, false), false), None);
        let pill = Said { html: "<a href=\"https://matrix.to/#/%40bot%3Aexample.org\">x</a>".to_owned(), ..said("x chi c'era?") };
        for heard in [mentioned, pill, said("@bot:example.org chi c'era?")] {
            assert!(matches!(listen(&heard, &place(false, false), false), Some((Address::Open, Intent::Ask(_)))), "{heard:?}");
        }
        assert!(matches!(listen(&said("chi c'era?"), &place(false, false), true), Some((Address::Open, Intent::Ask(_)))));
        assert_eq!(listen(&said(""), &place(false, false), true), None);
    }

    #[test]
    fn direct_rooms_and_answer_rooms_need_no_mention() {
        let ask = Intent::Ask("chi c'era?".to_owned());
        assert_eq!(listen(&said("chi c'era?"), &place(true, false), false), Some((Address::Private, ask.clone())));
        assert_eq!(listen(&said("chi c'era?"), &place(false, true), false), Some((Address::Overheard, ask)));
        assert_eq!(listen(&said("!weather"), &place(true, false), false), Some((Address::Private, Intent::Help)));
        assert_eq!(listen(&said("!weather"), &place(false, true), false), None);
        assert!(may_concern(&Said { reply_to: Some("$1".to_owned()), ..said("why?") }, &place(false, false)));
    }
}
