//! The command line of users and the explorer, against five validators and Solana: what people do, in their order.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use asset::Shell;
use assetvm::{Address, SigningKey};
use client::testnet::Note;
use client::{Client, ClientError, Solana, rollup_address};
use serde_json::Value;
use testnet::explorer::Explorer;
use testnet::live::Progress;
use testnet::{Testnet, TestnetConfig};

/// What a command printed.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A person at a terminal: a directory, a key, and where the chain is.
struct Person {
    dir: PathBuf,
    note: Note,
}

struct Ran {
    code: u8,
    out: String,
    err: String,
}

impl Person {
    fn file(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    async fn run(&self, line: &[&str]) -> Ran {
        let rpc = self.note.validators.join(",");
        let chain = ["asset", "--rpc", &rpc, "--solana", &self.note.solana];
        let words = chain.iter().chain(line).map(OsString::from);
        let (out, err) = (Page::default(), Page::default());
        let code = asset::run(words, &mut Shell::to(out.clone(), err.clone())).await;
        Ran {
            code,
            out: out.text(),
            err: err.text(),
        }
    }

    /// What a command answers, which must be done.
    async fn done(&self, line: &[&str]) -> Value {
        let line: Vec<&str> = line.iter().copied().chain(["--json"]).collect();
        let ran = self.run(&line).await;
        assert_eq!(ran.code, 0, "{line:?}: {}{}", ran.out, ran.err);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{line:?}: {error}: {}", ran.out))
    }

    /// What a command answers, to which the chain says no.
    async fn refused(&self, line: &[&str]) -> String {
        let ran = self.run(line).await;
        assert_eq!(ran.code, 1, "{line:?}: {}{}", ran.out, ran.err);
        ran.out
    }
}

async fn start(dir: &Path) -> (Testnet, Explorer, Note) {
    let exe = Path::new(env!("CARGO_BIN_EXE_testnet")).to_owned();
    let config = TestnetConfig::new(dir.to_owned(), exe);
    let testnet = Testnet::start(config, &mut Progress::new(false)).await.unwrap();
    let attached = testnet.attached().unwrap();
    let explorer = Explorer::serve(&attached).await.unwrap();
    let note = explorer.note(&attached);
    (testnet, explorer, note)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_s_first_hour() {
    let (data, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (testnet, explorer, note) = start(data.path()).await;
    let person = Person {
        dir: home.path().to_owned(),
        note: note.clone(),
    };
    let key = person.file("key.json");
    let made = person.done(&["keys", "new", "--out", &key]).await;
    let me: Address = made["address"].as_str().unwrap().parse().unwrap();

    let gift = note.faucet(&me).await.unwrap();
    assert_eq!(gift.amount.to_string(), "100");
    let again = note.faucet(&me).await;
    assert!(
        matches!(again, Err(ClientError::Refused { code: -32001, .. })),
        "{again:?}"
    );
    let balance = person.done(&["balance", "--key", &key]).await;
    assert_eq!(balance["balance"], "100");
    assert!(balance["signers"].as_u64() >= Some(4), "{balance}");

    money(&person, &key).await;
    program(&person, &key).await;
    proofs(&person, &key).await;
    looking(&person, &note).await;
    drop(explorer);
    assert_eq!(testnet.stop().await, Vec::<String>::new());
}

/// Transfers, burns, and what is not allowed.
async fn money(person: &Person, key: &str) {
    let bob = SigningKey::from_seed(&[9; 32]).address().to_string();
    let sent = person
        .done(&[
            "transfer", &bob, "12.5", "--memo", "rent", "--wait", "settled", "--key", key,
        ])
        .await;
    assert_eq!(sent["status"], "settled");
    assert!(sent["slot"].as_u64() > Some(0));
    assert_eq!(person.done(&["balance", &bob]).await["balance"], "12.5");
    let id = sent["id"].as_str().unwrap();
    assert_eq!(person.done(&["receipt", id]).await["receipt"], sent["receipt"]);
    person.done(&["burn", "0.5 ASSET", "--key", key]).await;
    let much = person.refused(&["transfer", &bob, "1000000", "--key", key]).await;
    assert!(much.contains("failed"), "{much}");
    let mint = person.refused(&["mint", &bob, "1", "--key", key]).await;
    assert!(mint.contains("mint authority"), "{mint}");
    let unknown = person.refused(&["receipt", &"0".repeat(64)]).await;
    assert!(unknown.contains("unknown"), "{unknown}");
    let cheap = person.run(&["burn", "1", "--fee", "0", "--key", key]).await;
    assert!(
        cheap.code == 2 && cheap.err.contains("hint: leave --fee out"),
        "{}",
        cheap.err
    );
}

/// A program is written, deployed, called and asked.
async fn program(person: &Person, key: &str) {
    let source = "program jar;\n\nstate { owner: Address, coins: Count }\n\n\
                  init(coins: Count) { state.owner = caller; state.coins = coins; }\n\n\
                  entry add(more: Count) -> Count { state.coins += more; state.coins }\n\n\
                  view count() -> Count { state.coins }\n";
    std::fs::write(person.dir.join("jar.curve"), source).unwrap();
    let file = person.file("jar.curve");
    let deployed = person.done(&["deploy", &file, "7", "--key", key]).await;
    let jar = deployed["program"].as_str().expect("an address");
    let asked = person.done(&["view", jar, "count"]).await;
    assert_eq!(asked["values"][0]["value"], "7");
    let tried = person
        .done(&["call", jar, "add", "5", "--dry-run", "--key", key])
        .await;
    assert!(tried["gas"].as_u64() > tried["receipt"]["gas_used"].as_u64());
    person.done(&["call", jar, "add", "5", "--key", key]).await;
    assert_eq!(person.run(&["view", jar, "count"]).await.out, "12\n");
    assert_eq!(person.done(&["program", jar]).await["name"], "jar");
    for (line, hint) in [
        (
            &["call", jar, "take", "5", "--key", key][..],
            "it has add(more: u64) -> u64",
        ),
        (&["call", jar, "add", "--key", key], "each argument is one word"),
        (&["call", jar, "add", "many", "--key", key], "a number"),
        (
            &["view", &Address::new([3; 32]).to_string(), "count"],
            "check the program's address",
        ),
    ] {
        let ran = person.run(line).await;
        assert!(ran.code == 2 && ran.err.contains(hint), "{line:?}: {}", ran.err);
    }
}

/// A proof is fetched, checked against Solana, then offline, then forged.
async fn proofs(person: &Person, key: &str) {
    let file = person.file("me.proof.json");
    let fetched = person
        .done(&["proof", "fetch", "me", "--settled", "--out", &file, "--key", key])
        .await;
    let verified = person.done(&["proof", "verify", &file]).await;
    assert_eq!(
        (&verified["holds"], &verified["height"]),
        (&Value::Bool(true), &fetched["height"])
    );
    let root = fetched["state_root"].as_str().unwrap();
    person.done(&["proof", "verify", &file, "--root", root]).await;
    let zeros = "0".repeat(64);
    person
        .refused(&["proof", "verify", &file, "--root", &zeros])
        .await;
    let balance = verified["balance"].as_str().unwrap();
    let forged = std::fs::read_to_string(&file).unwrap();
    let forged = forged.replace(&format!("\"balance\": \"{balance}\""), "\"balance\": \"1000000\"");
    std::fs::write(&file, forged).unwrap();
    let no = person.refused(&["proof", "verify", &file]).await;
    assert!(no.contains("does not hold"), "{no}");
}

/// Blocks and status, for people and machines; what the client finds on Solana is what the program's client finds.
async fn looking(person: &Person, note: &Note) {
    let block = person.done(&["block", "1"]).await;
    assert_eq!(block["final"], true);
    let status = person.done(&["status"]).await;
    assert_eq!(status["validator"]["committee"], 5);
    let watched = person.run(&["watch", "--blocks", "2", "--json"]).await;
    let heights: Vec<u64> = watched
        .out
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["height"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert!(
        matches!(heights[..], [first, second] if second == first + 1),
        "{heights:?}"
    );
    let program = settlement::Pubkey::new_from_array(*note.program.as_bytes());
    let expected = settlement::rollup_address(&program).to_bytes();
    assert_eq!(rollup_address(&note.program), Address::new(expected));
    let rollup = Solana::new(&note.solana)
        .unwrap()
        .rollup(&note.program)
        .await
        .unwrap();
    let client = Client::new(&note.validators).unwrap();
    assert_eq!(rollup.state.chain_id, *client.chain().await.unwrap().id());
}
