//! Sealed bytes: refresh tokens and the bodies of the edge's records.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wxauth::fuzz::sealed(data);
});
