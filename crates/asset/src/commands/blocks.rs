//! `asset block`

use client::rpc::{text::Hex32, types::ReceiptView};
use serde_json::json;

use crate::{Error, Shell, Verdict, context::Context, shell::Ink, words::shown};

pub async fn run(height: Option<u64>, context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    let (client, chain) = context.chain().await?;
    let height = match height {
        Some(height) => height,
        None => client.status().await?.height,
    };
    let block = client.block(height).await?;
    let certified = client.certified(&chain, height).await?;
    let final_by: Vec<String> = chain
        .signers(&certified.certificate)
        .map(|node| node.to_string())
        .collect();
    let agrees = certified.header.encode()[..] == block.header.0[..];
    let verdict = match agrees {
        true => Verdict::Good,
        false => Verdict::Refused,
    };
    if shell.is_json() {
        let certified_at = certified.certificate.height().get();
        shell.json(&json!({ "block": block, "final": agrees, "certificate_height": certified_at, "signers": final_by }))?;
        return Ok(verdict);
    }
    let summary = &block.summary;
    shell.fact("height", summary.height)?;
    shell.fact("view", summary.view)?;
    shell.fact("time", format_args!("{} ms since 1970", summary.timestamp_ms))?;
    shell.fact("leaf", summary.leaf)?;
    shell.fact("parent", Hex32(certified.header.parent))?;
    shell.fact("root", summary.state_root)?;
    let by = match agrees {
        true => format!(
            "signed by {} of {}",
            final_by.len(),
            chain.committee.members().len()
        ),
        false => shell.ink(Ink::Bad, "no: the certificate is of another block"),
    };
    shell.fact("final", by)?;
    for node in &final_by {
        shell.fact("", node)?;
    }
    shell.fact("payload", format_args!("{} transactions", summary.transactions))?;
    for receipt in &block.receipts {
        shell.fact("", line(receipt))?;
    }
    Ok(verdict)
}

fn line(receipt: &ReceiptView) -> String {
    let outcome = receipt.failure.as_ref().map_or("applied", |_| "failed");
    format!("{}  {outcome}, fee {}", receipt.id.0, shown(receipt.fee))
}
