//! What people add to a release: where its source is, who approved it, where it has run.

use serde::{Deserialize, Serialize};

use crate::{Approval, Manifest, Name, Policy, Standing};

/// Most rollouts that a record keeps: the newest.
const MAX_ROLLOUTS: usize = 256;

/// A release's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Revision of the source that it was built from.
    pub revision: Name,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// Where it was rolled out, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<Rollout>,
}

/// One rollout to one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// The cluster, by the name that the operator's configuration gives it.
    pub cluster: Name,
    /// Hash of the cluster's genesis, base58.
    pub genesis_hash: String,
    /// The program's address there, base58.
    pub program_id: String,
    /// Who may upgrade it there, base58; `None` if nobody may.
    pub upgrade_authority: Option<String>,
    /// Slot of the deployment.
    pub slot: u64,
    /// When its outcome was known, seconds since 1970.
    pub unix_time: u64,
    /// How it went.
    pub outcome: Outcome,
}

/// How a rollout went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Code and records are on chain as they should be, but no root was seen to settle: there was no rollup yet, or nobody posted.
    Deployed,
    /// All health checks passed, and roots settled through it.
    Healthy,
    /// A health check failed.
    Failed,
}

impl Record {
    /// A record of a release that nobody has approved yet.
    pub fn new(revision: Name) -> Self {
        Self {
            revision,
            approvals: Vec::new(),
            rollouts: Vec::new(),
        }
    }

    /// How far its approval is.
    pub fn standing(&self, policy: &Policy, manifest: &Manifest) -> Standing {
        Standing::of(policy, manifest, &self.revision, &self.approvals)
    }

    /// Adds an approver's word; a later one takes the place of an earlier one.
    pub fn approve(&mut self, approval: Approval) {
        self.approvals
            .retain(|before| before.approver != approval.approver);
        self.approvals.push(approval);
    }

    /// Adds a rollout.
    pub fn roll_out(&mut self, rollout: Rollout) {
        let excess = (self.rollouts.len() + 1).saturating_sub(MAX_ROLLOUTS);
        self.rollouts.drain(..excess);
        self.rollouts.push(rollout);
    }

    /// The newest rollout to a cluster.
    pub fn newest(&self, cluster: &Name) -> Option<&Rollout> {
        self.rollouts
            .iter()
            .rev()
            .find(|rollout| rollout.cluster == *cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApprovalSignature, ApproverKey};

    fn rollout(cluster: &str, slot: u64, outcome: Outcome) -> Rollout {
        Rollout {
            cluster: cluster.parse().unwrap(),
            genesis_hash: "g".into(),
            program_id: "p".into(),
            upgrade_authority: None,
            slot,
            unix_time: 1,
            outcome,
        }
    }

    #[test]
    fn the_newest_rollout_to_a_cluster_counts() {
        let mut record = Record::new("abc".parse().unwrap());
        for (cluster, slot, outcome) in [
            ("devnet", 1, Outcome::Healthy),
            ("testnet", 2, Outcome::Healthy),
            ("devnet", 3, Outcome::Failed),
        ] {
            record.roll_out(rollout(cluster, slot, outcome));
        }
        let newest = |cluster: &str| {
            record
                .newest(&cluster.parse().unwrap())
                .map(|r| (r.slot, r.outcome))
        };
        assert_eq!(newest("devnet"), Some((3, Outcome::Failed)));
        assert_eq!(newest("testnet"), Some((2, Outcome::Healthy)));
        assert_eq!(newest("mainnet"), None);
        for slot in 0..2 * MAX_ROLLOUTS as u64 {
            record.roll_out(rollout("devnet", slot, Outcome::Healthy));
        }
        assert_eq!(record.rollouts.len(), MAX_ROLLOUTS);
        assert_eq!(record.newest(&"devnet".parse().unwrap()).unwrap().slot, 511);
    }

    #[test]
    fn a_later_approval_takes_the_place_of_an_earlier_one() {
        let mut record = Record::new("abc".parse().unwrap());
        for byte in [1, 2] {
            record.approve(Approval {
                approver: ApproverKey::new([7; 32]),
                items: std::collections::BTreeSet::new(),
                signature: ApprovalSignature([byte; 64]),
            });
        }
        assert_eq!(record.approvals.len(), 1);
        assert_eq!(record.approvals[0].signature.0, [2; 64]);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
