//! `add_evidence`: the proof of the block that a conflict is with, where the program did not have it. Anybody may bring it.

use anchor_lang::prelude::*;
use rollup_abi::event::EvidenceAdded;
use rollup_abi::{ProgramError as Refusal, post};

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::curve::Syscalls;
use crate::state::history::Proven;
use crate::state::{conflict, proof};
use crate::{log, refuse};

/// Accounts of `add_evidence`.
#[derive(Accounts)]
pub struct AddEvidence {
    #[account(mut)]
    pub rollup: RollupAccount,
    pub committee: CommitteeAccount,
}

#[inline(always)]
pub(crate) fn handle(
    accounts: &mut AddEvidence,
    view: u64,
    header: &[u8; post::LEN],
    certificate: &[u8],
) -> Result<()> {
    let encoded = post::restore(&accounts.rollup.state.chain_id, header);
    let proven = Proven::read(&encoded, view, certificate).map_err(refuse)?;
    validate(accounts, &proven)?;
    apply(accounts, &proven);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &AddEvidence, proven: &Proven<'_>) -> Result<()> {
    let state = &accounts.rollup.state;
    conflict::validate_evidence(state, &proven.header, &proven.leaf).map_err(refuse)?;
    if state.committee != *accounts.committee.address().as_array() {
        return Err(refuse(Refusal::WrongCommittee));
    }
    proven.validate_view().map_err(refuse)?;
    log::compute_units();
    proof::validate_certificate::<Syscalls>(
        &accounts.committee.state,
        accounts.committee.as_slice(),
        &proven.digest(),
        proven.certificate,
    )
    .map_err(refuse)?;
    log::compute_units();
    Ok(())
}

#[inline(always)]
fn apply(accounts: &mut AddEvidence, proven: &Proven<'_>) {
    let conflict = &mut accounts.rollup.state.conflict;
    conflict.recorded_leaf = proven.leaf;
    conflict
        .recorded
        .set(proven.view, proven.encoded, proven.certificate);
    let event = EvidenceAdded {
        height: proven.header.height,
        leaf: proven.leaf,
    };
    log::event(&event.encode());
}

#[inline(always)]
fn invariant(accounts: &AddEvidence) {
    let conflict = &accounts.rollup.state.conflict;
    assert!(conflict.recorded.is_set() && conflict.recorded_leaf != conflict.conflicting_leaf);
}
