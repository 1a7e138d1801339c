//! Who pays whom, and when.
//!
//! ```text
//!  mint authority ─mint▶ treasury ─fund▶ payer 0 ─▶ rows 0, K,   2K,   …   nonces 0, 1, 2, …
//!                                 ─fund▶ payer 1 ─▶ rows 1, K+1, 2K+1, …
//! ```
//!
//! An account's transactions are executed strictly one after the other, so several payers share the rows. Everything is
//! signed before anything is sent: sending again means sending the same bytes, and a nonce takes effect once.

use std::time::Duration;

use assetvm::{Action, Address, Amount, Nonce, SigningKey, Transaction, TransactionBody, TxId};
use rollup_abi::Digest;

use crate::payments::Payments;

/// Accounts that share the payments.
pub const PAYERS: usize = 8;
/// Most $ASSET that the testnet's chain lets exist at one time.
pub const SUPPLY_CAP: Amount = Amount::from_base_units(10_000_000_000 * assetvm::UNIT);
/// Fee of every transaction that the testnet sends, and the least that its chain takes: 0.000005 $ASSET.
pub const FEE: Amount = Amount::from_base_units(5_000);
/// Payments a second when neither a rate nor a duration is given.
const DEFAULT_TPS: u32 = 40;
/// However long a run is, payments are not further apart.
const LONGEST_GAP: Duration = Duration::from_secs(1);
/// Of the duration, what is kept free of new payments for the last ones to settle: a seventh, within these bounds.
const TAIL: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));

/// The file asks for more than can exist.
#[derive(Debug, thiserror::Error)]
#[error("payments of {payments} $ASSET and their fees are more than the supply cap of {SUPPLY_CAP} $ASSET")]
pub struct OverCap {
    payments: Amount,
}

/// A signed transaction, ready to be sent any number of times.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Its id.
    pub id: TxId,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
}

impl Signed {
    /// Signs an action of `key`'s account.
    pub fn new(key: &SigningKey, chain_id: Digest, nonce: u64, fee: Amount, action: Action) -> Self {
        let transaction: Transaction = key.sign(TransactionBody {
            chain_id,
            sender: key.address(),
            nonce: Nonce::new(nonce),
            fee,
            action,
        });
        let bytes = transaction.encode();
        Self {
            id: TxId::of_encoded(&bytes),
            bytes,
        }
    }
}

/// What each payer must have to make its payments: amounts and fees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funding {
    /// Per payer; `PAYERS` of them, or one per row if there are fewer rows.
    pub payers: Vec<Amount>,
    /// What the treasury is minted: all of that, and the fees of handing it on.
    pub treasury: Amount,
}

impl Funding {
    /// Adds up.
    ///
    /// # Errors
    /// The file asks for more than can exist.
    pub fn of(payments: &Payments) -> Result<Self, OverCap> {
        let over = || OverCap {
            payments: payments.total(),
        };
        let mut payers = vec![Amount::ZERO; PAYERS.min(payments.rows().len())];
        for (index, payment) in payments.rows().iter().enumerate() {
            let count = payers.len();
            let sum = payers[index % count]
                .checked_add(payment.amount)
                .and_then(|sum| sum.checked_add(FEE));
            payers[index % count] = sum.ok_or_else(over)?;
        }
        let treasury = payers.iter().try_fold(Amount::ZERO, |sum, fund| {
            sum.checked_add(*fund).and_then(|sum| sum.checked_add(FEE))
        });
        let treasury = treasury.filter(|total| *total <= SUPPLY_CAP).ok_or_else(over)?;
        Ok(Self { payers, treasury })
    }

    /// The mint authority's first transaction, and the treasury's to the payers in order.
    pub fn sign(
        &self,
        chain_id: Digest,
        authority: &SigningKey,
        treasury: &SigningKey,
        payers: &[Address],
    ) -> (Signed, Vec<Signed>) {
        let mint = Action::Mint {
            to: treasury.address(),
            amount: self.treasury,
        };
        let mint = Signed::new(authority, chain_id, 0, Amount::ZERO, mint);
        let handed = (0u64..)
            .zip(payers.iter().zip(&self.payers))
            .map(|(nonce, (payer, amount))| {
                Signed::new(treasury, chain_id, nonce, FEE, Action::transfer(*payer, *amount))
            });
        (mint, handed.collect())
    }
}

/// Signs all payments: for each payer its transactions by nonce, each with the index of its row.
pub fn sign_payments(
    payments: &Payments,
    chain_id: Digest,
    payers: &[SigningKey],
) -> Vec<Vec<(usize, Signed)>> {
    let mut plans: Vec<Vec<(usize, Signed)>> = vec![Vec::new(); payers.len()];
    for (row, payment) in payments.rows().iter().enumerate() {
        let turn = row % payers.len();
        let action = Action::transfer(payment.recipient, payment.amount);
        let nonce = plans[turn].len() as u64;
        plans[turn].push((row, Signed::new(&payers[turn], chain_id, nonce, FEE, action)));
    }
    plans
}

/// Time from one payment to the next.
pub fn pace(rows: usize, tps: Option<u32>, duration: Option<Duration>) -> Duration {
    let rows = u32::try_from(rows.max(1)).unwrap_or(u32::MAX);
    match (tps, duration) {
        (Some(tps), _) => Duration::from_secs(1) / tps.max(1),
        (None, Some(duration)) => {
            let tail = (duration / 7).clamp(TAIL.0, TAIL.1);
            (duration.saturating_sub(tail) / rows).min(LONGEST_GAP)
        }
        (None, None) => Duration::from_secs(1) / DEFAULT_TPS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use assetvm::{BlockContext, GasRules, Genesis, Unvalidated, execute_block};

    fn keys(count: u8) -> Vec<SigningKey> {
        (1..=count).map(|i| SigningKey::from_seed(&[i; 32])).collect()
    }

    #[test]
    fn what_is_minted_is_exactly_what_is_needed() {
        let payments = Payments::parse(sample::generate(101).as_bytes()).unwrap();
        let funding = Funding::of(&payments).unwrap();
        let (key, payers) = (keys(2), keys(PAYERS as u8 + 2).split_off(2));
        let genesis = Genesis {
            program_id: Address::new([1; 32]),
            mint_authority: key[0].address(),
            supply_cap: SUPPLY_CAP,
            minimum_fee: FEE,
            gas: GasRules::default(),
            accounts: Vec::new(),
            committee: [0; 32],
            timestamp_ms: 0,
            roster: assetvm::GenesisRoster::default(),
        };
        let chain_id = genesis.chain_id();
        let addresses: Vec<_> = payers.iter().map(SigningKey::address).collect();
        let (mint, handed) = funding.sign(chain_id, &key[0], &key[1], &addresses);
        let plans = sign_payments(&payments, chain_id, &payers);
        let all = [mint]
            .into_iter()
            .chain(handed)
            .chain(plans.into_iter().flatten().map(|(_, tx)| tx));
        let verified: Vec<_> = all
            .map(|tx| Unvalidated::decode(&tx.bytes).unwrap().verify().unwrap())
            .collect();
        let block = BlockContext {
            height: 1,
            time_ms: 1,
        };
        let outcome = execute_block(&genesis.state().unwrap(), block, &verified).unwrap();
        assert!(
            outcome
                .receipts
                .iter()
                .all(|receipt| receipt.outcome.is_applied())
        );
        for (recipient, sum) in payments.per_recipient() {
            assert_eq!(outcome.state.get(&recipient).unwrap().balance, sum);
        }
        for payer in addresses.iter().chain([&key[1].address()]) {
            assert_eq!(
                outcome.state.get(payer).unwrap().balance,
                Amount::ZERO,
                "nothing is left over"
            );
        }
    }

    #[test]
    fn fewer_rows_than_payers() {
        let payments = Payments::parse(sample::generate(3).as_bytes()).unwrap();
        assert_eq!(Funding::of(&payments).unwrap().payers.len(), 3);
    }

    #[test]
    fn more_than_the_cap_is_refused() {
        let address = Address::new([3; 32]);
        let file = |amount: &str| {
            Payments::parse(format!("recipient,amount\n{address},{amount}\n").as_bytes()).unwrap()
        };
        Funding::of(&file("9999999999.9")).unwrap();
        Funding::of(&file("10000000000")).unwrap_err();
        Funding::of(&file(&Amount::MAX.to_string())).unwrap_err();
    }

    #[test]
    fn paces() {
        let ms = Duration::from_millis;
        for (rows, tps, secs, expected) in [
            (4_000, Some(100), Some(60), ms(10)),
            (4_000, None, None, ms(25)),
            (1_000, None, Some(70), ms(60)),
            (1_000, None, Some(10), ms(8)),
            (1_000, None, Some(510), ms(500)),
            (10, None, Some(3_600), LONGEST_GAP),
        ] {
            assert_eq!(
                pace(rows, tps, secs.map(Duration::from_secs)),
                expected,
                "{rows} {tps:?} {secs:?}"
            );
        }
    }
}
