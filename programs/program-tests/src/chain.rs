//! A chain of headers as the committee would certify it.

use rollup_abi::Header;

use crate::oracle::{self, Key, Signature, certificate, sha256, vote2_message};

/// What a poster submits.
#[derive(Clone, Debug)]
pub struct Post {
    /// The view that the certificate names.
    pub view: u64,
    /// The encoded header, with its chain id.
    pub header: Vec<u8>,
    pub certificate: Vec<u8>,
    /// The roots between the last accepted block and this one.
    pub roots: Vec<[u8; 32]>,
}

/// The committee's own view: keys in registration order, and the newest block.
#[derive(Clone, Debug)]
pub struct Chain {
    pub chain_id: [u8; 32],
    pub keys: Vec<Key>,
    pub epoch: u64,
    pub height: u64,
    pub view: u64,
    pub acc: [u8; 32],
    /// The leaf commitment of every height from genesis on.
    pub leaves: Vec<[u8; 32]>,
}

impl Chain {
    pub fn new(chain_id: [u8; 32], genesis_root: [u8; 32], keys: Vec<Key>) -> Self {
        Self {
            chain_id,
            keys,
            epoch: 0,
            height: 0,
            view: 0,
            acc: sha256(&[&[0; 32], &genesis_root]),
            leaves: vec![sha256(&[b"test genesis"])],
        }
    }

    /// The state root of a height, for tests.
    pub fn root(height: u64) -> [u8; 32] {
        sha256(&[b"test root", &height.to_le_bytes()])
    }

    /// Decides `blocks` more blocks, one view each, and returns the last header and the roots before its own.
    pub fn advance(&mut self, blocks: usize) -> (Header, Vec<[u8; 32]>) {
        self.advance_to(blocks, [0; 32])
    }

    /// The same; the last block names this committee as the next.
    pub fn advance_to(&mut self, blocks: usize, next_committee: [u8; 32]) -> (Header, Vec<[u8; 32]>) {
        let mut between = Vec::new();
        for _ in 1..blocks {
            let header = self.decide([0; 32]);
            between.push(header.state_root);
        }
        (self.decide(next_committee), between)
    }

    fn decide(&mut self, next_committee: [u8; 32]) -> Header {
        let history_root = oracle::history_root(&self.leaves);
        self.height += 1;
        self.view += 1;
        let state_root = Self::root(self.height);
        self.acc = sha256(&[&self.acc, &state_root]);
        let header = Header {
            chain_id: self.chain_id,
            epoch: self.epoch,
            view: self.view,
            height: self.height,
            timestamp_ms: 1_700_000_000_000 + self.height * 250,
            parent: self.leaves[self.leaves.len() - 1],
            payload_commitment: [2; 32],
            state_root,
            roots_acc: self.acc,
            history_root,
            next_committee,
            ..Header::default()
        };
        self.leaves.push(oracle::leaf(&header.encode()));
        header
    }

    /// All members.
    pub fn everyone(&self) -> Vec<usize> {
        (0..self.keys.len()).collect()
    }

    /// The aggregate of `signers` over a header.
    pub fn sign(&self, header: &Header, signers: &[usize]) -> Signature {
        self.sign_message(&Self::message(header, &header.encode()), signers)
    }

    /// What the committee signs of a header in its own view.
    pub fn message(header: &Header, encoded: &[u8]) -> [u8; 32] {
        Self::message_in(header.view, header, encoded)
    }

    /// What the committee signs of a header in a view.
    pub fn message_in(view: u64, header: &Header, encoded: &[u8]) -> [u8; 32] {
        vote2_message(&header.chain_id, header.epoch, view, header.height, encoded)
    }

    /// The aggregate of `signers` over any message.
    pub fn sign_message(&self, message: &[u8; 32], signers: &[usize]) -> Signature {
        // The sum of the signatures is the signature by the sum of the keys: one multiplication instead of a hundred.
        Key(signers.iter().map(|signer| self.keys[*signer].0).sum()).sign(message)
    }

    /// A header with its certificate by `signers`.
    pub fn certify(&self, header: &Header, signers: &[usize], roots: Vec<[u8; 32]>) -> Post {
        self.certify_in(header.view, header, signers, roots)
    }

    /// A header with its certificate of another view.
    pub fn certify_in(&self, view: u64, header: &Header, signers: &[usize], roots: Vec<[u8; 32]>) -> Post {
        let encoded = header.encode();
        let signature = self.sign_message(&Self::message_in(view, header, &encoded), signers);
        Post {
            view,
            header: encoded.to_vec(),
            certificate: certificate(self.keys.len(), signers, signature.ctr, signature.point),
            roots,
        }
    }

    /// The next `blocks` blocks, certified by everyone.
    pub fn post(&mut self, blocks: usize) -> Post {
        self.post_last(blocks, [0; 32])
    }

    /// The same; the last block names this committee as the next.
    pub fn post_last(&mut self, blocks: usize, next_committee: [u8; 32]) -> Post {
        let (header, between) = self.advance_to(blocks, next_committee);
        self.certify(&header, &self.everyone(), between)
    }

    /// Another block at the newest height.
    pub fn rival(&self) -> Header {
        Header {
            chain_id: self.chain_id,
            epoch: self.epoch,
            view: self.view + 1,
            height: self.height,
            state_root: [0xBA; 32],
            ..Header::default()
        }
    }

    /// What a post of genesis would be: a height that every rollup knows, with its own root.
    pub fn genesis_post(&self, genesis_root: [u8; 32]) -> Post {
        let header = Header {
            chain_id: self.chain_id,
            state_root: genesis_root,
            ..Header::default()
        };
        self.certify(&header, &self.everyone(), Vec::new())
    }
}
