//! `asset status`

use client::rpc::text::Hex32;
use serde_json::json;

use crate::{Error, Shell, Verdict, context::Context, words::shown};

pub async fn run(context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    let (client, chain) = context.chain().await?;
    let status = client.status().await?;
    let rollup = match context.solana() {
        Ok(solana) => Some(solana.rollup(&chain.genesis.program_id).await?),
        Err(Error::NoSolana) => None,
        Err(error) => return Err(error),
    };
    let verdict = match status.halted {
        None => Verdict::Good,
        Some(_) => Verdict::Refused,
    };
    if shell.is_json() {
        let settled = rollup.map(|rollup| {
            json!({ "height": rollup.height(), "slot": rollup.slot, "state_root": Hex32(rollup.state.last.state_root) })
        });
        shell.json(&json!({ "chain": Hex32(*chain.id()), "validator": status, "solana": settled }))?;
        return Ok(verdict);
    }
    shell.fact("chain", Hex32(*chain.id()))?;
    shell.fact("validator", &status.node)?;
    shell.fact(
        "height",
        format_args!("{}, view {}, epoch {}", status.height, status.view, status.epoch),
    )?;
    shell.fact("root", status.state_root)?;
    let peers = format!(
        "{} of {} other members connected",
        status.peers,
        status.committee.saturating_sub(1)
    );
    shell.fact("committee", peers)?;
    let mempool = status.mempool;
    let waiting = format!(
        "{} transactions of {} senders wait",
        mempool.transactions, mempool.senders
    );
    shell.fact("mempool", waiting)?;
    shell.fact("least fee", shown(chain.params.base_fee))?;
    match &rollup {
        Some(rollup) => {
            let behind = status.height.saturating_sub(rollup.height());
            shell.fact(
                "solana",
                format_args!(
                    "height {}, {behind} behind, slot {}",
                    rollup.height(),
                    rollup.slot
                ),
            )?;
        }
        None => shell.fact(
            "solana",
            format_args!("height {}, as the validator says", status.settlement.height),
        )?,
    }
    if let Some(reason) = &status.halted {
        shell.fact("halted", reason)?;
    }
    Ok(verdict)
}
