//! Pushed messages and their ciphertext.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wxauth::fuzz::push(data);
});
