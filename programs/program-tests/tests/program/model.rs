//! Random sequences of instructions by random people, against a model of a few lines that shares no code with the program.

use program_tests::rig::{DELAY, GENESIS_ROOT};
use program_tests::{Chain, Failure, Post, Rig, Staged};
use proptest::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::instruction::{
    AcceptRole, AddPoster, ExecuteReplacement, Pause, ProposeRole, Resume, RevokePoster, ScheduleReplacement,
    VetoReplacement,
};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Whoever acts: at first 0 governs, 1 guards, 2 posts, 3 is a stranger.
type Who = usize;
const PEOPLE: Who = 4;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// New blocks; the last of them may end the epoch.
    Post {
        by: Who,
        blocks: usize,
        last: bool,
    },
    /// A post that was accepted once.
    Repost {
        by: Who,
        which: usize,
    },
    /// Another certified block at the newest height.
    Conflict {
        by: Who,
    },
    HandOver,
    Pause {
        by: Who,
    },
    Resume {
        by: Who,
    },
    List {
        by: Who,
        poster: Who,
    },
    Revoke {
        by: Who,
        poster: Who,
    },
    Propose {
        by: Who,
        role: usize,
        key: Who,
    },
    Accept {
        by: Who,
        role: usize,
    },
    Schedule {
        by: Who,
    },
    Veto {
        by: Who,
    },
    Execute {
        by: Who,
    },
    Pass {
        seconds: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let who = || 0..PEOPLE;
    prop_oneof![
        6 => (who(), 1..4usize, prop::bool::weighted(0.3)).prop_map(|(by, blocks, last)| Act::Post { by, blocks, last }),
        6 => (1..4usize, prop::bool::weighted(0.3)).prop_map(|(blocks, last)| Act::Post { by: 2, blocks, last }),
        2 => (who(), 0..100usize).prop_map(|(by, which)| Act::Repost { by, which }),
        1 => who().prop_map(|by| Act::Conflict { by }),
        5 => Just(Act::HandOver),
        1 => who().prop_map(|by| Act::Pause { by }),
        2 => who().prop_map(|by| Act::Resume { by }),
        1 => (who(), who()).prop_map(|(by, poster)| Act::List { by, poster }),
        1 => (who(), who()).prop_map(|(by, poster)| Act::Revoke { by, poster }),
        2 => (who(), 0..2usize, who()).prop_map(|(by, role, key)| Act::Propose { by, role, key }),
        2 => (who(), 0..2usize).prop_map(|(by, role)| Act::Accept { by, role }),
        2 => who().prop_map(|by| Act::Schedule { by }),
        1 => who().prop_map(|by| Act::Veto { by }),
        2 => who().prop_map(|by| Act::Execute { by }),
        2 => (1..DELAY * 3 / 2).prop_map(|seconds| Act::Pass { seconds }),
    ]
}

/// What the program should hold.
#[derive(Clone, Debug, Default)]
struct Model {
    height: u64,
    epoch: u64,
    ended: bool,
    paused: bool,
    frozen: bool,
    posters: Vec<Who>,
    /// Governance, then the guardian.
    roles: [Who; 2],
    proposed: [Option<Who>; 2],
    guardian_ready_at: u64,
    /// When the next epoch's staged committee may replace the present one, and for which epoch it was announced.
    scheduled: Option<(u64, u64)>,
    now: u64,
}

impl Model {
    fn moving(&self) -> Result<(), Refusal> {
        match (self.frozen, self.paused) {
            (true, _) => Err(Refusal::Frozen),
            (false, true) => Err(Refusal::Paused),
            (false, false) => Ok(()),
        }
    }

    fn posting(&self, by: Who) -> Result<(), Refusal> {
        self.moving()?;
        let may = self.posters.is_empty() || self.posters.contains(&by);
        may.then_some(()).ok_or(Refusal::PosterNotAllowed)
    }

    fn governs(&self, by: Who) -> Result<(), Refusal> {
        (self.roles[0] == by).then_some(()).ok_or(Refusal::NotGovernance)
    }

    fn guards(&self, by: Who) -> Result<(), Refusal> {
        self.roles.contains(&by).then_some(()).ok_or(Refusal::NotGuardian)
    }

    fn next_epoch(&mut self) {
        self.epoch += 1;
        self.ended = false;
    }

    fn act(&mut self, act: Act) -> Result<(), Refusal> {
        match act {
            Act::Post { by, blocks, last } => {
                self.posting(by)?;
                if self.ended {
                    return Err(Refusal::EpochEnded);
                }
                self.height += blocks as u64;
                self.ended = last;
            }
            Act::Repost { by, .. } => self.posting(by)?,
            Act::Conflict { by } => {
                self.posting(by)?;
                self.frozen = true;
            }
            Act::HandOver => {
                self.moving()?;
                if !self.ended {
                    return Err(Refusal::EpochNotEnded);
                }
                self.next_epoch();
            }
            Act::Pause { by } => {
                self.guards(by)?;
                self.paused = true;
            }
            Act::Resume { by } => {
                self.governs(by)?;
                self.paused = false;
            }
            Act::List { by, poster } => {
                self.governs(by)?;
                self.posters.retain(|listed| *listed != poster);
                self.posters.push(poster);
            }
            Act::Revoke { by, poster } => {
                self.governs(by)?;
                self.posters.retain(|listed| *listed != poster);
            }
            Act::Propose { by, role, key } => {
                self.governs(by)?;
                self.proposed[role] = Some(key);
                if role == 1 {
                    self.guardian_ready_at = self.now + DELAY;
                }
            }
            Act::Accept { by, role } => self.accept(by, role)?,
            Act::Schedule { by } => {
                self.governs(by)?;
                if self.scheduled.is_some() {
                    return Err(Refusal::AlreadyScheduled);
                }
                self.scheduled = Some((self.now + DELAY, self.epoch + 1));
            }
            Act::Veto { by } => {
                self.guards(by)?;
                self.scheduled.take().ok_or(Refusal::NothingScheduled)?;
            }
            Act::Execute { by } => self.execute(by)?,
            Act::Pass { seconds } => self.now += seconds,
        }
        Ok(())
    }

    fn accept(&mut self, by: Who, role: usize) -> Result<(), Refusal> {
        if self.proposed[role] != Some(by) {
            return Err(Refusal::NotProposed);
        }
        if role == 1 && self.now < self.guardian_ready_at {
            return Err(Refusal::TooEarly);
        }
        self.roles[role] = by;
        self.proposed[1] = None;
        if role == 0 {
            self.proposed[0] = None;
        }
        Ok(())
    }

    /// The account named is always the one staged for the present epoch's next.
    fn execute(&mut self, by: Who) -> Result<(), Refusal> {
        self.governs(by)?;
        let (ready_at, epoch) = self.scheduled.ok_or(Refusal::NothingScheduled)?;
        if epoch != self.epoch + 1 {
            return Err(Refusal::WrongCommittee);
        }
        if self.now < ready_at {
            return Err(Refusal::TooEarly);
        }
        self.scheduled = None;
        self.frozen = false;
        self.next_epoch();
        Ok(())
    }
}

/// The program under the same acts.
struct World {
    rig: Rig,
    people: [Keypair; PEOPLE],
    next: Staged,
    accepted: Vec<Post>,
}

impl World {
    fn new() -> Self {
        let mut rig = Rig::active(&[10, 10, 10, 10]);
        let roles = &rig.roles;
        let people = [&roles.governance, &roles.guardian, &roles.poster, &roles.stranger];
        let people = people.map(Keypair::insecure_clone);
        let next = rig.stage(10, &[1, 1, 1]);
        Self {
            rig,
            people,
            next,
            accepted: Vec::new(),
        }
    }

    fn key(&self, who: Who) -> [u8; 32] {
        self.people[who].pubkey().to_bytes()
    }

    /// The next committee took over; another is staged after it.
    fn took_over(&mut self) {
        self.rig.follow(&self.next);
        let first = 10 + self.next.epoch % 5;
        self.next = self.rig.stage(first, &[1, 1, 1]);
    }

    fn act(&mut self, act: Act) -> Result<(), Failure> {
        let by = |world: &Self, who: Who| world.people[who].insecure_clone();
        let next = self.next.address;
        match act {
            Act::Post {
                by: who,
                blocks,
                last,
            } => return self.post(who, blocks, last),
            Act::Repost { by: who, which } => {
                let signer = by(self, who);
                // Before the first post, the genesis stands for one.
                let genesis = self.rig.chain.genesis_post(GENESIS_ROOT);
                let post = match self.accepted.len() {
                    0 => genesis,
                    count => self.accepted[which % count].clone(),
                };
                self.rig.submit_by(&signer, &post)?;
            }
            Act::Conflict { by: who } => {
                let signer = by(self, who);
                let chain = &self.rig.chain;
                let header = chain.rival();
                let post = chain.certify(&header, &chain.everyone(), Vec::new());
                self.rig.submit_by(&signer, &post)?;
            }
            Act::HandOver => {
                self.rig.try_hand_over(next)?;
                self.took_over();
            }
            Act::Pause { by: who } => drop(self.rig.call(&by(self, who), &Pause {})?),
            Act::Resume { by: who } => drop(self.rig.call(&by(self, who), &Resume {})?),
            Act::List { by: who, poster } => {
                let poster = self.key(poster);
                self.rig.call(&by(self, who), &AddPoster { poster })?;
            }
            Act::Revoke { by: who, poster } => {
                let poster = self.key(poster);
                self.rig.call(&by(self, who), &RevokePoster { poster })?;
            }
            Act::Propose { by: who, role, key } => {
                let (role, key) = (role as u8, self.key(key));
                self.rig.call(&by(self, who), &ProposeRole { role, key })?;
            }
            Act::Accept { by: who, role } => {
                let role = role as u8;
                self.rig.call(&by(self, who), &AcceptRole { role })?;
            }
            Act::Schedule { by: who } => {
                self.rig.call_on(&by(self, who), next, &ScheduleReplacement {})?;
            }
            Act::Veto { by: who } => drop(self.rig.call(&by(self, who), &VetoReplacement {})?),
            Act::Execute { by: who } => {
                self.rig.call_on(&by(self, who), next, &ExecuteReplacement {})?;
                self.took_over();
            }
            Act::Pass { seconds } => self.rig.pass(seconds),
        }
        Ok(())
    }

    /// A refused post leaves the chain as it was.
    fn post(&mut self, who: Who, blocks: usize, last: bool) -> Result<(), Failure> {
        let before: Chain = self.rig.chain.clone();
        let next_committee = if last { self.next.hash } else { [0; 32] };
        let post = self.rig.chain.post_last(blocks, next_committee);
        let signer = self.people[who].insecure_clone();
        match self.rig.submit_by(&signer, &post) {
            Ok(_) => {
                self.accepted.push(post);
                Ok(())
            }
            Err(failure) => {
                self.rig.chain = before;
                Err(failure)
            }
        }
    }

    fn compare(&self, model: &Model) {
        self.rig.rollup(|rollup| {
            let state = &rollup.state;
            assert_eq!((state.last.height, state.epoch), (model.height, model.epoch));
            assert_eq!(state.last.roots_acc, self.rig.chain.acc);
            assert_eq!(
                (state.paused, state.frozen),
                (u8::from(model.paused), u8::from(model.frozen))
            );
            assert_eq!(state.last.next_committee != [0; 32], model.ended);
            assert_eq!(
                [state.governance, state.guardian],
                model.roles.map(|who| self.key(who))
            );
            assert_eq!(
                [state.proposed_governance, state.proposed_guardian],
                model.proposed.map(|who| who.map_or([0; 32], |who| self.key(who)))
            );
            for who in 0..PEOPLE {
                let listed = state.posters.contains(&self.key(who));
                assert_eq!(listed, model.posters.contains(&who));
            }
            assert_eq!(state.replacement.committee != [0; 32], model.scheduled.is_some());
            for height in 1..=model.height {
                let entry = rollup.root_at(height).expect("fewer heights than the ring has");
                assert_eq!(entry.state_root, Chain::root(height));
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_program_does_what_the_model_does(acts in proptest::collection::vec(act(), 1..60)) {
        let mut world = World::new();
        let mut model = Model { posters: vec![2], roles: [0, 1], ..Model::default() };
        for act in acts {
            let expected = model.act(act).map_err(Failure::Refused);
            prop_assert_eq!(world.act(act), expected, "{:?}", act);
            world.compare(&model);
        }
    }
}
