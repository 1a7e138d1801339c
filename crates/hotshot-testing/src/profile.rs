//! Profiles of the soak: from a seed to a description, so that one number is a whole test.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc, time::Duration};

use rand::{Rng, SeedableRng, seq::SliceRandom};

use crate::{
    BadProposalViewDos, Behaviour, Chance, ChaosNetwork, DelayMs, DishonestLeader, DishonestVoter,
    DishonestVoting, Equivocator, Flooder, Forger, Hoarder, InvalidState, NodeAction, Partitions, Parts,
    PayloadWithholder, Pretext, Replay, Silent, SimRng, Smuggler, Summary, TestBuilder, TestDescription,
    TestLauncher, Usurper, ViewDelay, Violation, Wild,
};

/// How long faults last.
const FAULTS: Duration = Duration::from_secs(4);
/// Within what time everybody must decide new blocks after them, whatever was left behind.
const RECOVERY: Duration = Duration::from_secs(40);

/// Members where committees take turns: three of each, and who is in all of them.
const DIVIDED: usize = 7;
const LIAR: usize = 6;

/// Sets the draws of upgrades apart.
const UPGRADES: u64 = 0x5570_6772_6164_6573;

/// What goes wrong in a soak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Links, disks, clocks and processes.
    Chaos,
    /// Up to f members, too.
    Byzantine,
    /// All of it, while committees hand over: members join and leave, stakes change.
    Epochs,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chaos => "chaos",
            Self::Byzantine => "byzantine",
            Self::Epochs => "epochs",
        })
    }
}

/// A profile that there is not.
#[derive(Clone, Debug, thiserror::Error)]
#[error("profile {got:?}, expected chaos, byzantine or epochs")]
pub struct ProfileError {
    got: String,
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(name: &str) -> Result<Self, ProfileError> {
        match name {
            "chaos" => Ok(Self::Chaos),
            "byzantine" => Ok(Self::Byzantine),
            "epochs" => Ok(Self::Epochs),
            got => Err(ProfileError { got: got.to_owned() }),
        }
    }
}

impl Profile {
    /// The test that a seed stands for.
    pub fn description(self, seed: u64) -> TestDescription {
        // Another stream than that of the run itself.
        let mut rng = SimRng::seed_from_u64(!seed);
        if self == Self::Epochs && rng.gen_bool(0.4) {
            return self
                .plan(divided(seed, &mut rng), seed, DIVIDED, BTreeSet::new())
                .build();
        }
        let nodes = *[4, 4, 5, 7, 7, 10].choose(&mut rng).expect("there are some");
        let mut builder = TestBuilder::new(&self.to_string(), nodes)
            .with(|d| d.replay = Replay::Soak(self))
            .network(links(&mut rng))
            .parts(parts(&mut rng))
            .heals(FAULTS, 5, RECOVERY)
            .with(|d| {
                d.clock_skew_ms = rng.gen_range(0..=400);
                let every = Duration::from_millis(rng.gen_range(200..2_000));
                let groups = rng.gen_range(2..=3);
                d.partitions = rng.gen_bool(0.4).then_some(Partitions {
                    every,
                    groups,
                    adverse: false,
                });
            });
        let mut faulty = BTreeSet::new();
        match self {
            Self::Chaos => {
                if rng.gen_bool(0.3) {
                    let stakes: Vec<u64> = (0..nodes).map(|_| rng.gen_range(1..=5)).collect();
                    builder = builder.stakes(&stakes);
                }
                builder = upheaval(builder, nodes, &mut rng);
            }
            Self::Byzantine => {
                faulty = some(nodes, (nodes - 1) / 3, &mut rng);
                let lonely = rng.gen_bool(0.1);
                if lonely {
                    builder = builder.with(lonesome);
                }
                builder = corrupt(builder, nodes, faulty.clone(), lonely, &mut rng);
            }
            Self::Epochs => {
                let most = (nodes - 1) / 3;
                faulty = some(nodes, rng.gen_range(0..=most), &mut rng);
                let height = rng.gen_range(1..=6);
                builder = builder
                    .epochs(height)
                    .stakes_by_epoch(turnover(seed, nodes, faulty.clone()))
                    .heals(FAULTS, 2 * height + 3, RECOVERY);
                if faulty.is_empty() {
                    builder = upheaval(builder, nodes, &mut rng);
                }
                builder = corrupt(builder, nodes, faulty.clone(), false, &mut rng);
            }
        }
        self.plan(builder, seed, nodes, faulty).build()
    }

    /// In a third of the seeds there is an upgrade in the air. It is drawn apart: without it, a seed is the same test.
    fn plan(self, builder: TestBuilder, seed: u64, nodes: usize, faulty: BTreeSet<usize>) -> TestBuilder {
        let rng = &mut SimRng::seed_from_u64(seed.rotate_left(32) ^ UPGRADES);
        if !rng.gen_bool(0.33) {
            return builder;
        }
        let first = rng.gen_range(1..=25);
        let last = first + rng.gen_range(0..=40);
        let forgot = if rng.gen_bool(0.3) { rng.gen_range(0..3) } else { 0 };
        // Whose software is old counts as faulty after the switch: it must not come on top of others, or weigh more later.
        let old = usize::from(self == Self::Chaos && rng.gen_bool(0.2));
        let builder = builder.upgrade(first..=last, some(nodes, forgot, rng), some(nodes, old, rng));
        if faulty.is_empty() || rng.gen_bool(0.7) {
            return builder;
        }
        builder.with(|d| {
            let others = Arc::clone(&d.behaviour);
            d.behaviour = Arc::new(move |member| match others(member) {
                Behaviour::Byzantine(_) if faulty.contains(&member) => {
                    Behaviour::byzantine(Usurper::new(&Pretext::ALL))
                }
                other => other,
            });
        })
    }

    /// Runs one seed.
    pub fn run(self, seed: u64) -> Result<Summary, Box<Violation>> {
        TestLauncher::new(self.description(seed), seed)
            .launch()
            .run_test()
    }
}

fn some(nodes: usize, count: usize, rng: &mut SimRng) -> BTreeSet<usize> {
    rand::seq::index::sample(rng, nodes, count).into_iter().collect()
}

/// Faulty members of several kinds; `silent` ones only keep still.
fn corrupt(
    builder: TestBuilder,
    nodes: usize,
    faulty: BTreeSet<usize>,
    silent: bool,
    rng: &mut SimRng,
) -> TestBuilder {
    let kind = rng.gen_range(0..KINDS);
    builder.behaviour(move |member| {
        if silent && faulty.contains(&member) {
            Behaviour::byzantine(Silent { kinds: &[] })
        } else if faulty.contains(&member) {
            behaviour(kind + member, nodes, &faulty)
        } else {
            Behaviour::Standard
        }
    })
}

/// Committees that take turns and share nobody but a liar, who is on all sides of each cut: the one that does not know that its
/// epoch is over may certify its last block again, in views that the other has passed.
fn divided(seed: u64, rng: &mut SimRng) -> TestBuilder {
    let height = rng.gen_range(1..=4);
    let every = Duration::from_millis(rng.gen_range(1_500..4_000));
    TestBuilder::new(&Profile::Epochs.to_string(), DIVIDED)
        .with(|d| d.replay = Replay::Soak(Profile::Epochs))
        .network(links(rng))
        .parts(parts(rng))
        .epochs(height)
        .stakes_by_epoch(move |epoch| {
            let side = (epoch ^ seed) % 2;
            let stake = |member| member == LIAR || member as u64 % 2 == side;
            (0..DIVIDED).map(|member| u64::from(stake(member))).collect()
        })
        .with(|d| {
            d.partitions = Some(Partitions {
                every,
                groups: 3,
                adverse: true,
            });
        })
        .behaviour(|member| match member {
            LIAR => Behaviour::byzantine(Smuggler::default()),
            _ => Behaviour::Standard,
        })
        .heals(3 * FAULTS, 2 * height + 3, RECOVERY)
}

/// Each epoch draws its members and their stakes, the faulty ones always below a third.
fn turnover(seed: u64, nodes: usize, faulty: BTreeSet<usize>) -> impl Fn(u64) -> Vec<u64> {
    move |epoch| {
        let mut rng = SimRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(epoch));
        let stakes: Vec<u64> = (0..nodes).map(|_| rng.gen_range(0..=3)).collect();
        let bad: u64 = faulty.iter().map(|member| stakes[*member]).sum();
        if bad * 3 < stakes.iter().sum() {
            stakes
        } else {
            vec![1; nodes]
        }
    }
}

fn links(rng: &mut SimRng) -> ChaosNetwork {
    ChaosNetwork {
        keep: Chance {
            numerator: rng.gen_range(75..=100),
            denominator: 100,
        },
        delay: DelayMs {
            low: 0,
            high: *[5, 30, 80, 300].choose(rng).expect("there are some"),
        },
        repeat_low: 1,
        repeat_high: rng.gen_range(1..=3),
    }
}

fn parts(rng: &mut SimRng) -> Parts {
    Parts {
        storage: DelayMs {
            low: 0,
            high: *[2, 5, 50].choose(rng).expect("there are some"),
        },
        crash: *[0.0, 0.0005, 0.004, 0.02].choose(rng).expect("there are some"),
        restart_after: DelayMs {
            low: 0,
            high: *[50, 400, 2_000].choose(rng).expect("there are some"),
        },
        ..Parts::rough()
    }
}

/// Nobody can be spared, for the faulty say nothing; and each is often alone, and restarts there.
fn lonesome(description: &mut TestDescription) {
    description.async_delay_config.crash = 0.05;
    description.async_delay_config.restart_after = DelayMs { low: 0, high: 400 };
    description.partitions = Some(Partitions {
        every: Duration::from_millis(500),
        groups: 3,
        adverse: false,
    });
}

/// Some join late, some restart, now and then everybody does.
fn upheaval(builder: TestBuilder, nodes: usize, rng: &mut SimRng) -> TestBuilder {
    let mut builder = builder;
    if rng.gen_bool(0.3) {
        let late = rng.gen_range(0..nodes);
        builder = builder.change(rng.gen_range(1..20), [late], NodeAction::Up);
    }
    for _ in 0..rng.gen_range(0..4) {
        let view = rng.gen_range(2..60);
        let away = NodeAction::Restart(Duration::from_millis(rng.gen_range(0..1_500)));
        let who = if rng.gen_bool(0.3) { 0..nodes } else { 0..1 };
        builder = builder.change(view, who, away);
    }
    builder
}

const KINDS: usize = 16;

fn behaviour(kind: usize, nodes: usize, friends: &BTreeSet<usize>) -> Behaviour {
    match kind % KINDS {
        0 | 1 => Behaviour::byzantine(Wild::default()),
        2 | 3 => Behaviour::ByzantineTwins,
        4 => Behaviour::byzantine(Equivocator::default()),
        5 => Behaviour::byzantine(DishonestVoter {
            friends: friends.clone(),
        }),
        6 => Behaviour::byzantine(DishonestLeader::new(1..100, 1)),
        7 => Behaviour::byzantine(BadProposalViewDos {
            multiplier: 10,
            increment: nodes as u64,
        }),
        8 => Behaviour::byzantine(DishonestVoting { view_increment: 3 }),
        9 => Behaviour::byzantine(ViewDelay::new(5, u64::MAX)),
        10 => Behaviour::byzantine(PayloadWithholder {
            from: (0..nodes / 2).collect(),
        }),
        11 => Behaviour::byzantine(Flooder { rate: 3 }),
        12 | 13 => Behaviour::byzantine(Hoarder::default()),
        14 => Behaviour::byzantine(Silent { kinds: &[] }),
        _ if nodes.is_multiple_of(2) => Behaviour::byzantine(Forger),
        _ => Behaviour::byzantine(InvalidState),
    }
}
