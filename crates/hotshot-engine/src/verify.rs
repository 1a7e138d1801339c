//! Checks of what peers sent. Pure and slow: they run on worker threads.

use hotshot::{
    rules::{self, Fault},
    tally::Batch,
};
use hotshot_types::{
    Certificate, CertificateError, Committee, Justify, Phase, Proposal, SignedProposal, TimeoutVote,
    VoteData, message::FetchedBlocks,
};
use rollup_abi::{Digest, vote::payload_commitment};

/// How a member broke a rule. It is an observation about a peer, never an error of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// Bytes that are not a message.
    #[error("a malformed message")]
    Malformed,
    /// A proposal that breaks the protocol's rules.
    #[error(transparent)]
    Rule(#[from] Fault),
    /// A signature that does not hold.
    #[error("a {0} whose signature does not hold")]
    Signature(&'static str),
    /// A certificate that does not hold.
    #[error("a certificate that does not hold: {0}")]
    Certificate(#[from] CertificateError),
    /// A payload that is not the one in the header.
    #[error("a payload that its header does not name")]
    Payload,
    /// Two votes in one phase of a view.
    #[error("two votes in one phase of a view: {0:?} and {1:?}")]
    Equivocation(VoteData, VoteData),
    /// Blocks that do not follow each other, or do not lead to their certificate.
    #[error("blocks that do not lead to their certificate")]
    Chain,
}

/// What is known already and need not be checked again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The justification or lock is one that this node verified.
    pub(crate) justify: bool,
    /// The timeout certificate is.
    pub(crate) timeout: bool,
}

/// A proposal: rules, payload hash, leader's signature, justification, timeout certificate; cheap ones first.
pub(crate) fn proposal(
    signed: &SignedProposal,
    committee: &Committee,
    genesis: &Digest,
    known: Known,
) -> Result<(), PeerFault> {
    let proposal = &signed.proposal;
    rules::well_formed(proposal, committee.chain_id())?;
    let leader = &committee.leader(proposal.view()).key;
    if !leader.verify(&Proposal::digest(&proposal.leaf()), &signed.signature) {
        return Err(PeerFault::Signature("proposal"));
    }
    if !proposal.payload_matches() {
        return Err(PeerFault::Payload);
    }
    if !known.justify {
        proposal.justify.verify(committee, genesis)?;
    }
    if let Some(timeout) = proposal.timeout.as_ref().filter(|_| !known.timeout) {
        timeout.verify(committee, genesis)?;
    }
    Ok(())
}

/// What a batch of votes comes to.
#[derive(Debug)]
pub(crate) struct CheckedBatch<P: Phase> {
    pub(crate) data: VoteData,
    pub(crate) certificate: Option<Certificate<P>>,
    /// Members whose signature does not hold.
    pub(crate) bad: Vec<usize>,
    pub(crate) votes: usize,
}

/// Votes as one aggregate; one by one only if that fails.
pub(crate) fn batch<P: Phase>(batch: &Batch, committee: &Committee) -> CheckedBatch<P> {
    let certificate = batch.certificate::<P>(committee);
    let certificate = certificate.filter(|certificate| certificate.verify(committee).is_ok());
    let bad = if certificate.is_some() {
        Vec::new()
    } else {
        let digest = batch.data.digest::<P>(committee.chain_id());
        let votes = batch.votes.iter();
        let bad = votes.filter(|(index, signature)| {
            let key = committee.members().get(*index).map(|member| &member.key);
            !key.is_some_and(|key| key.verify(&digest, signature))
        });
        bad.map(|(index, _)| *index).collect()
    };
    CheckedBatch {
        data: batch.data,
        certificate,
        bad,
        votes: batch.votes.len(),
    }
}

/// A timeout vote of member `index`, and the lock that it names.
pub(crate) fn timeout(
    vote: &TimeoutVote,
    index: usize,
    committee: &Committee,
    genesis: &Digest,
    known: Known,
) -> Result<(), PeerFault> {
    let key = committee.members().get(index).map(|member| &member.key);
    let digest = vote.data.digest(committee.chain_id());
    if !key.is_some_and(|key| key.verify(&digest, &vote.signature)) {
        return Err(PeerFault::Signature("timeout vote"));
    }
    if !known.justify {
        vote.lock.verify(committee, genesis)?;
    }
    Ok(())
}

/// Decided blocks: one chain from the first to the certified header, payloads as named, the certificate last.
pub(crate) fn blocks(fetched: &FetchedBlocks, committee: &Committee) -> Result<(), PeerFault> {
    let headers: Vec<_> = fetched
        .blocks
        .iter()
        .map(|block| &block.header)
        .chain(&fetched.tail)
        .collect();
    let (Some(last), false) = (headers.last(), fetched.blocks.is_empty()) else {
        return Err(PeerFault::Chain);
    };
    let follows = headers.windows(2).all(|pair| {
        let (parent, child) = (pair[0], pair[1]);
        child.parent == parent.commitment()
            && Some(child.height) == parent.height.checked_add(1)
            && child.view > parent.view
    });
    let chain = headers
        .iter()
        .all(|header| header.chain_id == *committee.chain_id());
    let certified = VoteData::of(last, last.commitment()) == *fetched.certificate.data();
    if !(follows && chain && certified) {
        return Err(PeerFault::Chain);
    }
    fetched.certificate.verify(committee)?;
    let named =
        |block: &hotshot_types::Block| payload_commitment(&block.payload) == block.header.payload_commitment;
    if fetched.blocks.iter().all(named) {
        Ok(())
    } else {
        Err(PeerFault::Payload)
    }
}

/// Whether a lock's or justification's claim is the one that this node holds verified.
pub(crate) fn same_claim(justify: &Justify, known: &Justify) -> bool {
    justify.data() == known.data()
        && matches!(justify, Justify::Genesis(_)) == matches!(known, Justify::Genesis(_))
}
