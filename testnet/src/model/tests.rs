//! Whole runs without a network: every transaction of every play, in blocks, on the chain and in the model.

use super::*;
use crate::judge::{Proven, Verdict, judge};
use crate::pay::Payer;
use crate::plan::{FEE, SUPPLY_CAP, Signed};
use crate::programs::{self, NotCompiled, Stage};
use assetvm::{Amount, Gas, GasRules, GenesisRoster, SigningKey, Unvalidated, execute_block};

const BLOCK_TIME: u64 = 250;

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&rollup_abi::sha256(&[name.as_bytes()]))
}

fn genesis() -> Genesis {
    Genesis {
        program_id: Address::new([1; 32]),
        mint_authority: key("authority").address(),
        supply_cap: SUPPLY_CAP,
        minimum_fee: FEE,
        gas: GasRules::default(),
        accounts: Vec::new(),
        committee: [0; 32],
        timestamp_ms: 0,
        roster: GenesisRoster::default(),
    }
}

fn produce(seed: u64) -> Vec<Production> {
    let genesis = genesis();
    let stage = Stage {
        chain_id: genesis.chain_id(),
        gas: genesis.gas,
        seed,
    };
    stage.produce(|name| Ok::<_, NotCompiled>(key(name))).unwrap()
}

/// A chain, and its model.
struct Run {
    state: State,
    model: Model,
    height: u64,
    /// The most gas that a transaction used.
    gas: Gas,
}

impl Run {
    fn new(productions: &[Production]) -> Self {
        let genesis = genesis();
        Self {
            state: genesis.state().unwrap(),
            model: Model::new(&genesis, productions),
            height: 0,
            gas: Gas(0),
        }
    }

    fn block<'a>(&mut self, transactions: impl IntoIterator<Item = &'a Signed>) {
        self.height += 1;
        let header = Header {
            height: self.height,
            timestamp_ms: self.height * BLOCK_TIME,
            ..Header::default()
        };
        let transactions = transactions.into_iter();
        let verified: Vec<_> = transactions
            .map(|signed| Unvalidated::decode(&signed.bytes).unwrap().verify().unwrap())
            .collect();
        let outcome = execute_block(&self.state, (&header).into(), &verified).unwrap();
        let transactions: Vec<_> = verified.iter().map(|one| one.transaction().clone()).collect();
        self.model.apply(&header, &transactions, &outcome.receipts);
        let used = outcome.receipts.iter().map(|receipt| receipt.gas_used);
        self.gas = used.chain([self.gas]).max().unwrap();
        self.state = outcome.state;
    }

    /// All plays, scene by scene. Within one, accounts act in the order given, or in the reverse one; each with one block for
    /// all that it sends, or one for each transaction.
    fn play(productions: &[Production], turned: bool) -> Self {
        let mut run = Self::new(productions);
        let (authority, purser) = (key("authority"), key("purser"));
        let budget = Action::Mint {
            to: purser.address(),
            amount: programs::BUDGET,
        };
        let chain_id = genesis().chain_id();
        run.block([&Signed::new(&authority, chain_id, 0, Amount::ZERO, budget)]);
        run.block(&programs::purses(&purser, chain_id, productions).transactions);
        let scenes = productions.iter().map(|production| production.scenes.len()).max();
        for at in 0..scenes.unwrap() {
            let scenes = productions
                .iter()
                .filter_map(|production| production.scenes.get(at));
            let mut scene: Vec<&Payer> = scenes.flatten().collect();
            if turned {
                scene.reverse();
                let all = scene.iter().flat_map(|payer| &payer.transactions);
                all.for_each(|signed| run.block([signed]));
            } else {
                scene.iter().for_each(|payer| run.block(&payer.transactions));
            }
        }
        run
    }

    /// What proofs against the state say.
    fn proven(&self, productions: &[Production]) -> Proven {
        let balance = |owner: &Address| {
            self.state
                .get(owner)
                .map_or(Amount::ZERO, |account| account.balance)
        };
        let owners = productions.iter().flat_map(Production::owners);
        let entry = |id| self.state.entry(id).map(<[u8]>::to_vec);
        let stored = self.model.stored().iter();
        Proven {
            balances: owners.map(|owner| (owner, balance(&owner))).collect(),
            entries: stored.map(|id| (*id, entry(id))).collect(),
        }
    }
}

#[test]
fn every_play_goes_as_it_is_meant_to_whatever_is_drawn_and_in_which_order() {
    for seed in 1..=6 {
        let productions = produce(seed);
        let mut run = Run::play(&productions, seed % 2 == 0);
        let proven = run.proven(&productions);
        let verdict = judge(&mut run.model, &run.state, &productions, &proven);
        assert_eq!(verdict.failures, Vec::<String>::new(), "seed {seed}");
        let (sent, decided, refused) = verdict.calls();
        assert_eq!(sent, decided);
        assert!(
            refused * 10 > sent && refused * 2 < sent,
            "{refused} of {sent} are refused"
        );
        for row in &verdict.rows {
            assert!(row.refused > 0, "{} refuses something", row.name);
            assert!(row.succeeded >= 20, "{} is used", row.name);
        }
        assert_eq!(verdict.balances_proven, verdict.owners);
        assert_eq!(verdict.entries_proven, verdict.entries);
        assert!(run.proven(&productions).entries.values().any(Option::is_none));
        assert!(
            run.gas.0 > 1_000_000 && run.gas < Gas(10_000_000),
            "{:?}",
            run.gas
        );
    }
}

#[test]
fn everything_that_differs_is_found() {
    let productions = produce(programs::SEED);
    let mut run = Run::play(&productions, false);
    let mut proven = run.proven(&productions);
    let good = judge(&mut run.model, &run.state, &productions, &proven);
    let amm = productions
        .iter()
        .find(|production| production.name == "amm")
        .unwrap();
    *proven.balances.get_mut(&amm.places[0]).unwrap() = Amount::ZERO;
    proven.balances.remove(&amm.cast[3]);
    let ids: Vec<_> = proven.entries.keys().copied().collect();
    proven.entries.insert(ids[0], Some(vec![1]));
    proven.entries.remove(&ids[1]);
    let bad = judge(&mut run.model, &run.state, &productions, &proven);
    assert_eq!(bad.failures.len(), 4, "{:#?}", bad.failures);
    assert_eq!(
        (bad.balances_proven, bad.entries_proven),
        (good.balances_proven - 2, good.entries_proven - 2)
    );

    run.model.give(&amm.cast[0], 1);
    let proven = run.proven(&productions);
    let Verdict { failures, .. } = judge(&mut run.model, &run.state, &productions, &proven);
    assert_eq!(failures.len(), 2, "the state and the proof: {failures:#?}");
}

#[test]
fn what_does_not_go_as_meant_is_found() {
    let mut productions = produce(programs::SEED);
    let split = productions
        .iter_mut()
        .find(|production| production.name == "split")
        .unwrap();
    let (_, fate) = split
        .intents
        .iter_mut()
        .find(|(_, fate)| *fate == Fate::Succeeds)
        .unwrap();
    *fate = Fate::Fails("Insufficient");
    let (_, fate) = split
        .intents
        .iter_mut()
        .find(|(_, fate)| *fate == Fate::Fails("NotAPercentage"))
        .unwrap();
    *fate = Fate::Fails("overflow");
    let mut run = Run::play(&productions, false);
    let proven = run.proven(&productions);
    let verdict = judge(&mut run.model, &run.state, &productions, &proven);
    assert_eq!(run.model.differences().0, 2);
    assert_eq!(
        verdict.failures.len(),
        2,
        "what differs, and the count of split: {:#?}",
        verdict.failures
    );
}
