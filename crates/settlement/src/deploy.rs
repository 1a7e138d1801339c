//! Deploys and upgrades a program with transactions of the upgradeable loader, on any cluster.
//!
//! ```text
//! upload:  create buffer ─▶ write, write, write … (many in flight, in any order) ─▶ read the buffer, write again what is missing
//! deploy:  upload ─▶ create program + deploy with max data length ─▶ wait until it is executable
//! upgrade: upload ─▶ upgrade ─▶ wait until the new code is what the program's account holds, and may be called
//! ```
//!
//! Whether a write arrived is judged by the buffer's content, so a lost transaction costs one round and nothing else. The buffer's
//! address follows from the program's bytes and the authority, so an upload that was interrupted goes on where it stopped.

mod code;
mod upload;

use std::sync::Arc;
use std::time::{Duration, Instant};

use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_loader_v3_interface::get_program_data_address;
use solana_loader_v3_interface::instruction as loader;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

pub use code::{ProgramCode, program_code};
pub use upload::{Upload, Uploaded, upload_program};

use crate::{Sender, SettlementError};

/// How often the buffer and the program are looked at.
const POLL: Duration = Duration::from_millis(100);
/// A program is visible from the slot after its deployment on.
const VISIBLE_WITHIN_SLOTS: u64 = 8;

/// What to deploy, and as whom.
pub struct Deployment<'a> {
    /// Pays for everything and signs first.
    pub payer: &'a Keypair,
    /// The program's own key: its public half becomes the program id.
    pub program: &'a Keypair,
    /// May upgrade the program later.
    pub authority: &'a Keypair,
    /// The program: an ELF file of sBPF.
    pub elf: &'a [u8],
    /// Longest that an upgrade may become in bytes; at least the program's length.
    pub max_len: usize,
}

/// What a deployment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The program's id.
    pub program: Pubkey,
    /// The loader's account with its code.
    pub program_data: Pubkey,
    /// Write transactions that it took, repetitions counted.
    pub writes: usize,
    /// How long it took.
    pub took: Duration,
}

/// Deploys and returns once the program can be called.
///
/// # Errors
/// A program is there already, a transaction is refused, or the content does not arrive.
pub async fn deploy_program(
    rpc: &Arc<RpcClient>,
    deployment: &Deployment<'_>,
) -> Result<Deployed, SettlementError> {
    let started = Instant::now();
    let program = deployment.program.pubkey();
    if account(rpc, &program).await?.is_some() {
        return Err(SettlementError::AlreadyDeployed { program });
    }
    let upload = Upload {
        payer: deployment.payer,
        authority: deployment.authority,
        elf: deployment.elf,
    };
    let Uploaded { buffer, writes } = upload_program(rpc, &upload).await?;
    let max_len = deployment.max_len.max(deployment.elf.len());
    let rent = rent(rpc, UpgradeableLoaderState::size_of_program()).await?;
    let authority = deployment.authority.pubkey();
    let payer = deployment.payer.pubkey();
    let instructions =
        loader::deploy_with_max_program_len(&payer, &program, &buffer, &authority, rent, max_len)?;
    let signers = distinct(&[deployment.payer, deployment.program, deployment.authority]);
    Sender::new(rpc.clone(), CommitmentConfig::processed())
        .run(&instructions, &signers, CommitmentConfig::confirmed())
        .await?;
    until_visible(rpc, &program).await?;
    Ok(Deployed {
        program,
        program_data: get_program_data_address(&program),
        writes,
        took: started.elapsed(),
    })
}

/// Replaces a program's code and returns once the new code can be called. If the program has that code already, nothing is done.
///
/// # Errors
/// The program is not there, has no room for the code, or another authority; a transaction is refused.
pub async fn upgrade_program(
    rpc: &Arc<RpcClient>,
    program: &Pubkey,
    upload: &Upload<'_>,
) -> Result<Deployed, SettlementError> {
    let started = Instant::now();
    let there = program_code(rpc, program).await?;
    there.admits(program, &upload.authority.pubkey(), upload.elf.len())?;
    let mut writes = 0;
    if !there.holds(upload.elf) {
        let uploaded = upload_program(rpc, upload).await?;
        writes = uploaded.writes;
        let (payer, authority) = (upload.payer.pubkey(), upload.authority.pubkey());
        let upgrade = loader::upgrade(program, &uploaded.buffer, &authority, &payer);
        Sender::new(rpc.clone(), CommitmentConfig::processed())
            .run(
                &[upgrade],
                &distinct(&[upload.payer, upload.authority]),
                CommitmentConfig::confirmed(),
            )
            .await?;
    }
    until_visible(rpc, program).await?;
    Ok(Deployed {
        program: *program,
        program_data: get_program_data_address(program),
        writes,
        took: started.elapsed(),
    })
}

async fn until_visible(rpc: &RpcClient, program: &Pubkey) -> Result<(), SettlementError> {
    let slot = async || {
        rpc.get_slot_with_commitment(CommitmentConfig::processed())
            .await
            .map_err(SettlementError::rpc("getSlot"))
    };
    let deployed = slot().await?;
    loop {
        let now = slot().await?;
        let executable = rpc
            .get_account_with_commitment(program, CommitmentConfig::processed())
            .await
            .map_err(SettlementError::rpc("getAccountInfo"))?
            .value
            .is_some_and(|account| account.executable);
        if executable && now > deployed {
            return Ok(());
        }
        if now > deployed.saturating_add(VISIBLE_WITHIN_SLOTS) {
            return Err(SettlementError::NotVisible {
                program: *program,
                slots: VISIBLE_WITHIN_SLOTS,
            });
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn account(rpc: &RpcClient, address: &Pubkey) -> Result<Option<Vec<u8>>, SettlementError> {
    let response = rpc
        .get_account_with_commitment(address, CommitmentConfig::processed())
        .await
        .map_err(SettlementError::rpc("getAccountInfo"))?;
    Ok(response.value.map(|account| account.data))
}

async fn rent(rpc: &RpcClient, len: usize) -> Result<u64, SettlementError> {
    rpc.get_minimum_balance_for_rent_exemption(len)
        .await
        .map_err(SettlementError::rpc("getMinimumBalanceForRentExemption"))
}

/// The same key in two roles signs once.
fn distinct<'a>(signers: &[&'a Keypair]) -> Vec<&'a Keypair> {
    let mut distinct: Vec<&Keypair> = Vec::with_capacity(signers.len());
    for signer in signers {
        if distinct.iter().all(|seen| seen.pubkey() != signer.pubkey()) {
            distinct.push(signer);
        }
    }
    distinct
}
