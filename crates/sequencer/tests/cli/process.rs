//! A validator that is its whole committee, as a process of the real binary, and commands that talk to it.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use assetvm::{Address, Amount, SigningKey};
use sequencer::{
    config::{KeyFiles, Settings, file_text},
    genesis::{AccountEntry, GenesisFile, MemberEntry},
    keystore::Keys,
    rpc::text::HexBytes,
};
use serde_json::Value;

/// No step may take longer: then something hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a command left behind.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Its result.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Runs the binary in `dir` with these arguments and nothing but these variables.
pub fn run(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_sequencer"))
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    Ended {
        code: output.status.code().expect("no signal"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Makes keys, genesis and configuration of a committee of one in `dir`. Solana is where nobody listens.
pub fn found(dir: &Path, change: impl FnOnce(&mut Settings)) {
    let files = KeyFiles::in_dir(&dir.join("keys"));
    std::fs::create_dir_all(dir.join("keys")).expect("made");
    let keys = Keys::generate(&mut rand::rngs::OsRng);
    keys.write(&files).expect("fresh");
    let alice = SigningKey::from_seed(&[1; 32]).address();
    let program = Address::new([7; 32]);
    let genesis = GenesisFile {
        program_id: program,
        mint_authority: alice,
        supply_cap: Amount::MAX,
        minimum_fee: Amount::from_base_units(5),
        gas_price: Amount::from_base_units(1_000),
        block_gas: 100_000_000,
        timestamp_ms: 1,
        accounts: vec![AccountEntry {
            address: alice,
            balance: Amount::from_base_units(1_000_000),
        }],
        committee: vec![MemberEntry {
            node: keys.solana.address(),
            bls: HexBytes(keys.bls.public().to_bytes().to_vec()),
            stake: 1,
            peer_id: hotshot_libp2p::identity_from_seed(*keys.libp2p)
                .public()
                .to_peer_id()
                .to_string(),
            address: "/ip4/127.0.0.1/tcp/1".into(),
            possession: None,
        }],
        epoch_length: 0,
        roster_authority: None,
    };
    std::fs::write(dir.join("genesis.json"), genesis.to_text()).expect("written");
    let mut settings = Settings {
        data_dir: Some("data".into()),
        genesis: Some("genesis.json".into()),
        bls_key: Some("keys/bls.key".into()),
        libp2p_key: Some("keys/libp2p.key".into()),
        solana_key: Some("keys/solana.json".into()),
        listen_p2p: Some("/ip4/127.0.0.1/tcp/0".into()),
        listen_rpc: Some("127.0.0.1:0".into()),
        listen_metrics: Some("127.0.0.1:0".into()),
        block_interval_ms: Some(50),
        solana_rpc_url: Some("http://127.0.0.1:1".into()),
        solana_ws_url: Some("ws://127.0.0.1:1".into()),
        program_id: Some(program.to_string()),
        ..Settings::default()
    };
    change(&mut settings);
    std::fs::write(dir.join("sequencer.toml"), file_text(&settings)).expect("written");
}

/// A running validator; killed when dropped.
pub struct Validator {
    child: Child,
    log: mpsc::Receiver<Value>,
    pub dir: PathBuf,
}

impl Validator {
    /// Starts one in `dir` and waits until it has said so.
    pub fn start(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sequencer"))
            .args(["run", "--config", "sequencer.toml", "--log-format", "json"])
            .args(arguments)
            .current_dir(dir)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (lines, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if lines.send(value).is_err() {
                    return;
                }
            }
        });
        let validator = Self {
            child,
            log,
            dir: dir.to_owned(),
        };
        validator.until("started");
        validator
    }

    /// Waits for a log line with this message.
    pub fn until(&self, message: &str) -> Value {
        let mut seen = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) if line["message"] == message => return line,
                Ok(line) => seen.push(line.to_string()),
                Err(error) => panic!("no {message:?}: {error}\n{}", seen.join("\n")),
            }
        }
    }

    /// Runs a command in its directory.
    pub fn ask(&self, arguments: &[&str]) -> Ended {
        run(&self.dir, arguments, &[])
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; its exit code.
    pub fn join(mut self) -> Option<i32> {
        self.child.wait().expect("a child").code()
    }

    /// Ends it with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("a child");
    }
}

impl Drop for Validator {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
