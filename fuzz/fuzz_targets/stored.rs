//! The entries that the client keeps in storage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wxauth::machine::fuzz::stored(data);
});
