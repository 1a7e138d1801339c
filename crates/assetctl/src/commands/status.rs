//! `assetctl status`: how the rollup and its program stand.

use rollup_abi::account::{Release, RollupState};
use rollup_abi::release::parts;
use serde_json::{Value, json};
use settlement::Pubkey;

use crate::answer::step;
use crate::running::Running;
use crate::{Answer, Error, Settings};

pub(crate) async fn run(settings: &Settings) -> Result<Answer, Error> {
    step(settings.shown());
    let client = settings.client();
    let rollup = client.rollup_state().await?;
    let state = &rollup.state;
    let committee = match state.active {
        1 => Some(client.committee(&rollup.committee()).await?),
        _ => None,
    };
    let running = running(settings, &client).await?;
    let program = program(state, &running);
    let moving = state.active == 1 && state.paused == 0 && state.frozen == 0;
    let mut json = rollup_json(state);
    json["slot"] = json!(rollup.observed_slot);
    json["committee"] = json!({
        "address": rollup.committee().to_string(),
        "epoch": state.epoch,
        "members": committee.as_ref().map(|committee| committee.members.len()),
        "total_stake": committee.as_ref().map(|committee| committee.state.total_stake),
        "quorum": committee.as_ref().map(|committee| committee.state.quorum),
    });
    let as_recorded = program["as_recorded"] != json!(false);
    json["program"] = program;
    let text = text(&json);
    Ok(Answer::new(text, &json).good_if(moving && as_recorded))
}

async fn running(settings: &Settings, client: &settlement::RollupClient) -> Result<Running, Error> {
    match settings.open_registry() {
        Ok(registry) => Running::find(client, &registry).await,
        // Without a registry at hand only the record on chain can be compared.
        Err(_) => Ok(Running {
            code: settlement::deploy::program_code(client.rpc(), &client.program()).await?,
            version: None,
        }),
    }
}

/// The program, and whether it is what governance recorded last; `null` if nothing was ever recorded.
fn program(state: &RollupState, running: &Running) -> Value {
    let recorded = state.running();
    json!({
        "registry_version": running.version,
        "upgrade_authority": running.authority(),
        "slot": running.code.slot,
        "recorded": recorded.map(release),
        "as_recorded": recorded.map(|recorded| is_recorded(recorded, running)),
    })
}

/// Whether the code is the recorded one.
fn is_recorded(recorded: &Release, running: &Running) -> bool {
    let code = &running.code.bytes;
    let used = code
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    // The record has no length, and the end of a program is zeros like the padding after it: the last row of an ELF file's section
    // table ends in at most 15 of them.
    (used..=code.len().min(used + 15))
        .any(|len| rollup_abi::hash::sha256(&[&code[..len]]) == recorded.program_hash)
}

fn release(release: &Release) -> Value {
    let (major, minor, patch) = parts(release.version);
    json!({
        "version": format!("{major}.{minor}.{patch}"),
        "state_version": release.state_version,
        "slot": release.slot,
        "unix_time": release.unix_time,
        "program_sha256": hex::encode(release.program_hash),
        "idl_sha256": hex::encode(release.idl_hash),
    })
}

fn key(bytes: &[u8; 32]) -> Option<String> {
    (*bytes != [0; 32]).then(|| Pubkey::new_from_array(*bytes).to_string())
}

fn rollup_json(state: &RollupState) -> Value {
    let last = &state.last;
    json!({
        "chain_id": hex::encode(state.chain_id),
        "state_version": state.state_version,
        "height": last.height,
        "view": last.view,
        "state_root": hex::encode(last.state_root),
        "accepted_in_slot": last.slot,
        "accepted": state.accepted,
        "active": state.active == 1,
        "paused": state.paused == 1,
        "frozen": state.frozen == 1,
        "governance": key(&state.governance),
        "guardian": key(&state.guardian),
        "delay_seconds": state.delay,
        "posters": state.posters.iter().filter_map(key).collect::<Vec<_>>(),
        "replacement": key(&state.replacement.committee),
    })
}

fn text(json: &Value) -> String {
    let said = |value: &Value| match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "anybody".to_owned(),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    };
    let on = |flag: &str| json[flag] == json!(true);
    let standing = match (on("frozen"), on("paused"), on("active")) {
        (true, ..) => "frozen by a conflict",
        (_, true, _) => "paused",
        (.., false) => "waits for its first committee",
        _ => "takes roots",
    };
    let (committee, program) = (&json["committee"], &json["program"]);
    let as_recorded = match program["as_recorded"].as_bool() {
        None => "nothing was recorded yet",
        Some(true) => "as recorded",
        Some(false) => "NOT the recorded one",
    };
    let rows = [
        (
            "rollup",
            format!(
                "{standing}, height {}, root {}",
                said(&json["height"]),
                said(&json["state_root"])
            ),
        ),
        (
            "committee",
            format!(
                "epoch {}, {} members, quorum {} of {}, {}",
                said(&committee["epoch"]),
                said(&committee["members"]),
                said(&committee["quorum"]),
                said(&committee["total_stake"]),
                said(&committee["address"])
            ),
        ),
        (
            "program",
            format!(
                "release {}, {as_recorded} (record: {}), slot {}",
                said(&program["registry_version"]),
                said(&program["recorded"]["version"]),
                said(&program["slot"])
            ),
        ),
        ("upgrades", said(&program["upgrade_authority"])),
        ("governance", said(&json["governance"])),
        ("guardian", said(&json["guardian"])),
        ("posters", said(&json["posters"])),
    ];
    rows.map(|(name, value)| format!("{name:<11}{value}\n")).concat()
}
