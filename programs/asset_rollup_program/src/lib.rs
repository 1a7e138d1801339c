//! The rollup's Solana program: committee, certificates, root history.
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
//! Invariants: the last accepted height and view only grow; every root in the ring was certified by a quorum; a committee
//! never changes once it is active; a frozen rollup accepts nothing, for ever.
#![allow(missing_docs, reason = "Anchor's macros generate undocumented public items")]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod accounts_data;
pub mod curve;
pub mod instructions;
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

    /// Creates the rollup and its empty first committee. Only the program's upgrade authority may.
    pub fn initialize(
        ctx: &mut Context<Initialize>,
        chain_id: [u8; 32],
        genesis_root: [u8; 32],
        governance: [u8; 32],
        guardian: [u8; 32],
        posters: [[u8; 32]; 8],
    ) -> Result<()> {
        let genesis = state::rollup::Genesis {
            chain_id: &chain_id,
            genesis_root: &genesis_root,
            governance: &governance,
            guardian: &guardian,
            posters: &posters,
        };
        initialize::handle(&mut ctx.accounts, &genesis)
    }

    /// Adds a member to a committee that is not active yet.
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

    /// Closes the committee and lets it certify roots.
    pub fn activate_committee(ctx: &mut Context<ActivateCommittee>, epoch: u64) -> Result<()> {
        activate_committee::handle(&mut ctx.accounts, epoch)
    }

    /// Accepts a certified header with the state roots since the last accepted one.
    pub fn submit_roots(
        ctx: &mut Context<SubmitRoots>,
        header: Vec<u8>,
        certificate: Vec<u8>,
        roots: Vec<[u8; 32]>,
    ) -> Result<()> {
        submit_roots::handle(&mut ctx.accounts, &header, &certificate, &roots)
    }

    /// Stops `submit_roots`.
    pub fn pause(ctx: &mut Context<Pause>) -> Result<()> {
        pause::handle(&mut ctx.accounts)
    }

    /// Ends a pause.
    pub fn resume(ctx: &mut Context<Resume>) -> Result<()> {
        resume::handle(&mut ctx.accounts)
    }
}

/// A refusal as Anchor returns it.
#[inline(always)]
pub(crate) fn refuse(error: rollup_abi::ProgramError) -> Error {
    Error::Custom(error.code())
}
