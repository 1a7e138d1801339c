//! The table of instructions.

use super::encode::instructions;
use super::{AccountRole, MAX_POSTERS};
use crate::{Digest, post};

/// Whether an account signs, and whether it is written.
type Access = (bool, bool);

const READ: Access = (false, false);
const WRITE: Access = (false, true);
const SIGNER: Access = (true, false);
const PAYER: Access = (true, true);

const fn role(name: &'static str, (signer, writable): Access) -> AccountRole {
    AccountRole {
        name,
        signer,
        writable,
    }
}

instructions! {
    /// A header, its certificate, and the state roots since the last accepted block; signed by a poster. `committee` is the
    /// account that the rollup names.
    SubmitRoots<'a> = "submit_roots" [0xe8, 0x65, 0x5b, 0x24, 0xd3, 0x37, 0x90, 0x4c],
    (poster: SIGNER, rollup: WRITE, committee: READ) {
        /// The view that the certificate names: the header's, or a later one for an epoch's last block.
        view: u64,
        /// The newest header, as [`crate::post`] has it.
        header: &'a [u8; post::LEN],
        /// Its certificate: [`crate::certificate`].
        certificate: &'a [u8],
        /// State roots of the heights between the last accepted one and the header's, oldest first; the header has its own.
        roots: &'a [Digest],
    }

    /// Lets the next committee certify, once the epoch's last block is accepted; anybody may.
    HandOver = "hand_over" [0x3b, 0xa0, 0xcd, 0x58, 0x51, 0xe0, 0x63, 0xed],
    (rollup: WRITE, committee: READ) {}

    /// Brings the proof of the block that a conflict is with, where the program did not have it; anybody may.
    AddEvidence<'a> = "add_evidence" [0xcd, 0x13, 0x81, 0xe4, 0x75, 0x61, 0x21, 0x31],
    (rollup: WRITE, committee: READ) {
        /// The view that the certificate names.
        view: u64,
        /// The header, as [`crate::post`] has it.
        header: &'a [u8; post::LEN],
        /// Its certificate.
        certificate: &'a [u8],
    }

    /// Creates the rollup's account; only the program's upgrade authority may. `program_data` is the upgradeable loader's
    /// account of this program.
    Initialize = "initialize" [0xaf, 0xaf, 0x6d, 0x1f, 0x0d, 0x98, 0x9b, 0xed],
    (upgrade_authority: PAYER, rollup: WRITE, program_data: READ, system_program: READ) {
        /// Hash of the genesis; not zero.
        chain_id: Digest,
        /// State root of height 0.
        genesis_root: Digest,
        /// Who activates the first committee, lists posters, resumes, replaces; not zero.
        governance: [u8; 32],
        /// Who may pause and veto; not zero.
        guardian: [u8; 32],
        /// Seconds that a replacement and a new guardian wait: 1 to 30 days.
        delay: u64,
        /// Who may post; zero is a free place. If all are free, anybody may.
        posters: [[u8; 32]; MAX_POSTERS],
    }

    /// Gives the rollup's account as much of its length as one instruction can; anybody may pay.
    GrowRollup = "grow_rollup" [0x5c, 0xf3, 0x04, 0x86, 0x04, 0x53, 0xea, 0xde],
    (payer: PAYER, rollup: WRITE, system_program: READ) {}

    /// Creates an empty committee of an epoch, which its stager fills; anybody may have their own.
    OpenCommittee = "open_committee" [0xe0, 0xaa, 0x70, 0x91, 0x97, 0xef, 0x3a, 0x77],
    (stager: PAYER, committee: WRITE, system_program: READ) {
        /// The committee's epoch.
        epoch: u64,
    }

    /// Adds a member to a committee that is not sealed yet; its stager pays for the account's growth.
    RegisterMember = "register_member" [0x2c, 0x13, 0xa0, 0x3b, 0x11, 0x7a, 0x26, 0x10],
    (stager: PAYER, rollup: READ, committee: WRITE, system_program: READ) {
        /// The committee's epoch.
        epoch: u64,
        /// The member's Solana key, bound by the proof.
        owner: [u8; 32],
        /// Voting weight, not zero.
        stake: u64,
        /// The BLS key in G1.
        pk1: [u8; 64],
        /// The BLS key in G2.
        pk2: [u8; 128],
        /// Proof of possession: the signature over [`crate::vote::possession_digest`].
        signature: [u8; 64],
        /// Smallest counter for which the hash to curve of that digest finds a point.
        ctr: u8,
    }

    /// Fixes a committee's members, quorum and hash.
    SealCommittee = "seal_committee" [0x50, 0xa6, 0x89, 0x23, 0xd5, 0x12, 0xb4, 0x6a],
    (stager: SIGNER, committee: WRITE) {
        /// The committee's epoch.
        epoch: u64,
    }

    /// Gives a committee that nobody needs up and its rent back.
    CloseCommittee = "close_committee" [0xf3, 0x4c, 0xed, 0xcf, 0x1d, 0x45, 0x2a, 0x14],
    (stager: PAYER, rollup: READ, committee: WRITE) {
        /// The committee's epoch.
        epoch: u64,
    }

    /// Lets the first committee certify.
    ActivateCommittee = "activate_committee" [0xaf, 0x7b, 0xe5, 0xc9, 0x41, 0x17, 0x45, 0x6c],
    (governance: SIGNER, rollup: WRITE, committee: READ) {}

    /// Stops what moves the rollup; the guardian or governance signs.
    Pause = "pause" [0xd3, 0x16, 0xdd, 0xfb, 0x4a, 0x79, 0xc1, 0x2f],
    (authority: SIGNER, rollup: WRITE) {}

    /// Ends a pause.
    Resume = "resume" [0x01, 0xa6, 0x33, 0xaa, 0x7f, 0x20, 0x8d, 0xce],
    (governance: SIGNER, rollup: WRITE) {}

    /// Lists a poster.
    AddPoster = "add_poster" [0xd3, 0x64, 0xd0, 0x3a, 0x40, 0x37, 0x25, 0x5a],
    (governance: SIGNER, rollup: WRITE) {
        /// The poster's key; not zero.
        poster: [u8; 32],
    }

    /// Takes a poster off the list.
    RevokePoster = "revoke_poster" [0xef, 0x07, 0x8f, 0x1b, 0x4c, 0x38, 0xa9, 0x8b],
    (governance: SIGNER, rollup: WRITE) {
        /// The poster's key; not zero.
        poster: [u8; 32],
    }

    /// Names the key that may take a role over; zero takes a proposal back.
    ProposeRole = "propose_role" [0x4f, 0x05, 0xa0, 0x5a, 0x15, 0x7f, 0xc3, 0x05],
    (governance: SIGNER, rollup: WRITE) {
        /// [`super::GOVERNANCE`] or [`super::GUARDIAN`].
        role: u8,
        /// The key.
        key: [u8; 32],
    }

    /// Takes a role over; the proposed key signs.
    AcceptRole = "accept_role" [0x34, 0x19, 0x07, 0xe7, 0xc4, 0xeb, 0x77, 0xfd],
    (proposed: SIGNER, rollup: WRITE) {
        /// [`super::GOVERNANCE`] or [`super::GUARDIAN`].
        role: u8,
    }

    /// Announces that another committee takes the next epoch, whatever the present one certifies.
    ScheduleReplacement = "schedule_replacement" [0x4c, 0x4b, 0xf3, 0xef, 0x49, 0x14, 0x8c, 0xd9],
    (governance: SIGNER, rollup: WRITE, committee: READ) {}

    /// Takes such an announcement back; the guardian or governance signs.
    VetoReplacement = "veto_replacement" [0x88, 0x58, 0x0b, 0x5d, 0xc4, 0xfb, 0x9c, 0xc8],
    (authority: SIGNER, rollup: WRITE) {}

    /// Puts the announced committee in, after the delay; this also ends a freeze.
    ExecuteReplacement = "execute_replacement" [0xce, 0x25, 0x6e, 0x2a, 0x12, 0xa4, 0x53, 0x60],
    (governance: SIGNER, rollup: WRITE, committee: READ) {}

    /// Records the program that runs: the program hashes its own bytes.
    RecordRelease = "record_release" [0xed, 0x5a, 0xbd, 0x1f, 0x6b, 0xfd, 0x76, 0x51],
    (governance: SIGNER, rollup: WRITE, program_data: READ) {
        /// Length of the program's bytes; what follows them in the loader's account is padding.
        program_len: u32,
        /// SHA-256 of the IDL.
        idl_hash: Digest,
    }

    /// Brings the rollup's account to the program's state version, in as many steps as its growth takes; anybody may pay.
    Migrate = "migrate" [0x9b, 0xea, 0xe7, 0x92, 0xec, 0x9e, 0xa2, 0x1e],
    (payer: PAYER, rollup: WRITE, system_program: READ) {}

    /// Proves a block against the history root of a newer one that the ring holds. Returns what [`crate::event::BlockProven`] says.
    VerifyBlock<'a> = "verify_block" [0x06, 0x23, 0x2f, 0x38, 0xcd, 0x70, 0x5e, 0x39],
    (rollup: READ) {
        /// Height of the newer block.
        anchor: u64,
        /// Height of the block.
        height: u64,
        /// The block's leaf commitment.
        leaf: Digest,
        /// The proof: [`crate::mmr`].
        path: &'a [u8],
    }

    /// Proves an account, or that there is none, against a state root that the ring holds. Returns what
    /// [`crate::event::AccountProven`] says.
    VerifyAccount<'a> = "verify_account" [0x48, 0x3f, 0xf2, 0x0c, 0xba, 0x1a, 0x3f, 0x58],
    (rollup: READ) {
        /// Height of the state.
        height: u64,
        /// The account's address.
        address: [u8; 32],
        /// The account's encoded value; empty proves that there is none.
        value: &'a [u8],
        /// The proof: [`crate::path`].
        proof: &'a [u8],
    }
}
