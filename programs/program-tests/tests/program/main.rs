//! The program's bytecode: what it accepts, and every forgery that it refuses, with its own code.

mod case;
mod certificate;
mod conflict;
mod coverage;
mod epochs;
mod framework;
mod hotshot;
mod model;
mod proofs;
mod registration;
mod release;
mod replacement;
mod roles;
mod roots;
mod units;
