//! `asset faucet`

use client::{FOLLOW_TIMEOUT, Stage};
use serde_json::json;

use crate::{Error, Shell, Verdict, cli::Who, context::Context, words::shown};

pub async fn run(who: Option<Who>, context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    let note = context.testnet().ok_or(Error::NoFaucet)?;
    let address = context.address(who)?;
    let gift = note.faucet(&address).await.map_err(|error| Error::Faucet {
        reason: error.to_string(),
    })?;
    let client = context.client()?;
    client.wait(&gift.id.0, Stage::Final, FOLLOW_TIMEOUT).await?;
    if shell.is_json() {
        let said =
            json!({ "address": address.to_string(), "amount": gift.amount.to_string(), "id": gift.id });
        shell.json(&said)?;
    } else {
        shell.line(format_args!("{} to {address}", shown(gift.amount)))?;
    }
    Ok(Verdict::Good)
}
