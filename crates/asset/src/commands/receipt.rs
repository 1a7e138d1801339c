//! `asset receipt`, and what sending shows.

use std::time::Duration;

use assetvm::{Address, TxId};
use client::{
    Stage,
    rpc::types::{EventView, ReceiptView, TransactionStatus},
};
use serde_json::{Value, json};

use crate::{
    Error, Shell, Verdict,
    context::Context,
    shell::Ink,
    words::{self, shown},
};

pub async fn run(
    id: &TxId,
    wait: Option<Stage>,
    timeout: u64,
    context: &Context<'_>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let client = context.client()?;
    let status = match wait {
        Some(stage) => client.wait(id, stage, Duration::from_secs(timeout)).await?,
        None => client.transaction_status(id).await?,
    };
    show(id, &status, None, shell)
}

/// Shows where a transaction stands and what it did.
pub fn show(
    id: &TxId,
    status: &TransactionStatus,
    made: Option<Address>,
    shell: &mut Shell,
) -> Result<Verdict, Error> {
    let inclusion = status.inclusion();
    let failed = inclusion.is_some_and(|inclusion| inclusion.receipt.failure.is_some());
    let verdict = match failed || matches!(status, TransactionStatus::Unknown) {
        true => Verdict::Refused,
        false => Verdict::Good,
    };
    if shell.is_json() {
        let mut value = serde_json::to_value(status).expect("our own structs have a JSON form");
        if let Value::Object(fields) = &mut value {
            fields.insert("id".into(), json!(id.to_string()));
            if let Some(program) = made.filter(|_| !failed) {
                fields.insert("program".into(), json!(program.to_string()));
            }
        }
        shell.json(&value)?;
        return Ok(verdict);
    }
    shell.fact("id", id)?;
    shell.fact("status", standing(status))?;
    let Some(inclusion) = inclusion else {
        return Ok(verdict);
    };
    shell.fact(
        "block",
        format_args!("{}, number {}", inclusion.height, inclusion.index),
    )?;
    receipt(&inclusion.receipt, shell)?;
    if let Some(program) = made.filter(|_| !failed) {
        shell.fact("program", program)?;
    }
    Ok(verdict)
}

fn standing(status: &TransactionStatus) -> String {
    match status {
        TransactionStatus::Unknown => "unknown to this validator".to_owned(),
        TransactionStatus::Pending => "accepted: it waits for a block".to_owned(),
        TransactionStatus::Decided(_) => "final".to_owned(),
        TransactionStatus::Settled(settlement) => format!("settled on Solana by slot {}", settlement.slot),
    }
}

/// Shows what a transaction did, or would do.
pub fn receipt(receipt: &ReceiptView, shell: &mut Shell) -> Result<(), Error> {
    shell.fact("fee", shown(receipt.fee))?;
    if receipt.gas_used > 0 {
        shell.fact("gas", receipt.gas_used)?;
    }
    match &receipt.failure {
        None => {
            let done = shell.ink(Ink::Good, "applied");
            shell.fact("outcome", done)?;
        }
        Some(failure) => {
            let done = shell.ink(Ink::Bad, "failed");
            shell.fact(
                "outcome",
                format_args!("{done}: {} (code {})", failure.message, failure.code),
            )?;
        }
    }
    for event in &receipt.events {
        shell.fact("event", announced(event))?;
    }
    if let Some(results) = &receipt.results {
        shell.fact("returned", format_args!("0x{}", hex::encode(&results.0)))?;
    }
    Ok(())
}

fn announced(event: &EventView) -> String {
    let Some(name) = &event.name else {
        return format!(
            "number {} of {}: 0x{}",
            event.event,
            event.program.0,
            hex::encode(&event.data.0)
        );
    };
    let fields = event.fields.iter();
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("{name}: {}", words::text(value)))
        .collect();
    format!("{name}({})", fields.join(", "))
}
