//! What people do with the program: each act is one instruction of one signer.

use rollup_abi::instruction::{
    ActivateCommittee, AddEvidence, Call, CloseCommittee, ExecuteReplacement, GrowRollup, HandOver,
    Initialize, MAX_POSTERS, OpenCommittee, RegisterMember, ScheduleReplacement, SealCommittee, SubmitRoots,
};
use rollup_abi::{header, post};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::oracle::g1_bytes;
use crate::rig::{CHAIN_ID, DELAY, GENESIS_ROOT};
use crate::{Failure, Key, Landed, Post, Rig};

/// A sealed committee of the next epoch.
#[derive(Clone, Debug)]
pub struct Staged {
    pub address: Pubkey,
    pub hash: [u8; 32],
    pub epoch: u64,
    pub keys: Vec<Key>,
}

impl Rig {
    /// Initialized and at its full length; no committee.
    pub fn initialized() -> Self {
        let mut rig = Self::deployed();
        let authority = rig.roles.authority.insecure_clone();
        rig.call(&authority, &rig.genesis()).expect("initialize");
        rig.grow();
        rig
    }

    /// A committee with these stakes, registered but not sealed. Member `i` has key and owner number `i`.
    pub fn registered(stakes: &[u64]) -> Self {
        let mut rig = Self::initialized();
        rig.chain.keys = rig.fill(0, 0, stakes);
        rig
    }

    /// An active committee with these stakes.
    pub fn active(stakes: &[u64]) -> Self {
        let mut rig = Self::registered(stakes);
        rig.seal(0).expect("seal_committee");
        rig.activate().expect("activate_committee");
        rig
    }

    /// A call by `signer`, who also pays. A committee among its accounts is the one that governance opened for the present epoch.
    pub fn call<C: Call>(&mut self, signer: &Keypair, call: &C) -> Result<Landed, Failure> {
        self.call_on(signer, self.committee_address(self.chain.epoch), call)
    }

    /// The same on another committee.
    pub fn call_on<C: Call>(
        &mut self,
        signer: &Keypair,
        committee: Pubkey,
        call: &C,
    ) -> Result<Landed, Failure> {
        let instruction = self.instruction(signer.pubkey(), committee, call);
        self.send(&[instruction], &[signer])
    }

    /// A call by governance.
    pub fn govern<C: Call>(&mut self, call: &C) -> Result<Landed, Failure> {
        let governance = self.roles.governance.insecure_clone();
        self.call(&governance, call)
    }

    /// The arguments that [`Rig::initialized`] uses.
    pub fn genesis(&self) -> Initialize {
        let mut posters = [[0; 32]; MAX_POSTERS];
        posters[3] = self.roles.poster.pubkey().to_bytes();
        Initialize {
            chain_id: CHAIN_ID,
            genesis_root: GENESIS_ROOT,
            governance: self.roles.governance.pubkey().to_bytes(),
            guardian: self.roles.guardian.pubkey().to_bytes(),
            delay: DELAY,
            posters,
        }
    }

    /// Gives the rollup's account its full length, all in one transaction.
    pub fn grow(&mut self) -> Landed {
        let stranger = self.roles.stranger.insecure_clone();
        let step = self.instruction(stranger.pubkey(), Pubkey::default(), &GrowRollup {});
        self.send(&[step.clone(), step.clone(), step], &[&stranger])
            .expect("grow_rollup")
    }

    /// Member number `number` with a true proof of possession.
    pub fn membership(&self, number: u64, stake: u64) -> RegisterMember {
        membership(&Key::numbered(number), owner(number), stake)
    }

    /// Registers a member of the present epoch's committee, by governance.
    pub fn register(&mut self, args: &RegisterMember) -> Result<Landed, Failure> {
        self.govern(args)
    }

    /// Opens the committee of an epoch, by governance, and fills it with members numbered from `first`.
    pub fn fill(&mut self, epoch: u64, first: u64, stakes: &[u64]) -> Vec<Key> {
        let governance = self.roles.governance.insecure_clone();
        let address = self.committee_of(epoch, &governance.pubkey());
        self.call_on(&governance, address, &OpenCommittee { epoch })
            .expect("open_committee");
        let members = (first..).zip(stakes).map(|(number, stake)| {
            let args = RegisterMember {
                epoch,
                ..self.membership(number, *stake)
            };
            self.call_on(&governance, address, &args)
                .expect("register_member");
            Key::numbered(number)
        });
        members.collect()
    }

    pub fn seal(&mut self, epoch: u64) -> Result<Landed, Failure> {
        let address = self.committee_address(epoch);
        let governance = self.roles.governance.insecure_clone();
        self.call_on(&governance, address, &SealCommittee { epoch })
    }

    pub fn activate(&mut self) -> Result<Landed, Failure> {
        self.govern(&ActivateCommittee {})
    }

    /// A sealed committee of the next epoch, its members numbered from `first`.
    pub fn stage(&mut self, first: u64, stakes: &[u64]) -> Staged {
        let epoch = self.chain.epoch + 1;
        let keys = self.fill(epoch, first, stakes);
        self.seal(epoch).expect("seal_committee");
        let address = self.committee_address(epoch);
        Staged {
            address,
            hash: self.committee_at(&address, |committee| committee.state.hash),
            epoch,
            keys,
        }
    }

    /// Gives governance's committee of the next epoch up, so that it can stage another.
    pub fn unstage(&mut self) -> Result<Landed, Failure> {
        let epoch = self.chain.epoch + 1;
        let address = self.committee_address(epoch);
        let governance = self.roles.governance.insecure_clone();
        self.call_on(&governance, address, &CloseCommittee { epoch })
    }

    /// Lets the next committee take over; a stranger pays, and the chain goes on with the committee's keys.
    pub fn hand_over(&mut self, next: &Staged) -> Result<Landed, Failure> {
        let landed = self.try_hand_over(next.address)?;
        self.follow(next);
        Ok(landed)
    }

    pub fn try_hand_over(&mut self, committee: Pubkey) -> Result<Landed, Failure> {
        let stranger = self.roles.stranger.insecure_clone();
        self.call_on(&stranger, committee, &HandOver {})
    }

    /// The chain goes on with this committee.
    pub fn follow(&mut self, next: &Staged) {
        self.chain.epoch = next.epoch;
        self.chain.keys.clone_from(&next.keys);
    }

    pub fn schedule(&mut self, committee: Pubkey) -> Result<Landed, Failure> {
        let governance = self.roles.governance.insecure_clone();
        self.call_on(&governance, committee, &ScheduleReplacement {})
    }

    pub fn execute(&mut self, committee: Pubkey) -> Result<Landed, Failure> {
        let governance = self.roles.governance.insecure_clone();
        self.call_on(&governance, committee, &ExecuteReplacement {})
    }

    pub fn submit_instruction(&self, signer: Pubkey, post: &Post) -> Instruction {
        self.submit_to(signer, self.committee_address(self.chain.epoch), post)
    }

    /// A post that names another committee.
    pub fn submit_to(&self, signer: Pubkey, committee: Pubkey, post: &Post) -> Instruction {
        let header = posted(post);
        let call = SubmitRoots {
            view: post.view,
            header: &header,
            certificate: &post.certificate,
            roots: &post.roots,
        };
        self.instruction(signer, committee, &call)
    }

    /// What a poster sends: the budget, the price, the roots.
    pub fn submit_by(&mut self, signer: &Keypair, post: &Post) -> Result<Landed, Failure> {
        self.send(
            &with_budget(self.submit_instruction(signer.pubkey(), post)),
            &[signer],
        )
    }

    pub fn submit(&mut self, post: &Post) -> Result<Landed, Failure> {
        let poster = self.roles.poster.insecure_clone();
        self.submit_by(&poster, post)
    }

    /// Brings the block that a conflict is with.
    pub fn add_evidence(&mut self, post: &Post) -> Result<Landed, Failure> {
        let stranger = self.roles.stranger.insecure_clone();
        let header = posted(post);
        let call = AddEvidence {
            view: post.view,
            header: &header,
            certificate: &post.certificate,
        };
        self.call(&stranger, &call)
    }
}

/// A poster's transaction.
pub fn with_budget(instruction: Instruction) -> [Instruction; 3] {
    [
        ComputeBudgetInstruction::set_compute_unit_limit(200_000),
        ComputeBudgetInstruction::set_compute_unit_price(1_000),
        instruction,
    ]
}

/// The header as it is posted.
pub fn posted(post: &Post) -> [u8; post::LEN] {
    let header: &[u8; header::LEN] = post.header.as_slice().try_into().expect("a whole header");
    post::strip(header)
}

/// The owner of member number `number`.
pub fn owner(number: u64) -> [u8; 32] {
    [number as u8 + 1; 32]
}

/// A member of epoch 0 with a true proof of possession.
pub fn membership(key: &Key, owner: [u8; 32], stake: u64) -> RegisterMember {
    let (pk1, pk2) = (key.pk1(), key.pk2());
    let proof = key.sign(&Key::possession_message(&CHAIN_ID, &owner, &pk1, &pk2));
    RegisterMember {
        epoch: 0,
        owner,
        stake,
        pk1,
        pk2,
        signature: g1_bytes(proof.point),
        ctr: proof.ctr,
    }
}
