//! The terminal: one conversation with one person, through the same line of code as every other platform.

mod render;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};

pub use render::{Style, render, render_explanation};

use crate::answer::Answer;
use crate::intent::{self, Intent};
use crate::knowledge::Language;
use crate::message::{Address, Author, Conversation, Message, Role};
use crate::reply::Wording;
use crate::respond::{Now, Responder, Response};

/// Chats until the person leaves. `history` is where typed lines are kept between runs.
///
/// # Errors
/// When the terminal cannot be read or written.
pub fn chat(responder: &Responder, name: &str, language: Language, history: Option<&Path>) -> anyhow::Result<()> {
    let interactive = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let style = Style::detect();
    let mut last: Option<Answer> = None;
    if !interactive {
        for line in std::io::stdin().lock().split(b'\n') {
            // A line that is no UTF-8 is asked as far as it can be read.
            if !say(responder, &String::from_utf8_lossy(&line?), language, style, &mut last)? {
                break;
            }
        }
        return Ok(());
    }
    println!("{}\n", Wording::of(language).greeting(name));
    let mut editor = DefaultEditor::with_config(Config::builder().auto_add_history(true).build())?;
    if let Some(path) = history {
        // A first run has no history; a broken one is no reason not to chat.
        let _ = editor.load_history(path);
    }
    loop {
        match editor.readline("> ") {
            Ok(line) => {
                if !say(responder, &line, language, style, &mut last)? {
                    break;
                }
            }
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(path) = history
        && let Err(error) =
            path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(ReadlineError::from).and_then(|()| editor.save_history(path))
    {
        tracing::warn!(%error, path = %path.display(), "the typed lines are not kept");
    }
    Ok(())
}

/// Responds to one line; false when the chat is over.
fn say(responder: &Responder, line: &str, language: Language, style: Style, last: &mut Option<Answer>) -> anyhow::Result<bool> {
    let message = Message {
        // Whoever sits at the terminal could edit the files too.
        author: Author { id: "terminal".to_owned(), role: Role::Moderator },
        conversation: Conversation { platform: "console", id: "terminal".to_owned() },
        address: Address::Private,
        intent: intent::read(line, '/'),
        locale: None,
    };
    let message = if matches!(message.intent, Intent::Ask(_)) { message } else { Message { locale: Some(language), ..message } };
    let mut out = std::io::stdout().lock();
    if message.intent == Intent::Explain
        && let Some(explanation) = last.as_ref().and_then(|answer| answer.explanation.as_ref())
    {
        writeln!(out, "{}", render_explanation(explanation))?;
        return Ok(true);
    }
    match responder.respond(&message, Now::real()) {
        // Alone at a terminal nobody waits, and nothing is linked to.
        Response::Silence | Response::Wait(_) | Response::Again(..) => {}
        Response::Leave => return Ok(false),
        Response::Say(reply, answer) => {
            writeln!(out, "{}\n", render(&reply, style))?;
            if let Some(answer) = answer {
                *last = Some(*answer);
            }
        }
    }
    out.flush()?;
    Ok(true)
}
