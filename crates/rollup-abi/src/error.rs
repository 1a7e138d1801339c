//! The program's error codes: one per reason to refuse, stable for ever. Anchor's custom errors start at 6000.

macro_rules! errors {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal: $text:literal,)+) => {
        /// Why the program refused an instruction. On the wire it is `InstructionError::Custom(code)`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum ProgramError {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl ProgramError {
            /// All of them, in order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable code.
            #[inline(always)]
            pub const fn code(self) -> u32 {
                self as u32
            }

            /// The error with that code.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// Its name in the IDL.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// What it says to a person.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

errors! {
    /// `initialize` by somebody else, or with another account for the program's data.
    NotUpgradeAuthority = 6000: "only the program's upgrade authority may initialize the rollup",
    /// A role or the chain id is zero.
    RoleZero = 6001: "chain id, governance and guardian must not be zero",
    /// Not the governance key.
    NotGovernance = 6003: "only governance may do this",
    /// Neither the guardian nor governance.
    NotGuardian = 6004: "only the guardian or governance may do this",
    /// Not on the allow-list.
    PosterNotAllowed = 6005: "the poster is not on the allow-list",
    /// Anything that moves the rollup, while paused.
    Paused = 6006: "the rollup is paused",
    /// Anything that moves the rollup or relies on its roots, after a conflict.
    Frozen = 6007: "a quorum certified two blocks of one height; the rollup is frozen until its committee is replaced",
    /// Not the epoch that comes here.
    WrongEpoch = 6008: "the epoch is not the one that the rollup expects here",
    /// The account is of another version than the program.
    StateVersion = 6009: "the rollup's account has another state version than the program; migrate it",
    /// The account is still short of its length.
    AccountShort = 6010: "the rollup's account does not have its full length yet; grow it",
    /// A delay that protects nobody or never ends.
    DelayRange = 6011: "the delay must be at least one second and at most thirty days",
    /// The zero key cannot be a poster.
    PosterZero = 6012: "the poster must not be zero",
    /// No free place on the allow-list.
    PostersFull = 6013: "the allow-list is full",
    /// A number that is no role.
    RoleUnknown = 6014: "there is no such role",
    /// Nobody proposed the signer.
    NotProposed = 6015: "the signer was not proposed for this role",
    /// The delay is not over.
    TooEarly = 6016: "the delay has not passed yet",
    /// There is no replacement to veto or execute.
    NothingScheduled = 6017: "no replacement is scheduled",
    /// A replacement is scheduled already.
    AlreadyScheduled = 6018: "a replacement is scheduled already; veto it first",
    /// The first committee is active.
    RollupActive = 6019: "the rollup has its first committee already",

    /// The committee is sealed: it takes no members.
    CommitteeSealed = 6020: "the committee is sealed already",
    /// The committee is not sealed: it cannot certify.
    CommitteeNotSealed = 6021: "the committee is not sealed yet",
    /// A committee without a member.
    CommitteeEmpty = 6022: "the committee has no members",
    /// More members than the account may hold.
    CommitteeFull = 6023: "the committee is full",
    /// A member without stake.
    StakeZero = 6024: "the stake must not be zero",
    /// The total stake would not fit 64 bits.
    StakeOverflow = 6025: "the total stake overflows",
    /// A key coordinate carries a flag bit.
    KeyFlagBits = 6026: "a key coordinate has a flag bit set",
    /// A key is the point at infinity.
    KeyInfinity = 6027: "a key is the point at infinity",
    /// Another member has this key.
    KeyCopied = 6028: "another member has the same key",
    /// A key or a signature is not a point of its curve and subgroup.
    PointInvalid = 6029: "a key or signature is not a point of the group",
    /// The proof does not match key, owner and chain.
    PossessionInvalid = 6030: "the proof of possession does not match the keys, the owner and the chain",
    /// Another member has this owner.
    OwnerCopied = 6031: "another member has the same owner",
    /// The account was opened by somebody else, or for another epoch.
    NotStager = 6032: "the committee was opened by somebody else or for another epoch",
    /// The account is needed.
    CommitteeInUse = 6033: "the committee certifies or is scheduled to",
    /// Not the account that is asked for.
    WrongCommittee = 6034: "the account is not that of the rollup's committee",
    /// Not the committee that was certified.
    CommitteeHash = 6035: "the committee's hash is not the one that the last block names",
    /// Nobody certifies yet.
    RollupNotActive = 6036: "the rollup has no committee yet",

    /// Another header version.
    HeaderVersion = 6041: "the header has an unknown version",
    /// Newer height, but not a newer view.
    ViewNotNewer = 6043: "the header's view is not newer than the last accepted one",
    /// Not one root per height between the last accepted one and the header's.
    RootsCount = 6044: "the number of roots is not the number of heights between the last accepted one and the header's",
    /// The roots do not replay to the certified accumulator.
    RootsAccumulator = 6046: "the roots do not lead to the header's accumulator",
    /// The epoch's last block was accepted.
    EpochEnded = 6047: "the epoch's last block is accepted; the next committee must take over first",
    /// The last accepted block is not its epoch's last.
    EpochNotEnded = 6048: "the last accepted block does not end its epoch",
    /// Only an epoch's last block may be certified in a later view.
    CertificateView = 6049: "the certificate names another view than the header, and the block does not end its epoch",
    /// Not the block that evidence is missing of.
    NotEvidence = 6050: "the header is not that of the block whose proof is missing",

    /// The certificate ends early or late.
    CertificateLength = 6060: "the certificate has a wrong length",
    /// The bitmap's length is not the committee's.
    BitmapLength = 6061: "the certificate's bitmap does not fit the committee",
    /// A bit beyond the last member.
    BitmapTail = 6062: "the certificate's bitmap names a member beyond the committee",
    /// Too little stake.
    BelowQuorum = 6063: "the signers' stake is below the quorum",
    /// The signature carries a flag bit.
    SignatureFlagBits = 6064: "the signature has a flag bit set",
    /// The signature is the point at infinity.
    SignatureInfinity = 6065: "the signature is the point at infinity",
    /// The signers' keys sum to infinity.
    AggregateKeyInfinity = 6066: "the signers' aggregate key is the point at infinity",
    /// The counter gives no point.
    HashToCurve = 6067: "the counter does not lead to a point of the curve",
    /// The pairing check fails.
    SignatureInvalid = 6068: "the signature does not verify",

    /// The ring does not hold the height.
    RootUnknown = 6080: "the root history does not hold that height",
    /// That height came in the middle of a run.
    HistoryUnknown = 6081: "the history root of that height was not posted",
    /// The path does not prove the block.
    BlockNotProven = 6082: "the path does not lead from the block to the history root",
    /// The bytes are no proof.
    ProofMalformed = 6083: "the proof does not read",
    /// The proof does not prove the account.
    AccountNotProven = 6084: "the proof does not lead from the account to the state root",
    /// Not the account of this program's bytes, or another length of them.
    ProgramData = 6085: "the account does not hold this program, or it has another length",
}

impl core::fmt::Display for ProgramError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for ProgramError {}

#[cfg(test)]
mod tests {
    use super::ProgramError;

    #[test]
    fn codes_are_unique_and_found_again() {
        assert!(
            ProgramError::ALL
                .windows(2)
                .all(|pair| pair[0].code() < pair[1].code())
        );
        for error in ProgramError::ALL {
            assert_eq!(ProgramError::from_code(error.code()), Some(*error));
            assert!(!error.to_string().is_empty());
        }
        assert_eq!(ProgramError::ALL[0].code(), 6000);
        assert_eq!(ProgramError::from_code(5999), None);
    }
}
