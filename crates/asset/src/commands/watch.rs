//! `asset watch`

use std::time::Duration;

use assetvm::{Account, Address};
use client::{Chain, Client};
use serde_json::json;

use crate::{Error, Shell, Verdict, cli::Who, context::Context, words::shown};

/// How often the newest height is asked for.
const POLL: Duration = Duration::from_millis(200);

pub async fn run(
    who: Option<Who>,
    blocks: Option<u64>,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let who = who.map(|who| context.address(Some(who))).transpose()?;
    let (client, chain) = context.chain().await?;
    let mut shown = client.status().await?.height.saturating_sub(1);
    let end = blocks.map(|blocks| shown.saturating_add(blocks));
    let mut last = None;
    while end.is_none_or(|end| shown < end) {
        let newest = client.status().await?.height.min(end.unwrap_or(u64::MAX));
        match who {
            Some(who) if newest > shown => change(&client, &chain, &who, &mut last, shell).await?,
            Some(_) => {}
            None => {
                for height in shown.saturating_add(1)..=newest {
                    block(&client, height, shell).await?;
                }
            }
        }
        shown = shown.max(newest);
        if end.is_none_or(|end| shown < end) {
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(Verdict::Good)
}

async fn block(client: &Client, height: u64, shell: &mut Shell) -> Result<(), Error> {
    let summary = client.block(height).await?.summary;
    if shell.is_json() {
        return shell.json_line(&summary);
    }
    shell.line(format_args!(
        "{:>8}  {:>4} transactions  root {}",
        summary.height, summary.transactions, summary.state_root
    ))?;
    shell.flush()
}

/// Shows an account if it is another than before.
async fn change(
    client: &Client,
    chain: &Chain,
    who: &Address,
    last: &mut Option<Account>,
    shell: &mut Shell,
) -> Result<(), Error> {
    let proven = client.proven_account(chain, who).await?;
    let (account, height) = (proven.account, proven.at.header.height);
    if last.replace(account) == Some(account) {
        return Ok(());
    }
    if shell.is_json() {
        let (balance, nonce) = (account.balance.to_string(), account.nonce.get());
        return shell.json_line(&json!({ "height": height, "balance": balance, "nonce": nonce }));
    }
    shell.line(format_args!("{height:>8}  {}", shown(account.balance)))?;
    shell.flush()
}
