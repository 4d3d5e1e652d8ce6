//! How often one person, and one conversation, may ask. The generic cell rate algorithm (ITU-T I.371): one instant per key
//! says when its allowance is whole again.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many keys are kept before those with nothing left to wait for are dropped.
const SWEPT_AT: usize = 4096;

/// So many questions in so long a time; a burst of all of them is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Questions.
    pub questions: u32,
    /// The time they are allowed in.
    pub within: Duration,
}

impl FromStr for Allowance {
    type Err = String;

    /// Reads `5/30s`; `off` allows everything.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no allowance; write questions/seconds such as 5/30s, or off");
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(Self { questions: 1, within: Duration::ZERO });
        }
        let (questions, seconds) = text.trim().split_once('/').ok_or_else(wrong)?;
        let questions: u32 = questions.trim().parse().map_err(|_| wrong())?;
        let seconds: u64 = seconds.trim().trim_end_matches('s').trim_end().parse().map_err(|_| wrong())?;
        if questions == 0 || seconds > 86_400 {
            return Err(wrong());
        }
        Ok(Self { questions, within: Duration::from_secs(seconds) })
    }
}

/// Allowances of people and conversations. The lock is held for a look-up only.
#[derive(Debug)]
pub struct Cooldowns {
    author: Allowance,
    conversation: Allowance,
    /// When each key's allowance is whole again.
    whole: Mutex<HashMap<String, Instant>>,
}

impl Cooldowns {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new(author: Allowance, conversation: Allowance) -> Self {
        Self { author, conversation, whole: Mutex::default() }
    }

    /// Counts a question, or says how long to wait, in which case it is not counted.
    ///
    /// # Errors
    /// The time to wait.
    pub fn admit(&self, author: &str, conversation: &str, now: Instant) -> Result<(), Duration> {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if whole.len() > SWEPT_AT {
            whole.retain(|_, at| *at > now);
        }
        let keys = [(format!("author {author}"), self.author), (format!("conversation {conversation}"), self.conversation)];
        let next = |whole: &HashMap<String, Instant>, key: &str, allowance: Allowance| {
            let start = whole.get(key).map_or(now, |at| (*at).max(now));
            start + allowance.within / allowance.questions
        };
        // Off is no limit, whatever clocks of other threads have said meanwhile.
        let keys = keys.into_iter().filter(|(_, allowance)| !allowance.within.is_zero()).collect::<Vec<_>>();
        for (key, allowance) in &keys {
            let latest = now + allowance.within;
            let next = next(&whole, key, *allowance);
            if next > latest {
                return Err(next - latest);
            }
        }
        for (key, allowance) in keys {
            let next = next(&whole, &key, allowance);
            whole.insert(key, next);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_question_each_interval() {
        let allowance = |text: &str| text.parse::<Allowance>().expect("it is an allowance");
        let cooldowns = Cooldowns::new(allowance("2/10s"), allowance("3/10s"));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(cooldowns.admit("anna", "room", at(0)), Ok(()));
        assert_eq!(cooldowns.admit("anna", "room", at(0)), Ok(()));
        assert_eq!(cooldowns.admit("anna", "room", at(0)), Err(Duration::from_secs(5)));
        assert_eq!(cooldowns.admit("bruno", "room", at(0)), Ok(()), "what was refused does not count for the room");
        assert!(cooldowns.admit("carla", "room", at(0)).is_err(), "the room's own allowance is used up");
        assert_eq!(cooldowns.admit("carla", "other room", at(0)), Ok(()));
        assert_eq!(cooldowns.admit("anna", "room", at(5)), Ok(()));
    }

    #[test]
    fn allowances_are_read_and_refused() {
        let read = |text: &str| text.parse::<Allowance>().map(|it| (it.questions, it.within.as_secs()));
        assert_eq!(read("5/30s"), Ok((5, 30)));
        assert_eq!(read(" 5 / 30 "), Ok((5, 30)));
        assert_eq!(read("off"), Ok((1, 0)));
        for text in ["", "5", "0/30s", "5/x", "-1/3", "1/999999999"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
