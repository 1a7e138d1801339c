//! `assetctl committee`: who certifies, and who will.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hotshot_types::bls::hash_to_curve;
use rollup_abi::instruction::RegisterMember;
use rollup_abi::vote::possession_digest;
use serde::Deserialize;
use serde_json::json;
use settlement::{CommitteeAccount, Pubkey};

use crate::answer::step;
use crate::settings::parse_key;
use crate::{Answer, Error, Settings};

/// Longest file of members in bytes: 128 members of less than 2 KiB.
const MAX_MEMBERS_FILE: u64 = 256 * 1_024;

/// `assetctl committee`
#[derive(Debug, Subcommand)]
pub enum CommitteeCommand {
    /// Show the committee that certifies, or another one by its account.
    #[command(after_help = "\
Examples:
  assetctl committee show
  assetctl committee show 9xQeWv… --json")]
    Show {
        /// The committee's account.
        address: Option<String>,
    },
    /// Register and seal a committee; the signer's own, for the epoch after the one that certifies.
    #[command(after_help = "\
The file is a JSON array of what `sequencer keygen --json` prints for each member, each with a \"stake\".

Examples:
  assetctl committee stage members.json
  assetctl committee stage members.json --epoch 7

A staged committee does not certify: the last block of the epoch before has to name its hash, or governance has to
replace the committee by it.")]
    Stage(StageArgs),
}

/// `assetctl committee stage`
#[derive(Args, Debug)]
pub struct StageArgs {
    /// The members.
    pub members: PathBuf,
    /// Their epoch [default: the next one]
    #[arg(long)]
    pub epoch: Option<u64>,
}

/// A member as `sequencer keygen --json` prints it, and its stake.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberFile {
    node: String,
    bls_pk1: String,
    bls_pk2: String,
    possession: String,
    stake: u64,
    #[serde(rename = "peer_id")]
    _peer_id: Option<String>,
}

pub(crate) async fn run(settings: &Settings, command: &CommitteeCommand) -> Result<Answer, Error> {
    step(settings.shown());
    let client = settings.client();
    let (address, note) = match command {
        CommitteeCommand::Show {
            address: Some(address),
        } => (parse_key(address)?, "asked for"),
        CommitteeCommand::Show { address: None } => (client.rollup_state().await?.committee(), "certifies"),
        CommitteeCommand::Stage(args) => (stage(settings, args).await?, "staged"),
    };
    Ok(shown(&address, note, &client.committee(&address).await?))
}

async fn stage(settings: &Settings, args: &StageArgs) -> Result<Pubkey, Error> {
    let client = settings.client();
    let state = client.rollup_state().await?.state;
    let next = if state.active == 1 {
        state.epoch.saturating_add(1)
    } else {
        state.epoch
    };
    let epoch = args.epoch.unwrap_or(next);
    let members = read_members(&args.members)?;
    let members: Result<Vec<_>, _> = (0..)
        .zip(&members)
        .map(|(index, member)| registration(&state.chain_id, epoch, index, member))
        .collect();
    let staged = client.stage_committee(&settings.signer()?, &members?).await?;
    Ok(staged.address)
}

fn registration(
    chain_id: &[u8; 32],
    epoch: u64,
    index: usize,
    member: &MemberFile,
) -> Result<RegisterMember, Error> {
    let owner = parse_key(&member.node)?.to_bytes();
    let pk1 = sized(index, "bls_pk1", &member.bls_pk1)?;
    let pk2 = sized(index, "bls_pk2", &member.bls_pk2)?;
    Ok(RegisterMember {
        epoch,
        owner,
        stake: member.stake,
        signature: sized(index, "possession", &member.possession)?,
        ctr: hash_to_curve(&possession_digest(chain_id, &owner, &pk1, &pk2)).ctr(),
        pk1,
        pk2,
    })
}

/// Reads a field in hexadecimal.
fn sized<const N: usize>(index: usize, what: &'static str, text: &str) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| Error::Member {
        index,
        what,
        got: text.len(),
        expected: 2 * N,
    })?;
    Ok(bytes)
}

fn read_members(path: &Path) -> Result<Vec<MemberFile>, Error> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(read)?;
    file.take(MAX_MEMBERS_FILE)
        .read_to_string(&mut text)
        .map_err(read)?;
    serde_json::from_str(&text).map_err(|source| Error::Json {
        path: path.to_owned(),
        source,
    })
}

fn shown(address: &Pubkey, note: &str, committee: &CommitteeAccount) -> Answer {
    let state = &committee.state;
    let members: Vec<_> = committee
        .members
        .iter()
        .map(|member| {
            let owner = Pubkey::new_from_array(member.owner).to_string();
            json!({ "owner": owner, "stake": member.stake, "bls_pk2": hex::encode(member.pk2) })
        })
        .collect();
    let mut text = format!(
        "committee {address} ({note})\n  epoch {}, {}, stake {}, quorum {}, hash {}\n",
        state.epoch,
        if state.sealed == 1 { "sealed" } else { "not sealed" },
        state.total_stake,
        state.quorum,
        hex::encode(state.hash),
    );
    for (index, member) in committee.members.iter().enumerate() {
        let owner = Pubkey::new_from_array(member.owner);
        text.push_str(&format!("  {index:>3}  {owner}  stake {}\n", member.stake));
    }
    let json = json!({
        "address": address.to_string(),
        "epoch": state.epoch,
        "sealed": state.sealed == 1,
        "total_stake": state.total_stake,
        "quorum": state.quorum,
        "hash": hex::encode(state.hash),
        "members": members,
    });
    Answer::new(text, &json)
}
