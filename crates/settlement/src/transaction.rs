//! One transaction: compute budget, signing, the length limit.

use rollup_abi::instruction::MAX_TRANSACTION;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::Transaction;

use crate::SettlementError;

/// Lamports of one signature, before any priority fee.
pub(crate) const SIGNATURE_FEE: u64 = 5_000;

/// A blockhash and how long a transaction with it may land.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recent {
    /// The blockhash.
    pub blockhash: Hash,
    /// The last block height at which it counts.
    pub last_valid_block_height: u64,
}

/// Compute units asked for, and their price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most units that the transaction may use; the priority fee is charged on these.
    pub units: u32,
    /// Micro-lamports per unit.
    pub micro_lamports: u64,
}

impl Budget {
    /// What a transaction with one signature costs in lamports.
    pub fn fee(self) -> u64 {
        let priority = u128::from(self.units) * u128::from(self.micro_lamports);
        let lamports = u64::try_from(priority.div_ceil(1_000_000)).unwrap_or(u64::MAX);
        SIGNATURE_FEE.saturating_add(lamports)
    }

    pub(crate) fn instructions(self) -> [Instruction; 2] {
        [
            ComputeBudgetInstruction::set_compute_unit_limit(self.units),
            ComputeBudgetInstruction::set_compute_unit_price(self.micro_lamports),
        ]
    }
}

/// Signs; the first signer pays. Refuses what is longer than Solana carries.
pub(crate) fn sign(
    instructions: &[Instruction],
    signers: &[&Keypair],
    recent: Recent,
) -> Result<Transaction, SettlementError> {
    let payer = signers.first().map(|payer| payer.pubkey());
    let mut transaction = Transaction::new_with_payer(instructions, payer.as_ref());
    transaction.try_sign(signers, recent.blockhash)?;
    let got = encoded_len(&transaction)?;
    if got > MAX_TRANSACTION {
        return Err(SettlementError::TooLong {
            got,
            limit: MAX_TRANSACTION,
        });
    }
    Ok(transaction)
}

pub(crate) fn encoded_len(transaction: &Transaction) -> Result<usize, SettlementError> {
    Ok(wincode::serialize(transaction)?.len())
}

/// Length of a transaction with these instructions, without signing it.
pub(crate) fn unsigned_len(
    instructions: &[Instruction],
    payer: &solana_pubkey::Pubkey,
) -> Result<usize, SettlementError> {
    let mut transaction = Transaction::new_with_payer(instructions, Some(payer));
    let signatures = usize::from(transaction.message.header.num_required_signatures);
    transaction.signatures = vec![solana_signature::Signature::default(); signatures];
    encoded_len(&transaction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_pubkey::Pubkey;

    const RECENT: Recent = Recent {
        blockhash: Hash::new_from_array([7; 32]),
        last_valid_block_height: 1,
    };

    #[test]
    fn fee_rounds_up() {
        let fee = |units, micro_lamports| {
            Budget {
                units,
                micro_lamports,
            }
            .fee()
        };
        assert_eq!(
            (fee(100_000, 0), fee(100_000, 10), fee(100_000, 11)),
            (5_000, 5_001, 5_002)
        );
        assert_eq!(fee(u32::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn too_long_is_refused_here() {
        let payer = Keypair::new();
        let with = |len| Instruction::new_with_bytes(Pubkey::new_from_array([9; 32]), &vec![0; len], vec![]);
        let base = unsigned_len(&[with(128)], &payer.pubkey()).unwrap() - 128;
        let longest = MAX_TRANSACTION - base;
        assert!(sign(&[with(longest)], &[&payer], RECENT).is_ok());
        let error = sign(&[with(longest + 1)], &[&payer], RECENT).unwrap_err();
        assert!(
            matches!(
                error,
                SettlementError::TooLong {
                    got: 1233,
                    limit: 1232
                }
            ),
            "{error}"
        );
    }
}
