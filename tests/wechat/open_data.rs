//! Decryption of open data.

#[cfg(target_family = "wasm")]
use super::test;
use super::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use wxauth::wechat::{
    SessionKey,
    open_data::{EncryptedData, OpenDataError},
};

const DECRYPT: &str = include_str!("../data/decrypt_cases.json");

#[test]
fn open_data_vectors_decrypt_or_fail_as_listed() {
    let n = each("open_data_aes128cbc", |i, e| {
        let sealed = EncryptedData::parse(text(i, "encryptedData"), text(i, "iv"));
        let key = SessionKey::parse(text(i, "session_key"));
        match e["error"].as_str() {
            None => {
                let (sealed, key) = (sealed.unwrap(), key.unwrap());
                let plain = text(e, "plaintext");
                assert_eq!(sealed.decrypt(&key).unwrap().as_slice(), plain.as_bytes());
                if e["watermark"].is_object() {
                    let opened = sealed.open(&key, &appid(text(i, "appid"))).unwrap();
                    let whole: Value = serde_json::from_str(plain).unwrap();
                    assert_eq!(opened.data(), &whole);
                    assert_eq!(opened.openid(), whole["openId"].as_str());
                }
            }
            Some("bad_padding") => assert_eq!(sealed.unwrap().decrypt(&key.unwrap()), Err(OpenDataError::Padding)),
            Some("bad_key_length") => assert!(key.is_err()),
            Some("bad_ciphertext_length") => assert_eq!(sealed.err(), Some(OpenDataError::Length)),
            Some("watermark_mismatch") => {
                let own = appid(text(i, "appid"));
                assert_eq!(sealed.unwrap().open(&key.unwrap(), &own).err(), Some(OpenDataError::WatermarkForeign));
            }
            Some(other) => panic!("{other}"),
        }
    });
    assert_eq!(n, 8);
}

#[test]
fn open_data_cases_open_or_fail_as_listed() {
    const SESSION_OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
    for case in rows(DECRYPT) {
        let opened =
            SessionKey::parse(text(&case, "session_key")).map_err(|_| OpenDataError::Padding).and_then(|key| {
                EncryptedData::parse(text(&case, "encrypted_data"), text(&case, "iv"))?
                    .open(&key, &appid(text(&case, "app_id")))
            });
        match (text(&case, "expect"), opened) {
            ("ok", Ok(_)) | ("reject", Err(_)) | ("reject-hint", Err(OpenDataError::Base64PlusLost)) => {}
            // CBC is malleable: the forged data opens; only its openid differs from the session's.
            ("reject-identity", Ok(data)) => assert_ne!(data.openid(), Some(SESSION_OPENID)),
            (expect, opened) => panic!("{}: {expect}, {:?}", case["id"], opened.err()),
        }
    }
}

#[test]
fn open_data_is_fresh_for_its_age_and_120_seconds_into_the_future() {
    let case = &rows(DECRYPT)[0];
    let key = SessionKey::parse(text(case, "session_key")).unwrap();
    let data = EncryptedData::parse(text(case, "encrypted_data"), text(case, "iv"))
        .unwrap()
        .open(&key, &appid(text(case, "app_id")))
        .unwrap();
    let timestamp_s = 1_477_314_187;
    for (now_s, fresh) in [
        (timestamp_s, true),
        (timestamp_s + 600, true),
        (timestamp_s + 601, false),
        (timestamp_s - 120, true),
        (timestamp_s - 121, false),
    ] {
        assert_eq!(data.is_fresh(now_s, 600), fresh, "{now_s}");
    }
}

#[test]
fn decrypted_data_keeps_every_kind_of_json_value() {
    const JSON: &str =
        r#"{"a":[true,false,null,1.5,-7,18446744073709551615,"x"],"watermark":{"timestamp":1,"appid":"wx1"}}"#;
    let (key, iv) = ([7; 16], [9; 16]);
    let encryptor = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &iv.into());
    let encrypted = STANDARD.encode(encryptor.encrypt_padded_vec::<Pkcs7>(JSON.as_bytes()));
    let sealed = EncryptedData::parse(&encrypted, &STANDARD.encode(iv)).unwrap();
    let opened = sealed.open(&SessionKey::parse(&STANDARD.encode(key)).unwrap(), &appid("wx1")).unwrap();
    assert_eq!(*opened.data(), serde_json::from_str::<Value>(JSON).unwrap());
    assert_eq!(opened.openid(), None);
}
