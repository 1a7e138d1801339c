//! Where output goes: results to stdout, the rest to stderr, colours only to a terminal.

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
};

use curve_lang::diagnostic::Style;
use serde::Serialize;

use crate::{Error, cli::Colour};

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// Less important.
    Faint,
    /// Heads of tables.
    Head,
}

/// Output of a command.
#[derive(Debug)]
pub struct Shell {
    out: io::BufWriter<io::Stdout>,
    out_style: Style,
    err_style: Style,
    json: bool,
}

impl Shell {
    /// With colours as the person wishes, or with a result for machines.
    pub fn new(colour: Colour, json: bool) -> Self {
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let style = |terminal: bool| match colour {
            Colour::Always => Style::Colour,
            Colour::Auto if terminal && !plain => Style::Colour,
            Colour::Auto | Colour::Never => Style::Plain,
        };
        Self {
            out_style: style(io::stdout().is_terminal()),
            err_style: style(io::stderr().is_terminal()),
            out: io::BufWriter::new(io::stdout()),
            json,
        }
    }

    /// Whether the result is to be JSON.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// How to draw on stdout.
    pub const fn style(&self) -> Style {
        self.out_style
    }

    /// How to draw on stderr.
    pub const fn notice_style(&self) -> Style {
        self.err_style
    }

    /// A line of the result.
    pub fn line(&mut self, text: impl Display) -> Result<(), Error> {
        writeln!(self.out, "{text}").map_err(Error::Output)
    }

    /// Bytes of the result, as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(Error::Output)
    }

    /// The result for machines.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value).expect("our own structs have a JSON form");
        self.line(text)
    }

    /// What is no result. Nobody is told if it does not get through.
    pub fn notice(&mut self, text: impl Display) {
        // In the order in which it was said, where both go to one place.
        let _ = self.out.flush();
        let _ = writeln!(io::stderr(), "{}", text.to_string().trim_end());
    }

    /// What went wrong, and what to do.
    pub fn error(&mut self, error: &Error) {
        let head = paint(self.err_style, Ink::Bad, "error");
        let hint = paint(self.err_style, Ink::Head, "hint");
        self.notice(format!("{head}: {error}\n{hint}: {}", error.hint()));
    }

    /// Text of the result in a colour.
    pub fn ink(&self, ink: Ink, text: &str) -> String {
        paint(self.out_style, ink, text)
    }

    /// Everything so far gets out.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(Error::Output)
    }
}

fn paint(style: Style, ink: Ink, text: &str) -> String {
    let code = match ink {
        Ink::Good => "32",
        Ink::Bad => "1;31",
        Ink::Faint => "2",
        Ink::Head => "1",
    };
    match style {
        Style::Plain => text.to_owned(),
        Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
    }
}
