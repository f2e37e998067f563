//! The one binary: `FUZZ_TARGET` names the function of `wxauth::fuzz` to run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;
use wxauth::fuzz::TARGETS;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
        TARGETS.iter().find(|(known, _)| *known == name).expect("a target of src/edge/testing/fuzz.rs").1
    });
    target(data);
});
