//! A program's way into a buffer of the loader.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use rollup_abi::hash::sha256;
use rollup_abi::instruction::MAX_TRANSACTION;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_loader_v3_interface::instruction as loader;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_pubkey::Pubkey;
use solana_sdk_ids::bpf_loader_upgradeable;
use solana_signer::Signer;
use solana_system_interface::instruction::create_account_with_seed;

use super::{POLL, account, distinct, rent};
use crate::transaction::{sign, unsigned_len};
use crate::{Sender, SettlementError};

/// Writes in flight together.
const WRITES_AT_ONCE: usize = 32;
/// How often missing writes are sent again.
const MAX_ROUNDS: u32 = 8;
/// A round's writes have this long to show in the buffer before they are sent again.
const ROUND: Duration = Duration::from_secs(4);

/// A program to write, and as whom.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    /// Pays for everything and signs first.
    pub payer: &'a Keypair,
    /// Whose buffer it is: who may deploy or upgrade from it.
    pub authority: &'a Keypair,
    /// The program: an ELF file of sBPF.
    pub elf: &'a [u8],
}

/// A buffer that holds the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its address.
    pub buffer: Pubkey,
    /// Write transactions that it took, repetitions counted.
    pub writes: usize,
}

impl Upload<'_> {
    /// The seed of the buffer's address, from the program's hash.
    fn seed(&self) -> String {
        // A seed has at most 32 bytes.
        let hash = sha256(&[self.elf]);
        hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where the buffer is: the same for the same program and authority.
    pub fn buffer(&self) -> Pubkey {
        Pubkey::create_with_seed(
            &self.authority.pubkey(),
            &self.seed(),
            &bpf_loader_upgradeable::ID,
        )
        .expect("the seed is not longer than a seed may be, and the loader is no derived address")
    }
}

/// Writes a program into its buffer, which may be there in part already, and reads it back.
///
/// # Errors
/// A transaction is refused, or the content does not arrive.
pub async fn upload_program(rpc: &Arc<RpcClient>, upload: &Upload<'_>) -> Result<Uploaded, SettlementError> {
    let sender = Sender::new(rpc.clone(), CommitmentConfig::processed());
    let buffer = upload.buffer();
    if account(rpc, &buffer).await?.is_none() {
        create_buffer(rpc, &sender, upload).await?;
    }
    let writes = write_buffer(rpc, &sender, upload).await?;
    Ok(Uploaded { buffer, writes })
}

async fn create_buffer(rpc: &RpcClient, sender: &Sender, upload: &Upload<'_>) -> Result<(), SettlementError> {
    let len = UpgradeableLoaderState::size_of_buffer(upload.elf.len());
    let lamports = rent(rpc, len).await?;
    let (payer, authority, buffer) = (upload.payer.pubkey(), upload.authority.pubkey(), upload.buffer());
    let mut instructions = loader::create_buffer(&payer, &buffer, &authority, lamports, upload.elf.len())?;
    instructions[0] = create_account_with_seed(
        &payer,
        &buffer,
        &authority,
        &upload.seed(),
        lamports,
        len as u64,
        &bpf_loader_upgradeable::ID,
    );
    let signers = distinct(&[upload.payer, upload.authority]);
    sender
        .run(&instructions, &signers, CommitmentConfig::processed())
        .await
        .map(drop)
}

/// Writes what the buffer does not hold yet and returns how many transactions it took.
async fn write_buffer(
    rpc: &RpcClient,
    sender: &Sender,
    upload: &Upload<'_>,
) -> Result<usize, SettlementError> {
    let (elf, buffer, authority) = (upload.elf, upload.buffer(), upload.authority.pubkey());
    let chunk = chunk_len(&upload.payer.pubkey(), &authority, &buffer)?;
    let mut missing = missing_parts(rpc, &buffer, elf, chunk).await?;
    let mut writes = 0;
    for round in 0..MAX_ROUNDS {
        if missing.is_empty() {
            tracing::debug!(writes, rounds = round, "program written to its buffer");
            return Ok(writes);
        }
        writes += missing.len();
        let recent = sender.recent().await?;
        let signers = distinct(&[upload.payer, upload.authority]);
        let sends = missing.iter().map(|&index| {
            let start = index * chunk;
            let bytes = elf[start..elf.len().min(start + chunk)].to_vec();
            let offset = u32::try_from(start).expect("a program is far below 4 GiB");
            sign(
                &[loader::write(&buffer, &authority, offset, bytes)],
                &signers,
                recent,
            )
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
        missing = wait_for_writes(rpc, &buffer, elf, chunk).await?;
    }
    Err(SettlementError::AccountContent {
        what: "buffer",
        address: buffer,
        wrong: missing.len(),
        total: elf.len().div_ceil(chunk),
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
        let missing = missing_parts(rpc, buffer, elf, chunk).await?;
        if missing.is_empty() || Instant::now() >= deadline {
            return Ok(missing);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Indices of the program's parts that the buffer does not hold.
async fn missing_parts(
    rpc: &RpcClient,
    buffer: &Pubkey,
    elf: &[u8],
    chunk: usize,
) -> Result<Vec<usize>, SettlementError> {
    let data = account(rpc, buffer).await?.unwrap_or_default();
    let held = data
        .get(UpgradeableLoaderState::size_of_buffer_metadata()..)
        .unwrap_or_default();
    let parts = elf.chunks(chunk).enumerate();
    let missing = parts
        .filter(|(index, part)| held.get(index * chunk..index * chunk + part.len()) != Some(*part))
        .map(|(index, _)| index);
    Ok(missing.collect())
}

/// Bytes of the program that fit into one write transaction.
fn chunk_len(payer: &Pubkey, authority: &Pubkey, buffer: &Pubkey) -> Result<usize, SettlementError> {
    // Long enough that the data's length prefix has its final width.
    const SAMPLE: usize = 256;
    let sample = loader::write(buffer, authority, 0, vec![0; SAMPLE]);
    let empty = unsigned_len(&[sample], payer)?.saturating_sub(SAMPLE);
    Ok(MAX_TRANSACTION.saturating_sub(empty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_hash::Hash;

    #[test]
    fn a_buffer_belongs_to_a_program_and_an_authority() {
        let [a, b] = [Keypair::new(), Keypair::new()];
        let of = |authority, elf| {
            let payer = &b;
            Upload {
                payer,
                authority,
                elf,
            }
            .buffer()
        };
        assert_eq!(of(&a, b"one"), of(&a, b"one"));
        assert!(of(&a, b"one") != of(&a, b"two") && of(&a, b"one") != of(&b, b"one"));
    }

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
