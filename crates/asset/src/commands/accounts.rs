//! `asset balance`, `asset transfer`, `asset mint`, `asset burn`

use assetvm::{Action, Address, Amount, Memo};
use client::rpc::text::Hex32;
use serde_json::json;

use super::send;
use crate::{
    Error, Shell, Verdict,
    cli::{Send, Who},
    context::Context,
    words::shown,
};

pub async fn balance(who: Option<Who>, context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    let address = context.address(who)?;
    let (client, chain) = context.chain().await?;
    let proven = client.proven_account(&chain, &address).await?;
    let (account, at) = (proven.account, &proven.at);
    let signers = chain.signers(&at.certificate).count();
    let members = chain.committee.members().len();
    if shell.is_json() {
        shell.json(&json!({
            "address": address.to_string(),
            "balance": account.balance.to_string(),
            "nonce": account.nonce.get(),
            "height": at.header.height,
            "state_root": Hex32(at.header.state_root),
            "signers": signers,
            "committee": members,
        }))?;
        return Ok(Verdict::Good);
    }
    shell.line(shown(account.balance))?;
    shell.notice(format_args!(
        "proven at height {}, which {signers} of {members} validators have signed",
        at.header.height
    ));
    Ok(Verdict::Good)
}

pub async fn transfer(
    to: Address,
    amount: Amount,
    memo: &Memo,
    send: &Send,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let memo = memo.clone();
    send::action(Action::Transfer { to, amount, memo }, send, context, shell).await
}

pub async fn mint(
    to: Address,
    amount: Amount,
    send: &Send,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    send::action(Action::Mint { to, amount }, send, context, shell).await
}

pub async fn burn(
    amount: Amount,
    send: &Send,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    send::action(Action::Burn { amount }, send, context, shell).await
}
