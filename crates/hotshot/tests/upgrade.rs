//! Upgrades, step by step against one core of four: when it agrees, what it builds, what it votes for and what not, and how it
//! ends when it does not speak a version.

mod one;

use std::sync::Arc;

use hotshot::{HaltReason, Input, Outgoing, Output, rules::Fault, tally::UpgradeTally};
use hotshot_testing::fixtures::{PLACEHOLDER, committee, genesis, state_after};
use hotshot_types::{
    Block, Epoch, Height, Proposal, SignedProposal, Upgrade, UpgradeCertificate, UpgradeData, UpgradeVote,
    Versions, View,
};
use one::{One, cert1, cert2, certify, header, propose};
use rollup_abi::Header;

fn plan(from: u16, to: u16, first: u64, last: u64) -> UpgradeData {
    let upgrade = Upgrade::new(from, to, Height::new(first), Height::new(last)).unwrap();
    let epoch = Epoch::ZERO;
    UpgradeData { epoch, upgrade }
}

fn agreed(data: UpgradeData) -> UpgradeCertificate {
    let votes = (0..4).map(|member| (member, *PLACEHOLDER));
    UpgradeCertificate::assemble(&committee(&[1; 4]), data, votes).unwrap()
}

/// One whose operator has this plan.
fn planning(data: UpgradeData) -> One {
    let mut one = One::new();
    one.config.upgrade = Some(data.upgrade);
    one.restart();
    one
}

/// The same proposal of another version, with or without what may allow that.
fn raised(signed: &SignedProposal, version: u16, upgrade: Option<UpgradeCertificate>) -> SignedProposal {
    let mut proposal = Proposal::clone(&signed.proposal);
    proposal.header.version = version;
    proposal.upgrade = upgrade;
    SignedProposal {
        proposal: Arc::new(proposal),
        signature: *PLACEHOLDER,
    }
}

fn said(one: &mut One) -> Vec<Outgoing> {
    let of_upgrade = |what: &Outgoing| matches!(what, Outgoing::UpgradeVote(_) | Outgoing::Upgrade(_));
    one.sent().into_iter().filter(of_upgrade).collect()
}

/// Blocks of heights `from..=to` are proposed in the views of the same numbers, and decided.
fn decide(one: &mut One, parent: &Header, to: u64) -> Header {
    (parent.height + 1..=to).fold(parent.clone(), |parent, view| {
        let block = propose(&parent, view, b"x");
        one.step(Input::Proposal(block.clone()));
        one.step(Input::Certificate2(cert2(&block)));
        header(&block)
    })
}

/// The vote is said from a hundred blocks before the window, again with every eighth decided block and when a view does not
/// end; then the certificate, until it is used or void.
#[test]
fn a_plan_is_said_until_it_comes_about() {
    let data = plan(1, 2, 112, 120);
    let mut one = planning(data);
    let vote = [Outgoing::UpgradeVote(data)];
    assert_eq!(said(&mut one), []);
    let tip = decide(&mut one, &genesis(), 11);
    assert_eq!(said(&mut one), []);
    let tip = decide(&mut one, &tip, 12);
    assert_eq!(said(&mut one), vote);
    let tip = decide(&mut one, &tip, 19);
    assert_eq!(said(&mut one), []);
    let tip = decide(&mut one, &tip, 20);
    assert_eq!(said(&mut one), vote);
    one.wait(one.config.timing.resend);
    assert_eq!(said(&mut one), vote);
    one.step(Input::Upgrade(agreed(data)));
    let certificate = [Outgoing::Upgrade(agreed(data))];
    assert_eq!(said(&mut one), certificate, "it is passed on once");
    one.step(Input::Upgrade(agreed(data)));
    assert_eq!(said(&mut one), []);
    let tip = decide(&mut one, &tip, 28);
    assert_eq!(said(&mut one), certificate);
    decide(&mut one, &tip, 120);
    said(&mut one);
    one.wait(one.config.timing.resend);
    assert_eq!(said(&mut one), [], "it is void");
    assert_eq!(one.core.held().upgrades, 0);
    one.step(Input::Upgrade(agreed(data)));
    assert_eq!((said(&mut one), one.core.held().upgrades), (vec![], 0));
}

#[test]
fn nobody_agrees_to_what_it_cannot_speak_or_what_does_not_fit() {
    for data in [plan(1, 4, 1, 9), plan(2, 3, 1, 9)] {
        let mut one = planning(data);
        one.wait(one.config.timing.resend);
        assert_eq!(said(&mut one), [], "{data:?}");
    }
}

/// Member 3 leads view 3: it builds by the new rules as soon as it may, and shows why.
#[test]
fn the_leader_begins_with_the_certificate() {
    for (first, known, version) in [(3, true, 2), (4, true, 1), (3, false, 1)] {
        let data = plan(1, 2, first, 9);
        let mut one = One::new();
        if known {
            one.step(Input::Upgrade(agreed(data)));
        }
        let parent = decide(&mut one, &genesis(), 1);
        let block = propose(&parent, 2, b"2");
        one.step(Input::Proposal(block.clone()));
        one.out.clear();
        one.step(Input::Certificate1(cert1(&block)));
        let parent = header(&block);
        let asked = one.out.iter().find_map(|output| match output {
            Output::Build { view, version, .. } => Some((*view, *version)),
            _ => None,
        });
        assert_eq!(asked, Some((View::new(3), version)), "from {first}");
        one.step(built(&parent, version, 3));
        let sent = one.sent();
        let proposed = sent.iter().find_map(|what| match what {
            Outgoing::Proposal(proposal) => Some((proposal.header.version, proposal.upgrade)),
            _ => None,
        });
        let attached = (version == 2).then(|| agreed(data));
        assert_eq!(proposed, Some((version, attached)), "from {first}");
    }
}

fn built(parent: &Header, version: u16, view: u64) -> Input {
    let block = propose(parent, view, b"3");
    Input::Built {
        view: View::new(view),
        block: Block {
            header: Header {
                version,
                state_root: state_after(parent, version, b"3"),
                ..header(&block)
            },
            payload: b"3"[..].into(),
        },
    }
}

/// An application that builds by other rules than it was asked for is not proposed.
#[test]
fn another_version_than_was_asked_for_is_not_proposed() {
    for version in [1, 3] {
        let mut one = One::new();
        one.step(Input::Upgrade(agreed(plan(1, 2, 3, 9))));
        let parent = decide(&mut one, &genesis(), 2);
        one.step(Input::Certificate1(certify(&parent)));
        one.out.clear();
        one.step(built(&parent, version, 3));
        assert_eq!(one.faults(), [Fault::BuiltBlock(View::new(3))], "{version}");
    }
}

/// One that has decided heights 1 and 2, in view 5 with what `block` of height 3 becomes.
fn shown(change: impl Fn(&SignedProposal) -> SignedProposal) -> (One, SignedProposal) {
    let mut one = One::new();
    let parent = decide(&mut one, &genesis(), 4);
    one.out.clear();
    let block = change(&propose(&parent, 5, b"5"));
    one.step(Input::Proposal(block.clone()));
    (one, block)
}

#[test]
fn a_raised_version_needs_what_was_agreed() {
    let vote = |upgrade: Option<UpgradeData>, version| {
        let (mut one, block) = shown(|block| raised(block, version, upgrade.map(agreed)));
        let leaf = block.proposal.leaf();
        let blamed = one.out.iter().any(|output| {
            matches!(
                output,
                Output::Misbehaviour {
                    fault: Fault::Upgrade,
                    ..
                }
            )
        });
        (one.votes1() == [leaf], blamed)
    };
    let refused = (false, false);
    let blamed = (false, true);
    let other_epoch = UpgradeData {
        epoch: Epoch::new(1),
        ..plan(1, 2, 1, 9)
    };
    assert_eq!(vote(None, 1), (true, false));
    assert_eq!(vote(Some(plan(1, 2, 5, 5)), 2), (true, false));
    assert_eq!(vote(None, 2), refused, "without a certificate");
    assert_eq!(vote(Some(plan(1, 2, 1, 4)), 2), blamed, "expired");
    assert_eq!(vote(Some(plan(1, 2, 6, 9)), 2), blamed, "too early");
    assert_eq!(vote(Some(other_epoch), 2), blamed, "of another epoch");
    assert_eq!(vote(Some(plan(1, 3, 1, 9)), 2), blamed, "to another version");
    assert_eq!(
        vote(Some(plan(1, 2, 1, 9)), 1),
        blamed,
        "the version is not raised"
    );
    assert_eq!(vote(Some(plan(1, 4, 1, 9)), 4), refused, "not spoken here");
}

/// One whose first block was of version 2, and that block.
fn upgraded() -> (One, Header) {
    let (mut one, data) = (One::new(), plan(1, 2, 1, 1));
    let first = raised(&propose(&genesis(), 1, b"1"), 2, Some(agreed(data)));
    one.step(Input::Proposal(first.clone()));
    one.step(Input::Certificate2(cert2(&first)));
    (one, header(&first))
}

#[test]
fn a_version_never_falls_and_is_not_raised_from_another() {
    let (one, _) = upgraded();
    assert_eq!(one.core.decided().version, 2);
    let told = Output::Upgraded {
        version: 2,
        height: Height::new(1),
    };
    assert!(one.out.contains(&told));
    for (version, upgrade, votes) in [
        (2, None, true),
        (2, Some(plan(1, 2, 2, 9)), true),
        (1, None, false),
        (3, Some(plan(1, 3, 2, 9)), false),
    ] {
        let (mut one, first) = upgraded();
        one.out.clear();
        let block = raised(&propose(&first, 2, b"2"), version, upgrade.map(agreed));
        one.step(Input::Proposal(block.clone()));
        let voted = one.votes1().contains(&block.proposal.leaf());
        assert_eq!(voted, votes, "version {version} with {upgrade:?}");
    }
}

/// What allows a version need not come with the proposal, and what came with it is not lost in a crash.
#[test]
fn the_certificate_counts_wherever_it_comes_from() {
    let data = plan(1, 2, 1, 9);
    let (mut one, block) = shown(|block| raised(block, 2, None));
    assert!(one.votes1().is_empty());
    one.step(Input::Upgrade(agreed(data)));
    assert_eq!(one.votes1(), [block.proposal.leaf()]);

    let (mut one, _) = shown(|block| raised(block, 2, Some(agreed(data))));
    one.restart();
    assert_eq!(one.core.held().upgrades, 1);
}

fn speaking_1() -> One {
    let mut one = One::new();
    one.config.speaks = Versions::up_to(1);
    one.restart();
    one
}

/// Who does not speak the version says so when it is agreed on, never executes or votes, and ends with the first final block.
#[test]
fn who_does_not_speak_a_version_says_so_and_ends() {
    let mut one = speaking_1();
    let data = plan(1, 2, 1, 9);
    one.step(Input::Upgrade(agreed(data)));
    assert!(one.out.contains(&Output::CannotUpgrade(data.upgrade)));
    one.out.clear();
    let block = raised(&propose(&genesis(), 1, b"1"), 2, Some(agreed(data)));
    one.step(Input::Proposal(block.clone()));
    one.step(Input::Certificate1(cert1(&block)));
    let executes = |output: &Output| matches!(output, Output::Validate { .. });
    assert!(!one.out.iter().any(executes));
    assert_eq!((one.votes1(), one.core.halted()), (vec![], None));
    one.step(Input::Certificate2(cert2(&block)));
    let reason = HaltReason::Unspoken {
        height: Height::new(1),
        got: 2,
        expected: Versions::up_to(1),
    };
    assert_eq!(one.core.halted(), Some(&reason));
    assert_eq!(
        reason.to_string(),
        "the final block of height 1 is of version 2, this node speaks versions 1 to 1"
    );
}

/// Older software on a chain that has been upgraded does not even begin.
#[test]
fn older_software_does_not_go_on_with_a_newer_chain() {
    let mut one = speaking_1();
    one.config.genesis.version = 2;
    let recovery = hotshot::Recovery::genesis(one.config.genesis.clone());
    one.core = hotshot::Consensus::new(one.config.clone(), recovery, one.clock);
    one.step(Input::Tick);
    assert!(matches!(
        one.core.halted(),
        Some(HaltReason::Unspoken { got: 2, .. })
    ));
}

/// Ten members: nine are enough, eight are not; one counts once, for what it said last.
#[test]
fn votes_are_counted() {
    let (committee, data, other) = (committee(&[1; 10]), plan(1, 2, 1, 9), plan(1, 2, 1, 8));
    let vote = |data| UpgradeVote {
        data,
        signature: *PLACEHOLDER,
    };
    let mut tally = UpgradeTally::default();
    for member in 0..8 {
        assert!(tally.wants(member, &vote(data)));
        assert_eq!(tally.add(&committee, member, vote(data)), None);
        assert!(!tally.wants(member, &vote(data)));
    }
    assert_eq!(tally.add(&committee, 7, vote(data)), None);
    assert_eq!(
        tally.add(&committee, 0, vote(other)),
        None,
        "it has changed its mind"
    );
    assert_eq!(tally.add(&committee, 8, vote(data)), None);
    let certificate = tally.add(&committee, 9, vote(data)).unwrap();
    assert_eq!(certificate.check_stake(&committee), Ok(()));
    assert_eq!(
        certificate.signers().iter().collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6, 7, 8, 9]
    );
    assert_eq!(tally.len(), 10);
    tally.prune(Epoch::new(1));
    assert!(tally.is_empty());
}
