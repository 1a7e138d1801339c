//! `sequencer completions` and `sequencer man`.

use std::path::PathBuf;

use clap::CommandFactory as _;

use super::{Cli, Failure};

const COMPLETIONS: &str = "\
Examples:
  sequencer completions bash > /usr/share/bash-completion/completions/sequencer
  sequencer completions zsh > ~/.zfunc/_sequencer";

const MAN: &str = "\
Examples:
  sequencer man | man -l -
  sequencer man --out /usr/local/share/man/man1";

/// Prints a script by which a shell completes commands and flags.
#[derive(Debug, clap::Args)]
#[command(after_help = COMPLETIONS)]
pub struct Completions {
    /// For which shell
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

/// Prints the manual page, or writes one for each command.
#[derive(Debug, clap::Args)]
#[command(after_help = MAN)]
pub struct Man {
    /// Directory for a page of each command
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Completions {
    pub(super) fn execute(self) {
        clap_complete::generate(
            self.shell,
            &mut Cli::command(),
            "sequencer",
            &mut std::io::stdout(),
        );
    }
}

impl Man {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let done = match &self.out {
            Some(dir) => {
                std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
            }
            None => clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout()),
        };
        done.map_err(|error| Failure::new(error, "choose a directory of your own"))
    }
}
