//! The plaintext of refresh tokens.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wxauth::fuzz::refresh(data);
});
