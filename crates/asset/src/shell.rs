//! Where output goes: results to stdout, the rest to stderr, colours only to a terminal.

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal as _, Write},
};

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
    /// Names.
    Head,
}

/// Output of a command.
pub struct Shell {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    terminal: (bool, bool),
    colour: (bool, bool),
    json: bool,
}

/// Width of the column of names in front of what is shown.
const NAMES: usize = 10;

impl Shell {
    /// This process's own.
    pub fn terminal() -> Self {
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            terminal: (io::stdout().is_terminal(), io::stderr().is_terminal()),
            colour: (false, false),
            json: false,
        }
    }

    /// Result and notices to these, without colours.
    pub fn to(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self {
            out: Box::new(out),
            err: Box::new(err),
            terminal: (false, false),
            colour: (false, false),
            json: false,
        }
    }

    /// With colours as the person wishes, or with a result for machines.
    pub(crate) fn set(&mut self, colour: Colour, json: bool) {
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let coloured = |terminal: bool| match colour {
            Colour::Always => true,
            Colour::Auto => terminal && !plain,
            Colour::Never => false,
        };
        self.colour = (coloured(self.terminal.0), coloured(self.terminal.1));
        self.json = json;
    }

    /// Whether the result is to be JSON.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// A line of the result.
    pub fn line(&mut self, text: impl Display) -> Result<(), Error> {
        writeln!(self.out, "{text}").map_err(Error::Output)
    }

    /// A line of the result: a name and what it stands for.
    pub fn fact(&mut self, name: &str, text: impl Display) -> Result<(), Error> {
        let name = self.ink(Ink::Faint, &format!("{name:NAMES$}"));
        self.line(format_args!("{name}  {text}"))
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

    /// One of many results for machines, on a line of its own.
    pub fn json_line(&mut self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string(value).expect("our own structs have a JSON form");
        self.line(text).and_then(|()| self.flush())
    }

    /// What is no result. Nobody is told if it does not get through.
    pub fn notice(&mut self, text: impl Display) {
        // In the order in which it was said, where both go to one place.
        let _ = self.out.flush();
        let _ = writeln!(self.err, "{}", text.to_string().trim_end());
    }

    /// What went wrong, and what to do.
    pub fn error(&mut self, error: &Error) {
        let head = paint(self.colour.1, Ink::Bad, "error");
        let hint = paint(self.colour.1, Ink::Head, "hint");
        self.notice(format_args!("{head}: {error}\n{hint}: {}", error.hint()));
    }

    /// Text of the result in a colour.
    pub fn ink(&self, ink: Ink, text: &str) -> String {
        paint(self.colour.0, ink, text)
    }

    /// Everything so far gets out.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(Error::Output)
    }
}

fn paint(coloured: bool, ink: Ink, text: &str) -> String {
    let code = match ink {
        Ink::Good => "32",
        Ink::Bad => "1;31",
        Ink::Faint => "2",
        Ink::Head => "1",
    };
    match coloured {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}
