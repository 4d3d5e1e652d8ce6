//! What the operator says about Matrix, from the environment.

use std::fmt;
use std::time::Duration;

use matrix_sdk::ruma::{ServerName, UserId};

use crate::knowledge::Language;

/// How far back questions are caught up with, unless said otherwise.
const CATCH_UP_HOURS: u64 = 24;
/// No homeserver is asked for more than this.
const LONGEST_CATCH_UP_HOURS: u64 = 30 * 24;

/// A secret that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How the bot proves who it is, the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The session kept in the data folder is enough.
    Kept,
    /// By password.
    Password(Secret),
    /// By the access token of a device that was made for the bot.
    Token(Secret, Option<String>),
}

/// What the operator says about Matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Address of the homeserver, or its name, by which the address is found.
    pub homeserver: String,
    /// The bot's user id, or the part of it before the colon.
    pub user: Option<String>,
    /// How it logs in.
    pub credentials: Credentials,
    /// The recovery key or passphrase of the account's secret storage.
    pub recovery_key: Option<Secret>,
    /// Rooms, by id or alias, in which questions need no mention.
    pub answer_rooms: Vec<String>,
    /// Rooms, by id or alias, with the language in which the bot speaks there where no question says which.
    pub languages: Vec<(String, Language)>,
    /// Users that are moderators, besides those with power level 50 in a room.
    pub moderators: Vec<String>,
    /// Homeservers and users whose invitations are accepted; empty for the bot's own homeserver.
    pub invites: Vec<String>,
    /// What commands begin with.
    pub prefix: char,
    /// How far back questions are caught up with after the bot was away.
    pub catch_up: Duration,
}

impl Settings {
    /// Reads the settings; none without a homeserver.
    ///
    /// # Errors
    /// One line for each variable that cannot be read, with the remedy.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let variable = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let Some(homeserver) = variable("MATRIX_HOMESERVER") else { return Ok(None) };
        let mut wrong = Vec::new();
        let homeserver = address(&homeserver).map_err(|line| wrong.push(line)).unwrap_or_default();
        let user = variable("MATRIX_USER");
        if let Some(user) = user.as_ref().filter(|user| !is_user(user)) {
            wrong.push(format!("MATRIX_USER: {user:?} is no user; write @bot:example.org, or only bot"));
        }
        let credentials = credentials(&variable);
        if user.is_none() && matches!(credentials, Credentials::Password(_)) {
            wrong.push("MATRIX_USER: it is missing; MATRIX_PASSWORD is the password of which user?".to_owned());
        }
        let mut list = |name: &str, fits: fn(&str) -> bool, remedy: &str| {
            let all = variable(name).unwrap_or_default();
            let (good, bad): (Vec<_>, Vec<_>) = all.split([',', ' ']).filter(|item| !item.is_empty()).partition(|item| fits(item));
            wrong.extend(bad.into_iter().map(|item| format!("{name}: {item:?} {remedy}")));
            good.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let answer_rooms = list("MATRIX_ANSWER_ROOMS", is_room, "is no room; write !id or #alias:example.org, with commas between them");
        let moderators = list("MATRIX_MODERATORS", is_full_user, "is no user id; write @anna:example.org, with commas between them");
        let invites = list("MATRIX_INVITES", is_inviter, "is no homeserver or user id; write example.org or @anna:example.org");
        let languages = list("MATRIX_LANGUAGES", is_language, "is no room with its language; write #alias:example.org=fr (it, en, fr, uk)");
        let prefix = variable("MATRIX_PREFIX").map_or(Ok('!'), |text| prefix(&text)).map_err(|line| wrong.push(line)).unwrap_or('!');
        let hours = variable("MATRIX_CATCH_UP_HOURS").map_or(Ok(CATCH_UP_HOURS), |text| text.parse::<u64>().map_err(|_| text));
        let hours = hours.unwrap_or_else(|text| {
            wrong.push(format!("MATRIX_CATCH_UP_HOURS: {text:?} is no number of hours"));
            0
        });
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        Ok(Some(Self {
            homeserver,
            user,
            credentials,
            recovery_key: variable("MATRIX_RECOVERY_KEY").map(Secret),
            answer_rooms,
            languages: languages.iter().filter_map(|item| language(item)).collect(),
            moderators,
            invites,
            prefix,
            catch_up: Duration::from_secs(hours.min(LONGEST_CATCH_UP_HOURS) * 3600),
        }))
    }

    /// The same settings with a password, as `matrix login` asks for it.
    #[must_use]
    pub fn with_password(mut self, user: &str, password: &str) -> Self {
        self.user = Some(user.to_owned());
        self.credentials = Credentials::Password(Secret(password.to_owned()));
        self
    }

    /// Whether the homeserver is given by its address, not by its name.
    pub(super) fn has_address(&self) -> bool {
        self.homeserver.contains("://")
    }
}

fn address(text: &str) -> Result<String, String> {
    let wrong = || format!("MATRIX_HOMESERVER: {text:?} is no homeserver; write https://matrix.example.org, or its name example.org");
    if text.contains("://") {
        let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        return url.map(|_| text.trim_end_matches('/').to_owned()).ok_or_else(wrong);
    }
    ServerName::parse(text).map(|name| name.to_string()).map_err(|_| wrong())
}

fn credentials(variable: &impl Fn(&str) -> Option<String>) -> Credentials {
    match (variable("MATRIX_ACCESS_TOKEN"), variable("MATRIX_PASSWORD")) {
        (Some(token), _) => Credentials::Token(Secret(token), variable("MATRIX_DEVICE_ID")),
        (None, Some(password)) => Credentials::Password(Secret(password)),
        (None, None) => Credentials::Kept,
    }
}

fn prefix(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if !c.is_alphanumeric() && !matches!(c, '/' | '@' | '#' | '>' | '<' | '*' | '_') => Ok(c),
        _ => Err(format!("MATRIX_PREFIX: {text:?} cannot begin commands; write one sign such as ! or ?")),
    }
}

fn language(text: &str) -> Option<(String, Language)> {
    let (room, code) = text.rsplit_once('=')?;
    Language::from_code(code).filter(|_| is_room(room)).map(|language| (room.to_owned(), language))
}

fn is_language(text: &str) -> bool {
    language(text).is_some()
}

fn is_user(text: &str) -> bool {
    if text.starts_with('@') { is_full_user(text) } else { !text.contains([':', ' ', '@']) }
}

fn is_full_user(text: &str) -> bool {
    UserId::parse(text).is_ok()
}

fn is_room(text: &str) -> bool {
    // Ids of rooms have no server in them any more.
    text.len() > 1 && (text.starts_with('!') || text.starts_with('#') && text.contains(':'))
}

fn is_inviter(text: &str) -> bool {
    if text.starts_with('@') { is_full_user(text) } else { ServerName::parse(text).is_ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        Settings::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_a_homeserver_there_is_no_matrix() {
        assert_eq!(read(&[("MATRIX_HOMESERVER", " "), ("MATRIX_PREFIX", "x")]), Ok(None));
    }

    #[test]
    fn settings_are_read_and_secrets_are_never_printed() {
        let settings = read(&[
            ("MATRIX_HOMESERVER", "http://127.0.0.1:8008/"),
            ("MATRIX_USER", "bot"),
            ("MATRIX_PASSWORD", "secret"),
            ("MATRIX_RECOVERY_KEY", "secret too"),
            ("MATRIX_ANSWER_ROOMS", "!abc, #questions:example.org"),
            ("MATRIX_LANGUAGES", "!abc=fr, #questions:example.org=uk"),
            ("MATRIX_INVITES", "example.org,@anna:example.com"),
            ("MATRIX_PREFIX", "?"),
        ]);
        let settings = settings.expect("they are in order").expect("there is a homeserver");
        assert_eq!((settings.homeserver.as_str(), settings.prefix), ("http://127.0.0.1:8008", '?'));
        assert_eq!((settings.answer_rooms.len(), settings.invites.len()), (2, 2));
        assert_eq!(settings.languages[0], ("!abc".to_owned(), Language::Fr));
        assert_eq!(settings.catch_up, Duration::from_hours(24));
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn each_variable_that_cannot_be_read_has_its_line() {
        let wrong = read(&[
            ("MATRIX_HOMESERVER", "ftp://example.org"),
            ("MATRIX_USER", "@bot"),
            ("MATRIX_PASSWORD", "x"),
            ("MATRIX_ANSWER_ROOMS", "general"),
            ("MATRIX_LANGUAGES", "!abc=german"),
            ("MATRIX_MODERATORS", "anna"),
            ("MATRIX_INVITES", "@anna"),
            ("MATRIX_PREFIX", "bot"),
            ("MATRIX_CATCH_UP_HOURS", "soon"),
        ]);
        let wrong = wrong.expect_err("they are not in order");
        assert_eq!(wrong.lines().count(), 8, "{wrong}");
        for name in ["HOMESERVER", "USER", "ANSWER_ROOMS", "LANGUAGES", "MODERATORS", "INVITES", "PREFIX", "CATCH_UP_HOURS"] {
            assert!(wrong.contains(&format!("MATRIX_{name}: ")), "{wrong}");
        }
        let wrong = read(&[("MATRIX_HOMESERVER", "example.org"), ("MATRIX_PASSWORD", "x")]).expect_err("of which user?");
        assert!(wrong.starts_with("MATRIX_USER"), "{wrong}");
    }
}
