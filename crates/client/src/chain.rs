//! What is known of a chain.

use std::sync::Arc;

use assetvm::{Address, Genesis, Params};
use hotshot_types::{
    Certificate2, Committee, Epoch, Member, NodeId, PublicKey, Signature, Signers, Stake, VoteData,
};
use rollup_abi::{CertificateRef, Digest, Header};
use rpc_types::types::{CertifiedHeader, GenesisView, MemberView};

use crate::{Certified, Client, ClientError};

/// A chain's genesis and committee, which its id is the hash of.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The genesis.
    pub genesis: Genesis,
    /// The rules of execution; with the chain's id.
    pub params: Arc<Params>,
    /// The committee of epoch 0.
    pub committee: Committee,
}

impl Client {
    /// The chain that the validators say they are of, complete and consistent. Whether it is the right one is for the caller to
    /// know: by [`Chain::expect`].
    ///
    /// # Errors
    /// None answers, or what it answers does not fit together.
    pub async fn chain(&self) -> Result<Chain, ClientError> {
        Chain::of(&self.genesis().await?)
    }
}

impl Chain {
    /// Checks a genesis and the committee that comes with it.
    ///
    /// # Errors
    /// They do not fit together.
    pub fn of(view: &GenesisView) -> Result<Self, ClientError> {
        let genesis = Genesis::decode(&view.genesis.0)?;
        let params = genesis.params();
        if params.chain_id != view.chain_id.0 {
            return Err(ClientError::Chain {
                got: view.chain_id.0,
                expected: params.chain_id,
            });
        }
        let members = view.committee.iter().map(member).collect::<Result<_, _>>()?;
        let committee = Committee::new(params.chain_id, Epoch::ZERO, members)?;
        if *committee.hash() != genesis.committee {
            return Err(wrong("the committee is not the one that the genesis names"));
        }
        Ok(Self {
            genesis,
            params,
            committee,
        })
    }

    /// Its id: the hash of its genesis.
    pub fn id(&self) -> &Digest {
        &self.params.chain_id
    }

    /// Itself, if it is the chain with this id.
    ///
    /// # Errors
    /// It is another one.
    pub fn expect(self, id: &Digest) -> Result<Self, ClientError> {
        match *self.id() {
            got if got == *id => Ok(self),
            got => Err(ClientError::Chain { got, expected: *id }),
        }
    }

    /// The header, if the certificate makes it final.
    ///
    /// # Errors
    /// It does not, or one of them is malformed.
    pub fn check(&self, certified: &CertifiedHeader) -> Result<Certified, ClientError> {
        let call = "asset_certificate";
        let header = Header::decode(&certified.header.0).map_err(|error| ClientError::answer(call, error))?;
        if header.chain_id != *self.id() {
            return Err(ClientError::Chain {
                got: header.chain_id,
                expected: *self.id(),
            });
        }
        let members = self.committee.members().len();
        let wire = CertificateRef::decode(&certified.certificate.0, members)
            .map_err(|error| ClientError::answer(call, error))?;
        let mut signers = Signers::none(members);
        for index in (0..members).filter(|index| wire.has(*index)) {
            signers.insert(index);
        }
        let signature =
            Signature::from_bytes(wire.signature).map_err(|error| ClientError::answer(call, error))?;
        let data = VoteData::of(&header, header.commitment());
        let certificate = Certificate2::from_parts(data, signers, wire.ctr, signature);
        let verified = certificate.verify(&self.committee);
        verified.map_err(|source| ClientError::Certificate {
            height: header.height,
            source,
        })?;
        Ok(Certified { header, certificate })
    }

    /// Who signed a certificate of this chain.
    pub fn signers<'a>(&'a self, certificate: &'a Certificate2) -> impl Iterator<Item = Address> + 'a {
        let members = self.committee.members();
        let signers = certificate.signers().iter();
        signers.filter_map(|index| Some(Address::new(members.get(index)?.node.0)))
    }
}

fn wrong(what: impl ToString) -> ClientError {
    ClientError::answer("asset_genesis", what)
}

fn member(view: &MemberView) -> Result<Member, ClientError> {
    let node: Address = view.node.parse().map_err(wrong)?;
    let bls = view.bls.0.as_slice().try_into();
    let bls = bls.map_err(|_| wrong(format_args!("BLS key of {} bytes", view.bls.0.len())))?;
    Ok(Member {
        node: NodeId(*node.as_bytes()),
        key: PublicKey::from_bytes(bls).map_err(wrong)?,
        stake: Stake::new(view.stake),
    })
}
