//! Signature and encryption of push messages.

#[cfg(target_family = "wasm")]
use super::test;
use super::*;
use aes::Aes256;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _, block_padding::NoPadding};
use wxauth::wechat::push::{self, EncodingAesKey, PushError};

/// 43 characters of `EncodingAESKey`; it decodes to 32 zero bytes.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const KEY_BYTES: [u8; 32] = [0; 32];

/// Encrypts `plain`, whose length is a multiple of 16 bytes, as WeChat does (§4.1).
fn encrypt(key: &[u8; 32], plain: &[u8]) -> String {
    let iv: [u8; 16] = key[..16].try_into().unwrap();
    STANDARD.encode(cbc::Encryptor::<Aes256>::new(key.into(), &iv.into()).encrypt_padded_vec::<NoPadding>(plain))
}

/// Plaintext of a push: 16 random bytes, length, message, receiver and padding to a multiple of 32 bytes.
fn plaintext(random: [u8; 16], message: &str, receiver: &str) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let mut plain = [&random[..], &length, message.as_bytes(), receiver.as_bytes()].concat();
    let pad = 32 - plain.len() % 32;
    plain.resize(plain.len() + pad, u8::try_from(pad).unwrap());
    plain
}

#[test]
fn push_signatures_match_the_vectors() {
    let plain = each("push_signature_sha1", |i, e| {
        let mut parts = [text(i, "token"), text(i, "timestamp"), text(i, "nonce")];
        assert!(push::verify(&mut parts, text(e, "signature")).is_ok());
        assert!(push::verify(&mut parts, "").is_err());
    });
    let encrypted = each("push_msg_signature_sha1", |i, e| {
        let mut parts = [text(i, "token"), text(i, "timestamp"), text(i, "nonce"), text(i, "encrypt")];
        assert_eq!(push::signature(&mut parts), text(e, "signature"));
    });
    assert_eq!((plain, encrypted), (3, 5));
}

#[test]
fn a_push_decrypts_for_its_receiver_only() {
    let n = each("msg_crypt_decrypt", |i, e| {
        let key = EncodingAesKey::parse(text(i, "encoding_aes_key")).unwrap();
        let message = key.decrypt(text(i, "encrypt"), &appid(text(e, "receive_id"))).unwrap();
        match e["msg"].as_str() {
            Some(whole) => assert_eq!(message, whole),
            None => assert!(message.contains(text(e, "msg_contains"))),
        }
        assert_eq!(key.decrypt(text(i, "encrypt"), &appid("wx0")), Err(PushError::Receiver));
    });
    assert_eq!(n, 2);
}

#[test]
fn the_documented_push_decrypts_to_its_message() {
    let n = each("msg_crypt_encrypt", |i, e| {
        let key = EncodingAesKey::parse(text(i, "encoding_aes_key")).unwrap();
        assert_eq!(key.decrypt(text(e, "encrypt"), &appid(text(i, "receive_id"))).unwrap(), text(i, "msg"));
    });
    assert_eq!(n, 1);
}

#[test]
fn a_push_cut_at_any_length_is_refused() {
    let key = EncodingAesKey::parse(KEY).unwrap();
    let whole = encrypt(&KEY_BYTES, &plaintext([7; 16], "{}", "wx1"));
    assert_eq!(key.decrypt(&whole, &appid("wx1")).as_deref(), Ok("{}"));
    for cut in 0..whole.len() {
        assert!(key.decrypt(&whole[..cut], &appid("wx1")).is_err(), "{cut}");
    }
}

#[test]
fn a_malformed_push_is_refused_with_its_reason() {
    let key = EncodingAesKey::parse(KEY).unwrap();
    let whole = plaintext([7; 16], "{}", "wx1");
    let changed = |at_from_end: usize, byte: u8| {
        let mut plain = whole.clone();
        let at = plain.len() - 1 - at_from_end;
        plain[at] = byte;
        plain
    };
    let full_block_of = |byte: u8| vec![byte; 64];
    for (plain, error) in [
        (vec![], PushError::Ciphertext),
        // One byte of the padding differs; the length of the padding is 0; it exceeds 32; it exceeds the plaintext.
        (changed(1, 8), PushError::Padding),
        (changed(0, 0), PushError::Padding),
        (full_block_of(33), PushError::Padding),
        (full_block_of(200), PushError::Padding),
        // 64 bytes of 32 leave 32 bytes, whose length field exceeds them; one block of 16 leaves nothing.
        (full_block_of(32), PushError::Length),
        (vec![16; 16], PushError::Length),
        (plaintext([7; 16], "{}", "wx2"), PushError::Receiver),
    ] {
        assert_eq!(key.decrypt(&encrypt(&KEY_BYTES, &plain), &appid("wx1")), Err(error), "{plain:?}");
    }
    let mut not_utf8 = whole.clone();
    not_utf8[20] = 0xff;
    assert_eq!(key.decrypt(&encrypt(&KEY_BYTES, &not_utf8), &appid("wx1")), Err(PushError::Text));
    assert_eq!(key.decrypt("?", &appid("wx1")), Err(PushError::Ciphertext));
}

#[test]
fn an_encoding_aes_key_has_43_characters_of_base64() {
    for bad in ["", &KEY[1..], &format!("{KEY}A"), &KEY.replacen('A', "-", 1)] {
        assert!(EncodingAesKey::parse(bad).is_err(), "{bad}");
    }
}
