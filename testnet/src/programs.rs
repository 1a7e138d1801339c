//! The programs that a run deploys, and who uses them how.
//!
//! ```text
//!  mint authority ─mint▶ deployer ─fund▶ traders
//!                           │ deploys split, vesting (paying what vests) and bonding_curve
//!                           ▼
//!  trader k, all rounds: buys shares on the curve, sells some, pays through the split, claims what has vested,
//!                        and tries to sell what it does not own
//! ```
//!
//! Like the payments, everything is signed before anything is sent. Some calls must fail; the model says which.

use std::sync::Arc;

use assetvm::{Action, Address, Amount, EntryId, Gas, GasRules, Nonce, SigningKey, UNIT, program_address};
use curve_lang::{Artifact, Options, compile};
use curvevm::{Value, encode_values};
use rollup_abi::{Digest, sha256};

use crate::plan::{FEE, Signed};

/// The sources, by the names of their programs.
const SOURCES: [(&str, &str); 3] = [
    ("split", include_str!("../../curve/examples/split.curve")),
    ("vesting", include_str!("../../curve/examples/vesting.curve")),
    (
        "bonding_curve",
        include_str!("../../curve/examples/bonding_curve.curve"),
    ),
];
/// Accounts that trade.
pub const TRADERS: usize = 12;
/// How often each of them goes through all that it does.
const ROUNDS: u64 = 8;
/// Calls of each round.
const CALLS: u64 = 5;
/// What a trader begins with.
const PURSE: Amount = Amount::from_base_units(100 * UNIT);
/// What vests.
const VESTED: Amount = Amount::from_base_units(1_000 * UNIT);
/// How long it takes to vest, and when the first part of it has, milliseconds.
const SCHEDULE: (u64, u64) = (600_000, 1_000);
/// What is minted for all of this: what vests, the purses, and the fees.
pub const BUDGET: Amount =
    Amount::from_base_units(VESTED.base_units() + (TRADERS as u64 + 1) * PURSE.base_units());
/// The most gas of a call.
const CALL_GAS: Gas = Gas(3_000_000);
/// The most gas of a deployment.
const DEPLOY_GAS: Gas = Gas(20_000_000);

/// A source that did not compile.
#[derive(Debug, thiserror::Error)]
#[error("{name}.curve: {reason}")]
pub struct NotCompiled {
    name: &'static str,
    reason: String,
}

/// The compiled programs.
#[derive(Clone, Debug)]
pub struct Kit {
    /// Divides payments.
    pub split: Arc<Artifact>,
    /// Releases an amount little by little.
    pub vesting: Arc<Artifact>,
    /// Sells and buys back shares.
    pub curve: Arc<Artifact>,
}

impl Kit {
    /// Compiles them.
    ///
    /// # Errors
    /// One does not compile.
    pub fn compile() -> Result<Self, NotCompiled> {
        let [split, vesting, curve] = SOURCES.map(|(name, source)| {
            let options = Options {
                file: format!("{name}.curve"),
                ..Options::default()
            };
            let compiled = compile(source, &options).map_err(|diagnostics| NotCompiled {
                name,
                reason: diagnostics.to_string(),
            });
            compiled.map(Arc::new)
        });
        Ok(Self {
            split: split?,
            vesting: vesting?,
            curve: curve?,
        })
    }

    /// All of them.
    pub fn all(&self) -> [&Arc<Artifact>; 3] {
        [&self.split, &self.vesting, &self.curve]
    }
}

/// Where the programs are once the deployer has deployed them, and who gets what they pay out.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The split.
    pub split: Address,
    /// The vesting.
    pub vesting: Address,
    /// The bonding curve.
    pub curve: Address,
    /// Gets three tenths of what the split is paid.
    pub first: Address,
    /// Gets the rest of it.
    pub second: Address,
    /// Gets what has vested.
    pub receiver: Address,
}

impl Places {
    /// Of what this account deploys: right after it has funded the traders.
    pub fn of(deployer: &Address) -> Self {
        let nonce = |after: u64| Nonce::new(TRADERS as u64 + after);
        let at = |after| program_address(deployer, nonce(after));
        // Nobody has keys for these accounts: what they own is what programs paid them.
        let keyless = |name: &str| Address::new(sha256(&[b"testnet receiver", name.as_bytes()]));
        Self {
            split: at(0),
            vesting: at(1),
            curve: at(2),
            first: keyless("first"),
            second: keyless("second"),
            receiver: keyless("vesting"),
        }
    }

    /// All of these, for reconciling what they own.
    pub fn all(&self) -> [Address; 6] {
        [
            self.split,
            self.vesting,
            self.curve,
            self.first,
            self.second,
            self.receiver,
        ]
    }
}

/// Something that a program stores, and the view that says what it must be: a number.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Where it is stored.
    pub id: EntryId,
    /// The view.
    pub view: &'static str,
    /// Whose number the view is asked for, if it asks.
    pub of: Option<Address>,
}

/// What the bonding curve stores: how many shares there are, and how many each trader owns.
pub fn holdings(kit: &Kit, places: &Places, traders: &[Address]) -> Vec<Holding> {
    let slot = |name: &str| {
        let mut slots = kit.curve.program.slots.iter();
        slots
            .find(|slot| slot.name == name)
            .expect("the curve keeps its shares")
    };
    let holding = |key, view, of| Holding {
        id: EntryId {
            program: places.curve,
            key,
        },
        view,
        of,
    };
    let (supply, shares) = (slot("supply"), slot("shares"));
    let owned = traders.iter().map(|trader| {
        let key = shares.key(&[Value::Address(*trader)]);
        holding(key, "shares_of", Some(*trader))
    });
    let supply = holding(supply.key(&[]), "supply", None);
    std::iter::once(supply).chain(owned).collect()
}

/// Who signs, and for which chain.
#[derive(Clone, Copy, Debug)]
pub struct Signers<'a> {
    /// The chain.
    pub chain_id: Digest,
    /// What gas costs on it.
    pub gas: GasRules,
    /// Gets [`BUDGET`], and deploys.
    pub deployer: &'a SigningKey,
    /// [`TRADERS`] of them.
    pub traders: &'a [SigningKey],
}

impl Signers<'_> {
    fn sign(&self, key: &SigningKey, nonce: u64, action: Action) -> Signed {
        let fee = FEE.checked_add(self.gas.fee(action.gas()));
        let fee = fee.expect("the fee of a few million gas");
        Signed::new(key, self.chain_id, nonce, fee, action)
    }

    /// What the deployer sends: purses for the traders, and the programs.
    pub fn deployments(&self, kit: &Kit) -> Vec<Signed> {
        let places = Places::of(&self.deployer.address());
        let address = Value::Address;
        let deploy = |artifact: &Artifact, args: &[Value], payment| Action::Deploy {
            code: artifact.program.encode(),
            upgradeable: false,
            args: encode_values(args),
            payment,
            gas: DEPLOY_GAS,
        };
        let split = [address(places.first), address(places.second), Value::U64(30)];
        let (length, cliff) = SCHEDULE;
        let vesting = [address(places.receiver), Value::U64(length), Value::U64(cliff)];
        let purses = self
            .traders
            .iter()
            .map(|trader| Action::transfer(trader.address(), PURSE));
        let programs = [
            deploy(&kit.split, &split, Amount::ZERO),
            deploy(&kit.vesting, &vesting, VESTED),
            deploy(&kit.curve, &[], Amount::ZERO),
        ];
        (0..)
            .zip(purses.chain(programs))
            .map(|(nonce, action)| self.sign(self.deployer, nonce, action))
            .collect()
    }

    /// What the traders send, each by nonce.
    pub fn trades(&self) -> Vec<Vec<Signed>> {
        let places = Places::of(&self.deployer.address());
        let of = |(turn, trader): (u64, &SigningKey)| {
            let rounds = (0..ROUNDS).flat_map(|round| round_of(&places, turn, round));
            (0..)
                .zip(rounds)
                .map(|(nonce, action)| self.sign(trader, nonce, action))
                .collect()
        };
        (0..).zip(self.traders).map(of).collect()
    }
}

/// How many calls the traders make.
pub const fn calls() -> u64 {
    TRADERS as u64 * ROUNDS * CALLS
}

/// What one trader does in one round. Amounts differ, so that no mistake cancels another one.
fn round_of(places: &Places, turn: u64, round: u64) -> [Action; CALLS as usize] {
    let call = |program, entry: &str, args: &[u64], payment| {
        let args: Vec<Value> = args.iter().copied().map(Value::U64).collect();
        Action::Call {
            program,
            entry: entry.to_owned(),
            args: encode_values(&args),
            payment: Amount::from_base_units(payment),
            gas: CALL_GAS,
        }
    };
    let bought = 5 + (turn * 7 + round * 3) % 23;
    let never_owned = 1_000_000;
    [
        call(places.curve, "buy", &[bought], UNIT),
        call(places.curve, "sell", &[bought / 2, 0], 0),
        call(places.split, "pay", &[], 10_000_001 * (turn + 1) + round),
        call(places.curve, "sell", &[never_owned, 0], 0),
        call(places.vesting, "claim", &[], 0),
    ]
}
