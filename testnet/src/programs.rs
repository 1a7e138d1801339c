//! The programs that a run deploys, and who uses them how.
//!
//! ```text
//!  mint authority ─mint▶ purser ─fund▶ the cast of every program
//!
//!  play "escrow":  scene 1            scene 2                  scene 3
//!                  seller: deploy     buyer: deposit           buyer: release
//!                                     outsider: deposit ✗      buyer: release ✗        … each scene once the last is decided
//! ```
//!
//! [`STANDARD`] has all standard programs. What is done with one is a [`Play`], written in [`plays`]: calls in scenes, of each the
//! fate that is intended, with amounts drawn from a seed. Everything is signed before anything is sent, as with payments.

mod play;
mod plays;

use std::sync::Arc;

use assetvm::{Address, Amount, GasRules, Nonce, SigningKey, TxId, UNIT};
use curve_lang::{Artifact, Options, compile};
use rollup_abi::Digest;

pub use self::play::Fate;
use self::play::{Play, Step};
use crate::pay::Payer;
use crate::plan::{FEE, Signed};

/// A standard program: its source, how many accounts use it, and what they do.
struct Standard {
    name: &'static str,
    source: &'static str,
    cast: usize,
    play: fn(&mut Play),
}

macro_rules! standard {
    ($($name:ident: $cast:literal, $play:ident;)*) => {
        [$(Standard {
            name: stringify!($name),
            source: include_str!(concat!("../../curve/examples/", stringify!($name), ".curve")),
            cast: $cast,
            play: plays::$play,
        }),*]
    };
}

/// All of them.
const STANDARD: [Standard; 9] = standard! {
    split: 4, split;
    token: 6, token;
    vesting: 3, vesting;
    escrow: 4, escrow;
    bonding_curve: 12, shares;
    exponential_curve: 12, shares;
    amm: 6, pool;
    stable_swap: 6, pool;
    multisig: 4, multisig;
};
/// The seed of a run: what is drawn is the same every time.
pub const SEED: u64 = 1;
/// What each account of a cast begins with.
const PURSE: Amount = Amount::from_base_units(1_000 * UNIT);
/// What is minted for all of this: a purse for each account, and one for the fees of handing them out.
pub const BUDGET: Amount = Amount::from_base_units((cast() as u64 + 1) * PURSE.base_units());

/// Accounts in all casts.
const fn cast() -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < STANDARD.len() {
        sum += STANDARD[at].cast;
        at += 1;
    }
    sum
}

/// A source that did not compile.
#[derive(Debug, thiserror::Error)]
#[error("{name}.curve: {reason}")]
pub struct NotCompiled {
    name: &'static str,
    reason: String,
}

/// A program, and a signed play with it.
#[derive(Clone, Debug)]
pub struct Production {
    /// The program's name.
    pub name: &'static str,
    /// The program, compiled.
    pub artifact: Arc<Artifact>,
    /// Who sends what, scene by scene.
    pub scenes: Vec<Vec<Payer>>,
    /// What every transaction is meant to come to.
    pub intents: Vec<(TxId, Fate)>,
    /// Where the program is deployed: once, or for every deal again.
    pub places: Vec<Address>,
    /// The accounts that use it.
    pub cast: Vec<Address>,
    /// Accounts that are only paid. Nobody has their keys: what they own is what programs paid them.
    pub receivers: Vec<Address>,
}

/// Of which chain, and from which seed.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// The chain.
    pub chain_id: Digest,
    /// What gas costs on it.
    pub gas: GasRules,
    /// Amounts are drawn from it.
    pub seed: u64,
}

impl Stage {
    /// Compiles every standard program and signs its play. `key` makes the key of an account of this name.
    ///
    /// # Errors
    /// A program does not compile, or a key cannot be made.
    pub fn produce<E: From<NotCompiled>>(
        &self,
        mut key: impl FnMut(&str) -> Result<SigningKey, E>,
    ) -> Result<Vec<Production>, E> {
        let produced = STANDARD.iter().map(|standard| {
            let names = (0..standard.cast).map(|at| format!("{}-{at}", standard.name));
            let keys = names.map(|name| key(&name)).collect::<Result<Vec<_>, E>>()?;
            Ok(self.sign(standard, standard.compile()?, &keys))
        });
        produced.collect()
    }

    fn sign(&self, standard: &Standard, artifact: Artifact, keys: &[SigningKey]) -> Production {
        let cast: Vec<_> = keys.iter().map(SigningKey::address).collect();
        let mut play = Play::new(standard.name, &artifact, cast.clone(), self.seed);
        (standard.play)(&mut play);
        let (mut nonces, mut intents) = (vec![0; keys.len()], Vec::new());
        let mut scenes = Vec::new();
        for steps in play.scenes().iter().filter(|steps| !steps.is_empty()) {
            let mut scene: Vec<Payer> = Vec::new();
            for Step { who, action, fate } in steps {
                let (address, nonce) = (cast[*who], nonces[*who]);
                nonces[*who] += 1;
                let fee = FEE.checked_add(self.gas.fee(action.gas()));
                let fee = fee.expect("the fee of a few million gas");
                let signed = Signed::new(&keys[*who], self.chain_id, nonce, fee, action.clone());
                intents.push((signed.id, *fate));
                match scene.iter_mut().find(|payer| payer.address == address) {
                    Some(payer) => payer.transactions.push(signed),
                    None => scene.push(Payer {
                        address,
                        first: Nonce::new(nonce),
                        transactions: vec![signed],
                    }),
                }
            }
            scenes.push(scene);
        }
        Production {
            name: standard.name,
            scenes,
            intents,
            places: play.places().to_vec(),
            receivers: play.receivers().to_vec(),
            artifact: Arc::new(artifact),
            cast,
        }
    }
}

impl Standard {
    fn compile(&self) -> Result<Artifact, NotCompiled> {
        let options = Options {
            file: format!("{}.curve", self.name),
            ..Options::default()
        };
        compile(self.source, &options).map_err(|diagnostics| NotCompiled {
            name: self.name,
            reason: diagnostics.to_string(),
        })
    }
}

impl Production {
    /// Everybody around the program, and the program itself.
    pub fn owners(&self) -> impl Iterator<Item = Address> {
        self.places
            .iter()
            .chain(&self.receivers)
            .chain(&self.cast)
            .copied()
    }
}

/// Purses for all casts, from the purser with its first nonces.
pub fn purses(purser: &SigningKey, chain_id: Digest, productions: &[Production]) -> Payer {
    let cast = productions.iter().flat_map(|production| &production.cast);
    let hand = |(nonce, to): (u64, &Address)| {
        Signed::new(
            purser,
            chain_id,
            nonce,
            FEE,
            assetvm::Action::transfer(*to, PURSE),
        )
    };
    Payer {
        address: purser.address(),
        first: Nonce::default(),
        transactions: (0..).zip(cast).map(hand).collect(),
    }
}
