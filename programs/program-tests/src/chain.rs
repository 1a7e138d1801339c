//! A chain of headers as the committee would certify it.

use rollup_abi::Header;

use crate::oracle::{Key, Signature, certificate, sha256, vote2_message};

/// What a poster submits.
#[derive(Clone, Debug)]
pub struct Post {
    pub header: Vec<u8>,
    pub certificate: Vec<u8>,
    pub roots: Vec<[u8; 32]>,
}

/// The committee's own view: keys in registration order, and the newest block.
#[derive(Clone, Debug)]
pub struct Chain {
    pub chain_id: [u8; 32],
    pub keys: Vec<Key>,
    pub height: u64,
    pub view: u64,
    pub acc: [u8; 32],
}

impl Chain {
    pub fn new(chain_id: [u8; 32], genesis_root: [u8; 32], keys: Vec<Key>) -> Self {
        Self {
            chain_id,
            keys,
            height: 0,
            view: 0,
            acc: sha256(&[&[0; 32], &genesis_root]),
        }
    }

    /// The state root of a height, for tests.
    pub fn root(height: u64) -> [u8; 32] {
        sha256(&[b"test root", &height.to_le_bytes()])
    }

    /// Decides `blocks` more blocks, one view each, and returns the last header and all their roots.
    pub fn advance(&mut self, blocks: usize) -> (Header, Vec<[u8; 32]>) {
        let mut roots = Vec::new();
        for _ in 0..blocks {
            self.height += 1;
            self.view += 1;
            let root = Self::root(self.height);
            self.acc = sha256(&[&self.acc, &root]);
            roots.push(root);
        }
        let header = Header {
            chain_id: self.chain_id,
            view: self.view,
            height: self.height,
            timestamp_ms: 1_700_000_000_000 + self.height * 250,
            parent: [1; 32],
            payload_commitment: [2; 32],
            state_root: Self::root(self.height),
            roots_acc: self.acc,
            history_root: [3; 32],
            ..Header::default()
        };
        (header, roots)
    }

    /// All members.
    pub fn everyone(&self) -> Vec<usize> {
        (0..self.keys.len()).collect()
    }

    /// The aggregate of `signers` over a header.
    pub fn sign(&self, header: &Header, signers: &[usize]) -> Signature {
        self.sign_message(&Self::message(header, &header.encode()), signers)
    }

    /// What the committee signs of a header.
    pub fn message(header: &Header, encoded: &[u8]) -> [u8; 32] {
        vote2_message(
            &header.chain_id,
            header.epoch,
            header.view,
            header.height,
            encoded,
        )
    }

    /// The aggregate of `signers` over any message.
    pub fn sign_message(&self, message: &[u8; 32], signers: &[usize]) -> Signature {
        // The sum of the signatures is the signature by the sum of the keys: one multiplication instead of a hundred.
        Key(signers.iter().map(|signer| self.keys[*signer].0).sum()).sign(message)
    }

    /// A header with its certificate by `signers`.
    pub fn certify(&self, header: &Header, signers: &[usize], roots: Vec<[u8; 32]>) -> Post {
        let signature = self.sign(header, signers);
        Post {
            header: header.encode().to_vec(),
            certificate: certificate(self.keys.len(), signers, signature.ctr, signature.point),
            roots,
        }
    }

    /// The next `blocks` blocks, certified by everyone.
    pub fn post(&mut self, blocks: usize) -> Post {
        let (header, roots) = self.advance(blocks);
        self.certify(&header, &self.everyone(), roots)
    }
}
