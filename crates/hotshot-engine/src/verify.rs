//! Checks of what peers sent. Pure and slow: they run on worker threads.

use hotshot::{
    Committees,
    rules::{self, Fault},
    tally::Batch,
};
use hotshot_types::{
    Certificate, CertificateError, Committee, Epoch, Epochs, Justify, Phase, Proposal, SignedProposal,
    TimeoutCertificate, TimeoutVote, UpgradeVote, VoteData, dispersal, message::FetchedBlocks,
};
use rollup_abi::Digest;

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
    /// A share that is not the sender's to give, or not of the payload that the header names.
    #[error("a share that does not hold")]
    Share,
    /// The leader dispersed something that is not the encoding of a payload.
    #[error("a wrongly encoded payload")]
    WrongEncoding,
    /// Two votes in one phase of a view.
    #[error("two votes in one phase of a view: {0:?} and {1:?}")]
    Equivocation(VoteData, VoteData),
    /// Something of an epoch whose committee is not known here.
    #[error("a claim of epoch {0}, whose committee is not known")]
    UnknownEpoch(Epoch),
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
    /// The hand-over is.
    pub(crate) hand_over: bool,
}

/// What peers' claims are checked against.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) committees: Committees,
    pub(crate) epochs: Epochs,
    pub(crate) genesis: Digest,
}

impl Rules {
    pub(crate) fn committee(&self, epoch: Epoch) -> Result<&Committee, PeerFault> {
        self.committees.of(epoch).ok_or(PeerFault::UnknownEpoch(epoch))
    }

    fn justify(&self, justify: &Justify) -> Result<(), PeerFault> {
        match justify {
            // Genesis is compared, whatever committee there is.
            Justify::Genesis(_) => justify.verify(self.committees.latest(), &self.genesis)?,
            Justify::Certified(certificate) => {
                certificate.verify(self.committee(certificate.data().epoch)?)?
            }
        }
        Ok(())
    }
}

/// A proposal with its payload.
pub(crate) fn proposal(signed: &SignedProposal, rules: &Rules, known: Known) -> Result<(), PeerFault> {
    bare(signed, rules, known)?;
    let committee = rules.committee(signed.proposal.epoch())?;
    if signed.proposal.payload_matches(committee) {
        Ok(())
    } else {
        Err(PeerFault::Payload)
    }
}

/// A proposal but for its payload: rules, leader's signature, justification, timeout certificate; cheap ones first.
pub(crate) fn bare(signed: &SignedProposal, rules: &Rules, known: Known) -> Result<(), PeerFault> {
    let proposal = &signed.proposal;
    rules::well_formed(proposal, rules.committees.chain_id(), rules.epochs)?;
    let leader = &rules.committee(proposal.epoch())?.leader(proposal.view).key;
    if !leader.verify(
        &Proposal::digest(proposal.view, &proposal.leaf()),
        &signed.signature,
    ) {
        return Err(PeerFault::Signature("proposal"));
    }
    if !known.justify {
        rules.justify(&proposal.justify)?;
    }
    if let Some(timeout) = proposal.timeout.as_ref().filter(|_| !known.timeout) {
        timeout_certificate(timeout, rules)?;
    }
    if let Some(upgrade) = proposal.upgrade.as_ref() {
        upgrade.verify(rules.committee(upgrade.epoch())?)?;
    }
    if let Some(hand_over) = proposal.hand_over.as_ref().filter(|_| !known.hand_over) {
        hand_over.verify(rules.committee(hand_over.data().epoch)?)?;
    }
    Ok(())
}

/// That a quorum gave a view up.
pub(crate) fn timeout_certificate(certificate: &TimeoutCertificate, rules: &Rules) -> Result<(), PeerFault> {
    let of_lock = rules.committee(certificate.lock().data().epoch)?;
    certificate.verify(rules.committee(certificate.epoch())?, of_lock, &rules.genesis)?;
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
    rules: &Rules,
    known: Known,
) -> Result<(), PeerFault> {
    let committee = rules.committee(vote.data.epoch)?;
    let key = committee.members().get(index).map(|member| &member.key);
    let digest = vote.data.digest(committee.chain_id());
    if !key.is_some_and(|key| key.verify(&digest, &vote.signature)) {
        return Err(PeerFault::Signature("timeout vote"));
    }
    if !known.justify {
        rules.justify(&vote.lock)?;
    }
    Ok(())
}

/// An upgrade vote of member `index`.
pub(crate) fn upgrade_vote(vote: &UpgradeVote, index: usize, committee: &Committee) -> Result<(), PeerFault> {
    let key = committee.members().get(index).map(|member| &member.key);
    let digest = vote.data.digest(committee.chain_id());
    if key.is_some_and(|key| key.verify(&digest, &vote.signature)) {
        Ok(())
    } else {
        Err(PeerFault::Signature("upgrade vote"))
    }
}

/// Decided blocks: one chain from the first to the certified header, payloads as named, the certificate last.
pub(crate) fn blocks(fetched: &FetchedBlocks, rules: &Rules) -> Result<(), PeerFault> {
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
        .all(|header| header.chain_id == *rules.committees.chain_id());
    let data = fetched.certificate.data();
    let certified = data.leaf == last.commitment() && data.names(last, rules.epochs);
    if !(follows && chain && certified) {
        return Err(PeerFault::Chain);
    }
    fetched.certificate.verify(rules.committee(data.epoch)?)?;
    let named = |block: &hotshot_types::Block| {
        let committee = rules.committee(Epoch::new(block.header.epoch));
        committee.is_ok_and(|c| dispersal::matches(c, &block.payload, &block.header.payload_commitment))
    };
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
