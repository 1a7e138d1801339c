//! What is done with the standard programs.

use assetvm::{Address, UNIT};

use super::play::{Play, memo, number, whom};

/// Milliseconds of a day: no run takes as long.
const DAY: u64 = 86_400_000;
/// More than anybody has of anything.
const TOO_MUCH: u64 = 1 << 60;

/// Payments through a split, with a memo and without.
pub fn split(play: &mut Play) {
    let (first, second) = (play.receiver("first"), play.receiver("second"));
    let args = |percent| [whom(first), whom(second), number(percent)];
    play.deploy_fails(1, &args(101), "NotAPercentage");
    let split = play.deploy(0, &args(30), 0);
    for round in 0..10 {
        play.then();
        for who in 0..play.actors() {
            let amount = play.draw(1, UNIT);
            if (who + round) % 2 == 0 {
                play.call(who, split, "pay", &[]).paying(amount);
            } else {
                let text = memo(&format!("invoice {round} of {who}"));
                play.call(who, split, "pay_for", &[text]).paying(amount);
            }
        }
    }
}

/// Tokens are made, handed around, divided, spent for others, and burnt.
pub fn token(play: &mut Play) {
    const EACH: u64 = 1_000_000_000;
    let count = play.actors();
    let supply = EACH * count as u64;
    let token = play.deploy(0, &[number(supply)], 0);
    play.then();
    for who in 1..count {
        let args = [whom(play.actor(who)), number(EACH), memo("a share for each")];
        play.call(0, token, "transfer", &args);
    }
    for round in 0..8 {
        play.then();
        for who in 0..count {
            // Every account gives at most a hundredth of what it began with in a round, so it always has enough.
            let amount = play.draw(0, EACH / 500);
            let (next, other) = (play.actor((who + 1) % count), play.actor((who + 2) % count));
            let text = memo(&format!("round {round}"));
            match (who + round) % 3 {
                0 => play.call(who, token, "transfer", &[whom(next), number(amount), text]),
                1 => {
                    let parts = [number(play.draw(0, 1_000)), number(play.draw(1, 1_000))];
                    let [first, second] = parts;
                    let args = [whom(next), whom(other), first, second, number(amount), text];
                    play.call(who, token, "split", &args)
                }
                _ => play.call(who, token, "burn", &[number(amount)]),
            };
        }
        let (owner, spender) = (round % count, (round + 3) % count);
        let (from, to) = (play.actor(owner), play.actor((owner + 1) % count));
        let allowed = play.draw(1, EACH / 500);
        let spend = |amount| [whom(from), whom(to), number(amount), memo("on behalf")];
        play.call(
            owner,
            token,
            "transfer",
            &[whom(to), number(supply + 1), memo("")],
        )
        .fails("NotEnough");
        play.call(owner, token, "transfer", &[whom(from), number(1), memo("")])
            .fails("ToNobody");
        play.call(
            owner,
            token,
            "allow",
            &[whom(play.actor(spender)), number(allowed)],
        );
        play.then();
        play.call(spender, token, "transfer_from", &spend(allowed));
        play.call(spender, token, "transfer_from", &spend(1))
            .fails("NotAllowed");
    }
}

/// An amount vests block by block; another one not before tomorrow.
pub fn vesting(play: &mut Play) {
    let receiver = play.receiver("beneficiary");
    let args = |length, cliff| [whom(receiver), number(length), number(cliff)];
    play.deploy_fails(1, &args(0, 0), "BadSchedule");
    let stream = play.deploy(0, &args(DAY, 0), 500 * UNIT);
    let tomorrow = play.deploy(0, &args(DAY, DAY), 100 * UNIT);
    for round in 0..20 {
        play.then();
        play.call(round % 3, stream, "claim", &[]);
        play.call((round + 1) % 3, tomorrow, "claim", &[])
            .fails("NothingDue");
    }
}

/// Deals that end in each way: released, divided by the arbiter, and taken when the buyer kept silent.
pub fn escrow(play: &mut Play) {
    const BUYER: usize = 0;
    const SELLER: usize = 1;
    const ARBITER: usize = 2;
    const OUTSIDER: usize = 3;
    for _ in 0..4 {
        play.then();
        let price = play.draw(2, 20 * UNIT);
        let (buyer, arbiter) = (play.actor(BUYER), play.actor(ARBITER));
        let terms = |window| [whom(buyer), whom(arbiter), number(price), number(window)];
        let released = play.deploy(SELLER, &terms(DAY), 0);
        let disputed = play.deploy(SELLER, &terms(DAY), 0);
        let silent = play.deploy(SELLER, &terms(1), 0);
        play.then();
        play.call(BUYER, released, "release", &[]).fails("NotNow");
        for deal in [released, disputed, silent] {
            play.call(OUTSIDER, deal, "deposit", &[])
                .paying(price)
                .fails("NotYours");
            play.call(BUYER, deal, "deposit", &[])
                .paying(price - 1)
                .fails("WrongPrice");
            play.call(BUYER, deal, "deposit", &[]).paying(price);
        }
        play.call(BUYER, disputed, "dispute", &[]);
        play.then();
        play.call(SELLER, released, "take", &[]).fails("NotNow");
        play.call(BUYER, released, "release", &[]);
        play.call(BUYER, released, "release", &[]).fails("NotNow");
        play.call(BUYER, silent, "dispute", &[]).fails("NotNow");
        play.call(SELLER, silent, "take", &[]);
        play.call(SELLER, silent, "take", &[]).fails("NotNow");
        play.call(SELLER, disputed, "take", &[]).fails("NotNow");
        play.call(BUYER, disputed, "reclaim", &[]).fails("NotNow");
        play.call(OUTSIDER, disputed, "decide", &[number(price)])
            .fails("NotYours");
        play.call(ARBITER, disputed, "decide", &[number(price + 1)])
            .fails("TooMuch");
        let back = play.draw(0, price + 1);
        play.call(ARBITER, disputed, "decide", &[number(back)]);
    }
}

/// Everybody buys and sells shares on a curve.
pub fn shares(play: &mut Play) {
    let curve = play.deploy(0, &[], 0);
    for _ in 0..8 {
        play.then();
        for who in 0..play.actors() {
            let bought = play.draw(2, 30);
            let sold = play.draw(1, bought);
            play.call(who, curve, "buy", &[number(bought)]).paying(UNIT);
            match play.draw(0, 5) {
                0 => play
                    .call(who, curve, "buy", &[number(bought)])
                    .paying(1)
                    .fails("TooDear"),
                1 => play
                    .call(who, curve, "buy", &[number(TOO_MUCH)])
                    .paying(UNIT)
                    .fails("SoldOut"),
                2 => play
                    .call(who, curve, "sell", &[number(0), number(0)])
                    .fails("Nothing"),
                3 => play
                    .call(who, curve, "sell", &[number(sold), number(TOO_MUCH)])
                    .fails("TooCheap"),
                _ => play
                    .call(who, curve, "sell", &[number(1_000_000), number(0)])
                    .fails("NotEnoughShares"),
            }
            play.call(who, curve, "sell", &[number(sold), number(0)]);
        }
    }
}

/// A pool is made, joined, traded on both ways, and left.
pub fn pool(play: &mut Play) {
    const DEEP: u64 = 500 * UNIT;
    const STOCK: u64 = 20 * UNIT;
    let pool = play.deploy(0, &[number(1_000 * UNIT)], 0);
    play.then();
    play.call(1, pool, "buy", &[number(0)])
        .paying(UNIT)
        .fails("NoPool");
    play.call(1, pool, "add", &[number(1)])
        .paying(UNIT)
        .fails("NotEnough");
    play.then();
    play.call(0, pool, "add", &[number(DEEP)]).paying(DEEP);
    for who in 1..play.actors() {
        let to = whom(play.actor(who));
        play.call(0, pool, "give", &[to, number(STOCK)]);
    }
    for round in 0..8 {
        play.then();
        for who in 1..play.actors() {
            let (paid, sold) = (play.draw(UNIT / 10, UNIT), play.draw(UNIT / 1_000, UNIT / 2));
            play.call(who, pool, "buy", &[number(0)]).paying(paid);
            play.call(who, pool, "sell", &[number(sold), number(0)]);
            match round % 4 {
                0 => play
                    .call(who, pool, "buy", &[number(TOO_MUCH)])
                    .paying(UNIT)
                    .fails("Slippage"),
                1 => {
                    let most = number(STOCK / 4);
                    play.call(who, pool, "add", &[most]).paying(UNIT / 2);
                }
                2 => play
                    .call(who, pool, "remove", &[number(TOO_MUCH)])
                    .fails("NotEnough"),
                _ => {
                    let left = play.draw(1, UNIT / 10);
                    play.call(who, pool, "remove", &[number(left)]);
                }
            }
        }
    }
    play.then();
    let rest = play.draw(1, DEEP / 2);
    play.call(0, pool, "remove", &[number(rest)]);
}

/// The owners of a treasury, by their places in the cast.
const OWNERS: [usize; 3] = [0, 1, 2];

/// Owners propose, approve and carry out; what they pay and who they are.
pub fn multisig(play: &mut Play) {
    const OUTSIDER: usize = 3;
    let [first, second, third] = OWNERS;
    let shop = play.receiver("shop");
    let owners = OWNERS.map(|who| whom(play.actor(who)));
    let [a, b, c] = owners.clone();
    play.deploy_fails(second, &[a.clone(), b.clone(), a.clone(), number(2)], "BadOwners");
    let treasury = play.deploy(first, &[a, b, c, number(2)], 60 * UNIT);
    play.then();
    play.call(OUTSIDER, treasury, "deposit", &[]).paying(40 * UNIT);
    play.call(OUTSIDER, treasury, "propose_payment", &[whom(shop), number(1)])
        .fails("NotAnOwner");
    for id in 0..6 {
        let amount = play.draw(1, 5 * UNIT);
        decide(
            play,
            treasury,
            id,
            "propose_payment",
            &[whom(shop), number(amount)],
        );
        play.call(OUTSIDER, treasury, "execute", &[number(id)]);
        play.call(OUTSIDER, treasury, "execute", &[number(id)])
            .fails("Void");
    }
    // More than there is, and to a program, which would not know of it.
    decide(
        play,
        treasury,
        6,
        "propose_payment",
        &[whom(shop), number(TOO_MUCH)],
    );
    play.call(first, treasury, "execute", &[number(6)])
        .fails("Insufficient");
    decide(play, treasury, 7, "propose_payment", &[whom(treasury), number(1)]);
    play.call(first, treasury, "execute", &[number(7)])
        .fails("not payable");
    // What was proposed before the owners changed is void.
    decide(play, treasury, 8, "propose_owner", &[whom(play.actor(OUTSIDER))]);
    play.call(third, treasury, "execute", &[number(8)]);
    play.then();
    play.call(OUTSIDER, treasury, "approve", &[number(7)])
        .fails("Void");
    decide(play, treasury, 9, "propose_threshold", &[number(5)]);
    play.call(first, treasury, "execute", &[number(9)])
        .fails("BadThreshold");
    play.call(first, treasury, "revoke", &[number(9)]);
}

/// One proposes, and another one approves after a change of mind.
fn decide(play: &mut Play, treasury: Address, id: u64, propose: &str, args: &[curvevm::Value]) {
    let id = [number(id)];
    let [first, second, third] = OWNERS;
    let other = if play.draw(0, 2) == 0 { second } else { third };
    play.then();
    play.call(first, treasury, propose, args);
    play.call(first, treasury, "execute", &id).fails("TooFew");
    play.call(first, treasury, "approve", &id).fails("NoChange");
    play.then();
    play.call(other, treasury, "approve", &id);
    play.call(other, treasury, "revoke", &id);
    play.call(other, treasury, "revoke", &id).fails("NoChange");
    play.call(other, treasury, "approve", &id);
    play.then();
}
