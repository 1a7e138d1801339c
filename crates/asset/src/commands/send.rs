//! Signing, sending and following: what all commands that change something do.

use assetvm::{Action, SigningKey, Transaction};
use client::{Chain, Client};

use super::receipt;
use crate::{Error, Shell, Verdict, cli::Send, context::Context};

/// Sends an action of the key's account, as it is.
pub async fn action(
    action: Action,
    send: &Send,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let key = context.key()?;
    let (client, chain) = context.chain().await?;
    let transaction = sign(&client, &chain, &key, action, send).await?;
    follow(&client, &transaction, send, shell, None).await
}

/// The key's next transaction, signed.
pub async fn sign(
    client: &Client,
    chain: &Chain,
    key: &SigningKey,
    action: Action,
    send: &Send,
) -> Result<Transaction, Error> {
    let mut body = client.prepare(chain, key.address(), action).await?;
    body.fee = send.fee.unwrap_or(body.fee);
    Ok(key.sign(body))
}

/// Sends a transaction and shows what becomes of it; `made` is the address of the program that it puts on the chain.
pub async fn follow(
    client: &Client,
    transaction: &Transaction,
    send: &Send,
    shell: &mut Shell,
    made: Option<assetvm::Address>,
) -> Result<Verdict, Error> {
    let id = client.submit(transaction).await?;
    if !shell.is_json() {
        shell.notice(format_args!("sent {id}"));
    }
    let status = client.wait(&id, send.wait, send.limit()).await?;
    receipt::show(&id, &status, made, shell)
}
