//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

/// Write, test and measure programs of Asset L2.
///
/// Curve is a small language for programs that hold and move $ASSET. A program is one file: its state, the entries that change
/// it, the laws that hold after every entry, and its tests.
#[derive(Debug, Parser)]
#[command(
    name = "curve",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "\
Examples:
  curve new vesting && cd vesting      a program to begin with
  curve test                           its tests
  curve run vesting.curve init '30 days' --state ledger.json
  curve explain E0302                  what an error means

Exit codes: 0 all is well, 1 findings in the program, 2 the command line or a file cannot be used."
)]
pub struct Cli {
    /// When to use colours; NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Colour,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is wrong with programs.
    #[command(after_help = "\
Examples:
  curve check                          every program of this directory
  curve check split.curve --json

Exit codes: 0 no errors, 1 errors, 2 a file cannot be read.")]
    Check(CheckArgs),
    /// Compile a program to bytecode and the description of its interface.
    #[command(after_help = "\
Examples:
  curve build split.curve              build/split.curvevm, build/split.json
  curve build split.curve --emit bytecode,interface,source-map --out-dir target
  curve build split.curve --emit asm --stdout

Exit codes: 0 built, 1 the program has errors, 2 a file cannot be read or written.")]
    Build(BuildArgs),
    /// Call an entry or a view on a ledger in memory.
    #[command(after_help = "\
Arguments are values as in Curve. Where an address is wanted, a plain name is an account of that name, as in tests.
With --state, the ledger is read from a file and written back, so that several calls make a story.

Examples:
  curve run split.curve init alice bob 30 --state ledger.json
  curve run split.curve pay --caller carol --fund 'carol=100 ASSET' --payment '10 ASSET' --state ledger.json
  curve run vesting.curve claim --caller alice --time '+30 days' --state ledger.json

Exit codes: 0 the call succeeded, 1 it failed or the program has errors, 2 the command line or a file cannot be used.")]
    Run(RunArgs),
    /// Run the tests that stand beside programs, on the machine and by the reference interpreter.
    #[command(after_help = "\
Examples:
  curve test                           every program of this directory
  curve test split.curve --filter nothing
  curve test split.curve --cases 100000 --seed 7

Exit codes: 0 all pass, 1 a test fails or a program has errors, 2 a file cannot be read or no test is selected.")]
    Test(TestArgs),
    /// Lay programs out in the one way there is.
    #[command(after_help = "\
Examples:
  curve fmt                            every program of this directory, in place
  curve fmt --check                    only show what would change
  curve fmt - < split.curve            standard input to standard output

Exit codes: 0 all is laid out, 1 --check found something or a program cannot be read, 2 a file cannot be used.")]
    Fmt(FmtArgs),
    /// Show a program's bytecode as assembly.
    #[command(after_help = "\
Examples:
  curve disasm split.curve             with the source between
  curve disasm build/split.curvevm     and whether the verifier accepts it

Exit codes: 0 shown, 1 the program has errors or is refused by the verifier, 2 a file cannot be used.")]
    Disasm(DisasmArgs),
    /// Show every instruction of a call, with the registers that it changes and its gas.
    #[command(after_help = "\
Examples:
  curve trace vesting.curve claim --caller alice --state ledger.json
  curve trace split.curve init alice bob 101 --steps 50

The ledger's file is read, but not written. Exit codes are those of `curve run`.")]
    Trace(TraceArgs),
    /// Show what calls cost: the most for each function, or one call line by line.
    #[command(after_help = "\
Examples:
  curve gas split.curve                a table of all functions
  curve gas split.curve init alice bob 30

Ten gas are one simple instruction. \"metered\" stands where no bound is known before the call: it loops, or calls another
program. Exit codes are those of `curve run`.")]
    Gas(GasArgs),
    /// Explain a code of an error, a warning or a trap.
    #[command(after_help = "\
Examples:
  curve explain E0302
  curve explain T0002
  curve explain --list")]
    Explain(ExplainArgs),
    /// Make a directory with a program and its tests.
    #[command(after_help = "\
Example:
  curve new piggy_bank && cd piggy_bank && curve test")]
    New(NewArgs),
    /// Be a language server over standard input and output, for editors.
    #[command(after_help = "\
An editor starts it; it offers errors while typing with their fixes, hover, definitions, references, an outline and formatting.")]
    Lsp,
    /// Print completions for a shell.
    #[command(after_help = "\
Example:
  curve completions bash > ~/.local/share/bash-completion/completions/curve")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "\
Example:
  curve man > curve.1 && man ./curve.1")]
    Man,
}

impl Command {
    /// Whether the result is to be JSON.
    pub const fn json(&self) -> bool {
        match self {
            Self::Check(args) => args.json,
            Self::Run(args) => args.json,
            Self::Test(args) => args.json,
            Self::Gas(args) => args.json,
            _ => false,
        }
    }
}

/// Programs.
#[derive(Args, Debug)]
pub struct Files {
    /// Sources; `-` is standard input. Without any, all programs of this directory.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `curve check`
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Which programs.
    #[command(flatten)]
    pub files: Files,
    /// Count warnings as errors.
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `curve build`
#[derive(Args, Debug)]
pub struct BuildArgs {
    /// The source. Without it, the only program of this directory.
    pub file: Option<PathBuf>,
    /// What to write.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Emit::Bytecode, Emit::Interface])]
    pub emit: Vec<Emit>,
    /// Where to.
    #[arg(long, value_name = "DIR", default_value = "build")]
    pub out_dir: PathBuf,
    /// Print it instead of writing files.
    #[arg(long)]
    pub stdout: bool,
    /// Leave the optimiser out.
    #[arg(long)]
    pub no_optimise: bool,
}

/// What a program is compiled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// For the machine: NAME.curvevm
    Bytecode,
    /// For callers, as JSON: NAME.json
    Interface,
    /// Which instruction comes from where, as JSON: NAME.map.json
    SourceMap,
    /// The bytecode as text: NAME.asm
    Asm,
    /// What lies between source and bytecode, for the compiler's authors: NAME.ir
    Ir,
}

/// Who calls, when, and with what.
#[derive(Args, Debug)]
pub struct CallOptions {
    /// Who calls: a name, or an address.
    #[arg(long, value_name = "WHO", default_value = "me")]
    pub caller: String,
    /// What comes along, as in '10 ASSET'.
    #[arg(long, value_name = "AMOUNT")]
    pub payment: Option<String>,
    /// Give an account $ASSET before the call, out of nothing, as in 'alice=100 ASSET'. May be repeated.
    #[arg(long, value_name = "WHO=AMOUNT")]
    pub fund: Vec<String>,
    /// The block's height: a number, or +BLOCKS after the ledger's.
    #[arg(long)]
    pub height: Option<String>,
    /// The block's time: milliseconds since 1970, or +DURATION after the ledger's, as in '+30 days'.
    #[arg(long)]
    pub time: Option<String>,
    /// The most gas that the call may use.
    #[arg(long, value_name = "GAS", default_value_t = curve_lang::machine::MAX_GAS.0)]
    pub gas_limit: u64,
    /// The ledger's file. Without it, the ledger is a new one.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// `curve run`
#[derive(Args, Debug)]
pub struct RunArgs {
    /// The source.
    pub file: PathBuf,
    /// `init`, an entry or a view.
    pub function: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Who calls, when, and with what.
    #[command(flatten)]
    pub options: CallOptions,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `curve test`
#[derive(Args, Debug)]
pub struct TestArgs {
    /// Which programs.
    #[command(flatten)]
    pub files: Files,
    /// Only tests with this text in their name.
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Cases of each `for all`.
    #[arg(long, value_parser = value_parser!(u32).range(1..=10_000_000), default_value_t = 256)]
    pub cases: u32,
    /// Where random cases begin.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `curve fmt`
#[derive(Args, Debug)]
pub struct FmtArgs {
    /// Which programs.
    #[command(flatten)]
    pub files: Files,
    /// Change nothing, and show what would change.
    #[arg(long)]
    pub check: bool,
}

/// `curve disasm`
#[derive(Args, Debug)]
pub struct DisasmArgs {
    /// A source or bytecode. Without it, the only program of this directory.
    pub file: Option<PathBuf>,
}

/// `curve trace`
#[derive(Args, Debug)]
pub struct TraceArgs {
    /// The source.
    pub file: PathBuf,
    /// `init`, an entry or a view.
    pub function: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Who calls, when, and with what.
    #[command(flatten)]
    pub options: CallOptions,
    /// Most instructions to show: the last ones of a longer call.
    #[arg(long, value_parser = value_parser!(u32).range(1..=1_000_000), default_value_t = 10_000)]
    pub steps: u32,
}

/// `curve gas`
#[derive(Args, Debug)]
pub struct GasArgs {
    /// The source. Without it, the only program of this directory.
    pub file: Option<PathBuf>,
    /// `init`, an entry or a view to call. Without it, a table of all.
    pub function: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Who calls, when, and with what.
    #[command(flatten)]
    pub options: CallOptions,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `curve explain`
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The code, as in E0302.
    #[arg(required_unless_present = "list")]
    pub code: Option<String>,
    /// Show all codes.
    #[arg(long)]
    pub list: bool,
}

/// `curve new`
#[derive(Args, Debug)]
pub struct NewArgs {
    /// The program's name, and the directory's.
    pub name: String,
}
