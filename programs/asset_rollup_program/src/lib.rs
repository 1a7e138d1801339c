//! The rollup's Solana program: committees, certificates, root history.
//!
//! ```text
//! instruction ─▶ Anchor: accounts, signers, PDAs ─▶ instructions/X.rs: validate ─▶ apply ─▶ invariant
//!                                                       │
//!                                        state/: plain functions over plain data
//!                                        curve.rs: BN254 by syscall
//! ```
//!
//! Layouts, seeds, digests, error codes and events are those of `rollup-abi`; this crate defines none of its own.
//!
//! Rules
//! - The certificate is the authority: nothing that a poster says is believed without it.
//! - Every instruction is `validate` (refuses with its own code), `apply` (cannot refuse), `invariant` (aborts if we are wrong).
//! - Fixed arrays and zero-copy accounts only; no formatting, no growing `Vec`, no 128-bit arithmetic (docs/program.md says why).
//!
//! Invariants: the last accepted height and view only grow; every root in the ring was certified by a quorum of the committee that
//! certified then; a committee never changes once it is sealed, and takes over only when the one before it named it in a block that
//! it certified, or when governance announced it and the guardian did not object; a frozen rollup accepts nothing until then.
#![allow(missing_docs, reason = "Anchor's macros generate undocumented public items")]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod accounts_data;
pub mod curve;
pub mod instructions;
mod loader;
pub mod log;
#[cfg(target_os = "solana")]
mod memory;
pub mod state;

use anchor_lang::prelude::*;

use instructions::*;

declare_id!("3M5pGTNqEBNdMh9ovCFrRiwdWyzxe9Fmw2pgZCpnbLV8");

/// The entry points: each hands over to its file in `instructions/`.
#[program]
pub mod asset_rollup_program {
    use super::*;

    /// Accepts a certified header with the state roots since the last accepted one.
    pub fn submit_roots(
        ctx: &mut Context<SubmitRoots>,
        view: u64,
        header: [u8; 298],
        certificate: Vec<u8>,
        roots: Vec<[u8; 32]>,
    ) -> Result<()> {
        let submitted = submit_roots::Submitted {
            view,
            certificate: &certificate,
            between: &roots,
        };
        submit_roots::handle(&mut ctx.accounts, &header, &submitted)
    }

    /// Lets the next committee certify, once the epoch's last block is accepted.
    pub fn hand_over(ctx: &mut Context<HandOver>) -> Result<()> {
        hand_over::handle(&mut ctx.accounts)
    }

    /// Brings the proof of the block that a conflict is with.
    pub fn add_evidence(
        ctx: &mut Context<AddEvidence>,
        view: u64,
        header: [u8; 298],
        certificate: Vec<u8>,
    ) -> Result<()> {
        add_evidence::handle(&mut ctx.accounts, view, &header, &certificate)
    }

    /// Creates the rollup. Only the program's upgrade authority may.
    pub fn initialize(
        ctx: &mut Context<Initialize>,
        chain_id: [u8; 32],
        genesis_root: [u8; 32],
        governance: [u8; 32],
        guardian: [u8; 32],
        delay: u64,
        posters: [[u8; 32]; 8],
    ) -> Result<()> {
        let genesis = state::rollup::Genesis {
            chain_id: &chain_id,
            genesis_root: &genesis_root,
            governance: &governance,
            guardian: &guardian,
            delay,
            posters: &posters,
        };
        initialize::handle(&mut ctx.accounts, &genesis)
    }

    /// Gives the rollup's account more of its length.
    pub fn grow_rollup(ctx: &mut Context<GrowRollup>) -> Result<()> {
        grow_rollup::handle(&mut ctx.accounts)
    }

    /// Creates an empty committee.
    pub fn open_committee(ctx: &mut Context<OpenCommittee>, epoch: u64) -> Result<()> {
        open_committee::handle(&mut ctx.accounts, epoch)
    }

    /// Adds a member to a committee that is not sealed yet.
    #[allow(
        clippy::too_many_arguments,
        reason = "Anchor takes an instruction's arguments one by one"
    )]
    pub fn register_member(
        ctx: &mut Context<RegisterMember>,
        epoch: u64,
        owner: [u8; 32],
        stake: u64,
        pk1: [u8; 64],
        pk2: [u8; 128],
        signature: [u8; 64],
        ctr: u8,
    ) -> Result<()> {
        let registration = state::committee::Registration {
            epoch,
            owner: &owner,
            stake,
            pk1: &pk1,
            pk2: &pk2,
            signature: &signature,
            ctr,
        };
        register_member::handle(&mut ctx.accounts, &registration)
    }

    /// Fixes a committee's members, quorum and hash.
    pub fn seal_committee(ctx: &mut Context<SealCommittee>, epoch: u64) -> Result<()> {
        seal_committee::handle(&mut ctx.accounts, epoch)
    }

    /// Gives a committee that nobody needs up.
    pub fn close_committee(ctx: &mut Context<CloseCommittee>, epoch: u64) -> Result<()> {
        close_committee::handle(&mut ctx.accounts, epoch)
    }

    /// Lets the first committee certify.
    pub fn activate_committee(ctx: &mut Context<ActivateCommittee>) -> Result<()> {
        activate_committee::handle(&mut ctx.accounts)
    }

    /// Stops what moves the rollup.
    pub fn pause(ctx: &mut Context<Pause>) -> Result<()> {
        pause::handle(&mut ctx.accounts)
    }

    /// Ends a pause.
    pub fn resume(ctx: &mut Context<Resume>) -> Result<()> {
        resume::handle(&mut ctx.accounts)
    }

    /// Lists a poster.
    pub fn add_poster(ctx: &mut Context<AddPoster>, poster: [u8; 32]) -> Result<()> {
        add_poster::handle(&mut ctx.accounts, &poster)
    }

    /// Takes a poster off the list.
    pub fn revoke_poster(ctx: &mut Context<RevokePoster>, poster: [u8; 32]) -> Result<()> {
        revoke_poster::handle(&mut ctx.accounts, &poster)
    }

    /// Names the key that may take a role over.
    pub fn propose_role(ctx: &mut Context<ProposeRole>, role: u8, key: [u8; 32]) -> Result<()> {
        propose_role::handle(&mut ctx.accounts, role, &key)
    }

    /// Takes a role over.
    pub fn accept_role(ctx: &mut Context<AcceptRole>, role: u8) -> Result<()> {
        accept_role::handle(&mut ctx.accounts, role)
    }

    /// Announces another committee for the next epoch.
    pub fn schedule_replacement(ctx: &mut Context<ScheduleReplacement>) -> Result<()> {
        schedule_replacement::handle(&mut ctx.accounts)
    }

    /// Takes that announcement back.
    pub fn veto_replacement(ctx: &mut Context<VetoReplacement>) -> Result<()> {
        veto_replacement::handle(&mut ctx.accounts)
    }

    /// Puts the announced committee in.
    pub fn execute_replacement(ctx: &mut Context<ExecuteReplacement>) -> Result<()> {
        execute_replacement::handle(&mut ctx.accounts)
    }

    /// Records the program that runs.
    pub fn record_release(
        ctx: &mut Context<RecordRelease>,
        program_len: u32,
        idl_hash: [u8; 32],
    ) -> Result<()> {
        record_release::handle(&mut ctx.accounts, program_len, &idl_hash)
    }

    /// Brings the rollup's account to the program's state version.
    pub fn migrate(ctx: &mut Context<Migrate>) -> Result<()> {
        migrate::handle(&mut ctx.accounts)
    }

    /// Proves a block of any age.
    pub fn verify_block(
        ctx: &mut Context<VerifyBlock>,
        anchor: u64,
        height: u64,
        leaf: [u8; 32],
        path: Vec<u8>,
    ) -> Result<()> {
        let claim = rollup_abi::event::BlockProven { anchor, height, leaf };
        verify_block::handle(&ctx.accounts, claim, &path)
    }

    /// Proves an account, or that there is none.
    pub fn verify_account(
        ctx: &mut Context<VerifyAccount>,
        height: u64,
        address: [u8; 32],
        value: Vec<u8>,
        proof: Vec<u8>,
    ) -> Result<()> {
        let claim = verify_account::Claim {
            height,
            address: &address,
            value: &value,
        };
        verify_account::handle(&ctx.accounts, &claim, &proof)
    }
}

/// A refusal as Anchor returns it.
#[inline(always)]
pub(crate) fn refuse(error: rollup_abi::ProgramError) -> Error {
    Error::Custom(error.code())
}
