//! The deployment registry: program binaries, IDLs and their hashes.
