//! Few tests at a time use a homeserver: Synapse is one thread of Python, and what comes faster than it can answer times out.

use std::cell::RefCell;
use std::sync::{Condvar, Mutex, PoisonError};

/// So many tests at once.
const AT_ONCE: u32 = 2;

static FREE: (Mutex<u32>, Condvar) = (Mutex::new(AT_ONCE), Condvar::new());

thread_local! {
    /// A test has a thread of its own, and its turn ends with it.
    static TURN: RefCell<Option<Turn>> = const { RefCell::new(None) };
}

/// A test's turn; another test may have its own once it is dropped.
struct Turn;

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREE.1.notify_one();
    }
}

/// Waits for this test's turn, unless it has it already.
pub(super) fn take() {
    TURN.with_borrow_mut(|turn| {
        turn.get_or_insert_with(|| {
            let free = FREE.0.lock().unwrap_or_else(PoisonError::into_inner);
            *FREE.1.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
            Turn
        });
    });
}
