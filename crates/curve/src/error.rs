//! What the person at the terminal can put right: each error says what was wrong, and hints at the next step.

use std::{io, path::PathBuf};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The standard output that cannot be written.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
    /// Something else than a file.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// What.
        path: PathBuf,
        /// Programs that lie in it, if it is a directory.
        programs: Vec<PathBuf>,
    },
    /// A file that is too long.
    #[error("{} has more than {max} bytes, which is the most that {what} may have", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Most bytes of that.
        max: u64,
    },
    /// A file that is no text.
    #[error("{} is not text: byte {at} is not UTF-8", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// Where.
        at: usize,
    },
    /// Bytecode where a source is wanted.
    #[error("{} is bytecode, expected a source", path.display())]
    Bytecode {
        /// Which.
        path: PathBuf,
    },
    /// No file is named, and there is not exactly one to choose.
    #[error("no program is named, and this directory has {got}")]
    NoFile {
        /// How many programs there are.
        got: usize,
    },
    /// A file that is no bytecode.
    #[error("{} is no bytecode: {source}", path.display())]
    Decode {
        /// Which.
        path: PathBuf,
        /// Why.
        source: curvevm::DecodeError,
    },
    /// A state file that cannot be used.
    #[error("{} is no ledger of this program: {problem}", path.display())]
    State {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: StateProblem,
    },
    /// A function that cannot be called.
    #[error("{program} has no entry or view `{got}`")]
    NoFunction {
        /// The program.
        program: String,
        /// What was asked for.
        got: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Too many or too few arguments.
    #[error("`{signature}` takes {expected} arguments, got {got}")]
    Arguments {
        /// The function with its parameters.
        signature: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// An option of a call that says nothing usable. What is wrong has been drawn.
    #[error("{what} cannot be used")]
    Unusable {
        /// Which one.
        what: String,
    },
    /// An option of a call whose value cannot be computed.
    #[error("{what}: {failure}")]
    Word {
        /// Which one.
        what: String,
        /// Why.
        failure: curve_lang::reference::Failure,
    },
    /// `--time` or `--height` that is no number.
    #[error("{what} {got}: expected a number")]
    Number {
        /// Which one.
        what: &'static str,
        /// What came.
        got: String,
    },
    /// `--fund` without its parts.
    #[error("--fund {got}: expected WHO=AMOUNT")]
    Fund {
        /// What came.
        got: String,
    },
    /// A name that is neither an address nor an account's name.
    #[error("{got:?} is no account: expected a name, or 32 bytes in base58")]
    Account {
        /// What came.
        got: String,
    },
    /// A payment for a view.
    #[error("`{name}` is a view: it takes no payment")]
    ViewPayment {
        /// The view.
        name: String,
    },
    /// An entry before `init`.
    #[error("`{program}` is not deployed on this ledger: its `init` has not run")]
    NotDeployed {
        /// The program.
        program: String,
    },
    /// `init`, again.
    #[error("`{program}` is deployed on this ledger already: `init` runs once")]
    Deployed {
        /// The program.
        program: String,
    },
    /// A call that the machine does not begin.
    #[error("the machine refuses the call: {0}")]
    Call(#[from] curvevm::CallError),
    /// No test of that name.
    #[error("no test has {filter:?} in its name")]
    NoTest {
        /// What was looked for.
        filter: String,
    },
    /// A code that is not known.
    #[error("there is no code {got}")]
    NoCode {
        /// What was asked for.
        got: String,
    },
    /// A name that no program can have.
    #[error("{got:?} cannot be a program's name")]
    ProgramName {
        /// What came.
        got: String,
    },
    /// A directory that is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// The editor broke off or spoke something else.
    #[error("the language server stops: {0}")]
    Protocol(String),
}

/// What is wrong with a ledger's file.
#[derive(Debug, thiserror::Error)]
pub enum StateProblem {
    /// Not the format.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Another version of the format.
    #[error("version {got}, expected {expected}")]
    Version {
        /// Which it has.
        got: u32,
        /// Which is known.
        expected: u32,
    },
    /// Of another program.
    #[error("it belongs to the program `{got}`, expected `{expected}`")]
    Program {
        /// Whose it is.
        got: String,
        /// Whose it should be.
        expected: String,
    },
    /// A key or a value that is not hexadecimal, or of another length.
    #[error("{got:?} is not {expected}")]
    Hex {
        /// What is there.
        got: String,
        /// What should be.
        expected: &'static str,
    },
    /// No address.
    #[error("{got:?} is no address")]
    Address {
        /// What is there.
        got: String,
    },
}

impl Error {
    /// Whether the reader of our output has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the name; `curve new NAME` makes a program to begin with".to_owned()
            }
            Self::Read { .. } => "check the name and the permissions".to_owned(),
            Self::Write { .. } | Self::Output(_) => "check permissions and free space".to_owned(),
            Self::NotAFile { programs, .. } => match programs.first() {
                Some(program) => format!("name a file in it: {}", program.display()),
                None => "name a file that ends with .curve".to_owned(),
            },
            Self::TooLong { .. } => "is it the right file?".to_owned(),
            Self::NotText { .. } => {
                "a source is UTF-8 text, usually with a name that ends with .curve".to_owned()
            }
            Self::Bytecode { path } => format!("`curve disasm {}` shows what is in it", path.display()),
            Self::NoFile { got: 0 } => "name a file, or make a program with `curve new NAME`".to_owned(),
            Self::NoFile { .. } => "name the one that you mean".to_owned(),
            Self::Decode { .. } => {
                "`curve build` writes bytecode, in files that end with .curvevm".to_owned()
            }
            Self::State { .. } => "use another --state, or begin again without the file".to_owned(),
            Self::NoFunction { known, .. } if known.is_empty() => "give it an `entry` or a `view`".to_owned(),
            Self::NoFunction { known, .. } => format!("it has {}", known.join(", ")),
            Self::Arguments { .. } => {
                "each argument is one word for the shell: quote what has spaces, as in '3 ASSET'".to_owned()
            }
            Self::Number { what: "--time", .. } => {
                "milliseconds since 1970, or how much later, as in '+30 days'".to_owned()
            }
            Self::Number { .. } => "a block's height, or how many blocks later, as in +100".to_owned(),
            Self::Unusable { .. } | Self::Word { .. } => {
                "values are written as in Curve: 5, '3 ASSET', '2 days', true; accounts by any name"
                    .to_owned()
            }
            Self::Fund { .. } => "for example --fund 'alice=100 ASSET'".to_owned(),
            Self::Account { .. } => "names are letters, digits, - and _, as in alice".to_owned(),
            Self::ViewPayment { .. } => "leave --payment out".to_owned(),
            Self::NotDeployed { .. } => {
                "first `curve run FILE init … --state FILE`, then the same --state here".to_owned()
            }
            Self::Deployed { .. } => "use another --state for another ledger".to_owned(),
            Self::Call(_) => "the bytecode and the source belong to different versions".to_owned(),
            Self::NoTest { .. } => "`curve test` without --filter shows all names".to_owned(),
            Self::NoCode { .. } => "`curve explain --list` shows all codes".to_owned(),
            Self::ProgramName { .. } => {
                "a name begins with a lower-case letter and goes on with a-z, 0-9 and _, as in my_program"
                    .to_owned()
            }
            Self::Exists { .. } => "choose another name, or remove it".to_owned(),
            Self::Protocol(_) => {
                "`curve lsp` is started by an editor, which speaks to it over stdin and stdout".to_owned()
            }
        }
    }
}
