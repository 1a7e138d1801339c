//! What honest members have said: what everybody else, the Byzantine member included, can make use of.

use crate::universe::{Leaf, MAX_VIEWS};

/// A set of leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leaves(u16);

impl Leaves {
    /// Adds a leaf.
    pub fn insert(&mut self, leaf: Leaf) {
        self.0 |= 1 << leaf.0;
    }

    /// Takes a leaf out.
    pub fn remove(&mut self, leaf: Leaf) {
        self.0 &= !(1 << leaf.0);
    }

    /// Whether it is in.
    pub fn contains(self, leaf: Leaf) -> bool {
        self.0 >> leaf.0 & 1 == 1
    }

    /// All of both.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What two of three have.
    fn majority([a, b, c]: [Self; 3]) -> Self {
        Self(a.0 & b.0 | b.0 & c.0 | a.0 & c.0)
    }

    /// One by one, ascending.
    pub fn iter(self) -> impl Iterator<Item = Leaf> {
        (0..16).map(Leaf).filter(move |leaf| self.contains(*leaf))
    }

    /// Whether none is in.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// All that one honest member has said in all of its lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Said {
    /// What it proposed.
    pub proposals: Leaves,
    /// What it voted for first.
    pub votes1: Leaves,
    /// What it voted for second.
    pub votes2: Leaves,
    /// By view less one: the views of the locks with which it gave the view up, one bit each.
    pub timeouts: [u8; MAX_VIEWS],
}

impl Said {
    /// Both statements.
    pub fn and(&self, more: &Self) -> Self {
        Self {
            proposals: self.proposals.union(more.proposals),
            votes1: self.votes1.union(more.votes1),
            votes2: self.votes2.union(more.votes2),
            timeouts: std::array::from_fn(|view| self.timeouts[view] | more.timeouts[view]),
        }
    }

    /// A view is given up with a lock of this view.
    pub fn give_up(&mut self, view: u64, lock: u64) {
        let index = usize::try_from(view).expect("few views") - 1;
        self.timeouts[index] |= 1 << lock;
    }

    /// The highest view that it gave up.
    pub fn highest_timeout(&self) -> Option<u8> {
        let last = self.timeouts.iter().rposition(|locks| *locks != 0);
        last.map(|index| u8::try_from(index + 1).expect("few views"))
    }

    /// The highest lock view named in a timeout vote.
    pub fn highest_timeout_lock(&self) -> Option<u8> {
        let all = self.timeouts.iter().fold(0, |all, locks| all | locks);
        (0..8).rev().find(|view| all >> view & 1 == 1)
    }
}

/// The fewest honest members in a quorum of four equal ones is two, for the Byzantine one signs everything.
pub const HONEST: usize = 3;

/// What can reach a member: whatever the honest members' statements and the Byzantine member's signature add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exists {
    /// Proposals by honest leaders.
    pub proposals: Leaves,
    /// Certified leaves.
    pub certificates1: Leaves,
    /// Final leaves.
    pub certificates2: Leaves,
    /// By view less one: the lowest lock view that a timeout certificate can prove.
    pub timeouts: [Option<u8>; MAX_VIEWS],
    /// The highest view that an honest member gave up.
    pub given_up: u8,
}

impl Exists {
    /// What the honest members' statements allow.
    pub fn of(said: [&Said; HONEST]) -> Self {
        let proposals = said.map(|said| said.proposals);
        let mut exists = Self {
            proposals: proposals.into_iter().fold(Leaves::default(), Leaves::union),
            certificates1: Leaves::majority(said.map(|said| said.votes1)),
            certificates2: Leaves::majority(said.map(|said| said.votes2)),
            ..Self::default()
        };
        for (index, lowest) in exists.timeouts.iter_mut().enumerate() {
            let locks = said.map(|said| said.timeouts[index]);
            let mut each: Vec<u8> = locks.into_iter().filter_map(lowest_bit).collect();
            each.sort_unstable();
            // The two lowest make the certificate, and the higher of them is what it proves.
            *lowest = each.get(1).copied();
            if !each.is_empty() {
                exists.given_up = u8::try_from(index + 1).expect("few views");
            }
        }
        exists
    }
}

fn lowest_bit(bits: u8) -> Option<u8> {
    (bits != 0).then(|| u8::try_from(bits.trailing_zeros()).expect("at most 7"))
}
