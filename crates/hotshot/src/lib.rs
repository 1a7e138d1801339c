//! The HotShot two-phase consensus core: a pure state machine.
