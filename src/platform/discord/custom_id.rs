//! What a button or menu does, carried in its custom id: it works after a restart because nothing of it is in memory.

use crate::knowledge::Language;
use crate::reply::{Action, Pages, Spot};

/// What was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pressed {
    /// One of the reply's actions; the id of who asked comes with those that are theirs alone.
    Act(Action, Option<String>),
    /// A suggested question, to be answered in place.
    Suggested {
        /// Language of the reply.
        language: Language,
        /// Who asked.
        asker: String,
        /// The fact.
        fact: String,
    },
    /// A question from a menu: the fact is the menu's value.
    Picked(Language),
}

/// The longest id Discord takes, in characters.
const LONGEST: usize = 100;
/// Begins every id of this format.
const FORMAT: &str = "r1";

/// Writes an id; none if it would be too long.
pub(super) fn write(pressed: &Pressed) -> Option<String> {
    let id = match pressed {
        Pressed::Act(Action::Page { pages: Pages::Found(spots), version, page, back }, _) => {
            // As many spots as there is room for: the best come first.
            let mut id = format!("{FORMAT}:{}:{version}:{page}:", if *back { "back" } else { "more" });
            for (at, spot) in spots.iter().enumerate() {
                let next = format!("{}{:x}.{:x}", if at == 0 { "" } else { "," }, spot.passage, spot.sentence);
                if id.len() + next.len() > LONGEST {
                    break;
                }
                id += next.as_str();
            }
            id
        }
        Pressed::Act(Action::Page { pages: Pages::Source(source), version, page, back }, _) => {
            format!("{FORMAT}:{}:{version}:{page}:{source}", if *back { "sourceback" } else { "source" })
        }
        Pressed::Act(Action::Rate { helpful }, _) => format!("{FORMAT}:rate:{}", if *helpful { "yes" } else { "no" }),
        Pressed::Act(Action::Dismiss, asker) => format!("{FORMAT}:dismiss:{}", asker.as_deref().unwrap_or("")),
        Pressed::Act(Action::Tell, asker) => format!("{FORMAT}:tell:{}", asker.as_deref().unwrap_or("")),
        Pressed::Suggested { language, asker, fact } => format!("{FORMAT}:ask:{language}:{asker}:{fact}"),
        Pressed::Picked(language) => format!("{FORMAT}:pick:{language}"),
    };
    (id.chars().count() <= LONGEST).then_some(id)
}

/// Reads an id; none if it is not of this format.
pub(super) fn read(id: &str) -> Option<Pressed> {
    let mut parts = id.splitn(5, ':');
    if parts.next()? != FORMAT {
        return None;
    }
    let (name, first) = (parts.next()?, parts.next()?);
    let page = |pages: Pages, page: &str, back| {
        Some(Pressed::Act(Action::Page { pages, version: first.to_owned(), page: page.parse().ok()?, back }, None))
    };
    let asker = || Some(first.to_owned()).filter(|asker| !asker.is_empty());
    match name {
        "more" | "back" => {
            let (number, spots) = (parts.next()?, parts.next()?);
            let spot = |text: &str| {
                let (passage, sentence) = text.split_once('.')?;
                Some(Spot { passage: usize::from_str_radix(passage, 16).ok()?, sentence: usize::from_str_radix(sentence, 16).ok()? })
            };
            page(Pages::Found(spots.split(',').map(spot).collect::<Option<_>>()?), number, name == "back")
        }
        "source" | "sourceback" => {
            let (number, source) = (parts.next()?, parts.next()?);
            page(Pages::Source(source.to_owned()), number, name == "sourceback")
        }
        "rate" => Some(Pressed::Act(Action::Rate { helpful: first == "yes" }, None)),
        "dismiss" => Some(Pressed::Act(Action::Dismiss, asker())),
        "tell" => Some(Pressed::Act(Action::Tell, asker())),
        "ask" => {
            Some(Pressed::Suggested { language: first.parse().ok()?, asker: parts.next()?.to_owned(), fact: parts.next()?.to_owned() })
        }
        "pick" => Some(Pressed::Picked(first.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_read_back_as_it_was_written() {
        let found = Pages::Found(vec![Spot { passage: 12, sentence: 0 }, Spot { passage: 300_000, sentence: 17 }]);
        let page = |pages: &Pages, back| Action::Page { pages: pages.clone(), version: "bbc96f172aa2".into(), page: 3, back };
        let cases = [
            Pressed::Act(page(&found, false), None),
            Pressed::Act(page(&found, true), None),
            Pressed::Act(page(&Pages::Source("ansa:2026".into()), false), None),
            Pressed::Act(Action::Rate { helpful: true }, None),
            Pressed::Act(Action::Rate { helpful: false }, None),
            Pressed::Act(Action::Dismiss, Some("42".into())),
            Pressed::Act(Action::Tell, Some("42".into())),
            Pressed::Suggested { language: Language::Uk, asker: "42".into(), fact: "force-size".into() },
            Pressed::Picked(Language::Fr),
        ];
        for case in cases {
            let id = write(&case).expect("it is short");
            assert_eq!(read(&id), Some(case), "{id}");
        }
    }

    #[test]
    fn an_id_is_never_too_long_and_anything_else_is_refused() {
        let spots = (0..9).map(|at| Spot { passage: usize::MAX - at, sentence: 99 }).collect();
        let page = Action::Page { pages: Pages::Found(spots), version: "bbc96f172aa2".into(), page: 0, back: false };
        assert!(write(&Pressed::Act(page, None)).is_some_and(|id| id.len() <= LONGEST && read(&id).is_some()));
        let fact = "f".repeat(100);
        assert_eq!(write(&Pressed::Suggested { language: Language::It, asker: "1".into(), fact }), None);
        for id in ["", "r1", "r1:more", "r1:more:v:x:1.1", "r1:more:v:0:", "r1:ask:de:1:x", "r2:rate:yes", "r1:drop:table"] {
            assert_eq!(read(id), None, "{id}");
        }
    }
}
