//! The client against the real program on a local chain: what governance does may be repeated, and each refusal of the
//! program arrives with its verdict.

use std::sync::Arc;

use hotshot_types::bls::hash_to_curve;
use hotshot_types::{Certificate2, Committee, Epoch, KeyPair, Member, NodeId, Phase2, Stake, VoteData};
use localnet::{Airdrop, Localnet, LocalnetConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rollup_abi::instruction::{Initialize, MAX_POSTERS, RegisterMember};
use rollup_abi::{Digest, Header, ProgramError, roots, vote};
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
        posters,
    }
}

fn members(count: u8) -> Vec<(KeyPair, RegisterMember)> {
    let mut rng = StdRng::seed_from_u64(2);
    (1..=count)
        .map(|index| {
            let key = KeyPair::generate(&mut rng);
            let owner = NodeId([index; 32]);
            let (pk1, pk2) = (*key.public().pk1(), *key.public().pk2());
            let register = RegisterMember {
                epoch: 0,
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
    let state_root = [9; 32];
    let header = Header {
        chain_id: CHAIN_ID,
        view: 1,
        height: 1,
        timestamp_ms: 1,
        state_root,
        roots_acc: roots::extend(&roots::genesis(&GENESIS_ROOT), &state_root),
        ..Header::default()
    };
    let committee = members.iter().map(|(key, register)| Member {
        node: NodeId(register.owner),
        key: key.public().clone(),
        stake: Stake::new(register.stake),
    });
    let committee = Committee::new(CHAIN_ID, Epoch::ZERO, committee.collect()).unwrap();
    let data = VoteData::of(&header, header.commitment());
    let digest = data.digest::<Phase2>(&CHAIN_ID);
    let votes = members.iter().enumerate().skip(absent);
    let votes = votes.map(|(index, (key, _))| (index, key.sign(&digest)));
    Submission {
        certificate: Certificate2::assemble(&committee, data, votes).unwrap().to_wire(),
        header,
        roots: vec![state_root],
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
        let transaction = builder.build(poster, submission, budget, recent)?;
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
    let committee = client.committee(0).await.unwrap();
    let owners: Vec<_> = committee.members.iter().map(|member| member.owner[0]).collect();
    assert_eq!(owners, [1, 2, 3, 4, 5], "in the order given");
    assert_eq!((committee.state.total_stake, committee.state.quorum), (5, 4));

    let late: Vec<_> = members(6).into_iter().map(|(_, register)| register).collect();
    let refused = client.register_members(governance, &late).await.unwrap_err();
    assert_eq!(
        refused.classify().cause,
        Cause::Refused(ProgramError::CommitteeActive)
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
    let registers: Vec<_> = members.iter().map(|(_, register)| register.clone()).collect();
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
        (poster, other_root, refused(ProgramError::RootsLast)),
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
