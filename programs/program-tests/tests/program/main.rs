//! The program's bytecode: what it accepts, and every forgery that it refuses, with its own code.

mod case;
mod certificate;
mod coverage;
mod framework;
mod hotshot;
mod registration;
mod roles;
mod roots;
mod units;
