//! Logs and metrics: set-up, names and descriptions.
