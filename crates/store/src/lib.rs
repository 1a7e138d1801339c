//! Durable storage in redb: consensus log, blocks, certificates and state.
