//! The validators' own code against the program: what hotshot-types signs and encodes, the program accepts.

use hotshot_types::bls::hash_to_curve;
use hotshot_types::{Certificate2, Committee, Epoch, KeyPair, Member, NodeId, Stake, VoteData};
use program_tests::Rig;
use program_tests::rig::CHAIN_ID;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rollup_abi::instruction::RegisterMember;
use rollup_abi::vote::{possession_digest, vote2_digest};

#[test]
fn a_certificate_of_the_validators_is_accepted() {
    let mut rng = ChaCha12Rng::seed_from_u64(7);
    let mut rig = Rig::registered(&[]);
    let keys: Vec<KeyPair> = (0..5).map(|_| KeyPair::generate(&mut rng)).collect();
    let mut members = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let node = NodeId([index as u8 + 1; 32]);
        let (pk1, pk2) = (*key.public().pk1(), *key.public().pk2());
        rig.register(&RegisterMember {
            epoch: 0,
            owner: node.0,
            stake: 10,
            pk1,
            pk2,
            signature: key.prove_possession(&CHAIN_ID, &node).to_bytes(),
            ctr: hash_to_curve(&possession_digest(&CHAIN_ID, &node.0, &pk1, &pk2)).ctr(),
        })
        .expect("register_member");
        members.push(Member {
            node,
            key: key.public().clone(),
            stake: Stake::new(10),
        });
    }
    rig.seal(0).expect("seal_committee");
    rig.activate().expect("activate_committee");
    let committee = Committee::new(CHAIN_ID, Epoch::ZERO, members).expect("a committee");
    assert_eq!(rig.committee(|on_chain| on_chain.state.hash), *committee.hash());

    let (header, roots) = rig.chain.advance(2);
    let leaf = header.commitment();
    let digest = vote2_digest(&CHAIN_ID, 0, header.view, header.height, &leaf);
    let votes = [0, 1, 3, 4].map(|index| (index, keys[index].sign(&digest)));
    let certificate =
        Certificate2::assemble(&committee, VoteData::of(&header, leaf), votes).expect("four votes");
    rig.submit(&program_tests::Post {
        view: header.view,
        header: header.encode().to_vec(),
        certificate: certificate.to_wire(),
        roots,
    })
    .expect("submit_roots");
    assert_eq!(rig.rollup(|rollup| rollup.state.last.leaf), leaf);
}
