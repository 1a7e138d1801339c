//! Deployment and governance with the real program on a local chain, by the real process.

use std::fs;

use crate::stage::{Stage, member};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use settlement::{Keypair, Signer as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_deployed_once_and_verified() {
    let stage = Stage::new().await;
    let missing = stage.refused("status", 2);
    assert!(missing.contains("does not exist on this cluster"), "{missing}");
    stage.done("registry add 0.1.0 --revision abc123");
    let first = stage.done("deploy --authority upgrader.json");
    assert_eq!(
        (&first["verified"], &first["recorded"]),
        (&json!(true), &json!(true))
    );
    assert!(first["writes"].as_u64().unwrap() > 100, "{first}");
    assert_eq!(first["upgrade_authority"], stage.upgrader.pubkey().to_string());
    let again = stage.done("deploy --authority upgrader.json");
    assert_eq!(
        (&again["writes"], &again["slot"]),
        (&json!(0), &first["slot"]),
        "nothing is done twice"
    );

    let verified = stage.done("registry verify");
    assert_eq!(verified["on_chain"]["version"], "0.1.0");
    let shown = stage.done("registry show 0.1.0");
    let rollouts = shown["record"]["rollouts"].as_array().unwrap();
    assert_eq!(rollouts.len(), 1);
    assert_eq!(
        (&rollouts[0]["cluster"], &rollouts[0]["outcome"]),
        (&json!("localnet"), &json!("deployed"))
    );
    stage.add_release("0.2.0");
    let other = stage.refused("deploy --authority upgrader.json", 2);
    assert!(other.contains("upgrade it instead"), "{other}");

    let so = stage.path("registry/asset_rollup_program/0.1.0/asset_rollup_program.so");
    let mut bytes = fs::read(&so).unwrap();
    bytes[1000] ^= 1;
    fs::write(&so, bytes).unwrap();
    let tampered = stage.refused("registry verify", 2);
    assert!(tampered.contains("sha256"), "{tampered}");
    stage.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_was_interrupted_goes_on() {
    let stage = Stage::new().await;
    let release = registry::embedded().unwrap();
    let upload = settlement::deploy::Upload {
        payer: &stage.governance,
        authority: &stage.upgrader,
        elf: &release.program,
    };
    // What a deployment does before it is killed.
    let client = stage.client();
    let uploaded = settlement::deploy::upload_program(client.rpc(), &upload)
        .await
        .unwrap();
    assert!(uploaded.writes > 100);
    let deployed = stage.done("deploy --authority upgrader.json");
    assert_eq!(deployed["writes"], 0, "the buffer was there");
    assert_eq!(deployed["verified"], true);
    stage.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn governance_pauses_lists_and_passes_on() {
    let mut stage = Stage::new().await;
    stage.begin().await;
    stage.post().await;
    let status = stage.done("status");
    assert_eq!((&status["height"], &status["paused"]), (&json!(1), &json!(false)));
    assert_eq!(status["committee"]["members"], 4);
    assert_eq!(status["program"]["registry_version"], "0.1.0");
    assert_eq!(status["program"]["as_recorded"], Value::Null);

    for _ in 0..2 {
        assert_eq!(stage.done("pause")["paused"], true);
    }
    assert_eq!(stage.run("status").code, 1, "paused is not as it should be");
    assert_eq!(stage.done("resume")["paused"], false);

    let other = Keypair::new().pubkey();
    let added = stage.done(&format!("poster add {other}"));
    assert_eq!(added["posters"].as_array().unwrap().len(), 2);
    let revoked = stage.done(&format!("poster revoke {other}"));
    assert_eq!(revoked["posters"], json!([stage.poster.pubkey().to_string()]));

    let next = Keypair::new();
    stage.write_key("next.json", &next);
    let airdrop = localnet::Airdrop {
        to: next.pubkey(),
        lamports: 1_000_000_000,
    };
    stage.chain.airdrop(airdrop).await.unwrap();
    let refused = stage.refused(
        &format!("role propose governance {} --keypair next.json", next.pubkey()),
        2,
    );
    assert!(refused.contains("custom program error"), "{refused}");
    stage.done(&format!("role propose governance {}", next.pubkey()));
    let accepted = stage.done("role accept governance --keypair next.json");
    assert_eq!(accepted["governance"], next.pubkey().to_string());
    stage.refused("pause --keypair upgrader.json", 2);
    assert_eq!(stage.done("evidence show")["conflict"], Value::Null);
    stage.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committee_is_staged_from_what_keygen_prints() {
    let stage = Stage::new().await;
    stage.begin().await;
    let mut rng = StdRng::seed_from_u64(9);
    let members: Vec<Value> = (11..14)
        .map(|index| {
            let (_, register) = member(&mut rng, 1, index);
            json!({
                "node": settlement::Pubkey::new_from_array(register.owner).to_string(),
                "bls_pk1": hex::encode(register.pk1),
                "bls_pk2": hex::encode(register.pk2),
                "possession": hex::encode(register.signature),
                "peer_id": "12D3KooW",
                "stake": 5,
            })
        })
        .collect();
    fs::write(stage.path("members.json"), json!(members).to_string()).unwrap();
    for _ in 0..2 {
        let staged = stage.done("committee stage members.json");
        assert_eq!(
            (&staged["epoch"], &staged["sealed"], &staged["quorum"]),
            (&json!(1), &json!(true), &json!(11))
        );
        let shown = stage.done(&format!("committee show {}", staged["address"].as_str().unwrap()));
        assert_eq!(shown["hash"], staged["hash"]);
    }
    assert_eq!(stage.done("committee show")["epoch"], 0, "staged is not active");
    let mut wrong = members.clone();
    wrong[0]["possession"] = json!("00");
    fs::write(stage.path("wrong.json"), json!(wrong).to_string()).unwrap();
    let refused = stage.refused("committee stage wrong.json", 2);
    assert!(
        refused.contains("possession is no hexadecimal of 128 digits"),
        "{refused}"
    );
    stage.chain.stop().await.unwrap();
}
