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
    /// No poster is listed.
    NoPoster = 6002: "at least one poster must be listed",
    /// Not the governance key.
    NotGovernance = 6003: "only governance may do this",
    /// Neither the guardian nor governance.
    NotGuardian = 6004: "only the guardian or governance may pause",
    /// Not on the allow-list.
    PosterNotAllowed = 6005: "the poster is not on the allow-list",
    /// `submit_roots` while paused.
    Paused = 6006: "the rollup is paused",
    /// Anything after a conflict.
    Frozen = 6007: "two certified roots conflict; the rollup is frozen",
    /// Not the rollup's current epoch.
    WrongEpoch = 6008: "the epoch is not the rollup's current epoch",

    /// The committee is active: it takes no members and cannot be activated again.
    CommitteeActive = 6020: "the committee is already active",
    /// The committee is not active: it cannot certify.
    CommitteeNotActive = 6021: "the committee is not active yet",
    /// Activation without a member.
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

    /// The header is not as long as a header.
    HeaderLength = 6040: "the header has a wrong length",
    /// Another header version.
    HeaderVersion = 6041: "the header has an unknown version",
    /// Another chain's header.
    HeaderChain = 6042: "the header belongs to another chain",
    /// Newer height, but not a newer view.
    ViewNotNewer = 6043: "the header's view is not newer than the last accepted one",
    /// Not one root per height since the last accepted one.
    RootsCount = 6044: "the number of roots is not the number of heights since the last accepted one",
    /// The last root is not the header's.
    RootsLast = 6045: "the last root is not the header's state root",
    /// The roots do not replay to the certified accumulator.
    RootsAccumulator = 6046: "the roots do not lead to the header's accumulator",

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
