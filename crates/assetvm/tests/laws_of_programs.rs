//! Laws that hold whatever is deployed, called, upgraded and closed: money is kept, equal blocks give equal roots, what fails does
//! nothing but cost its fee, and nothing is stored without its program.

mod common;

use std::{collections::BTreeMap, num::NonZeroUsize};

use assetvm::*;
use common::{
    programs::{RELAY, TILL, code},
    *,
};
use curvevm::{Value, encode_values};
use proptest::prelude::*;

/// What somebody tries. Programs are named by their place among those that were deployed so far.
#[derive(Clone, Debug)]
enum Try {
    Deploy {
        code: Code,
        upgradeable: bool,
        args: Args,
        payment: u64,
    },
    Call {
        program: usize,
        entry: &'static str,
        args: Args,
        payment: u64,
        gas: u64,
    },
    Upgrade {
        program: usize,
        code: Code,
    },
    /// With all entries named, or with one too few.
    Close {
        program: usize,
        all: bool,
    },
    Pay {
        to: usize,
        amount: u64,
    },
    Burn {
        amount: u64,
    },
}

/// Arguments of the types that an entry takes.
fn fitting(entry: &str, to: usize, amount: u64) -> Args {
    match entry {
        "pay_out" | "steal" => Args::Pay { to, amount },
        "forget" => Args::To(to),
        "chatter" => Args::Number(amount),
        _ => Args::None,
    }
}

/// Code to deploy: one of the programs, perhaps damaged somewhere. What is damaged and still verifies is a program, too.
#[derive(Clone, Debug)]
struct Code {
    which: usize,
    damage: Option<(prop::sample::Index, u8)>,
}

#[derive(Clone, Debug)]
enum Args {
    None,
    Number(u64),
    Pay { to: usize, amount: u64 },
    To(usize),
    Bytes(Vec<u8>),
}

/// The programs; their constructors take a limit, the next one, and nothing.
const PROGRAMS: [&str; 3] = [TILL, RELAY, "program idle\nentry payable take() {\n  ret r0\n}"];
const ENTRIES: [&str; 9] = [
    "pay_in", "pay_out", "steal", "forget", "chatter", "spin", "go", "take", "nonsense",
];

fn code_of(which: &Code) -> Vec<u8> {
    let mut bytes = code(PROGRAMS[which.which]);
    if let Some((at, byte)) = &which.damage {
        let at = at.index(bytes.len());
        bytes[at] = *byte;
    }
    bytes
}

fn any_code() -> impl Strategy<Value = Code> {
    let damage = prop::option::weighted(0.4, (any::<prop::sample::Index>(), any::<u8>()));
    (0..PROGRAMS.len(), damage).prop_map(|(which, damage)| Code { which, damage })
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 5 => 0u64..120, 1 => any::<u64>()]
}

fn args() -> impl Strategy<Value = Args> {
    prop_oneof![
        4 => Just(Args::None),
        2 => amount().prop_map(Args::Number),
        5 => (0usize..8, amount()).prop_map(|(to, amount)| Args::Pay { to, amount }),
        3 => (0usize..8).prop_map(Args::To),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Args::Bytes),
    ]
}

/// Any arguments, or what arguments that fit are made of.
fn call_args() -> impl Strategy<Value = (Option<Args>, usize, u64)> {
    (prop::option::weighted(0.2, args()), 0usize..8, amount())
}

fn attempt() -> impl Strategy<Value = (u8, Try)> {
    let gas = prop_oneof![8 => Just(5_000_000u64), 1 => 0u64..400_000];
    let action = prop_oneof![
        4 => (any_code(), any::<bool>(), prop::option::weighted(0.2, args()), amount()).prop_map(
            |(code, upgradeable, args, payment)| {
                let fitting = [Args::Number(u64::MAX), Args::To(4), Args::None];
                let args = args.unwrap_or(fitting[code.which].clone());
                Try::Deploy { code, upgradeable, args, payment }
            }
        ),
        12 => (0usize..6, prop::sample::select(&ENTRIES[..]), call_args(), amount(), gas).prop_map(
            |(program, entry, (args, to, amount), payment, gas)| {
                let args = args.unwrap_or(fitting(entry, to, amount));
                Try::Call { program, entry, args, payment, gas }
            }
        ),
        2 => (0usize..6, any_code()).prop_map(|(program, code)| Try::Upgrade { program, code }),
        2 => (0usize..6, any::<bool>()).prop_map(|(program, all)| Try::Close { program, all }),
        2 => (0usize..8, amount()).prop_map(|(to, amount)| Try::Pay { to, amount }),
        1 => amount().prop_map(|amount| Try::Burn { amount }),
    ];
    (1u8..4, action)
}

/// The chain, and where programs were deployed on it.
struct World {
    state: State,
    programs: Vec<Address>,
}

impl World {
    /// The program of this place, or an account if there is none.
    fn program(&self, at: usize) -> Address {
        let found = self.programs.iter().rev().nth(at);
        found.copied().unwrap_or(address(4))
    }

    fn owner(&self, at: usize) -> Address {
        if at < 4 {
            address(at as u8)
        } else {
            self.program(at - 4)
        }
    }

    fn args(&self, args: &Args) -> Vec<u8> {
        let values = match args {
            Args::None => vec![],
            Args::Number(n) => vec![Value::U64(*n)],
            Args::Pay { to, amount } => vec![Value::Address(self.owner(*to)), Value::U64(*amount)],
            Args::To(to) => vec![Value::Address(self.owner(*to))],
            Args::Bytes(bytes) => return bytes.clone(),
        };
        encode_values(&values)
    }

    fn action(&self, attempt: &Try) -> Action {
        match attempt {
            Try::Deploy {
                code,
                upgradeable,
                args,
                payment,
            } => Action::Deploy {
                code: code_of(code),
                upgradeable: *upgradeable,
                args: self.args(args),
                payment: units(*payment),
                gas: Gas(5_000_000),
            },
            Try::Call {
                program,
                entry,
                args,
                payment,
                gas,
            } => Action::Call {
                program: self.program(*program),
                entry: (*entry).to_owned(),
                args: self.args(args),
                payment: units(*payment),
                gas: Gas(*gas),
            },
            Try::Upgrade { program, code } => Action::Upgrade {
                program: self.program(*program),
                code: code_of(code),
            },
            Try::Close { program, all } => {
                let program = self.program(*program);
                let of_it = self.state.entries().filter(|(id, _)| id.program == program);
                let entries = of_it.map(|(id, _)| id.key).skip(usize::from(!all)).collect();
                Action::Close { program, entries }
            }
            Try::Pay { to, amount } => Action::transfer(self.owner(*to), units(*amount)),
            Try::Burn { amount } => Action::Burn {
                amount: units(*amount),
            },
        }
    }
}

/// What a failed transaction leaves: its sender charged.
fn charged(state: &State, body: &TransactionBody) -> State {
    let mut metadata = *state.metadata();
    metadata.fees_collected = metadata.fees_collected.checked_add(body.fee).unwrap();
    state.apply(&Changes {
        accounts: vec![(body.sender, Some(state.charge(body).unwrap()))],
        metadata,
        ..Changes::default()
    })
}

fn check_state(state: &State) -> Result<(), TestCaseError> {
    let metadata = state.metadata();
    let balances: u128 = state
        .accounts()
        .map(|(_, a)| u128::from(a.balance.base_units()))
        .sum();
    let fees = u128::from(metadata.fees_collected.base_units());
    prop_assert_eq!(balances + fees, u128::from(metadata.total_supply.base_units()));
    prop_assert_eq!(balances + fees + metadata.burnt, metadata.minted);
    let mut stored: BTreeMap<Address, u64> = BTreeMap::new();
    for (id, _) in state.entries() {
        *stored.entry(id.program).or_default() += 1;
    }
    for (address, program) in state.programs() {
        prop_assert_eq!(stored.remove(&address).unwrap_or(0), program.entries);
    }
    prop_assert!(stored.is_empty(), "stored without a program: {:?}", stored);
    let restored = State::restore(state.params().clone(), *metadata, state.contents()).unwrap();
    prop_assert_eq!(restored.root(), state.root());
    Ok(())
}

fn run(attempts: &[(u8, Try)]) -> Result<Vec<bool>, TestCaseError> {
    let mut genesis = genesis();
    genesis.supply_cap = Amount::MAX;
    for (_, balance) in &mut genesis.accounts {
        *balance = units(1_000_000);
    }
    let first = genesis.state().unwrap();
    let chain_id = genesis.chain_id();
    let (mut world, mut included, mut receipts) = (
        World {
            state: first.clone(),
            programs: vec![],
        },
        vec![],
        vec![],
    );
    for (who, attempt) in attempts {
        let (sender, action) = (address(*who), world.action(attempt));
        let state = &world.state;
        let body = TransactionBody {
            chain_id,
            sender,
            nonce: state.get(&sender).unwrap_or_default().nonce,
            fee: state.params().minimum_fee(&sender, &action),
            action,
        };
        let transaction = signed(*who, body.clone());
        let Ok(outcome) = execute(state, std::slice::from_ref(&transaction)) else {
            prop_assert!(state.charge(&body).is_err(), "what can be charged is included");
            continue;
        };
        let receipt = outcome.receipts[0].clone();
        prop_assert!(receipt.gas_used <= body.action.gas());
        let bytes = borsh::to_vec(&receipt).unwrap();
        prop_assert!(bytes.len() < MAX_OUTPUT_BYTES + 1024);
        prop_assert_eq!(borsh::from_slice::<Receipt>(&bytes).unwrap(), receipt.clone());
        if !receipt.outcome.is_applied() {
            prop_assert_eq!(
                outcome.state_root,
                charged(state, &body).root(),
                "{:?}",
                receipt.outcome
            );
        } else if matches!(attempt, Try::Deploy { .. }) {
            world.programs.push(program_address(&sender, body.nonce));
        }
        world.state = outcome.state;
        check_state(&world.state)?;
        included.push(transaction);
        receipts.push(receipt);
    }
    // All of it as blocks of a leader, decoded and executed again by another validator.
    let mut state = first;
    for block in included.chunks(7) {
        let bytes = Payload::of(block).unwrap().into_bytes();
        let received = Payload::decode(&bytes).unwrap();
        let verified = verify_block(received, |_| false, NonZeroUsize::MIN).unwrap();
        let outcome = execute(&state, &verified).unwrap();
        let own: Vec<_> = receipts.drain(..block.len()).collect();
        prop_assert_eq!(&outcome.receipts, &own, "blocks of one, or of several");
        prop_assert_eq!(state.apply(&outcome.changes).root(), outcome.state_root);
        state = outcome.state;
    }
    prop_assert_eq!(state.root(), world.state.root());
    Ok(vec![!world.programs.is_empty(), state.entries().next().is_some()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn money_is_kept_and_failures_do_nothing(attempts in prop::collection::vec(attempt(), 1..40)) {
        run(&attempts)?;
    }
}

#[test]
fn the_attempts_get_somewhere() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut reached = [0; 2];
    for _ in 0..40 {
        let attempts = prop::collection::vec(attempt(), 20..40)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        for (count, did) in reached.iter_mut().zip(run(&attempts).unwrap()) {
            *count += usize::from(did);
        }
    }
    assert!(
        reached.iter().all(|count| *count > 15),
        "deployed, stored: {reached:?}"
    );
}
