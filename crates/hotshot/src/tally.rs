//! Votes add up to certificates. Pure: whoever drives a tally checks the signatures, once per quorum.
//!
//! ```text
//! add(vote) ─▶ … ─▶ add(vote) ─▶ quorum by stake ─▶ Batch ─▶ aggregate checked ─▶ checked(Ok)  ─▶ done
//!                                                            └─ one by one ────▶ checked(bad) ─▶ next Batch, maybe
//! ```

mod upgrades;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hotshot_types::{
    Certificate, Committee, Epoch, Phase, Signature, Stake, TimeoutCertificate, TimeoutVote, View, Vote,
    VoteData,
};

pub use upgrades::UpgradeTally;

/// How far ahead of the node's view votes are collected; honest members are not further apart without a certificate
/// that brings them together.
pub const VIEW_WINDOW: u64 = 30;

/// Votes for one leaf that together hold a quorum, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What they vote for.
    pub data: VoteData,
    /// Member index and signature.
    pub votes: Vec<(usize, Signature)>,
}

impl Batch {
    /// The certificate that these votes make, if they hold.
    pub fn certificate<P: Phase>(&self, committee: &Committee) -> Option<Certificate<P>> {
        Certificate::assemble(committee, self.data, self.votes.iter().copied())
    }
}

/// What became of a vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It was counted.
    Counted,
    /// It completes a quorum, which is to be checked.
    Quorum(Batch),
    /// It is not needed: known already, or its view is settled.
    Ignored,
    /// The member voted for something else in the same view.
    Equivocation(VoteData),
}

#[derive(Clone, Debug, Default)]
struct Candidate {
    votes: BTreeMap<usize, Signature>,
    checking: bool,
}

#[derive(Clone, Debug, Default)]
struct Ballot {
    /// Each member's one vote.
    voted: BTreeMap<usize, VoteData>,
    candidates: BTreeMap<VoteData, Candidate>,
    settled: bool,
}

/// The votes of one phase.
#[derive(Clone, Debug)]
pub struct VoteTally<P> {
    /// An epoch's last block and the next epoch's first may be voted on in one view.
    ballots: BTreeMap<(View, Epoch), Ballot>,
    phase: std::marker::PhantomData<P>,
}

impl<P> Default for VoteTally<P> {
    fn default() -> Self {
        Self {
            ballots: BTreeMap::new(),
            phase: std::marker::PhantomData,
        }
    }
}

impl<P: Phase> VoteTally<P> {
    /// Counts the vote of member `index` of the committee that its epoch names. The caller bounds the view.
    pub fn add(&mut self, committee: &Committee, index: usize, vote: &Vote<P>) -> Counted {
        let ballot = self.ballots.entry(place(&vote.data)).or_default();
        if ballot.settled {
            return Counted::Ignored;
        }
        match ballot.voted.get(&index) {
            Some(first) if *first == vote.data => return Counted::Ignored,
            Some(first) => return Counted::Equivocation(*first),
            None => ballot.voted.insert(index, vote.data),
        };
        let candidate = ballot.candidates.entry(vote.data).or_default();
        candidate.votes.insert(index, vote.signature);
        match candidate.batch(committee, vote.data) {
            Some(batch) => Counted::Quorum(batch),
            None => Counted::Counted,
        }
    }

    /// The signatures of a batch have been checked; `bad` are the members whose signature does not hold. Their votes do not
    /// count, nor will another of theirs in this view. Returns the next batch to check, if the rest is still a quorum.
    pub fn checked(&mut self, committee: &Committee, data: &VoteData, bad: &[usize]) -> Option<Batch> {
        let ballot = self.ballots.get_mut(&place(data))?;
        if bad.is_empty() {
            self.settle(data);
            return None;
        }
        let candidate = ballot.candidates.get_mut(data)?;
        candidate.checking = false;
        candidate.votes.retain(|index, _| !bad.contains(index));
        candidate.batch(committee, *data)
    }

    /// A certificate of this view is known: its votes are not needed any more.
    pub fn settle(&mut self, data: &VoteData) {
        let ballot = self.ballots.entry(place(data)).or_default();
        ballot.settled = true;
        ballot.voted.clear();
        ballot.candidates.clear();
    }

    /// Forgets all views below `view`.
    pub fn prune(&mut self, view: View) {
        self.ballots = self.ballots.split_off(&(view, Epoch::ZERO));
    }

    /// Votes held.
    pub fn len(&self) -> usize {
        self.ballots.values().map(|ballot| ballot.voted.len()).sum()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Candidate {
    fn batch(&mut self, committee: &Committee, data: VoteData) -> Option<Batch> {
        if self.checking || stake(committee, self.votes.keys()) < committee.quorum() {
            return None;
        }
        self.checking = true;
        let votes = self.votes.iter().map(|(index, signature)| (*index, *signature));
        Some(Batch {
            data,
            votes: votes.collect(),
        })
    }
}

fn place(data: &VoteData) -> (View, Epoch) {
    (data.view, data.epoch)
}

fn stake<'a>(committee: &Committee, members: impl IntoIterator<Item = &'a usize>) -> Stake {
    let members = members
        .into_iter()
        .filter_map(|index| committee.members().get(*index));
    Stake::new(members.fold(0, |sum, member| sum.saturating_add(member.stake.get())))
}

/// What checked timeout votes add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeoutNews {
    /// Somebody honest gave up this view or a later one.
    pub one_honest: Option<(Epoch, View)>,
    /// A quorum gave up one view.
    pub certificate: Option<Arc<TimeoutCertificate>>,
}

/// The timeout votes, checked one by one before they come here.
#[derive(Clone, Debug, Default)]
pub struct TimeoutTally {
    views: BTreeMap<(View, Epoch), BTreeMap<usize, TimeoutVote>>,
    certified: BTreeSet<(View, Epoch)>,
    reported: Option<(Epoch, View)>,
}

impl TimeoutTally {
    /// Whether a vote of member `index` would be news: its first in the view, or one with a higher lock.
    pub fn wants(&self, index: usize, vote: &TimeoutVote) -> bool {
        let place = (vote.data.view, vote.data.epoch);
        let known = self.views.get(&place).and_then(|votes| votes.get(&index));
        !self.certified.contains(&place)
            && known.is_none_or(|known| vote.data.lock_rank() > known.data.lock_rank())
    }

    /// Counts a checked vote. The caller bounds the view.
    pub fn add(&mut self, committee: &Committee, index: usize, vote: TimeoutVote) -> TimeoutNews {
        if !self.wants(index, &vote) {
            return TimeoutNews::default();
        }
        let (view, epoch) = (vote.data.view, vote.data.epoch);
        let votes = self.views.entry((view, epoch)).or_default();
        votes.insert(index, vote);
        let mut news = TimeoutNews::default();
        if stake(committee, votes.keys()) >= committee.quorum() {
            let votes = votes.iter().map(|(index, vote)| (*index, vote));
            news.certificate = TimeoutCertificate::assemble(committee, votes).map(Arc::new);
            self.certified.insert((view, epoch));
        }
        let joined = self.one_honest(committee, epoch).map(|view| (epoch, view));
        if joined > self.reported {
            self.reported = joined;
            news.one_honest = joined;
        }
        news
    }

    /// The highest view of an epoch that somebody honest has given up, or a later one: members with f+1 of the stake have.
    pub fn one_honest(&self, committee: &Committee, epoch: Epoch) -> Option<View> {
        let mut members = BTreeSet::new();
        for ((view, _), votes) in self.views.iter().rev().filter(|((_, of), _)| *of == epoch) {
            members.extend(votes.keys().copied());
            if stake(committee, &members) >= committee.one_honest() {
                return Some(*view);
            }
        }
        None
    }

    /// Forgets all views below `view`.
    pub fn prune(&mut self, view: View) {
        self.views = self.views.split_off(&(view, Epoch::ZERO));
        self.certified = self.certified.split_off(&(view, Epoch::ZERO));
    }

    /// Votes held.
    pub fn len(&self) -> usize {
        self.views.values().map(BTreeMap::len).sum()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }
}
