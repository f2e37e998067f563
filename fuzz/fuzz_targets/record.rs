//! The plaintext of the edge's records.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wxauth::fuzz::record(data);
});
