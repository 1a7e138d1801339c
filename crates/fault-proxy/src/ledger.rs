//! Which transactions clients sent: what a test counts, to show that none was sent in vain.

use std::collections::HashSet;
use std::sync::Mutex;

/// Different transactions that are remembered; what comes after them is counted as a call only.
const MAX_TRANSACTIONS: usize = 1 << 16;

/// Transactions that clients sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Calls, repetitions counted.
    pub calls: u64,
    /// Signatures in the order of their first calls, in base58.
    pub signatures: Vec<String>,
}

/// Counts them.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<(Sent, HashSet<String>)>);

impl Ledger {
    pub(crate) fn count(&self, signature: Option<String>) {
        let mut guard = self.0.lock().expect("counting does not panic");
        let (sent, known) = &mut *guard;
        sent.calls += 1;
        let room = known.len() < MAX_TRANSACTIONS;
        if let Some(signature) = signature.filter(|_| room)
            && known.insert(signature.clone())
        {
            sent.signatures.push(signature);
        }
    }

    pub(crate) fn read(&self) -> Sent {
        self.0.lock().expect("counting does not panic").0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_calls_but_no_transactions() {
        let ledger = Ledger::default();
        for signature in ["a", "b", "a"] {
            ledger.count(Some(signature.to_owned()));
        }
        ledger.count(None);
        let sent = ledger.read();
        assert_eq!(sent.calls, 4);
        assert_eq!(sent.signatures, ["a", "b"]);
    }
}
