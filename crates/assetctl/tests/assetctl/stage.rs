//! A local chain, a rollup on it, and the real `assetctl`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use hotshot_types::bls::hash_to_curve;
use hotshot_types::{Certificate2, Committee, Epoch, KeyPair, Member, NodeId, Phase2, Stake, VoteData};
use localnet::{Airdrop, Localnet, LocalnetConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rollup_abi::instruction::{Initialize, MAX_POSTERS, RegisterMember};
use rollup_abi::{Digest, Header, roots, vote};
use serde_json::Value;
use settlement::{Budget, Keypair, RollupClient, Signer as _, Submission, SubmitBuilder};
use tempfile::TempDir;

pub const CHAIN_ID: Digest = [7; 32];
pub const GENESIS_ROOT: Digest = [1; 32];
const MEMBERS: u8 = 4;
const SOL: u64 = 1_000_000_000;

/// A local chain, keys in files, and a registry of its own.
pub struct Stage {
    pub chain: Localnet,
    pub folder: TempDir,
    pub governance: Keypair,
    pub upgrader: Keypair,
    pub poster: Keypair,
    members: Vec<(KeyPair, RegisterMember)>,
    acc: Digest,
    height: u64,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub json: Value,
    pub stderr: String,
}

impl Stage {
    pub async fn new() -> Self {
        let [governance, upgrader, poster] = [Keypair::new(), Keypair::new(), Keypair::new()];
        let airdrops = [&governance, &upgrader, &poster].map(|key| Airdrop {
            to: key.pubkey(),
            lamports: 20 * SOL,
        });
        let chain = Localnet::start(LocalnetConfig {
            airdrops: airdrops.to_vec(),
            ..LocalnetConfig::default()
        })
        .await
        .unwrap();
        let stage = Self {
            chain,
            folder: tempfile::tempdir().unwrap(),
            members: members(),
            acc: roots::genesis(&GENESIS_ROOT),
            height: 0,
            governance,
            upgrader,
            poster,
        };
        stage.write_key("governance.json", &stage.governance);
        stage.write_key("upgrader.json", &stage.upgrader);
        copy_folder(&repository().join("registry"), &stage.path("registry"));
        let config = format!(
            "keypair = \"governance.json\"\n[clusters.localnet]\nurl = \"{}\"\n[clusters.next]\nurl = \"{}\"\nafter = \
             \"localnet\"\n",
            stage.chain.rpc_url(),
            stage.chain.rpc_url()
        );
        fs::write(stage.path("assetctl.toml"), config).unwrap();
        stage
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write_key(&self, name: &str, key: &Keypair) {
        let path = self.path(name);
        fs::write(&path, format!("{:?}", key.to_bytes())).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Runs `assetctl` with these words and reads its answer.
    pub fn run(&self, line: &str) -> Ran {
        let output = assetctl(self.folder.path())
            .args(line.split_whitespace())
            .arg("--json")
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        Ran {
            code: output.status.code().unwrap(),
            json: serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{line}: {error}: {stdout}")),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs what must succeed.
    #[track_caller]
    pub fn done(&self, line: &str) -> Value {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "{line}: {ran:#?}");
        ran.json
    }

    /// Runs what must be refused, and says why it was.
    #[track_caller]
    pub fn refused(&self, line: &str, code: i32) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, code, "{line}: {ran:#?}");
        assert!(ran.stderr.contains("hint: "), "{ran:#?}");
        ran.json["error"].as_str().unwrap().to_owned()
    }

    pub fn client(&self) -> RollupClient {
        let program = registry::embedded().unwrap().manifest.program_id;
        let commitment = settlement::CommitmentConfig::confirmed();
        RollupClient::new(self.chain.rpc_url(), program.parse().unwrap(), commitment)
    }

    /// Deploys the newest release, begins a rollup, lets a committee certify.
    pub async fn begin(&self) {
        self.done("deploy --authority upgrader.json");
        let mut posters = [[0; 32]; MAX_POSTERS];
        posters[0] = self.poster.pubkey().to_bytes();
        let initialize = Initialize {
            chain_id: CHAIN_ID,
            genesis_root: GENESIS_ROOT,
            governance: self.governance.pubkey().to_bytes(),
            guardian: self.governance.pubkey().to_bytes(),
            delay: 1,
            posters,
        };
        let client = self.client();
        client.initialize(&self.upgrader, &initialize).await.unwrap();
        let members: Vec<_> = self.members.iter().map(|(_, register)| *register).collect();
        client.register_members(&self.governance, &members).await.unwrap();
        client.activate_committee(&self.governance, 0).await.unwrap();
    }

    /// Posts the next block and returns its root.
    pub async fn post(&mut self) -> Digest {
        let height = self.height + 1;
        let state_root = rollup_abi::hash::sha256(&[b"state", &height.to_le_bytes()]);
        let header = Header {
            chain_id: CHAIN_ID,
            view: height,
            height,
            state_root,
            roots_acc: roots::extend(&self.acc, &state_root),
            ..Header::default()
        };
        let submission = self.certified(header.clone());
        let client = self.client();
        // Whether it settled is seen on chain; what is refused for now, as while paused, comes once more.
        while client.rollup_state().await.unwrap().state.last.height < height {
            let budget = Budget {
                units: SubmitBuilder::units(self.members.len(), 1, 0),
                micro_lamports: 0,
            };
            let recent = client.sender().recent().await.unwrap();
            let committee = client.rollup_state().await.unwrap().committee();
            let builder = client.submit_builder(self.poster.pubkey());
            let transaction = builder
                .build(&self.poster, &committee, &submission, budget, recent)
                .unwrap();
            // The account says what became of it.
            let _ = client.sender().send(&transaction, true).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        (self.height, self.acc) = (height, header.roots_acc);
        state_root
    }

    fn certified(&self, header: Header) -> Submission {
        let committee = self.members.iter().map(|(key, register)| Member {
            node: NodeId(register.owner),
            key: key.public().clone(),
            stake: Stake::new(register.stake),
        });
        let committee = Committee::new(CHAIN_ID, Epoch::new(0), committee.collect()).unwrap();
        let data = VoteData::of(&header, header.commitment());
        let digest = data.digest::<Phase2>(&CHAIN_ID);
        let votes = self.members.iter().enumerate();
        let votes = votes.map(|(index, (key, _))| (index, key.sign(&digest)));
        Submission {
            view: header.view,
            certificate: Certificate2::assemble(&committee, data, votes).unwrap().to_wire(),
            roots: vec![header.state_root],
            header,
        }
    }

    /// Puts a release of another version into the registry: one that the build made for tests.
    pub fn add_release(&self, version: &str) {
        copy_folder(
            &fixtures().join(version),
            &self.path("registry/asset_rollup_program").join(version),
        );
    }
}

/// The members of the committee of epoch 0.
pub fn members() -> Vec<(KeyPair, RegisterMember)> {
    let mut rng = StdRng::seed_from_u64(2);
    (1..=MEMBERS).map(|index| member(&mut rng, 0, index)).collect()
}

pub fn member(rng: &mut StdRng, epoch: u64, index: u8) -> (KeyPair, RegisterMember) {
    let key = KeyPair::generate(rng);
    let owner = NodeId([index; 32]);
    let (pk1, pk2) = (*key.public().pk1(), *key.public().pk2());
    let register = RegisterMember {
        epoch,
        owner: owner.0,
        stake: 1,
        pk1,
        pk2,
        signature: key.prove_possession(&CHAIN_ID, &owner).to_bytes(),
        ctr: hash_to_curve(&vote::possession_digest(&CHAIN_ID, &owner.0, &pk1, &pk2)).ctr(),
    };
    (key, register)
}

/// The real process, with nothing of this one's surroundings.
pub fn assetctl(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assetctl"));
    command.current_dir(folder).env_clear();
    command
}

/// Releases that `cargo xtask build-program --as-version` made for tests.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/registry/asset_rollup_program")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
