//! One table of conversations, run unchanged on every platform: what is said, by whom, and what a reader then sees.

mod console;
#[cfg(feature = "discord")]
mod discord;
#[cfg(feature = "matrix")]
mod matrix;

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Member,
    Moderator,
}

/// What is said.
#[derive(Debug, Clone, Copy)]
pub(super) enum Said {
    /// A question put to the bot.
    Question(&'static str),
    /// A command with its option, however the platform writes them.
    Command(&'static str, &'static str),
}

/// A conversation.
pub(super) struct Row {
    pub(super) said: Said,
    /// Members are refused.
    moderators_only: bool,
    expected: Expected,
}

/// What a reader sees.
#[derive(Default)]
struct Expected {
    /// In the bot's own words, in this order.
    words: &'static [&'static str],
    /// How far it is checked; empty where nothing is claimed.
    standing: &'static str,
    /// Verbatim, with publisher and day, and the beginning of the link where there is one.
    quotes: &'static [(&'static str, &'static str, &'static str)],
    /// Offered to be chosen.
    questions: &'static [&'static str],
}

/// What a reader saw, freed of what each platform adds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) standing: String,
    pub(super) quotes: Vec<Quoted>,
    pub(super) questions: Vec<String>,
}

/// A quote as it was shown.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Quoted {
    pub(super) text: String,
    pub(super) attribution: String,
    pub(super) link: String,
}

const REFUSED: &str = "Only moderators may do this.";
const VERIFIED: &str = "verified by moderators";
const OPENING: &str = "https://beacon.example/harbour-bridge-opens#:~:text=";

const TABLE: &[Row] = &[
    Row {
        said: Said::Question("When was the harbour bridge opened?"),
        moderators_only: false,
        expected: Expected {
            words: &["Mayor Odile Tarrant opened the harbour bridge on Friday 14 March 2031."],
            standing: VERIFIED,
            quotes: &[(
                "The Port Elmsworth harbour bridge was opened on Friday 14 March 2031 by Mayor Odile Tarrant, who cut a ribbon of sailcloth.",
                "The Elmsworth Beacon, 14 March 2031",
                OPENING,
            )],
            questions: &["How many people attended the opening?", "How long is the harbour bridge?"],
        },
    },
    Row {
        said: Said::Command("ask", "How long is the harbour bridge?"),
        moderators_only: false,
        expected: Expected {
            words: &["The bridge is 612 metres long"],
            standing: VERIFIED,
            quotes: &[(
                "The bridge is 612 metres long and carries two tram tracks, a cycle path and a footway. Cars are not admitted.",
                "The Elmsworth Beacon, 14 March 2031",
                OPENING,
            )],
            questions: &[],
        },
    },
    // Sources that disagree, each with publisher and day.
    Row {
        said: Said::Question("How many people attended the opening?"),
        moderators_only: false,
        expected: Expected {
            words: &["The sources differ"],
            standing: VERIFIED,
            quotes: &[
                ("Some four thousand residents attended the ceremony.", "The Elmsworth Beacon, 14 March 2031", OPENING),
                (
                    "The council expects about six thousand people at the opening of the harbour bridge.",
                    "Port Elmsworth Council, 20 February 2031, written before the event",
                    "https://council.example/notes#:~:text=",
                ),
                (
                    "Bridge opening: what to expect",
                    "Port Elmsworth Council, 20 February 2031, written before the event",
                    "https://council.example/notes#:~:text=",
                ),
            ],
            questions: &[],
        },
    },
    // A fact that was replaced, and the day to which its successor holds.
    Row {
        said: Said::Question("Will the ferry stop on the day the bridge opens?"),
        moderators_only: false,
        expected: Expected {
            words: &["until the end of June 2031"],
            standing: "verified by moderators, as of 15 March 2031",
            quotes: &[(
                "The ferry Marigold will keep sailing until the end of June 2031, the harbour company announced after the opening of the bridge.",
                "Coast Wire, 15 March 2031",
                "https://wire.example/marigold#:~:text=",
            )],
            questions: &["What happens to the crew of the ferry?"],
        },
    },
    // A source without publisher and address.
    Row {
        said: Said::Question("Who complains about the tram bells?"),
        moderators_only: false,
        expected: Expected {
            words: &["a resident complains that the tram bells wake Cooper's Quay"],
            standing: VERIFIED,
            quotes: &[(
                "The tram bells wake Cooper’s Quay at five in the morning, a resident complains.",
                "publisher unknown, 17 March 2031",
                "",
            )],
            questions: &[],
        },
    },
    Row {
        said: Said::Question("What did Mayor Tarrant say at the ceremony?"),
        moderators_only: false,
        expected: Expected {
            words: &["Tarrant said: “This bridge belongs to those who walk.”"],
            standing: VERIFIED,
            quotes: &[(
                "“This bridge belongs to those who walk,” Tarrant said at the ceremony.",
                "The Elmsworth Beacon, 14 March 2031",
                OPENING,
            )],
            questions: &[],
        },
    },
    // Not in the sources: known to be missing, unheard of, in another language, nothing but words.
    Row {
        said: Said::Question("Who supplied the steel of the bridge?"),
        moderators_only: false,
        expected: Expected {
            words: &["The sources do not say."],
            standing: "",
            quotes: &[],
            questions: &["How much did the bridge cost?"],
        },
    },
    Row {
        said: Said::Question("Who won the football match?"),
        moderators_only: false,
        expected: Expected { words: &["The sources do not say."], standing: "", quotes: &[], questions: &[] },
    },
    Row {
        said: Said::Question("Quand le pont a-t-il été inauguré ?"),
        moderators_only: false,
        expected: Expected { words: &["Les sources ne le disent pas."], standing: "", quotes: &[], questions: &[] },
    },
    Row {
        said: Said::Question("Who is the mayor?"),
        moderators_only: false,
        expected: Expected {
            words: &["Did you mean one of these?"],
            standing: "",
            quotes: &[],
            questions: &["What did Mayor Tarrant say at the ceremony?", "When was the harbour bridge opened?"],
        },
    },
    Row {
        said: Said::Question("hello"),
        moderators_only: false,
        expected: Expected {
            words: &["Hello! I answer questions about: Opening of the Port Elmsworth harbour bridge (14 March 2031)."],
            standing: "",
            quotes: &[],
            questions: &[],
        },
    },
    Row {
        said: Said::Command("topics", ""),
        moderators_only: false,
        expected: Expected {
            words: &[],
            standing: "",
            quotes: &[],
            questions: &[
                "When was the harbour bridge opened?",
                "How many people attended the opening?",
                "How long is the harbour bridge?",
                "Who designed the bridge?",
                "What did Mayor Tarrant say at the ceremony?",
                "Which ships have to give notice?",
                "How much did the bridge cost?",
                "How much is a tram ticket?",
                "Will the ferry stop on the day the bridge opens?",
                "Until when does the Marigold sail?",
                "What happens to the crew of the ferry?",
                "Who complains about the tram bells?",
            ],
        },
    },
    Row {
        said: Said::Command("sources", ""),
        moderators_only: false,
        expected: Expected {
            words: &[
                "The sources:",
                "Harbour bridge opens in Port Elmsworth (The Elmsworth Beacon, 14 March 2031; beacon-opening)",
                "https://beacon.example/harbour-bridge-opens",
                "Ferry keeps sailing (Coast Wire, 15 March 2031; wire-marigold)",
                "A letter from the quay (publisher unknown, 17 March 2031; quay-letter)",
            ],
            standing: "",
            quotes: &[],
            questions: &[],
        },
    },
    Row {
        said: Said::Command("sources", "wire-cost"),
        moderators_only: false,
        expected: Expected {
            words: &["What the harbour bridge cost (1–1 of 1)"],
            standing: "",
            quotes: &[(
                "The harbour bridge cost 88 million crowns, nine million more than planned. The council blames the price of steel.",
                "Coast Wire, 16 March 2031",
                "https://wire.example/cost#:~:text=",
            )],
            questions: &[],
        },
    },
    Row {
        said: Said::Command("sources", "nothing-of-the-kind"),
        moderators_only: false,
        expected: Expected { words: &["I do not know this source.", "beacon-opening"], standing: "", quotes: &[], questions: &[] },
    },
    Row {
        said: Said::Command("privacy", ""),
        moderators_only: false,
        expected: Expected { words: &["I keep which messages I answered", "30 days"], standing: "", quotes: &[], questions: &[] },
    },
    Row {
        said: Said::Command("kb", "status"),
        moderators_only: true,
        expected: Expected {
            words: &["Opening of the Port Elmsworth harbour bridge", "version", "5 sources, 12 facts, 3 known gaps, 51 questions"],
            standing: "",
            quotes: &[],
            questions: &[],
        },
    },
    Row {
        said: Said::Command("kb", "check"),
        moderators_only: true,
        expected: Expected { words: &["The files are in order"], standing: "", quotes: &[], questions: &[] },
    },
    Row {
        said: Said::Command("kb", "reload"),
        moderators_only: true,
        expected: Expected { words: &["Nothing has changed", "goes on serving"], standing: "", quotes: &[], questions: &[] },
    },
];

/// Everybody a platform knows says everything in the table; `said` is what each time was seen.
pub(super) async fn hold(who: &[Who], mut say: impl AsyncFnMut(Who, Said) -> Seen) {
    for row in TABLE {
        for who in who {
            let seen = say(*who, row.said).await;
            let place = format!("{who:?}, {:?}", row.said);
            if row.moderators_only && *who == Who::Member {
                assert_eq!(seen, Seen { text: REFUSED.to_owned(), ..Seen::default() }, "{place}");
            } else {
                row.expected.assert(&seen, &place);
            }
        }
    }
}

impl Expected {
    fn assert(&self, seen: &Seen, place: &str) {
        let mut rest = seen.text.as_str();
        for words in self.words {
            let at = rest.find(words).unwrap_or_else(|| panic!("{place}: no {words:?}, or not in its place: {seen:#?}"));
            rest = &rest[at + words.len()..];
        }
        assert_eq!(seen.standing, self.standing, "{place}: {seen:#?}");
        assert_eq!(seen.questions, self.questions, "{place}");
        assert_eq!(seen.quotes.len(), self.quotes.len(), "{place}: {seen:#?}");
        for (shown, (text, attribution, link)) in seen.quotes.iter().zip(self.quotes) {
            assert_eq!((shown.text.as_str(), shown.attribution.as_str()), (*text, *attribution), "{place}");
            assert!(shown.link.starts_with(link) && shown.link.is_empty() == link.is_empty(), "{place}: {shown:?}");
        }
    }
}

/// A text freed of its marks, in one line where it is one.
pub(super) fn joined(parts: &[String]) -> String {
    parts.join("\n").trim().to_owned()
}
