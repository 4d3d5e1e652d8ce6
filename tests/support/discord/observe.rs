//! What tests look at and wait for.
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::Discord;
use super::payload::id_of;
use super::state::{Id, Identify, Request, State};

impl Discord {
    /// Waits until `look` finds something, `None` if it does not in time.
    pub async fn wait_for<T>(&self, within: Duration, mut look: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let mut bell = self.shared.changed.subscribe();
        let search = async {
            loop {
                bell.borrow_and_update();
                // Looking rings no bell: it would wake this very loop.
                let found = look(&mut self.shared.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                if let Some(found) = found {
                    return found;
                }
                bell.changed().await.expect("the sender outlives the test");
            }
        };
        timeout(within, search).await.ok()
    }

    /// Waits until something holds.
    ///
    /// # Panics
    /// If it does not in time.
    pub async fn wait_until(&self, within: Duration, mut holds: impl FnMut(&State) -> bool) {
        let held = self.wait_for(within, |state| holds(state).then_some(())).await;
        assert!(held.is_some(), "not within {within:?}; {}", self.story());
    }

    /// Waits until this many sessions have a live connection.
    pub async fn wait_ready(&self, shards: usize, within: Duration) {
        self.wait_until(within, |state| state.sockets.values().filter(|s| s.session.is_some()).count() >= shards).await;
    }

    /// The next message of the bot in a channel that was not returned before, as it is when first seen.
    ///
    /// # Panics
    /// If none comes in time.
    pub async fn next_message(&self, channel: Id, within: Duration) -> Value {
        let next = self.wait_for(within, |state| {
            let new = |m: &Value| id_of(&m["id"]).is_some_and(|id| !state.handed.contains(&id));
            let message = state.bot_messages(channel).into_iter().find(new)?;
            state.handed.extend(id_of(&message["id"]));
            Some(message)
        });
        next.await.unwrap_or_else(|| panic!("no message within {within:?}; {}", self.story()))
    }

    /// The bot's messages in a channel as they are now, oldest first.
    pub fn messages(&self, channel: Id) -> Vec<Value> {
        self.shared.change(|state| state.bot_messages(channel))
    }

    /// A message as it is now, ephemeral or not; `None` once deleted.
    pub fn message(&self, id: Id) -> Option<Value> {
        self.shared.change(|state| state.message(id).map(|m| m.value.clone()))
    }

    /// What became of an interaction: `type`, `data`, `message` (`@original` as it is now), `edits`, `deleted`, `followups`.
    pub fn response(&self, interaction: Id) -> Option<Value> {
        self.shared.change(|state| state.response(interaction))
    }

    /// Waits for the answer itself: after a deferral (5 or 6), for the message to be filled in or removed.
    ///
    /// # Panics
    /// If none comes in time.
    pub async fn wait_response(&self, interaction: Id, within: Duration) -> Value {
        let answer = self.wait_for(within, |state| {
            let response = state.response(interaction)?;
            (response["type"] != 5 && response["type"] != 6 || response["edits"] != 0 || response["deleted"] == true).then_some(response)
        });
        answer.await.unwrap_or_else(|| panic!("no answer to the interaction within {within:?}; {}", self.story()))
    }

    /// All REST requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.change(|state| state.requests.clone())
    }

    /// All IDENTIFYs so far.
    pub fn identifies(&self) -> Vec<Identify> {
        self.shared.change(|state| state.identifies.clone())
    }

    /// The `d` of all RESUMEs so far.
    pub fn resumes(&self) -> Vec<Value> {
        self.shared.change(|state| state.resumes.clone())
    }

    /// The codes of close frames the bot sent of its own accord.
    pub fn closes(&self) -> Vec<Option<u16>> {
        self.shared.change(|state| state.closes.clone())
    }

    /// Presences set with op 3; the one in IDENTIFY is in [`Discord::identifies`].
    pub fn presences(&self) -> Vec<Value> {
        self.shared.change(|state| state.presences.clone())
    }

    /// Registered commands: of a guild, or global.
    pub fn registered(&self, guild: Option<Id>) -> Vec<Value> {
        self.shared.change(|state| state.commands.get(&guild).cloned().unwrap_or_default())
    }

    /// What the bot did that Discord would refuse or that harms people, so far.
    pub fn violations(&self) -> Vec<String> {
        self.shared.change(|state| state.violations.clone())
    }

    /// The same, and forgives it.
    pub fn take_violations(&self) -> Vec<String> {
        self.shared.change(|state| std::mem::take(&mut state.violations))
    }

    /// Asserts that the bot writes nothing in chat for this long; reading and registering commands do not count.
    ///
    /// # Panics
    /// If it does.
    pub async fn assert_quiet(&self, during: Duration) {
        let before = self.requests().len();
        sleep(during).await;
        let writes = |r: &Request| r.method != "GET" && !r.path.starts_with("/applications/");
        let writes: Vec<Request> = self.requests().split_off(before).into_iter().filter(writes).collect();
        assert!(writes.is_empty(), "the bot should have kept quiet: {writes:#?}");
    }

    /// What happened so far, for a test that fails.
    fn story(&self) -> String {
        self.shared.change(|state| {
            let requests = state.requests.iter().rev().take(12).rev();
            let lines: Vec<String> =
                requests.map(|r| format!("  {} {} -> {} {:.160}", r.method, r.path, r.status, r.body.to_string())).collect();
            let live = state.sockets.values().filter(|s| s.session.is_some()).count();
            format!("{live} live sessions, violations {:#?}, latest requests:\n{}", state.violations, lines.join("\n"))
        })
    }
}
