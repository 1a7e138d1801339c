//! Execution: transactions, accounts, the state tree and its proofs.
