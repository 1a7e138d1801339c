//! The engine's network over libp2p: authenticated direct streams and public gossip.
