//! Every scenario of HotShot's own suites that makes sense without dispersal, under its own name, in
//! simulation. The crate's documentation maps each to the suite that it comes from.

mod byzantine;
mod catchup;
mod controls;
mod epochs;
mod failures;
mod networks;
mod observer;
mod rules;
mod success;
mod twins;
mod upgrade;
