//! HotShot's values: views, epochs, leaves, votes, certificates, keys, quorums and their encoding.
