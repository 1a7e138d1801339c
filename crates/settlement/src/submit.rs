//! One `submit_roots` transaction: header, certificate and the roots since the last accepted block.

use rollup_abi::instruction::{MAX_TRANSACTION, SubmitRoots};
use rollup_abi::{Digest, Header, post};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

use crate::transaction::{sign, unsigned_len};
use crate::{Budget, Parties, Recent, SettlementError, instruction};

/// Compute units of a submission without members and roots: pairing 49,103, the rest of the check, the account's writing.
const UNITS_BASE: u32 = 75_000;
/// Of each member: an absentee costs a G2 subtraction of about 600.
const UNITS_PER_MEMBER: u32 = 700;
/// Of each root: one hash and one entry of the ring.
const UNITS_PER_ROOT: u32 = 600;
/// The limit asked for varies by attempt within this span, so that two attempts never have the same bytes.
const UNITS_JITTER: u32 = 1_024;

/// What one transaction brings to the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The view that the certificate names: the header's, or a later one for an epoch's last block.
    pub view: u64,
    /// The newest header.
    pub header: Header,
    /// Its certificate, as it goes over the wire.
    pub certificate: Vec<u8>,
    /// State roots of the heights after the last accepted one, oldest first; the last is the header's own.
    pub roots: Vec<Digest>,
}

/// Makes submissions into transactions of one program and one poster.
#[derive(Clone, Debug)]
pub struct SubmitBuilder {
    program: Pubkey,
    poster: Pubkey,
}

impl SubmitBuilder {
    /// For this program and poster.
    pub fn new(program: Pubkey, poster: Pubkey) -> Self {
        Self { program, poster }
    }

    /// Roots that fit beside a certificate of `certificate_len` bytes.
    pub fn max_roots(&self, certificate_len: usize) -> usize {
        max_roots(&self.program, &self.poster, certificate_len)
    }

    /// Compute units to ask for: enough for the committee and the roots, different for each attempt.
    pub fn units(members: usize, roots: usize, attempt: u64) -> u32 {
        let per = |unit: u32, count: usize| unit.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        let jitter = u32::try_from(attempt % u64::from(UNITS_JITTER)).unwrap_or(0);
        UNITS_BASE
            .saturating_add(per(UNITS_PER_MEMBER, members))
            .saturating_add(per(UNITS_PER_ROOT, roots))
            .saturating_add(jitter)
    }

    /// The signed transaction: the poster signs and pays. `committee` is the account that the rollup names.
    ///
    /// # Errors
    /// No roots, more roots than heights, more than fit, or a last one that is not the header's; signing fails.
    pub fn build(
        &self,
        poster: &Keypair,
        committee: &Pubkey,
        submission: &Submission,
        budget: Budget,
        recent: Recent,
    ) -> Result<Transaction, SettlementError> {
        debug_assert_eq!(poster.pubkey(), self.poster);
        let limit = self.max_roots(submission.certificate.len());
        let got = submission.roots.len();
        let height = submission.header.height;
        if got == 0 || got > limit || u64::try_from(got).is_ok_and(|got| got > height) {
            return Err(SettlementError::RootsCount { got, limit, height });
        }
        let parties = Parties {
            signer: self.poster,
            committee: *committee,
        };
        let instructions = submit(&self.program, &parties, submission, budget)?;
        sign(&instructions, &[poster], recent)
    }
}

/// The last root is the header's own, which goes with it.
fn submit(
    program: &Pubkey,
    parties: &Parties,
    submission: &Submission,
    budget: Budget,
) -> Result<Vec<Instruction>, SettlementError> {
    let header = &submission.header;
    let between = match submission.roots.split_last() {
        Some((last, between)) if *last == header.state_root => between,
        _ => {
            return Err(SettlementError::RootsLast {
                height: header.height,
            });
        }
    };
    let call = SubmitRoots {
        view: submission.view,
        header: &post::strip(&header.encode()),
        certificate: &submission.certificate,
        roots: between,
    };
    let mut instructions = budget.instructions().to_vec();
    instructions.push(instruction(program, parties, &call));
    Ok(instructions)
}

/// Roots that fit into one transaction beside a certificate of `certificate_len` bytes.
pub fn max_roots(program: &Pubkey, poster: &Pubkey, certificate_len: usize) -> usize {
    let submission = Submission {
        view: 0,
        header: Header::default(),
        certificate: vec![0; certificate_len],
        roots: vec![[0; 32]],
    };
    let budget = Budget {
        units: 0,
        micro_lamports: 0,
    };
    // The committee's address is one of its own, like any other.
    let parties = Parties {
        signer: *poster,
        committee: Pubkey::new_from_array([0xff; 32]),
    };
    let one = submit(program, &parties, &submission, budget).and_then(|one| unsigned_len(&one, poster));
    // The header alone is above 127 bytes, so the data's own length prefix does not grow with the roots.
    match one {
        Ok(len) if len <= MAX_TRANSACTION => 1 + (MAX_TRANSACTION - len) / size_of::<Digest>(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::encoded_len;
    use proptest::prelude::*;
    use solana_hash::Hash;

    const COMMITTEE: Pubkey = Pubkey::new_from_array([6; 32]);
    const BUDGET: Budget = Budget {
        units: 100_000,
        micro_lamports: 1,
    };
    const RECENT: Recent = Recent {
        blockhash: Hash::new_from_array([3; 32]),
        last_valid_block_height: 9,
    };

    fn submission(height: u64, certificate: usize, roots: usize) -> Submission {
        let digest = [5; 32];
        Submission {
            view: height,
            header: Header {
                chain_id: digest,
                view: height,
                height,
                timestamp_ms: 1,
                parent: digest,
                payload_commitment: digest,
                state_root: digest,
                roots_acc: digest,
                history_root: digest,
                ..Header::default()
            },
            certificate: vec![1; certificate],
            roots: vec![digest; roots],
        }
    }

    #[test]
    fn a_committee_of_seven_carries_eighteen_roots() {
        let builder = SubmitBuilder::new(Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        assert_eq!(builder.max_roots(67), 18);
        assert_eq!(builder.max_roots(5_000), 0);
    }

    #[test]
    fn attempts_differ_in_bytes() {
        let poster = Keypair::new();
        let builder = SubmitBuilder::new(Pubkey::new_from_array([1; 32]), poster.pubkey());
        let signature = |attempt| {
            let budget = Budget {
                units: SubmitBuilder::units(5, 3, attempt),
                micro_lamports: 1,
            };
            builder
                .build(&poster, &COMMITTEE, &submission(10, 67, 3), budget, RECENT)
                .unwrap()
                .signatures[0]
        };
        assert_ne!(signature(1), signature(2));
        assert_eq!(signature(1), signature(1));
    }

    proptest! {
        #[test]
        fn what_is_said_to_fit_fits_and_no_more(certificate in 67..=82usize) {
            let poster = Keypair::new();
            let builder = SubmitBuilder::new(Pubkey::new_from_array([1; 32]), poster.pubkey());
            let most = builder.max_roots(certificate);
            let built = builder.build(&poster, &COMMITTEE, &submission(1_000, certificate, most), BUDGET, RECENT);
            let len = encoded_len(&built.unwrap()).unwrap();
            prop_assert!(len <= MAX_TRANSACTION && len + 32 > MAX_TRANSACTION, "{len}");
            for wrong in [0, most + 1] {
                let refused = builder.build(&poster, &COMMITTEE, &submission(1_000, certificate, wrong), BUDGET, RECENT);
                let matched = matches!(refused, Err(SettlementError::RootsCount { .. }));
                prop_assert!(matched);
            }
            let too_many = builder.build(&poster, &COMMITTEE, &submission(2, certificate, 3), BUDGET, RECENT);
            let matched = matches!(too_many, Err(SettlementError::RootsCount { .. }));
            prop_assert!(matched, "more roots than heights");
            let mut another = submission(1_000, certificate, most);
            another.roots[most - 1] = [8; 32];
            let refused = builder.build(&poster, &COMMITTEE, &another, BUDGET, RECENT);
            let matched = matches!(refused, Err(SettlementError::RootsLast { height: 1_000 }));
            prop_assert!(matched, "not the header's root");
        }
    }
}
