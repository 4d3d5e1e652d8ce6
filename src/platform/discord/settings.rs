//! What the operator says about Discord, from the environment.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A secret that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub(super) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Which shards this program runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shards {
    /// From the first to one after the last.
    pub range: Range<u32>,
    /// Of so many in all.
    pub total: u32,
}

/// What the operator says about Discord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bot's token.
    pub token: Token,
    /// Origin of the REST interface, without `/api`; none for Discord's own.
    pub api: Option<String>,
    /// Address of the gateway; none to ask the REST interface.
    pub gateway: Option<String>,
    /// A certificate to trust besides the public ones, as PEM.
    pub certificate: Option<PathBuf>,
    /// Servers in which commands are registered at once; empty to register them everywhere.
    pub guilds: Vec<u64>,
    /// Channels and forums in which questions need no mention.
    pub answer_channels: Vec<u64>,
    /// Roles whose members are moderators, besides those who may manage the server.
    pub moderator_roles: Vec<u64>,
    /// Shards; none for as many as Discord recommends, all of them here.
    pub shards: Option<Shards>,
    /// How far back questions are caught up with after a lost session.
    pub catch_up: Duration,
}

impl Settings {
    /// Reads the settings; none without a token.
    ///
    /// # Errors
    /// One line for each variable that cannot be read, with the remedy.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let variable = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let Some(token) = variable("DISCORD_TOKEN") else { return Ok(None) };
        let mut wrong = Vec::new();
        let mut ids = |name: &str| {
            let mut list = Vec::new();
            for id in variable(name).unwrap_or_default().split([',', ' ']).filter(|id| !id.is_empty()) {
                match id.parse::<u64>() {
                    Ok(id) if id > 0 => list.push(id),
                    _ => wrong.push(format!("{name}: {id:?} is no Discord id; write numbers with commas between them")),
                }
            }
            list
        };
        let (guilds, answer_channels, moderator_roles) =
            (ids("DISCORD_GUILD_IDS"), ids("DISCORD_ANSWER_CHANNELS"), ids("DISCORD_MODERATOR_ROLES"));
        let mut address = |name: &str, schemes: [&str; 2]| {
            let value = variable(name)?;
            if schemes.iter().any(|scheme| value.starts_with(scheme)) {
                return Some(value.trim_end_matches('/').to_owned());
            }
            wrong.push(format!("{name}: {value:?} must begin with {} or {}", schemes[0], schemes[1]));
            None
        };
        let api = address("DISCORD_API_URL", ["https://", "http://"]).map(|address| origin(&address).to_owned());
        let gateway = address("DISCORD_GATEWAY_URL", ["wss://", "ws://"]);
        let shards = variable("DISCORD_SHARDS").and_then(|text| text.parse().map_err(|error| wrong.push(error)).ok());
        let minutes = variable("DISCORD_CATCH_UP_MINUTES").map_or(Ok(15), |text| text.parse::<u64>().map_err(|_| text));
        let minutes = minutes.unwrap_or_else(|text| {
            wrong.push(format!("DISCORD_CATCH_UP_MINUTES: {text:?} is no number of minutes"));
            0
        });
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        Ok(Some(Self {
            token: Token(token.trim_start_matches("Bot ").to_owned()),
            api: api.filter(|api| api != "https://discord.com"),
            gateway,
            certificate: variable("DISCORD_CA_FILE").map(PathBuf::from),
            guilds,
            answer_channels,
            moderator_roles,
            shards,
            catch_up: Duration::from_secs(minutes.min(24 * 60) * 60),
        }))
    }
}

/// The address without `/api` and a version: requests add both.
fn origin(address: &str) -> &str {
    let trimmed = address.rsplit_once("/v").filter(|(_, version)| version.chars().all(|c| c.is_ascii_digit())).map_or(address, |it| it.0);
    trimmed.trim_end_matches("/api").trim_end_matches('/')
}

impl FromStr for Shards {
    type Err = String;

    /// Reads `0-3/8`: shards 0 to 3 of 8.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("DISCORD_SHARDS: {text:?} is no range of shards; write 0-3/8 for shards 0 to 3 of 8");
        let (range, total) = text.split_once('/').ok_or_else(wrong)?;
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
        let (first, last, total) = (number(first)?, number(last)?, number(total)?);
        if first > last || last >= total {
            return Err(wrong());
        }
        Ok(Self { range: first..last + 1, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        Settings::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_a_token_there_is_no_discord() {
        assert_eq!(read(&[("DISCORD_TOKEN", " "), ("DISCORD_GUILD_IDS", "x")]), Ok(None));
    }

    #[test]
    fn settings_are_read_and_the_token_is_never_printed() {
        let settings = read(&[
            ("DISCORD_TOKEN", "Bot secret"),
            ("DISCORD_API_URL", "http://127.0.0.1:3001/api/v9/"),
            ("DISCORD_GATEWAY_URL", "ws://127.0.0.1:3002/"),
            ("DISCORD_GUILD_IDS", "1, 2"),
            ("DISCORD_SHARDS", "2-3/8"),
        ]);
        let settings = settings.expect("they are in order").expect("there is a token");
        assert_eq!(settings.api.as_deref(), Some("http://127.0.0.1:3001"));
        assert_eq!(settings.gateway.as_deref(), Some("ws://127.0.0.1:3002"));
        assert_eq!((settings.guilds.as_slice(), settings.shards.clone()), (&[1, 2][..], Some(Shards { range: 2..4, total: 8 })));
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn each_variable_that_cannot_be_read_has_its_line() {
        let wrong = read(&[
            ("DISCORD_TOKEN", "x"),
            ("DISCORD_API_URL", "localhost"),
            ("DISCORD_ANSWER_CHANNELS", "general"),
            ("DISCORD_SHARDS", "3-1/4"),
            ("DISCORD_CATCH_UP_MINUTES", "soon"),
        ]);
        let wrong = wrong.expect_err("they are not in order");
        assert_eq!(wrong.lines().count(), 4, "{wrong}");
        for name in ["DISCORD_API_URL", "DISCORD_ANSWER_CHANNELS", "DISCORD_SHARDS", "DISCORD_CATCH_UP_MINUTES"] {
            assert!(wrong.contains(name), "{wrong}");
        }
    }
}
