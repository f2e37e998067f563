//! encryptedData, iv and the signature of rawData.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wxauth::fuzz::open_data(data);
});
