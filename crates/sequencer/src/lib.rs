//! The validator: mempool, block building, RPC, wiring and shutdown.
