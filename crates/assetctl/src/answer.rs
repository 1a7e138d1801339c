//! What a command answers, for a person or for a program.

use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::{Value, json};

use crate::Error;

/// The answer of a command.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Lines for a person.
    pub text: String,
    /// The same for a program.
    pub json: Value,
    /// Whether what was looked at is as it should be.
    pub good: bool,
}

impl Answer {
    /// An answer that all is well.
    pub fn new(text: impl Into<String>, json: &impl Serialize) -> Self {
        Self {
            text: text.into(),
            json: serde_json::to_value(json).expect("our own structs have a JSON form"),
            good: true,
        }
    }

    /// The same, unless this holds.
    pub fn good_if(mut self, good: bool) -> Self {
        self.good = good;
        self
    }

    pub(crate) fn print(&self, as_json: bool) -> Result<(), Error> {
        let text = if as_json {
            format!("{:#}", self.json)
        } else {
            self.text.trim_end().to_owned()
        };
        match writeln!(io::stdout(), "{text}") {
            // Whoever read our output has seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
            _ => Ok(()),
        }
    }
}

/// Says on stderr what is going on.
pub(crate) fn step(text: impl std::fmt::Display) {
    // Nobody is told if it does not get through.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says what went wrong, and what to do.
pub(crate) fn print_error(error: &Error, as_json: bool) {
    if as_json {
        let answer = json!({ "ok": false, "error": error.to_string(), "hint": error.hint() });
        // Whoever reads it also sees the exit code.
        let _ = writeln!(io::stdout(), "{answer:#}");
    }
    step(format_args!("error: {error}\nhint: {}", error.hint()));
}
