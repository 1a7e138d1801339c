//! Answers about who validates.

use hotshot_types::{Epochs, Height};

use super::{
    RpcContext,
    text::{Hex32, HexBytes},
    types::{CommitteeView, RosterView, ValidatorView},
};

pub fn roster(context: &RpcContext) -> RosterView {
    let head = context.heads.newest();
    let (state, next) = (&head.state, Height::new(head.header.height).next());
    let roster = state.roster();
    let committees = roster.committees.iter().map(|seats| CommitteeView {
        epoch: seats.epoch,
        members: seats.validators.iter().map(ValidatorView::from).collect(),
    });
    let epochs: Epochs = state.params().epochs;
    RosterView {
        epoch_length: context.deployment.genesis.roster.epoch_length,
        epoch: epochs.of(next).get(),
        validators: roster.validators.iter().map(ValidatorView::from).collect(),
        committees: committees.collect(),
        height: head.header.height,
        state_root: Hex32(head.header.state_root),
        proof: HexBytes(state.prove_roster().encode()),
    }
}
