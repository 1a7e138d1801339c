//! The client against the real program on a local chain: what governance does may be repeated, and each refusal of the
//! program arrives with its verdict.

use std::sync::Arc;

use hotshot_types::bls::hash_to_curve;
use hotshot_types::{Certificate2, Committee, Epoch, KeyPair, Member, NodeId, Phase2, Stake, VoteData};
use localnet::{Airdrop, Localnet, LocalnetConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rollup_abi::instruction::{GOVERNANCE, Initialize, MAX_POSTERS, RegisterMember, VerifyAccount};
use rollup_abi::{Digest, Header, ProgramError, path, roots, tree, vote};
use settlement::deploy::{Deployment, deploy_program};
use settlement::{
    Budget, Cause, CommitmentConfig, Keypair, RollupClient, RpcClient, SettlementError, Signer, Submission,
    SubmitBuilder, Verdict,
};

const CHAIN_ID: Digest = [7; 32];
const GENESIS_ROOT: Digest = [1; 32];

struct Setup {
    chain: Localnet,
    client: RollupClient,
    governance: Keypair,
    poster: Keypair,
    stranger: Keypair,
}

async fn setup() -> Setup {
    let [governance, poster, stranger] = [Keypair::new(), Keypair::new(), Keypair::new()];
    let airdrops = [&governance, &poster, &stranger].map(|key| Airdrop {
        to: key.pubkey(),
        lamports: 10_000_000_000,
    });
    let chain = Localnet::start(LocalnetConfig {
        airdrops: airdrops.to_vec(),
        ..LocalnetConfig::default()
    })
    .await
    .unwrap();
    let rpc = Arc::new(RpcClient::new(chain.rpc_url().to_owned()));
    let release = registry::embedded().unwrap();
    let program = Keypair::try_from(&registry::local_program_keypair().unwrap()[..]).unwrap();
    let deployment = Deployment {
        payer: &governance,
        program: &program,
        authority: &governance,
        elf: &release.program,
        max_len: release.program.len(),
    };
    deploy_program(&rpc, &deployment).await.unwrap();
    Setup {
        client: RollupClient::with_rpc(rpc, program.pubkey(), CommitmentConfig::confirmed()),
        chain,
        governance,
        poster,
        stranger,
    }
}

fn initialize(setup: &Setup, chain_id: Digest) -> Initialize {
    let mut posters = [[0; 32]; MAX_POSTERS];
    posters[0] = setup.poster.pubkey().to_bytes();
    Initialize {
        chain_id,
        genesis_root: GENESIS_ROOT,
        governance: setup.governance.pubkey().to_bytes(),
        guardian: setup.governance.pubkey().to_bytes(),
        delay: 1,
        posters,
    }
}

fn members(count: u8) -> Vec<(KeyPair, RegisterMember)> {
    members_of(0, count)
}

/// Members of an epoch; each epoch has its own keys.
fn members_of(epoch: u64, count: u8) -> Vec<(KeyPair, RegisterMember)> {
    let mut rng = StdRng::seed_from_u64(2 + epoch);
    (1..=count)
        .map(|index| {
            let key = KeyPair::generate(&mut rng);
            let owner = NodeId([index; 32]);
            let (pk1, pk2) = (*key.public().pk1(), *key.public().pk2());
            let register = RegisterMember {
                epoch,
                owner: owner.0,
                stake: 1,
                pk1,
                pk2,
                signature: key.prove_possession(&CHAIN_ID, &owner).to_bytes(),
                ctr: hash_to_curve(&vote::possession_digest(&CHAIN_ID, &owner.0, &pk1, &pk2)).ctr(),
            };
            (key, register)
        })
        .collect()
}

/// Block 1, certified by all but the first `absent` members.
fn block(members: &[(KeyPair, RegisterMember)], absent: usize) -> Submission {
    let header = Header {
        view: 1,
        height: 1,
        state_root: [9; 32],
        ..Header::default()
    };
    certified(header, roots::genesis(&GENESIS_ROOT), members, absent)
}

/// This block after one with the accumulator `acc`, certified by all but the first `absent` members.
fn certified(
    header: Header,
    acc: Digest,
    members: &[(KeyPair, RegisterMember)],
    absent: usize,
) -> Submission {
    let header = Header {
        chain_id: CHAIN_ID,
        roots_acc: roots::extend(&acc, &header.state_root),
        ..header
    };
    let committee = members.iter().map(|(key, register)| Member {
        node: NodeId(register.owner),
        key: key.public().clone(),
        stake: Stake::new(register.stake),
    });
    let epoch = Epoch::new(header.epoch);
    let committee = Committee::new(CHAIN_ID, epoch, committee.collect()).unwrap();
    let data = VoteData::of(&header, header.commitment());
    let digest = data.digest::<Phase2>(&CHAIN_ID);
    let votes = members.iter().enumerate().skip(absent);
    let votes = votes.map(|(index, (key, _))| (index, key.sign(&digest)));
    Submission {
        view: header.view,
        certificate: Certificate2::assemble(&committee, data, votes).unwrap().to_wire(),
        roots: vec![header.state_root],
        header,
    }
}

impl Setup {
    /// Sends a submission with a simulation, as `poster`.
    async fn submit(&self, poster: &Keypair, submission: &Submission) -> Result<(), SettlementError> {
        let budget = Budget {
            units: SubmitBuilder::units(5, 1, 0),
            micro_lamports: 0,
        };
        let recent = self.client.sender().recent().await?;
        let builder = self.client.submit_builder(poster.pubkey());
        let committee = self.client.rollup_state().await?.committee();
        let transaction = builder.build(poster, &committee, submission, budget, recent)?;
        self.client.sender().send(&transaction, true).await.map(drop)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn governance_may_repeat_itself() {
    let setup = setup().await;
    let (client, governance) = (&setup.client, &setup.governance);
    let missing = client.rollup_state().await.unwrap_err();
    assert!(
        matches!(missing, SettlementError::AccountMissing { .. }),
        "{missing}"
    );
    for _ in 0..2 {
        client
            .initialize(governance, &initialize(&setup, CHAIN_ID))
            .await
            .unwrap();
    }
    let other = client.initialize(governance, &initialize(&setup, [8; 32])).await;
    assert!(
        matches!(other, Err(SettlementError::OtherRollup { .. })),
        "{other:?}"
    );

    let five: Vec<_> = members(5).into_iter().map(|(_, register)| register).collect();
    client.register_members(governance, &five[..2]).await.unwrap();
    client.register_members(governance, &five).await.unwrap();
    client.register_members(governance, &five).await.unwrap();
    let mut swapped = five.clone();
    swapped.swap(1, 2);
    let differs = client.register_members(governance, &swapped).await;
    assert!(
        matches!(
            differs,
            Err(SettlementError::CommitteeDiffers { epoch: 0, index: 1 })
        ),
        "{differs:?}"
    );
    for _ in 0..2 {
        client.activate_committee(governance, 0).await.unwrap();
    }
    let rollup = client.rollup_state().await.unwrap();
    let committee = client.committee(&rollup.committee()).await.unwrap();
    let owners: Vec<_> = committee.members.iter().map(|member| member.owner[0]).collect();
    assert_eq!(owners, [1, 2, 3, 4, 5], "in the order given");
    assert_eq!((committee.state.total_stake, committee.state.quorum), (5, 4));

    let late: Vec<_> = members(6).into_iter().map(|(_, register)| register).collect();
    let refused = client.register_members(governance, &late).await.unwrap_err();
    assert_eq!(
        refused.classify().cause,
        Cause::Refused(ProgramError::CommitteeSealed)
    );
    for _ in 0..2 {
        client.pause(governance).await.unwrap();
    }
    assert_eq!(client.rollup_state().await.unwrap().state.paused, 1);
    for _ in 0..2 {
        client.resume(governance).await.unwrap();
    }
    assert_eq!(client.rollup_state().await.unwrap().state.paused, 0);
    setup.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_arrive_with_their_verdict() {
    let setup = setup().await;
    let (client, governance, poster) = (&setup.client, &setup.governance, &setup.poster);
    client
        .initialize(governance, &initialize(&setup, CHAIN_ID))
        .await
        .unwrap();
    let members = members(5);
    let registers: Vec<_> = members.iter().map(|(_, register)| *register).collect();
    client.register_members(governance, &registers).await.unwrap();
    client.activate_committee(governance, 0).await.unwrap();

    let good = block(&members, 1);
    let mut forged = good.clone();
    let sigma = forged.certificate.len() - 64;
    forged.certificate[sigma..].copy_from_slice(&block(&members, 0).certificate[sigma..]);
    let mut other_root = good.clone();
    other_root.roots[0] = [10; 32];
    let refused = |error| (Verdict::Halt, Cause::Refused(error));
    let unfunded = Keypair::new();
    let cases = [
        (
            &setup.stranger,
            good.clone(),
            (Verdict::Halt, Cause::Unauthorized),
        ),
        (&unfunded, good.clone(), (Verdict::Halt, Cause::Funds)),
        (poster, block(&members, 2), refused(ProgramError::BelowQuorum)),
        (poster, forged, refused(ProgramError::SignatureInvalid)),
        (poster, other_root, (Verdict::Halt, Cause::Malformed)),
    ];
    for (signer, submission, (verdict, cause)) in cases {
        let error = setup.submit(signer, &submission).await.unwrap_err();
        let class = error.classify();
        assert_eq!((class.verdict, class.cause), (verdict, cause), "{error}");
    }
    assert_eq!(client.rollup_state().await.unwrap().state.last.height, 0);

    client.pause(governance).await.unwrap();
    let paused = setup.submit(poster, &good).await.unwrap_err().classify();
    assert_eq!((paused.verdict, paused.cause), (Verdict::Retry, Cause::Paused));
    client.resume(governance).await.unwrap();
    setup.submit(poster, &good).await.unwrap();
    // The same again is a success and does nothing.
    setup.submit(poster, &block(&members, 0)).await.unwrap();
    let by_stranger = client.pause(&setup.stranger).await.unwrap_err().classify();
    assert_eq!(by_stranger.cause, Cause::Unauthorized);
    let state = client.rollup_state().await.unwrap().state;
    assert_eq!((state.last.height, state.accepted), (1, 1));
    setup.chain.stop().await.unwrap();
}

fn registers(members: &[(KeyPair, RegisterMember)]) -> Vec<RegisterMember> {
    members.iter().map(|(_, register)| *register).collect()
}

impl Setup {
    /// The rollup initialized, with these as its first committee.
    async fn begin(&self, first: &[(KeyPair, RegisterMember)]) {
        let (client, governance) = (&self.client, &self.governance);
        client
            .initialize(governance, &initialize(self, CHAIN_ID))
            .await
            .unwrap();
        client
            .register_members(governance, &registers(first))
            .await
            .unwrap();
        client.activate_committee(governance, 0).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_ends_and_the_next_committee_takes_over() {
    let setup = setup().await;
    let (client, governance, poster, stranger) =
        (&setup.client, &setup.governance, &setup.poster, &setup.stranger);
    let (first, second) = (members(4), members_of(1, 3));
    setup.begin(&first).await;
    client
        .stage_committee(stranger, &registers(&second))
        .await
        .unwrap();
    let next = client
        .stage_committee(stranger, &registers(&second))
        .await
        .unwrap();
    let early = client
        .hand_over(stranger, &next.address)
        .await
        .unwrap_err()
        .classify();
    assert_eq!((early.verdict, early.cause), (Verdict::Resign, Cause::Overtaken));

    let last = Header {
        view: 1,
        height: 1,
        state_root: [9; 32],
        next_committee: next.hash,
        ..Header::default()
    };
    let last = certified(last, roots::genesis(&GENESIS_ROOT), &first, 1);
    setup.submit(poster, &last).await.unwrap();
    assert_eq!(settled(client, 1).await.awaited(), Some(next.hash));
    for _ in 0..2 {
        client.hand_over(stranger, &next.address).await.unwrap();
    }
    client.close_committee(governance, 0).await.unwrap();

    let header = Header {
        epoch: 1,
        view: 2,
        height: 2,
        state_root: [10; 32],
        ..Header::default()
    };
    let two = certified(header, last.header.roots_acc, &second, 0);
    setup.submit(poster, &two).await.unwrap();
    assert_eq!(settled(client, 2).await.awaited(), None);
    setup.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn governance_replaces_a_committee_after_the_delay() {
    let setup = setup().await;
    let (client, governance) = (&setup.client, &setup.governance);
    setup.begin(&members(4)).await;
    let next = registers(&members_of(1, 2));
    let other = client.stage_committee(governance, &next).await.unwrap();
    for _ in 0..2 {
        client
            .schedule_replacement(governance, &other.address)
            .await
            .unwrap();
    }
    for _ in 0..2 {
        client.veto_replacement(governance).await.unwrap();
    }
    let nothing = client.execute_replacement(governance, &other.address).await;
    let nothing = nothing.unwrap_err().classify();
    assert_eq!(
        (nothing.verdict, nothing.cause),
        (Verdict::Resign, Cause::Overtaken)
    );
    client
        .schedule_replacement(governance, &other.address)
        .await
        .unwrap();
    // The cluster's clock decides when the delay is over.
    while let Err(error) = client.execute_replacement(governance, &other.address).await {
        let class = error.classify();
        assert_eq!(
            (class.verdict, class.cause),
            (Verdict::Halt, Cause::Refused(ProgramError::TooEarly)),
            "{error}"
        );
    }
    assert_eq!(client.rollup_state().await.unwrap().state.epoch, 1);
    setup.chain.stop().await.unwrap();
}

/// The rollup once it has this height.
async fn settled(client: &RollupClient, height: u64) -> settlement::RollupAccount {
    loop {
        let rollup = client.rollup_state().await.unwrap();
        if rollup.state.last.height == height {
            return rollup;
        }
    }
}

/// Posters, roles and releases are kept by the client, and the program's views answer through it.
#[tokio::test(flavor = "multi_thread")]
async fn governance_keeps_house_and_anybody_asks() {
    let setup = setup().await;
    let (client, governance, poster, stranger) =
        (&setup.client, &setup.governance, &setup.poster, &setup.stranger);
    let (address, value) = ([5; 32], [6; 16]);
    let state_root = tree::leaf_hash(&tree::account_key(&address), &tree::value_hash(&value));
    let genesis = Initialize {
        genesis_root: state_root,
        ..initialize(&setup, CHAIN_ID)
    };
    client.initialize(governance, &genesis).await.unwrap();
    for _ in 0..2 {
        client.add_poster(governance, &stranger.pubkey()).await.unwrap();
        client.revoke_poster(governance, &poster.pubkey()).await.unwrap();
    }
    let rollup = client.rollup_state().await.unwrap();
    let allows = [stranger, poster].map(|key| rollup.allows(&key.pubkey().to_bytes()));
    assert_eq!(allows, [true, false]);

    let release = registry::embedded().unwrap();
    for _ in 0..2 {
        client
            .record_release(governance, &release.program, [1; 32])
            .await
            .unwrap();
    }
    let state = client.rollup_state().await.unwrap().state;
    assert_eq!(state.release_count, 1);
    client.migrate(stranger).await.unwrap();

    let mut proof = [0; 8];
    let proof = path::encode(&[], tree::Terminal::Value(&[0; 32]), &mut proof).unwrap();
    let mut claim = VerifyAccount {
        height: 0,
        address,
        value: &value,
        proof,
    };
    let proven = client.verify_account(&stranger.pubkey(), &claim).await.unwrap();
    assert_eq!((proven.exists, proven.state_root), (1, state_root));
    claim.value = &[7; 16];
    let refused = client
        .verify_account(&stranger.pubkey(), &claim)
        .await
        .unwrap_err();
    assert_eq!(
        refused.classify().cause,
        Cause::Refused(ProgramError::AccountNotProven)
    );

    for _ in 0..2 {
        client
            .propose_role(governance, GOVERNANCE, &stranger.pubkey())
            .await
            .unwrap();
    }
    for _ in 0..2 {
        client.accept_role(stranger, GOVERNANCE).await.unwrap();
    }
    let former = client.add_poster(governance, &poster.pubkey()).await.unwrap_err();
    assert_eq!(former.classify().cause, Cause::Unauthorized);
    setup.chain.stop().await.unwrap();
}
