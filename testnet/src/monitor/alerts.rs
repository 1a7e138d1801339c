//! What is worth an alert.

use std::collections::BTreeMap;

use super::frame::{Alert, Frame, Health, Severity};

/// Without a block for this long, something is wrong: several views have timed out in a row.
const STALLED_MS: u64 = 3_000;
/// A validator this many blocks behind does not keep up.
const BEHIND: u64 = 20;

/// What is wrong with a frame.
fn wrong(frame: &Frame) -> Vec<(Severity, String)> {
    use Severity::{Critical, Warning};
    let mut wrong = Vec::new();
    if frame.diverged > 0 {
        wrong.push((
            Critical,
            format!(
                "root divergence: {} validators have stopped signing",
                frame.diverged
            ),
        ));
    }
    if frame.since_block_ms > STALLED_MS {
        wrong.push((Critical, "no block is being decided".to_owned()));
    }
    if frame.lag_ms > frame.targets.lag_ms {
        wrong.push((
            Warning,
            format!("roots get to Solana late (target {} ms)", frame.targets.lag_ms),
        ));
    }
    if frame.interval_ms.1 > frame.targets.interval_ms.1 {
        let target = frame.targets.interval_ms.1;
        wrong.push((
            Warning,
            format!("blocks come slowly (95th percentile above {target} ms)"),
        ));
    }
    if frame.reorg_depth > frame.targets.reorg_depth {
        wrong.push((Critical, format!("a reorg of {} blocks", frame.reorg_depth)));
    }
    for validator in &frame.validators {
        let severity = match validator.health {
            Health::Good => continue,
            Health::Unwell => Warning,
            Health::Down => Critical,
        };
        wrong.push((
            severity,
            format!("validator {}: {}", validator.index, validator.wrong.join(", ")),
        ));
    }
    wrong
}

/// What is wrong with a validator that answers; `reasons` are its own.
pub(super) fn unwell(reasons: Vec<String>, height: u64, tip: u64, peers: u64, expected: u64) -> Vec<String> {
    let mut wrong = reasons;
    if height.saturating_add(BEHIND) < tip {
        wrong.push("behind the others".to_owned());
    }
    if peers < expected {
        wrong.push(format!("connected to {peers} of {expected} members"));
    }
    wrong
}

/// Alerts with their age.
#[derive(Debug, Default)]
pub(super) struct Alerts(BTreeMap<(Severity, String), u64>);

impl Alerts {
    /// The alerts of a frame, worst and oldest first. What was wrong in the frame before keeps its age.
    pub(super) fn of(&mut self, frame: &Frame) -> Vec<Alert> {
        let before = std::mem::take(&mut self.0);
        for (severity, text) in wrong(frame) {
            let key = (severity, text);
            let since = before.get(&key).copied().unwrap_or(frame.now_ms);
            self.0.insert(key, since);
        }
        let mut alerts: Vec<Alert> = self
            .0
            .iter()
            .map(|((severity, text), since_ms)| Alert {
                severity: *severity,
                text: text.clone(),
                since_ms: *since_ms,
            })
            .collect();
        alerts.sort_by_key(|alert| (alert.severity, alert.since_ms));
        alerts
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{TARGETS, ValidatorFrame};
    use super::*;

    fn frame(now_ms: u64) -> Frame {
        let validator = |index| ValidatorFrame {
            index,
            health: Health::Good,
            wrong: Vec::new(),
            height: 10,
            view: 12,
            peers: 3,
            timeouts: 0,
            mempool: 0,
            reorg_depth: 0,
            cpu_percent: 1.0,
            resident_mib: 50.0,
            disk_mib: 4.0,
        };
        Frame {
            now_ms,
            targets: TARGETS,
            height: 10,
            settled: 8,
            since_block_ms: 100,
            interval_ms: (250, 260),
            tps: 100.0,
            lag_ms: 600,
            reorg_depth: 0,
            diverged: 0,
            validators: (0..4).map(validator).collect(),
            blocks: Vec::new(),
            history: Vec::new(),
            alerts: Vec::new(),
        }
    }

    #[test]
    fn a_healthy_frame_has_none_and_each_fault_has_its_own() {
        assert!(wrong(&frame(0)).is_empty());
        type Fault = fn(&mut Frame);
        let faults: [(Fault, Severity, &str); 6] = [
            (|f| f.diverged = 1, Severity::Critical, "root divergence"),
            (|f| f.since_block_ms = 3_001, Severity::Critical, "no block"),
            (|f| f.lag_ms = 5_001, Severity::Warning, "late"),
            (|f| f.interval_ms.1 = 501, Severity::Warning, "slowly"),
            (|f| f.reorg_depth = 3, Severity::Critical, "reorg of 3"),
            (
                |f| {
                    f.validators[2].health = Health::Down;
                    f.validators[2].wrong = vec!["does not answer".into()];
                },
                Severity::Critical,
                "validator 2: does not answer",
            ),
        ];
        for (fault, severity, text) in faults {
            let mut faulty = frame(0);
            fault(&mut faulty);
            let found = wrong(&faulty);
            assert!(
                found.len() == 1 && found[0].0 == severity && found[0].1.contains(text),
                "{found:?}"
            );
        }
    }

    #[test]
    fn an_alert_keeps_its_age_until_it_is_over() {
        let mut alerts = Alerts::default();
        let stalled = |now_ms| Frame {
            since_block_ms: 9_000,
            ..frame(now_ms)
        };
        let since = |alerts: Vec<Alert>| alerts.iter().map(|alert| alert.since_ms).collect::<Vec<_>>();
        assert_eq!(since(alerts.of(&stalled(1_000))), [1_000]);
        assert_eq!(since(alerts.of(&stalled(2_000))), [1_000]);
        assert!(alerts.of(&frame(3_000)).is_empty());
        assert_eq!(since(alerts.of(&stalled(4_000))), [4_000]);
    }

    #[test]
    fn who_answers_and_is_unwell_says_why() {
        assert!(unwell(vec![], 100, 110, 4, 4).is_empty());
        assert_eq!(unwell(vec!["a".into()], 100, 130, 2, 4).len(), 3);
    }
}
