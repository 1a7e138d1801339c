//! Drives the consensus core: ports for network, storage, application, signer and clock.

pub mod ports;
