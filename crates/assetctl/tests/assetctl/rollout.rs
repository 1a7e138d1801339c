//! Upgrade and rollback of the real program on a local chain, interrupted after every step, with bad programs among them.

use std::fs;
use std::path::PathBuf;

use crate::stage::{self, Stage};
use clap::ValueEnum as _;
use serde_json::{Value, json};
use settlement::{Keypair, Signer as _};

/// What `cargo xtask build-program --as-version` made of the same source.
const NEXT: &str = "0.2.0";

impl Stage {
    /// A rollup that runs 0.1.0, two approvers, and the next release, not approved yet.
    async fn with_next() -> Self {
        let mut stage = Self::new().await;
        let approvers: Vec<(String, String)> = ["ann", "bob"]
            .map(|name| {
                let key = Keypair::new();
                stage.write_key(&format!("{name}.json"), &key);
                (name.to_owned(), key.pubkey().to_string())
            })
            .to_vec();
        let policy = stage.path("registry/asset_rollup_program/policy.json");
        let mut text: Value = serde_json::from_slice(&fs::read(&policy).unwrap()).unwrap();
        text["approvers"] = approvers
            .into_iter()
            .map(|(name, key)| (name, json!(key)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        fs::write(&policy, text.to_string()).unwrap();
        stage.done("registry add 0.1.0 --revision abc123");
        stage.begin().await;
        stage.post().await;
        stage.add_release(NEXT);
        stage.done(&format!("registry add {NEXT} --revision def456"));
        stage
    }

    fn approve(&self, version: &str) {
        for name in ["ann", "bob"] {
            self.done(&format!("registry sign {version} --approver {name}.json --all"));
        }
    }

    /// Makes a release of the next one's program with something changed.
    fn spoil(&self, version: &str, change: impl Fn(&mut Vec<u8>)) {
        let folder = self.path("registry/asset_rollup_program");
        stage::copy_folder(&folder.join(NEXT), &folder.join(version));
        let folder = folder.join(version);
        fs::remove_file(folder.join("record.json")).unwrap();
        let mut program = fs::read(folder.join("asset_rollup_program.so")).unwrap();
        change(&mut program);
        let mut manifest: Value =
            serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
        manifest["version"] = json!(version);
        manifest["program_sha256"] = json!(registry::sha256_hex(&program));
        fs::write(folder.join("asset_rollup_program.so"), program).unwrap();
        fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
        self.done(&format!("registry add {version} --revision bad"));
        self.approve(version);
    }

    fn outcome(&self, version: &str) -> Value {
        let shown = self.done(&format!("registry show {version}"));
        let rollouts = shown["record"]["rollouts"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        rollouts
            .last()
            .map_or(Value::Null, |rollout| rollout["outcome"].clone())
    }

    fn journal(&self, name: &str) -> PathBuf {
        self.path(".assetctl").join(name)
    }

    /// The program that is recorded on chain, and whether posting is paused.
    fn recorded(&self) -> (Value, Value) {
        let status = self.run("status").json;
        assert_eq!(status["program"]["as_recorded"], true, "{status:#}");
        assert_eq!(
            status["program"]["registry_version"],
            status["program"]["recorded"]["version"]
        );
        (
            status["program"]["recorded"]["version"].clone(),
            status["paused"].clone(),
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_needs_signatures_stages_and_the_authority() {
    let stage = Stage::with_next().await;
    let upgrade = format!("upgrade {NEXT} --authority upgrader.json --canary-seconds 0");
    let unsigned = stage.refused(&upgrade, 1);
    assert!(
        unsigned.contains("is not approved") && unsigned.contains("rollback"),
        "{unsigned}"
    );
    stage.done(&format!("registry sign {NEXT} --approver ann.json --all"));
    assert!(
        stage.refused(&upgrade, 1).contains("is not approved"),
        "one of two"
    );
    stage.write_key("eve.json", &Keypair::new());
    let stranger = stage.refused(&format!("registry sign {NEXT} --approver eve.json --all"), 2);
    assert!(stranger.contains("is no approver"), "{stranger}");
    stage.approve(NEXT);
    let skipped = stage.refused(&format!("--cluster next {upgrade}"), 1);
    assert!(
        skipped.contains("only after a healthy rollout to localnet"),
        "{skipped}"
    );
    let thief = stage.refused(&format!("upgrade {NEXT} --canary-seconds 0"), 2);
    assert!(thief.contains("may not upgrade it"), "{thief}");
    assert_eq!(
        stage.done("status")["paused"],
        false,
        "refused before anything was done"
    );

    let record = stage.path("registry/asset_rollup_program/0.2.0/record.json");
    let text = fs::read_to_string(&record).unwrap().replace("def456", "def457");
    fs::write(&record, text).unwrap();
    assert!(
        stage.refused(&upgrade, 1).contains("is not approved"),
        "signed for another revision"
    );
    assert_eq!(stage.run("registry verify").code, 1, "two approvals are void");
    stage.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_is_interrupted_after_and_within_every_step() {
    let mut stage = Stage::with_next().await;
    stage.approve(NEXT);
    let upgrade = format!("upgrade {NEXT} --authority upgrader.json");
    let journal = stage.journal("upgrade-localnet-0.2.0.json");
    let steps: Vec<String> = [
        "check", "pause", "upload", "upgrade", "verify", "migrate", "record", "health",
    ]
    .map(str::to_owned)
    .to_vec();
    for step in &steps {
        let stopped = stage.done(&format!("{upgrade} --until {step}"));
        assert_eq!(stopped["finished"], false, "{stopped:#}");
        // Killed after the act and before its entry: the step is done once more.
        let mut text: Value = serde_json::from_slice(&fs::read(&journal).unwrap()).unwrap();
        let entry = text["done"].as_array_mut().unwrap().pop().unwrap();
        assert_eq!(entry["step"], json!(step));
        fs::write(&journal, text.to_string()).unwrap();
        stage.done(&format!("{upgrade} --until {step}"));
    }
    let paused = stage.run("status").json;
    assert_eq!((&paused["paused"], &paused["height"]), (&json!(true), &json!(1)));
    assert_eq!(stage.recorded(), (json!(NEXT), json!(true)));

    // The posters go on by themselves once posting is resumed, and the canary waits for them.
    let finish = format!("{upgrade} --canary-seconds 60");
    let (finished, ()) = {
        let mut child = stage::assetctl(stage.folder.path());
        let child = child
            .args(finish.split_whitespace())
            .arg("--json")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let posted = stage.post().await;
        assert_ne!(posted, [0; 32]);
        (child.wait_with_output().unwrap(), ())
    };
    assert!(finished.status.success());
    let finished: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(
        (&finished["finished"], &finished["from"]),
        (&json!(true), &json!("0.1.0"))
    );
    assert!(finished["paused_ms"].as_u64().unwrap() > 0);
    assert_eq!(stage.recorded(), (json!(NEXT), json!(false)));
    assert_eq!(stage.outcome(NEXT), "healthy");
    stage.post().await;

    let back = stage.done("rollback --authority upgrader.json --canary-seconds 0");
    assert_eq!((&back["from"], &back["to"]), (&json!(NEXT), &json!("0.1.0")));
    assert_eq!(stage.recorded(), (json!("0.1.0"), json!(false)));
    stage.post().await;
    assert_eq!(stage.done("status")["height"], 4);
    stage.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_programs_are_found_and_rolled_back() {
    let mut stage = Stage::with_next().await;
    // It takes another account for the rollup's: every use of the discriminator asks for other bytes.
    let known = &rollup_abi::account::ROLLUP_DISCRIMINATOR[..4];
    stage.spoil("0.3.0", |program| {
        let places: Vec<usize> = (0..program.len() - 4)
            .filter(|at| program[*at..at + 4] == *known)
            .collect();
        assert!(!places.is_empty(), "the program compares with the discriminator");
        for at in places {
            program[at] ^= 1;
        }
    });
    // It is another version than it says.
    stage.spoil("0.4.0", |_| {});
    for (version, found) in [
        ("0.3.0", "record: "),
        ("0.4.0", "record: the program says that it is 0.2.0"),
    ] {
        let upgrade = format!("upgrade {version} --authority upgrader.json --canary-seconds 0");
        let bad = stage.run(&format!("{upgrade} --auto-rollback"));
        assert_eq!(bad.code, 1, "{bad:#?}");
        let failed = bad.json["failed"].as_str().unwrap();
        assert!(failed.starts_with(found), "{failed}");
        assert_eq!(bad.json["rolled_back"]["to"], "0.1.0");
        assert_eq!(
            stage.recorded(),
            (json!("0.1.0"), json!(false)),
            "posting goes on with what worked"
        );
        assert_eq!(stage.outcome(version), "failed");
        stage.post().await;
    }
    assert_eq!(stage.done("status")["height"], 3);

    // Nobody posts: nothing settles, so the new program is not trusted, and posting stays paused until a person has looked.
    stage.approve(NEXT);
    let silent = format!("upgrade {NEXT} --authority upgrader.json --canary-seconds 1");
    let error = stage.refused(&silent, 1);
    assert!(error.contains("nothing settled after height 3"), "{error}");
    assert_eq!(stage.recorded(), (json!(NEXT), json!(true)));
    stage.done("rollback --authority upgrader.json --canary-seconds 0");
    assert_eq!(stage.recorded(), (json!("0.1.0"), json!(false)));
    stage.post().await;
    stage.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_paused_stays_paused_and_other_states_are_not_touched() {
    let stage = Stage::with_next().await;
    stage.approve(NEXT);
    stage.done("pause");
    stage.done(&format!("upgrade {NEXT} --authority upgrader.json"));
    assert_eq!(stage.recorded(), (json!(NEXT), json!(true)));
    assert_eq!(stage.outcome(NEXT), "deployed", "no root was seen to settle");

    let manifest = stage.path("registry/asset_rollup_program/0.1.0/manifest.json");
    let text = fs::read_to_string(&manifest)
        .unwrap()
        .replace("\"state_version\": 2", "\"state_version\": 1");
    fs::write(&manifest, text).unwrap();
    let refused = stage.refused("rollback --authority upgrader.json", 1);
    assert!(
        refused.contains("reads state version 1, the rollup's account has 2"),
        "{refused}"
    );
    assert_eq!(stage.recorded().0, json!(NEXT));
    stage.chain.stop().await.unwrap();
}

#[test]
fn every_step_can_be_named() {
    let names: Vec<String> = assetctl::Step::value_variants()
        .iter()
        .map(assetctl::Step::to_string)
        .collect();
    assert_eq!(names.len(), 11);
    assert_eq!((names[0].as_str(), names[10].as_str()), ("check", "register"));
}
