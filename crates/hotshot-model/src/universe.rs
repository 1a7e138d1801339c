//! Every block that can be proposed within the bound, and everything that can be said about it, made once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotshot::{Committees, Config, Now, Timing};
use hotshot_testing::fixtures::{EPOCH_MS, PLACEHOLDER, child, committee, genesis, node_id};
use hotshot_types::{
    Block, Certificate, Certificate1, Certificate2, Committee, Justify, Phase, Proposal, SignedProposal,
    Signers, TimeoutCertificate, TimeoutData, TimeoutVote, Versions, View, VoteData, message::FetchedBlocks,
};
use rollup_abi::{Digest, Header, header};

use crate::{cores::Told, said::Exists};

/// The members, of equal stake.
pub const MEMBERS: usize = 4;
/// Most views of a bound.
pub const MAX_VIEWS: usize = 3;
/// Most leaves of a universe, genesis included.
const MAX_LEAVES: usize = 16;

/// The one moment at which everything happens: waiting is a choice of the scheduler, not a matter of time.
pub const NOW: Now = Now {
    elapsed: Duration::ZERO,
    wall_ms: EPOCH_MS + 1_000,
};

/// A leaf by its number; genesis is 0, and parents come before their children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leaf(pub u8);

impl Leaf {
    /// The genesis leaf.
    pub const GENESIS: Self = Self(0);

    fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// How much is explored.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Views in which blocks are proposed and voted for.
    pub views: u8,
    /// The Byzantine member. Member `v` leads view `v`, so member 0 leads none.
    pub byzantine: usize,
    /// Views that can be given up: all of them, or all but the last, which leads nowhere.
    pub timeouts: u8,
    /// Whether members crash.
    pub crashes: bool,
    /// Whether the application takes its time; otherwise it answers at once.
    pub slow_application: bool,
    /// Rival blocks of the Byzantine leader on each parent.
    pub rivals: u8,
}

#[derive(Debug)]
struct Entry {
    view: u8,
    parent: Leaf,
    block: Block,
    data: VoteData,
    certificate1: Option<Certificate1>,
    certificate2: Option<Certificate2>,
}

/// The blocks and their certificates. Signatures are ideal: a placeholder stands for each, and who signed what is known
/// from what was said. A certificate is the same whoever its signers are.
#[derive(Debug)]
pub struct Universe {
    bound: Bound,
    committee: Committee,
    leaves: Vec<Entry>,
    by_digest: BTreeMap<Digest, Leaf>,
    proposals: BTreeMap<(Leaf, Option<Leaf>), Arc<Proposal>>,
    timeouts: BTreeMap<(u8, Leaf), Arc<TimeoutCertificate>>,
}

impl Universe {
    /// All blocks within the bound.
    ///
    /// # Panics
    ///
    /// If the bound exceeds [`MAX_VIEWS`] or the leaves that fit into a set.
    pub fn new(bound: Bound) -> Self {
        assert!(usize::from(bound.views) <= MAX_VIEWS, "at most {MAX_VIEWS} views");
        let mut universe = Self {
            bound,
            committee: committee(&[1; MEMBERS]),
            leaves: Vec::new(),
            by_digest: BTreeMap::new(),
            proposals: BTreeMap::new(),
            timeouts: BTreeMap::new(),
        };
        universe.add(genesis(), Leaf::GENESIS, Vec::new());
        for view in 1..=bound.views {
            let rivals = if universe.is_led_by_byzantine(view) {
                bound.rivals
            } else {
                1
            };
            for parent in universe.leaves().collect::<Vec<_>>() {
                for rival in 0..rivals {
                    let payload = vec![rival];
                    let header = child(
                        universe.header(parent),
                        View::new(view.into()),
                        NOW.wall_ms,
                        &payload,
                    );
                    universe.add(header, parent, payload);
                }
            }
            let below: Vec<Leaf> = universe
                .leaves()
                .filter(|leaf| universe.view(*leaf) < view)
                .collect();
            for lock in below {
                let certificate = universe.make_timeout(view, lock);
                universe.timeouts.insert((view, lock), Arc::new(certificate));
            }
        }
        universe.make_proposals();
        universe
    }

    fn add(&mut self, header: Header, parent: Leaf, payload: Vec<u8>) {
        let index = self.leaves.len();
        assert!(index < MAX_LEAVES, "at most {MAX_LEAVES} leaves");
        let digest = header.commitment();
        let data = VoteData::of(&header, digest);
        // What is printed of a leaf tells it from all others.
        let distinct = self.by_digest.keys().all(|other| other[..4] != digest[..4]);
        assert!(distinct, "leaves differ in their first bytes");
        self.by_digest
            .insert(digest, Leaf(u8::try_from(index).expect("at most MAX_LEAVES")));
        let certified = header.height > 0;
        self.leaves.push(Entry {
            view: u8::try_from(header.view).expect("few views"),
            parent,
            block: Block {
                header,
                payload: payload.into(),
            },
            data,
            certificate1: certified.then(|| certificate(data)),
            certificate2: certified.then(|| certificate(data)),
        });
    }

    fn make_timeout(&self, view: u8, lock: Leaf) -> TimeoutCertificate {
        let vote = TimeoutVote {
            data: TimeoutData {
                epoch: self.committee.epoch(),
                view: View::new(view.into()),
                lock_epoch: self.committee.epoch(),
                lock_view: View::new(self.view(lock).into()),
            },
            signature: *PLACEHOLDER,
            lock: self.justify(lock),
        };
        let votes = (0..MEMBERS).map(|member| (member, &vote));
        TimeoutCertificate::assemble(&self.committee, votes).expect("members are distinct")
    }

    fn make_proposals(&mut self) {
        for leaf in self.leaves().skip(1) {
            for evidence in self.all_evidence(leaf) {
                let block = &self.leaves[leaf.index()].block;
                let before = self.view(leaf) - 1;
                let proposal = Proposal {
                    view: View::new(block.header.view),
                    hand_over: None,
                    upgrade: None,
                    header: block.header.clone(),
                    justify: self.justify(self.parent(leaf)),
                    timeout: evidence.map(|lock| (*self.timeouts[&(before, lock)]).clone()),
                    payload: Arc::clone(&block.payload),
                };
                self.proposals.insert((leaf, evidence), Arc::new(proposal));
            }
        }
    }
}

/// What is known of blocks.
impl Universe {
    /// The bound.
    pub fn bound(&self) -> &Bound {
        &self.bound
    }

    /// All leaves, genesis first.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf> + use<> {
        (0..u8::try_from(self.leaves.len()).expect("at most MAX_LEAVES")).map(Leaf)
    }

    /// The number of the leaf with this commitment.
    pub fn leaf(&self, digest: &Digest) -> Leaf {
        self.by_digest[digest]
    }

    /// A leaf's commitment.
    pub fn digest(&self, leaf: Leaf) -> Digest {
        self.leaves[leaf.index()].data.leaf
    }

    /// A leaf's view.
    pub fn view(&self, leaf: Leaf) -> u8 {
        self.leaves[leaf.index()].view
    }

    /// A leaf's height.
    pub fn height(&self, leaf: Leaf) -> u64 {
        self.header(leaf).height
    }

    /// A leaf's parent; genesis is its own.
    pub fn parent(&self, leaf: Leaf) -> Leaf {
        self.leaves[leaf.index()].parent
    }

    fn header(&self, leaf: Leaf) -> &Header {
        &self.leaves[leaf.index()].block.header
    }

    /// The block that an honest leader builds.
    pub fn built(&self, view: u8, parent: Leaf) -> Block {
        let built = |leaf: &Leaf| self.view(*leaf) == view && self.parent(*leaf) == parent;
        let leaf = self
            .leaves()
            .skip(1)
            .find(built)
            .expect("all blocks within the bound exist");
        self.leaves[leaf.index()].block.clone()
    }

    /// Whether two leaves are on one branch.
    pub fn on_one_branch(&self, one: Leaf, other: Leaf) -> bool {
        self.is_ancestor(one, other) || self.is_ancestor(other, one)
    }

    fn is_ancestor(&self, ancestor: Leaf, mut of: Leaf) -> bool {
        while of > ancestor {
            of = self.parent(of);
        }
        of == ancestor
    }

    /// Whether the Byzantine member leads a view.
    pub fn is_led_by_byzantine(&self, view: u8) -> bool {
        usize::from(view) % MEMBERS == self.bound.byzantine
    }

    /// What the honest member `index` is told at its start.
    pub fn config(&self, index: usize) -> Config {
        let never = Duration::from_secs(1 << 20);
        Config {
            node: node_id(index),
            committees: Committees::new(self.committee.clone()),
            epochs: hotshot_types::Epochs::ENDLESS,
            genesis: self.header(Leaf::GENESIS).clone(),
            timing: Timing {
                block_interval: Duration::ZERO,
                view_timeout: never,
                max_view_timeout: never,
                resend: Duration::ZERO,
                fetch_delay: never,
                fetch_retry: never,
                max_clock_drift: Duration::from_secs(1),
            },
            speaks: Versions::up_to(header::FIRST_VERSION),
            upgrade: None,
        }
    }

    /// Genesis.
    pub fn genesis(&self) -> &Header {
        self.header(Leaf::GENESIS)
    }
}

/// What members hear.
impl Universe {
    fn justify(&self, leaf: Leaf) -> Justify {
        match &self.leaves[leaf.index()].certificate1 {
            Some(certificate) => Justify::Certified(certificate.clone()),
            None => Justify::Genesis(self.digest(leaf)),
        }
    }

    /// The first-phase certificate of a leaf.
    pub fn certificate1(&self, leaf: Leaf) -> Certificate1 {
        let certificate = &self.leaves[leaf.index()].certificate1;
        certificate.clone().expect("genesis is never certified")
    }

    /// The second-phase certificate of a leaf.
    pub fn certificate2(&self, leaf: Leaf) -> Certificate2 {
        let certificate = &self.leaves[leaf.index()].certificate2;
        certificate.clone().expect("genesis is never certified")
    }

    /// A timeout certificate of a view that proves this lock.
    pub fn timeout(&self, view: u8, lock: Leaf) -> Arc<TimeoutCertificate> {
        Arc::clone(&self.timeouts[&(view, lock)])
    }

    /// A leaf's proposal; `evidence` is the lock that its timeout certificate proves, if it needs one.
    pub fn proposal(&self, leaf: Leaf, evidence: Option<Leaf>) -> SignedProposal {
        SignedProposal {
            proposal: Arc::clone(&self.proposals[&(leaf, evidence)]),
            signature: *PLACEHOLDER,
        }
    }

    /// All blocks up to a final leaf.
    pub fn blocks(&self, last: Leaf) -> Arc<FetchedBlocks> {
        let mut blocks = Vec::new();
        let mut leaf = last;
        while leaf != Leaf::GENESIS {
            blocks.push(self.leaves[leaf.index()].block.clone());
            leaf = self.parent(leaf);
        }
        blocks.reverse();
        Arc::new(FetchedBlocks {
            blocks,
            tail: Vec::new(),
            certificate: self.certificate2(last),
        })
    }

    /// The locks that a proposal's timeout certificate may prove; none is needed on a parent of the view before.
    fn all_evidence(&self, leaf: Leaf) -> Vec<Option<Leaf>> {
        let parent = self.view(self.parent(leaf));
        if parent + 1 == self.view(leaf) {
            return vec![None];
        }
        let below = self.leaves().filter(|lock| self.view(*lock) <= parent);
        below.map(Some).collect()
    }

    /// Everything that can reach a member.
    pub fn messages(&self, exists: &Exists) -> Vec<Told> {
        let mut messages = Vec::new();
        messages.extend(exists.certificates2.iter().map(Told::Certificate2));
        messages.extend(exists.certificates1.iter().map(Told::Certificate1));
        messages.extend(
            self.proposals(exists)
                .map(|(leaf, evidence)| Told::Proposal(leaf, evidence)),
        );
        messages.extend(
            self.timeouts(exists)
                .map(|(view, lock)| Told::TimeoutCertificate(view, lock)),
        );
        messages.extend((1..=exists.given_up).map(Told::Join));
        messages.extend(exists.certificates2.iter().map(Told::Blocks));
        messages
    }

    /// The proposals that can reach a member. The leader signs the leaf alone, so anybody can show it with any evidence
    /// that exists; the Byzantine leader has all of its blocks on certified parents ready.
    fn proposals(&self, exists: &Exists) -> impl Iterator<Item = (Leaf, Option<Leaf>)> {
        let shown = move |leaf: &Leaf| {
            let byzantine = self.is_led_by_byzantine(self.view(*leaf));
            let certified = self.is_certified(self.parent(*leaf), exists);
            certified && (byzantine || exists.proposals.contains(*leaf))
        };
        let leaves = self.leaves().skip(1).filter(shown);
        let all = leaves.flat_map(move |leaf| self.all_evidence(leaf).into_iter().map(move |e| (leaf, e)));
        let proven = move |(leaf, evidence): &(Leaf, Option<Leaf>)| {
            evidence.is_none_or(|lock| self.is_proven(self.view(*leaf) - 1, lock, exists))
        };
        all.filter(proven)
    }

    /// The timeout certificates that can be put together: view and lock.
    fn timeouts(&self, exists: &Exists) -> impl Iterator<Item = (u8, Leaf)> {
        let all = self.timeouts.keys().copied();
        all.filter(|(view, lock)| self.is_proven(*view, *lock, exists))
    }

    /// The Byzantine member may claim any certified lock: a certificate proves the lowest that honest signers allow, or
    /// any certified one above.
    fn is_proven(&self, view: u8, lock: Leaf, exists: &Exists) -> bool {
        let lowest = exists.timeouts[usize::from(view) - 1];
        self.is_certified(lock, exists) && lowest.is_some_and(|lowest| lowest <= self.view(lock))
    }

    fn is_certified(&self, leaf: Leaf, exists: &Exists) -> bool {
        leaf == Leaf::GENESIS || exists.certificates1.contains(leaf)
    }
}

fn certificate<P: Phase>(data: VoteData) -> Certificate<P> {
    Certificate::from_parts(data, Signers::none(MEMBERS), 0, *PLACEHOLDER)
}
