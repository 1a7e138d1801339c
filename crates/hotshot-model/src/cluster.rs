//! The whole system as a model: three honest members, and one Byzantine one that needs no state.

use stateright::{Model, Path, Property};

use crate::{
    cloud::{Cloud, Clouds},
    cores::{Cores, Fault},
    defect::Defect,
    locals::Locals,
    said::{Exists, HONEST, Leaves, Said},
    universe::{Bound, Leaf, MEMBERS, Universe},
};

/// Where all honest members are. Members that lead no view within the bound are interchangeable, and stand in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State([Cloud; HONEST]);

/// One member says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    place: usize,
    to: Cloud,
}

/// Four members, one of them Byzantine.
#[derive(Debug)]
pub struct Cluster {
    clouds: Clouds,
    /// The honest members; those that lead no view come last, and are one.
    members: [usize; HONEST],
}

impl Cluster {
    /// All within a bound.
    pub fn new(bound: Bound, defect: Defect) -> Self {
        let leads = |member: &usize| (1..=usize::from(bound.views)).any(|view| view % MEMBERS == *member);
        let honest = (0..MEMBERS).filter(|member| *member != bound.byzantine);
        let (mut members, others): (Vec<usize>, Vec<usize>) = honest.partition(leads);
        members.extend(others.iter().map(|_| others[0]));
        let locals = Locals::new(Cores::new(Universe::new(bound), defect));
        Self {
            clouds: Clouds::new(locals),
            members: members.try_into().expect("three are honest"),
        }
    }

    /// How many clouds, states of members, states of cores, and calls of the core there have been.
    pub fn counts(&self) -> [usize; 4] {
        let locals = self.clouds.locals();
        let (cores, steps) = locals.cores().counts();
        [self.clouds.len(), locals.len(), cores, steps]
    }

    /// What each honest member has said.
    pub fn said(&self, state: &State) -> [Said; HONEST] {
        self.unnamed(state.0.map(|cloud| self.clouds.said(cloud)))
    }

    /// Statements of members that are interchangeable, in order.
    fn unnamed(&self, mut said: [Said; HONEST]) -> [Said; HONEST] {
        said[self.interchangeable()..].sort_unstable();
        said
    }

    fn interchangeable(&self) -> usize {
        let last = self.members[HONEST - 1];
        let first = self.members.iter().position(|member| *member == last);
        first.expect("it is one of them")
    }

    /// A walk of single steps, with nothing left out: what has been said after each. `choose` picks one of so many.
    pub fn walk(&self, steps: usize, mut choose: impl FnMut(usize) -> usize) -> Vec<[Said; HONEST]> {
        let locals = self.clouds.locals();
        let mut at = self.members.map(|member| locals.start(member));
        let mut walk = Vec::with_capacity(steps);
        for _ in 0..steps {
            let said = at.map(|local| *locals.node(local).said());
            walk.push(self.unnamed(said));
            let messages = self
                .universe()
                .messages(&Exists::of([&said[0], &said[1], &said[2]]));
            let place = choose(HONEST);
            let possible = locals.steps(at[place], &messages);
            if !possible.is_empty() {
                at[place] = possible[choose(possible.len())].1;
            }
        }
        walk
    }

    fn universe(&self) -> &Universe {
        self.clouds.locals().cores().universe()
    }

    fn exists(&self, state: &State) -> Exists {
        let [a, b, c] = self.said(state);
        Exists::of([&a, &b, &c])
    }

    fn ordered(&self, mut state: State) -> State {
        state.0[self.interchangeable()..].sort_unstable();
        state
    }

    /// What each honest member may have decided.
    fn decided(&self, state: &State) -> [Leaves; HONEST] {
        let exists = self.exists(state);
        state.0.map(|cloud| self.clouds.turn(cloud, &exists).decided)
    }

    fn any_decided(&self, state: &State) -> Leaves {
        self.decided(state)
            .into_iter()
            .fold(Leaves::default(), Leaves::union)
    }

    fn agrees(&self, leaves: Leaves) -> bool {
        let universe = self.universe();
        let with_all = |one| leaves.iter().all(|other| universe.on_one_branch(one, other));
        leaves.iter().all(with_all)
    }

    fn votes_once(&self, said: &Said) -> bool {
        let view = |leaf: Leaf| self.universe().view(leaf);
        let once = |leaves: Leaves| {
            let alone = |one| {
                leaves
                    .iter()
                    .all(|other| one == other || view(one) != view(other))
            };
            leaves.iter().all(alone)
        };
        once(said.proposals) && once(said.votes1) && once(said.votes2)
    }

    fn may_fail(&self, state: &State, how: impl Fn(&Fault) -> bool) -> bool {
        let exists = self.exists(state);
        let fails = |cloud: &Cloud| self.clouds.turn(*cloud, &exists).faults.iter().any(&how);
        state.0.iter().any(fails)
    }

    fn rivals_have_votes(&self, state: &State) -> bool {
        let universe = self.universe();
        let votes = self.said(state).map(|said| said.votes1);
        let all = votes.into_iter().fold(Leaves::default(), Leaves::union);
        let place = |leaf: Leaf| (universe.view(leaf), universe.parent(leaf));
        let rival = |one| all.iter().any(|other| one != other && place(one) == place(other));
        all.iter().any(rival)
    }

    /// A run as people read it: who does what until its next statement.
    pub fn explain(&self, path: Path<State, Move>) -> Vec<String> {
        let steps = path.into_vec();
        let mut turns = [const { Vec::new() }; HONEST];
        let mut order = Vec::new();
        // Members that are interchangeable may change places: follow each by its cloud.
        let Some((first, _)) = steps.first() else {
            return Vec::new();
        };
        let mut at = first.0;
        for (state, action) in &steps {
            let Some(action) = action else { break };
            let from = state.0[action.place];
            let same =
                |place: &usize| self.members[*place] == self.members[action.place] && at[*place] == from;
            let who = (0..HONEST).find(same).expect("somebody is there");
            turns[who].push((from, self.exists(state)));
            order.push(who);
            at[who] = action.to;
        }
        let mut ways: Vec<_> = turns
            .iter()
            .zip(at)
            .map(|(turns, last)| self.clouds.explain(turns, last).into_iter())
            .collect();
        let line = |who: usize| {
            ways[who]
                .next()
                .map(|acts| format!("{}: {acts:?}", ["a", "b", "c"][who]))
        };
        order.into_iter().filter_map(line).collect()
    }
}

/// What must always hold, and what must happen at least once for the exploration to mean something.
impl Cluster {
    fn always() -> Vec<Property<Self>> {
        vec![
            Property::always("agreement", |model: &Self, state| {
                model.agrees(model.any_decided(state))
            }),
            Property::always("final leaves are on one branch", |model, state| {
                model.agrees(model.exists(state).certificates2)
            }),
            Property::always("one statement per member, phase and view", |model, state| {
                model.said(state).iter().all(|said| model.votes_once(said))
            }),
            Property::always("lock and decided height never fall", |model, state| {
                !model.may_fail(state, |fault| *fault == Fault::Fell)
            }),
            Property::always("a restart forgets nothing that was said", |model, state| {
                !model.may_fail(state, |fault| *fault == Fault::Forgot)
            }),
            Property::always("nobody halts", |model, state| {
                !model.may_fail(state, |fault| matches!(fault, Fault::Halted))
            }),
        ]
    }

    fn sometimes(&self) -> Vec<Property<Self>> {
        let mut all: Vec<Property<Self>> = vec![
            Property::sometimes("a block is decided", |model: &Self, state| {
                !model.any_decided(state).is_empty()
            }),
            Property::sometimes("all honest members decide", |model, state| {
                model.decided(state).iter().all(|decided| !decided.is_empty())
            }),
        ];
        let bound = self.universe().bound();
        if bound.crashes {
            let name = "a member says something after a restart";
            all.push(Property::sometimes(name, |model, _| {
                model.clouds.have_recovered()
            }));
        }
        if bound.views > 1 {
            all.push(Property::sometimes(
                "a view is given up by a quorum",
                |model, state| model.exists(state).timeouts.iter().any(Option::is_some),
            ));
            all.push(Property::sometimes(
                "a block above a view given up is decided",
                |model, state| {
                    let universe = model.universe();
                    let skips = |leaf: Leaf| universe.view(leaf) > universe.view(universe.parent(leaf)) + 1;
                    model.any_decided(state).iter().any(skips)
                },
            ));
            all.push(Property::sometimes(
                "a block and its child are decided",
                |model, state| {
                    let height = |leaf: Leaf| model.universe().height(leaf);
                    model.any_decided(state).iter().map(height).max() >= Some(2)
                },
            ));
        }
        if bound.rivals > 1 && (1..=bound.views).any(|view| self.universe().is_led_by_byzantine(view)) {
            all.push(Property::sometimes(
                "both of two rival blocks get votes",
                |model, state| model.rivals_have_votes(state),
            ));
        }
        all
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Move;

    fn init_states(&self) -> Vec<State> {
        vec![State(self.members.map(|member| self.clouds.start(member)))]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Move>) {
        let exists = self.exists(state);
        for (place, cloud) in state.0.into_iter().enumerate() {
            let turn = self.clouds.turn(cloud, &exists);
            actions.extend(turn.next.iter().map(|to| Move { place, to: *to }));
        }
    }

    fn next_state(&self, state: &State, action: Move) -> Option<State> {
        let mut next = *state;
        next.0[action.place] = action.to;
        Some(self.ordered(next))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = Self::always();
        all.extend(self.sometimes());
        all
    }
}
