//! The comparison of the roots on chain with the roots of this process's own re-execution.

use std::collections::VecDeque;

use rollup_abi::Digest;

/// Roots on chain that wait for this process to execute their blocks, at most. Reached only if it is over an hour behind.
const MAX_PENDING: usize = 16_384;
/// Differences that are described; all are counted.
const MAX_DESCRIBED: usize = 10;

/// Compares each recorded root once.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Newest height that the chain has recorded.
    on_chain: u64,
    pending: VecDeque<(u64, Digest)>,
    verified: u64,
    mismatches: u64,
    missed: u64,
    described: Vec<String>,
}

impl Audit {
    /// Takes in what the program's account says: everything up to `last` is recorded, `root_at` knows the newest of it.
    pub fn observe(&mut self, last: u64, root_at: impl Fn(u64) -> Option<Digest>) {
        for height in self.on_chain.saturating_add(1)..=last {
            match root_at(height) {
                Some(root) if self.pending.len() < MAX_PENDING => self.pending.push_back((height, root)),
                _ => self.missed += 1,
            }
        }
        self.on_chain = self.on_chain.max(last);
    }

    /// Compares what this process has executed by now.
    pub fn compare(&mut self, executed: u64, own: impl Fn(u64) -> Option<Digest>) {
        while let Some(&(height, root)) = self.pending.front().filter(|(height, _)| *height <= executed) {
            self.pending.pop_front();
            match own(height) {
                Some(expected) if expected == root => self.verified += 1,
                Some(expected) => self.differs(height, &root, &expected),
                None => self.missed += 1,
            }
        }
    }

    /// Counts a difference that was found.
    fn differs(&mut self, height: u64, got: &Digest, expected: &Digest) {
        self.mismatches += 1;
        if self.described.len() < MAX_DESCRIBED {
            let (got, expected) = (hex::encode(got), hex::encode(expected));
            self.described.push(format!(
                "root of height {height} on chain is {got}, executed here {expected}"
            ));
        }
    }

    /// Newest height recorded on chain.
    pub fn on_chain(&self) -> u64 {
        self.on_chain
    }

    /// Roots compared and found equal.
    pub fn verified(&self) -> u64 {
        self.verified
    }

    /// Roots compared and found different.
    pub fn mismatches(&self) -> u64 {
        self.mismatches
    }

    /// Roots that were on chain but could not be compared.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// The first differences in words.
    pub fn described(&self) -> &[String] {
        &self.described
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(height: u64) -> Option<Digest> {
        Some([height as u8; 32])
    }

    #[test]
    fn each_root_is_compared_once_when_it_can_be() {
        let mut audit = Audit::default();
        audit.observe(3, root);
        audit.compare(1, root);
        assert_eq!((audit.on_chain(), audit.verified()), (3, 1));
        audit.observe(3, root);
        audit.compare(9, root);
        audit.compare(9, root);
        assert_eq!((audit.verified(), audit.mismatches(), audit.missed()), (3, 0, 0));
    }

    #[test]
    fn differences_and_gaps_are_counted() {
        let mut audit = Audit::default();
        audit.observe(300, |height| if height > 44 { root(height) } else { None });
        audit.compare(300, |height| {
            if height == 100 {
                Some([0; 32])
            } else {
                root(height)
            }
        });
        assert_eq!(
            (audit.verified(), audit.mismatches(), audit.missed()),
            (255, 1, 44)
        );
        assert!(audit.described()[0].starts_with("root of height 100 on chain is 6464"));
        audit.observe(301, root);
        audit.compare(301, |_| None);
        assert_eq!(audit.missed(), 45);
    }
}
