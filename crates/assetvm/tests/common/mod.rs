//! A small chain for tests: five keys, the first is the mint authority.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod programs;

use assetvm::*;

pub const FEE: u64 = 10;
pub const CAP: u64 = 100_000;
/// Of a million gas.
pub const GAS_PRICE: u64 = 2;
pub const BLOCK_GAS: u64 = 100_000_000;
/// The block that transactions are in.
pub const BLOCK: BlockContext = BlockContext {
    height: 7,
    time_ms: 1_700_000_000_250,
};

pub fn execute(parent: &State, transactions: &[Verified]) -> Result<BlockOutcome, InvalidTransaction> {
    execute_block(parent, BLOCK, transactions)
}

pub fn key(who: u8) -> SigningKey {
    SigningKey::from_seed(&[who.wrapping_add(1); 32])
}

pub fn address(who: u8) -> Address {
    key(who).address()
}

pub fn units(amount: u64) -> Amount {
    Amount::from_base_units(amount)
}

/// Accounts 1 to 3 start with 1,000 base units; the mint authority (0) and account 4 with nothing.
pub fn genesis() -> Genesis {
    let mut accounts: Vec<_> = (1..=3).map(|who| (address(who), units(1000))).collect();
    accounts.sort();
    Genesis {
        program_id: Address::new([0xaa; 32]),
        mint_authority: address(0),
        supply_cap: units(CAP),
        minimum_fee: units(FEE),
        gas: GasRules {
            price: units(GAS_PRICE),
            block: Gas(BLOCK_GAS),
        },
        accounts,
        committee: [0xcc; 32],
        timestamp_ms: 1_700_000_000_000,
        roster: GenesisRoster::default(),
    }
}

pub fn body(who: u8, nonce: u64, action: Action) -> TransactionBody {
    TransactionBody {
        chain_id: genesis().chain_id(),
        sender: address(who),
        nonce: Nonce::new(nonce),
        fee: units(FEE),
        action,
    }
}

pub fn signed(who: u8, body: TransactionBody) -> Verified {
    Unvalidated::new(key(who).sign(body))
        .verify()
        .expect("just signed")
}

pub fn transfer(who: u8, nonce: u64, to: u8, amount: u64) -> Verified {
    signed(
        who,
        body(who, nonce, Action::transfer(address(to), units(amount))),
    )
}
