//! One file for each command.

pub mod committee;
pub mod deploy;
pub mod evidence;
pub mod pause;
pub mod poster;
pub mod registry;
pub mod role;
pub mod rollback;
pub mod status;
pub mod upgrade;

use crate::cli::{Cli, Command};
use crate::{Answer, Error, Settings};

/// Does what the command line says.
pub(crate) async fn run(cli: &Cli) -> Result<Answer, Error> {
    let settings = Settings::load(&cli.global)?;
    match &cli.command {
        Command::Deploy(args) => deploy::run(&settings, args).await,
        Command::Registry(command) => registry::run(&settings, command).await,
        Command::Status => status::run(&settings).await,
        Command::Pause => pause::pause(&settings).await,
        Command::Resume => pause::resume(&settings).await,
        Command::Poster(command) => poster::run(&settings, command).await,
        Command::Role(command) => role::run(&settings, command).await,
        Command::Committee(command) => committee::run(&settings, command).await,
        Command::Evidence(command) => evidence::run(&settings, command).await,
        Command::Upgrade(args) => upgrade::run(&settings, args).await,
        Command::Rollback(args) => rollback::run(&settings, args).await,
    }
}
