//! The commands, each in its file.

mod accounts;
mod blocks;
mod faucet;
mod keys;
mod programs;
mod proof;
mod receipt;
mod send;
mod status;
mod watch;

use clap::CommandFactory as _;

use crate::{
    Error, Shell, Verdict,
    cli::{Cli, Command},
    context::Context,
};

/// Does what the command line says.
pub async fn run(cli: &Cli, shell: &mut Shell) -> Result<Verdict, Error> {
    let context = Context::new(cli)?;
    match &cli.command {
        Command::Keys { command } => keys::run(command, &context, shell),
        Command::Faucet { who } => faucet::run(*who, &context, shell).await,
        Command::Balance { who } => accounts::balance(*who, &context, shell).await,
        Command::Transfer {
            to,
            amount,
            memo,
            send,
        } => accounts::transfer(*to, *amount, memo, send, &context, shell).await,
        Command::Mint { to, amount, send } => accounts::mint(*to, *amount, send, &context, shell).await,
        Command::Burn { amount, send } => accounts::burn(*amount, send, &context, shell).await,
        Command::Deploy {
            file,
            args,
            upgradeable,
            payment,
            gas,
            send,
        } => {
            let deployment = programs::Deployment {
                file,
                words: args,
                upgradeable: *upgradeable,
                payment: *payment,
                gas: *gas,
            };
            programs::deploy(&deployment, send, &context, shell).await
        }
        Command::Call {
            program,
            entry,
            args,
            payment,
            gas,
            dry_run,
            send,
        } => {
            let call = programs::Call {
                program: *program,
                entry,
                words: args,
                payment: *payment,
                gas: *gas,
            };
            match dry_run {
                true => programs::dry_run(&call, &context, shell).await,
                false => programs::call(&call, send, &context, shell).await,
            }
        }
        Command::View { program, view, args } => programs::view(program, view, args, &context, shell).await,
        Command::Program { program } => programs::show(program, &context, shell).await,
        Command::Receipt { id, wait, timeout } => receipt::run(id, *wait, *timeout, &context, shell).await,
        Command::Proof { command } => proof::run(command, &context, shell).await,
        Command::Watch { who, blocks } => watch::run(*who, *blocks, &context, shell).await,
        Command::Block { height } => blocks::run(*height, &context, shell).await,
        Command::Status => status::run(&context, shell).await,
        Command::Completions { shell: kind } => completions(*kind, shell),
        Command::Man => manual(shell),
    }
}

fn completions(kind: clap_complete::Shell, shell: &mut Shell) -> Result<Verdict, Error> {
    let mut script = Vec::new();
    clap_complete::generate(kind, &mut Cli::command(), "asset", &mut script);
    shell.raw(&script).map(|()| Verdict::Good)
}

fn manual(shell: &mut Shell) -> Result<Verdict, Error> {
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(Cli::command());
    manual.render(&mut page).map_err(Error::Output)?;
    shell.raw(&page).map(|()| Verdict::Good)
}
