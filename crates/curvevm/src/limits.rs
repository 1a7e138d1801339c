//! Every limit of the machine. The decoder allocates nothing beyond them, the verifier refuses what exceeds them.

/// Bytes of an encoded program.
pub const MAX_PROGRAM_BYTES: usize = 131_072;
/// Instructions of a program, all functions together.
pub const MAX_CODE: usize = 32_768;
/// Functions of a program.
pub const MAX_FUNCTIONS: usize = 512;
/// Words of a function's registers. A `u64` takes one, a `u128` two, an `address` four.
pub const MAX_WORDS: usize = 1024;
/// Words of the deepest chain of calls inside a program.
pub const MAX_STACK_WORDS: usize = 16_384;
/// Functions in the deepest chain of calls inside a program.
pub const MAX_FUNCTION_DEPTH: usize = 64;
/// Constants of a program.
pub const MAX_CONSTANTS: usize = 1024;
/// Storage cells and maps of a program.
pub const MAX_SLOTS: usize = 256;
/// Events of a program.
pub const MAX_EVENT_KINDS: usize = 128;
/// Errors of a program.
pub const MAX_ERRORS: usize = 512;
/// Interfaces to other programs that a program declares.
pub const MAX_INTERFACES: usize = 128;
/// Invariants of a program.
pub const MAX_INVARIANTS: usize = 32;
/// Parameters, results, fields, or registers of a `pack`.
pub const MAX_FIELDS: usize = 16;
/// Keys of a map.
pub const MAX_KEYS: usize = 4;
/// The largest N of `bytes[N]`.
pub const MAX_BYTES: u16 = 1024;
/// Bytes of a name.
pub const MAX_NAME_BYTES: usize = 64;
/// Bytes of an error's message or a source file's name.
pub const MAX_TEXT_BYTES: usize = 200;
/// Source files of a program.
pub const MAX_FILES: usize = 64;

/// Programs in a chain of calls.
pub const MAX_CALL_DEPTH: usize = 8;
/// Bytes of all byte strings that one call makes.
pub const MAX_MEMORY_BYTES: usize = 262_144;
/// Events of one call.
pub const MAX_EVENTS: usize = 256;
/// Storage entries and balances that one call changes.
pub const MAX_CHANGES: usize = 1024;
