//! Deploys a program with transactions of the upgradeable loader, on any cluster.
//!
//! ```text
//! create buffer ─▶ write, write, write … (many in flight, in any order) ─▶ read the buffer, write again what is missing
//!               ─▶ create program + deploy with max data length ─▶ wait until it is executable
//! ```
//!
//! Whether a write arrived is judged by the buffer's content, so a lost transaction costs one round and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use rollup_abi::instruction::MAX_TRANSACTION;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_loader_v3_interface::get_program_data_address;
use solana_loader_v3_interface::instruction as loader;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::transaction::{sign, unsigned_len};
use crate::{Sender, SettlementError};

/// Writes in flight together.
const WRITES_AT_ONCE: usize = 32;
/// How often missing writes are sent again.
const MAX_ROUNDS: u32 = 8;
/// How often the buffer and the program are looked at.
const POLL: Duration = Duration::from_millis(100);
/// A round's writes have this long to show in the buffer before they are sent again.
const ROUND: Duration = Duration::from_secs(4);
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
    let sender = Sender::new(rpc.clone(), CommitmentConfig::processed());
    let buffer = Keypair::new();
    create_buffer(rpc, &sender, deployment, &buffer).await?;
    let writes = write_buffer(rpc, &sender, deployment, &buffer.pubkey()).await?;
    let max_len = deployment.max_len.max(deployment.elf.len());
    let rent = rent(rpc, UpgradeableLoaderState::size_of_program()).await?;
    let authority = deployment.authority.pubkey();
    let payer = deployment.payer.pubkey();
    let instructions =
        loader::deploy_with_max_program_len(&payer, &program, &buffer.pubkey(), &authority, rent, max_len)?;
    let signers = distinct(&[deployment.payer, deployment.program, deployment.authority]);
    sender
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

async fn create_buffer(
    rpc: &RpcClient,
    sender: &Sender,
    deployment: &Deployment<'_>,
    buffer: &Keypair,
) -> Result<(), SettlementError> {
    let len = deployment.elf.len();
    // The deployment moves the buffer's lamports to the code's account, which has room for `max_len`.
    let room = UpgradeableLoaderState::size_of_programdata(deployment.max_len.max(len));
    let rent = rent(rpc, room).await?;
    let instructions = loader::create_buffer(
        &deployment.payer.pubkey(),
        &buffer.pubkey(),
        &deployment.authority.pubkey(),
        rent,
        len,
    )?;
    let signers = distinct(&[deployment.payer, buffer]);
    sender
        .run(&instructions, &signers, CommitmentConfig::processed())
        .await
        .map(drop)
}

/// Writes the program into the buffer and returns how many transactions it took.
async fn write_buffer(
    rpc: &RpcClient,
    sender: &Sender,
    deployment: &Deployment<'_>,
    buffer: &Pubkey,
) -> Result<usize, SettlementError> {
    let elf = deployment.elf;
    let chunk = chunk_len(&deployment.payer.pubkey(), &deployment.authority.pubkey(), buffer)?;
    let total = elf.len().div_ceil(chunk);
    let mut missing: Vec<usize> = (0..total).collect();
    let mut writes = 0;
    for round in 0..MAX_ROUNDS {
        if missing.is_empty() {
            tracing::debug!(writes, rounds = round, "program written to its buffer");
            return Ok(writes);
        }
        writes += missing.len();
        let recent = sender.recent().await?;
        let signers = distinct(&[deployment.payer, deployment.authority]);
        let sends = missing.iter().map(|&index| {
            let start = index * chunk;
            let bytes = elf[start..elf.len().min(start + chunk)].to_vec();
            let offset = u32::try_from(start).expect("a program is far below 4 GiB");
            let write = loader::write(buffer, &deployment.authority.pubkey(), offset, bytes);
            sign(&[write], &signers, recent)
        });
        let transactions = sends.collect::<Result<Vec<_>, _>>()?;
        let results: Vec<_> = stream::iter(&transactions)
            .map(|transaction| sender.send(transaction, false))
            .buffer_unordered(WRITES_AT_ONCE)
            .collect()
            .await;
        for error in results.into_iter().filter_map(Result::err) {
            if error.classify().verdict == crate::Verdict::Halt {
                return Err(error);
            }
        }
        missing = wait_for_writes(rpc, buffer, elf, chunk).await?;
    }
    Err(SettlementError::AccountContent {
        what: "buffer",
        address: *buffer,
        wrong: missing.len(),
        total,
        rounds: MAX_ROUNDS,
    })
}

/// Waits for a round's writes and returns the indices of what has not arrived.
async fn wait_for_writes(
    rpc: &RpcClient,
    buffer: &Pubkey,
    elf: &[u8],
    chunk: usize,
) -> Result<Vec<usize>, SettlementError> {
    let deadline = Instant::now() + ROUND;
    loop {
        let data = account(rpc, buffer).await?.unwrap_or_default();
        let held = data
            .get(UpgradeableLoaderState::size_of_buffer_metadata()..)
            .unwrap_or_default();
        let missing: Vec<usize> = elf
            .chunks(chunk)
            .enumerate()
            .filter(|(index, part)| held.get(index * chunk..index * chunk + part.len()) != Some(*part))
            .map(|(index, _)| index)
            .collect();
        if missing.is_empty() || Instant::now() >= deadline {
            return Ok(missing);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Bytes of the program that fit into one write transaction.
fn chunk_len(payer: &Pubkey, authority: &Pubkey, buffer: &Pubkey) -> Result<usize, SettlementError> {
    // Long enough that the data's length prefix has its final width.
    const SAMPLE: usize = 256;
    let sample = loader::write(buffer, authority, 0, vec![0; SAMPLE]);
    let empty = unsigned_len(&[sample], payer)?.saturating_sub(SAMPLE);
    Ok(MAX_TRANSACTION.saturating_sub(empty))
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

#[cfg(test)]
mod tests {
    use super::*;
    use solana_hash::Hash;

    #[test]
    fn a_full_chunk_fills_a_transaction_exactly() {
        for separate in [false, true] {
            let payer = Keypair::new();
            let other = Keypair::new();
            let authority = if separate { &other } else { &payer };
            let buffer = Pubkey::new_from_array([4; 32]);
            let chunk = chunk_len(&payer.pubkey(), &authority.pubkey(), &buffer).unwrap();
            let write = loader::write(&buffer, &authority.pubkey(), 0, vec![7; chunk]);
            let recent = crate::Recent {
                blockhash: Hash::new_from_array([1; 32]),
                last_valid_block_height: 0,
            };
            let transaction = sign(&[write], &distinct(&[&payer, authority]), recent).unwrap();
            assert_eq!(wincode::serialize(&transaction).unwrap().len(), MAX_TRANSACTION);
        }
    }
}
