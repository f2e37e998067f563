//! Fakes of the ports, and the fuzz targets.

pub(crate) mod fakes;
#[allow(unreachable_pub, reason = "fuzz/ imports it")]
pub mod fuzz;
pub(crate) mod simulation;
