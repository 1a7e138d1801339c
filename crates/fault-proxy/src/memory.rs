//! What the node answered before.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Different calls whose answers are remembered.
const MAX_CALLS: usize = 256;
/// Answers remembered of each.
const MAX_ANSWERS: usize = 64;
/// Time between two that are remembered: with the number, it gives how far back they reach.
const SPACING: Duration = Duration::from_millis(200);

/// Answers by what they depend on, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Memory(HashMap<String, VecDeque<(Instant, Value)>>);

impl Memory {
    pub(crate) fn remember(&mut self, key: String, result: &Value, now: Instant) {
        if self.0.len() == MAX_CALLS && !self.0.contains_key(&key) {
            return;
        }
        let answers = self.0.entry(key).or_default();
        let due = answers
            .back()
            .is_none_or(|(at, _)| now.duration_since(*at) >= SPACING);
        if due {
            answers.push_back((now, result.clone()));
            if answers.len() > MAX_ANSWERS {
                answers.pop_front();
            }
        }
    }

    /// The oldest answer that is at most `age` old.
    pub(crate) fn within(&self, key: &str, age: Duration, now: Instant) -> Option<Value> {
        let mut answers = self.0.get(key)?.iter();
        let (_, result) = answers.find(|(at, _)| now.duration_since(*at) <= age)?;
        Some(result.clone())
    }

    /// The newest answer that is at least `age` old.
    pub(crate) fn beyond(&self, key: &str, age: Duration, now: Instant) -> Option<Value> {
        let mut answers = self.0.get(key)?.iter().rev();
        let (_, result) = answers.find(|(at, _)| now.duration_since(*at) >= age)?;
        Some(result.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_by_age_and_bounded() {
        let mut memory = Memory::default();
        let start = Instant::now();
        let at = |n: u32| start + SPACING * n;
        for n in 0..100 {
            memory.remember("slot".into(), &Value::from(n), at(n));
            memory.remember("slot".into(), &Value::from("too soon"), at(n) + SPACING / 2);
        }
        let now = at(99);
        assert_eq!(memory.within("slot", SPACING * 3, now), Some(Value::from(96)));
        assert_eq!(memory.beyond("slot", SPACING * 3, now), Some(Value::from(96)));
        assert_eq!(memory.beyond("slot", SPACING * 80, now), None, "forgotten");
        assert_eq!(memory.within("other", SPACING, now), None);
        for n in 0..1_000 {
            memory.remember(n.to_string(), &Value::Null, now);
        }
        assert_eq!(memory.0.len(), MAX_CALLS);
    }
}
