//! Fakes of the ports, and the fuzz targets, which `cargo test` runs over their seeds too.

pub(crate) mod fakes;
#[allow(unreachable_pub, reason = "fuzz/ imports it")]
pub mod fuzz;
