//! `assetctl evidence`: the proof of a conflict.

use clap::Subcommand;
use rollup_abi::account::Certified;
use serde_json::{Value, json};

use crate::answer::step;
use crate::{Answer, Error, Settings};

/// `assetctl evidence`
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Show the two certified blocks of one height that froze the rollup.
    #[command(after_help = "\
Examples:
  assetctl evidence show --json > evidence.json

Exit codes: 0 there is none, 1 there is, 2 the rollup cannot be read.")]
    Show,
}

pub(crate) async fn run(settings: &Settings, command: &EvidenceCommand) -> Result<Answer, Error> {
    let EvidenceCommand::Show = command;
    step(settings.shown());
    let state = settings.client().rollup_state().await?.state;
    let conflict = &state.conflict;
    if conflict.slot == 0 {
        let json = json!({ "frozen": state.frozen == 1, "conflict": null });
        return Ok(Answer::new("no conflict was ever shown", &json));
    }
    let json = json!({
        "frozen": state.frozen == 1,
        "conflict": {
            "height": conflict.height,
            "epoch": conflict.epoch,
            "slot": conflict.slot,
            "unix_time": conflict.unix_time,
            "recorded_root": hex::encode(conflict.recorded_root),
            "recorded_leaf": hex::encode(conflict.recorded_leaf),
            "recorded": certified(&conflict.recorded),
            "conflicting_root": hex::encode(conflict.conflicting_root),
            "conflicting_leaf": hex::encode(conflict.conflicting_leaf),
            "conflicting": certified(&conflict.conflicting),
        },
    });
    let proofs = [("accepted", &conflict.recorded), ("other", &conflict.conflicting)];
    let missing = proofs.iter().find(|(_, proof)| !proof.is_set());
    let text = format!(
        "{}: two certified blocks of height {} in epoch {}, shown in slot {}\n  accepted root {}\n  other root    {}\n{}",
        if state.frozen == 1 { "frozen" } else { "was frozen" },
        conflict.height,
        conflict.epoch,
        conflict.slot,
        hex::encode(conflict.recorded_root),
        hex::encode(conflict.conflicting_root),
        missing.map_or_else(
            || "both certificates are stored: whoever signed both is proven to have lied".to_owned(),
            |(which, _)| format!("the {which} block's certificate is not stored yet"),
        ),
    );
    Ok(Answer::new(text, &json).good_if(false))
}

fn certified(proof: &Certified) -> Value {
    if !proof.is_set() {
        return Value::Null;
    }
    json!({
        "view": proof.view,
        "header": hex::encode(proof.header),
        "certificate": hex::encode(proof.certificate()),
    })
}
