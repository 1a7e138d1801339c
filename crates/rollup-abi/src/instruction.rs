//! The program's instructions: discriminators, accounts and data, as Anchor lays them out.
//!
//! Data is `discriminator 8 │ arguments`, integers little-endian, a slice with its count as `u32` before it. The accounts
//! of an instruction must come in the order of its table here.

use crate::layout::Field;
use crate::{Digest, header};

/// First eight bytes of an instruction's data: `sha256("global:" ‖ name)[..8]`.
pub type Discriminator = [u8; 8];

/// Posters that the allow-list can hold.
pub const MAX_POSTERS: usize = 8;
/// Longest packet that Solana carries, and so the longest transaction.
pub const MAX_TRANSACTION: usize = 1232;

/// One account of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRole {
    /// Its name in the IDL.
    pub name: &'static str,
    /// Whether it signs.
    pub signer: bool,
    /// Whether the instruction writes it.
    pub writable: bool,
}

const fn role(name: &'static str, signer: bool, writable: bool) -> AccountRole {
    AccountRole {
        name,
        signer,
        writable,
    }
}

/// `initialize`: creates the rollup's account; only the program's upgrade authority may.
pub const INITIALIZE: Discriminator = [0xaf, 0xaf, 0x6d, 0x1f, 0x0d, 0x98, 0x9b, 0xed];
/// `register_member`: adds a member to a committee that is not active yet.
pub const REGISTER_MEMBER: Discriminator = [0x2c, 0x13, 0xa0, 0x3b, 0x11, 0x7a, 0x26, 0x10];
/// `activate_committee`: closes the committee and lets it certify roots.
pub const ACTIVATE_COMMITTEE: Discriminator = [0xaf, 0x7b, 0xe5, 0xc9, 0x41, 0x17, 0x45, 0x6c];
/// `submit_roots`: a header, its certificate, and the state roots since the last accepted one.
pub const SUBMIT_ROOTS: Discriminator = [0xe8, 0x65, 0x5b, 0x24, 0xd3, 0x37, 0x90, 0x4c];
/// `pause`: stops `submit_roots`.
pub const PAUSE: Discriminator = [0xd3, 0x16, 0xdd, 0xfb, 0x4a, 0x79, 0xc1, 0x2f];
/// `resume`: ends a pause.
pub const RESUME: Discriminator = [0x01, 0xa6, 0x33, 0xaa, 0x7f, 0x20, 0x8d, 0xce];

/// An instruction as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its name.
    pub name: &'static str,
    /// First bytes of its data.
    pub discriminator: Discriminator,
    /// Its accounts in order.
    pub accounts: &'static [AccountRole],
    /// Its arguments in order.
    pub args: &'static [Field],
}

const fn instruction(
    name: &'static str,
    discriminator: Discriminator,
    accounts: &'static [AccountRole],
    args: &'static [Field],
) -> Instruction {
    Instruction {
        name,
        discriminator,
        accounts,
        args,
    }
}

/// Every instruction, for tests and the IDL.
pub const ALL: [Instruction; 6] = [
    instruction("initialize", INITIALIZE, &INITIALIZE_ACCOUNTS, &INITIALIZE_ARGS),
    instruction(
        "register_member",
        REGISTER_MEMBER,
        &REGISTER_MEMBER_ACCOUNTS,
        &REGISTER_MEMBER_ARGS,
    ),
    instruction(
        "activate_committee",
        ACTIVATE_COMMITTEE,
        &ACTIVATE_COMMITTEE_ACCOUNTS,
        &ACTIVATE_COMMITTEE_ARGS,
    ),
    instruction(
        "submit_roots",
        SUBMIT_ROOTS,
        &SUBMIT_ROOTS_ACCOUNTS,
        &SUBMIT_ROOTS_ARGS,
    ),
    instruction("pause", PAUSE, &PAUSE_ACCOUNTS, &[]),
    instruction("resume", RESUME, &RESUME_ACCOUNTS, &[]),
];

const fn arg(name: &'static str, ty: &'static str) -> Field {
    Field { name, ty }
}

const INITIALIZE_ARGS: [Field; 5] = [
    arg("chain_id", "[u8; 32]"),
    arg("genesis_root", "[u8; 32]"),
    arg("governance", "[u8; 32]"),
    arg("guardian", "[u8; 32]"),
    arg("posters", "[[u8; 32]; 8]"),
];
const REGISTER_MEMBER_ARGS: [Field; 7] = [
    arg("epoch", "u64"),
    arg("owner", "[u8; 32]"),
    arg("stake", "u64"),
    arg("pk1", "[u8; 64]"),
    arg("pk2", "[u8; 128]"),
    arg("signature", "[u8; 64]"),
    arg("ctr", "u8"),
];
const ACTIVATE_COMMITTEE_ARGS: [Field; 1] = [arg("epoch", "u64")];
const SUBMIT_ROOTS_ARGS: [Field; 3] = [
    arg("header", "Vec<u8>"),
    arg("certificate", "Vec<u8>"),
    arg("roots", "Vec<[u8; 32]>"),
];

/// Accounts of `initialize`. `program_data` is the upgradeable loader's account of this program.
/// `committee` is the account of epoch 0's committee; it is created empty.
pub const INITIALIZE_ACCOUNTS: [AccountRole; 5] = [
    role("upgrade_authority", true, true),
    role("rollup", false, true),
    role("committee", false, true),
    role("program_data", false, false),
    role("system_program", false, false),
];
/// Accounts of `register_member`. Governance pays for the committee account's growth.
pub const REGISTER_MEMBER_ACCOUNTS: [AccountRole; 4] = [
    role("governance", true, true),
    role("rollup", false, false),
    role("committee", false, true),
    role("system_program", false, false),
];
/// Accounts of `activate_committee`. Governance pays for the rollup account's growth to its full length.
pub const ACTIVATE_COMMITTEE_ACCOUNTS: [AccountRole; 4] = [
    role("governance", true, true),
    role("rollup", false, true),
    role("committee", false, true),
    role("system_program", false, false),
];
/// Accounts of `submit_roots`. The committee is the one of the rollup's current epoch.
pub const SUBMIT_ROOTS_ACCOUNTS: [AccountRole; 3] = [
    role("poster", true, false),
    role("rollup", false, true),
    role("committee", false, false),
];
/// Accounts of `pause`: the guardian or governance signs.
pub const PAUSE_ACCOUNTS: [AccountRole; 2] = [role("authority", true, false), role("rollup", false, true)];
/// Accounts of `resume`.
pub const RESUME_ACCOUNTS: [AccountRole; 2] = [role("governance", true, false), role("rollup", false, true)];

/// Arguments of `initialize`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialize {
    /// Hash of the genesis.
    pub chain_id: Digest,
    /// State root of height 0.
    pub genesis_root: Digest,
    /// Who registers committees and resumes; not zero.
    pub governance: [u8; 32],
    /// Who may pause; not zero.
    pub guardian: [u8; 32],
    /// Who may post; zero is a free place, at least one is not.
    pub posters: [[u8; 32]; MAX_POSTERS],
}

impl Initialize {
    /// Length of the instruction data.
    pub const LEN: usize = 8 + 32 * 4 + 32 * MAX_POSTERS;

    /// The instruction data.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let mut w = Writer::new(&mut out);
        w.put(&INITIALIZE);
        for part in [
            &self.chain_id,
            &self.genesis_root,
            &self.governance,
            &self.guardian,
        ] {
            w.put(part);
        }
        for poster in &self.posters {
            w.put(poster);
        }
        out
    }
}

/// Arguments of `register_member`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterMember {
    /// The committee's epoch.
    pub epoch: u64,
    /// The member's Solana key, bound by the proof.
    pub owner: [u8; 32],
    /// Voting weight, not zero.
    pub stake: u64,
    /// The BLS key in G1.
    pub pk1: [u8; 64],
    /// The BLS key in G2.
    pub pk2: [u8; 128],
    /// Proof of possession: the signature over [`crate::vote::possession_digest`].
    pub signature: [u8; 64],
    /// Smallest counter for which the hash to curve of that digest finds a point.
    pub ctr: u8,
}

impl RegisterMember {
    /// Length of the instruction data.
    pub const LEN: usize = 8 + 8 + 32 + 8 + 64 + 128 + 64 + 1;

    /// The instruction data.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let mut w = Writer::new(&mut out);
        w.put(&REGISTER_MEMBER);
        w.put(&self.epoch.to_le_bytes());
        w.put(&self.owner);
        w.put(&self.stake.to_le_bytes());
        w.put(&self.pk1);
        w.put(&self.pk2);
        w.put(&self.signature);
        w.put(&[self.ctr]);
        out
    }
}

/// Instruction data of `activate_committee` for `epoch`.
pub fn activate_committee(epoch: u64) -> [u8; 16] {
    let mut out = [0; 16];
    let mut w = Writer::new(&mut out);
    w.put(&ACTIVATE_COMMITTEE);
    w.put(&epoch.to_le_bytes());
    out
}

/// Arguments of `submit_roots`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitRoots<'a> {
    /// The newest header, encoded.
    pub header: &'a [u8; header::LEN],
    /// Its certificate: [`crate::certificate`].
    pub certificate: &'a [u8],
    /// State roots of the heights after the last accepted one, oldest first; the last is the header's own.
    pub roots: &'a [Digest],
}

impl SubmitRoots<'_> {
    /// Length of the instruction data with a certificate of `certificate` bytes and `roots` roots.
    pub const fn len(certificate: usize, roots: usize) -> usize {
        const FIXED: usize = 8 + 4 + header::LEN + 4 + 4;
        FIXED
            .saturating_add(certificate)
            .saturating_add(roots.saturating_mul(32))
    }

    /// Writes the instruction data to the start of `out` and returns it; `None` if `out` is too short.
    pub fn encode<'o>(&self, out: &'o mut [u8]) -> Option<&'o [u8]> {
        let out = out.get_mut(..Self::len(self.certificate.len(), self.roots.len()))?;
        let certificate = u32::try_from(self.certificate.len()).ok()?;
        let roots = u32::try_from(self.roots.len()).ok()?;
        let mut w = Writer::new(out);
        w.put(&SUBMIT_ROOTS);
        w.put(&(header::LEN as u32).to_le_bytes());
        w.put(self.header);
        w.put(&certificate.to_le_bytes());
        w.put(self.certificate);
        w.put(&roots.to_le_bytes());
        for root in self.roots {
            w.put(root);
        }
        Some(out)
    }
}

/// Writes one part after the other; its makers size the buffer exactly.
struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut [u8]) -> Self {
        Self { rest: out }
    }

    fn put(&mut self, bytes: &[u8]) {
        let (here, rest) = core::mem::take(&mut self.rest).split_at_mut(bytes.len());
        here.copy_from_slice(bytes);
        self.rest = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256;

    #[test]
    fn discriminators_are_the_hash_of_the_name() {
        for instruction in ALL {
            let hash = sha256(&[b"global:", instruction.name.as_bytes()]);
            assert_eq!(instruction.discriminator, hash[..8], "{}", instruction.name);
        }
    }

    #[test]
    fn submit_roots_layout() {
        let header = [7; header::LEN];
        let args = SubmitRoots {
            header: &header,
            certificate: &[1, 2, 3],
            roots: &[[8; 32], [9; 32]],
        };
        let mut out = [0xff; 500];
        let data = args.encode(&mut out).unwrap();
        assert_eq!(data.len(), SubmitRoots::len(3, 2));
        let expected: Vec<u8> = [
            &SUBMIT_ROOTS[..],
            &330u32.to_le_bytes(),
            &header,
            &3u32.to_le_bytes(),
            &[1, 2, 3],
            &2u32.to_le_bytes(),
            &[8; 32],
            &[9; 32],
        ]
        .concat();
        assert_eq!(data, expected);
        assert_eq!(args.encode(&mut [0; 100]), None);
    }

    #[test]
    fn fixed_instructions_fill_their_buffers() {
        let register = RegisterMember {
            epoch: 1,
            owner: [2; 32],
            stake: 3,
            pk1: [4; 64],
            pk2: [5; 128],
            signature: [6; 64],
            ctr: 7,
        }
        .encode();
        assert_eq!((register[8], register[48], register[312]), (1, 3, 7));
        let initialize = Initialize {
            chain_id: [1; 32],
            genesis_root: [2; 32],
            governance: [3; 32],
            guardian: [4; 32],
            posters: [[5; 32]; MAX_POSTERS],
        }
        .encode();
        assert!(
            initialize[8..]
                .chunks(32)
                .zip([1, 2, 3, 4, 5, 5])
                .all(|(c, b)| c == [b; 32])
        );
        assert_eq!(initialize.last(), Some(&5));
        assert_eq!(activate_committee(9)[8..], 9u64.to_le_bytes());
    }
}
