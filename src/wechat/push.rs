//! Message push: WeChat's signed and encrypted calls to the operator's server (§3.7, §4.1).

use super::{AppId, digest, signature::SignatureMismatch};
use aes::Aes256;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::NoPadding};
use core::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Why an encrypted push was refused. For the operator's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushError {
    /// Not base64, or no multiple of 16 bytes.
    Ciphertext,
    /// Padding outside 1..=32, or not all the same byte.
    Padding,
    /// The inner length does not fit the message.
    Length,
    /// Not UTF-8.
    Text,
    /// Encrypted for another receiver.
    Receiver,
}

/// `SHA1` over the sorted texts: the URL check signs `[token, timestamp, nonce]`, the encrypted
/// mode adds `Encrypt` as the fourth. Plain mode signs no body, so nothing in it may erase data.
pub fn signature(parts: &mut [&str]) -> String {
    parts.sort_unstable();
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    digest::sha1_hex(&parts)
}

/// Checks a `signature` or `msg_signature` in constant time.
pub fn verify(parts: &mut [&str], given: &str) -> Result<(), SignatureMismatch> {
    digest::constant_time_eq(&signature(parts), given).then_some(()).ok_or(SignatureMismatch)
}

/// The key of encrypted mode: base64 of `EncodingAESKey` (43 characters) gives 32 bytes.
#[derive(Clone, ZeroizeOnDrop)]
pub struct EncodingAesKey([u8; 32]);

/// The text is not 43 base64 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadEncodingAesKey;

/// The 43rd character carries four bits that belong to no byte, and WeChat lets users choose them
/// freely (vector 32), so the decoder must not insist that they are zero.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

const BLOCK: usize = 32;

impl EncodingAesKey {
    /// Parses the 43 characters of the push configuration page.
    pub fn parse(text: &str) -> Result<Self, BadEncodingAesKey> {
        let bytes = Zeroizing::new(LENIENT.decode(text).map_err(|_| BadEncodingAesKey)?);
        bytes.as_slice().try_into().map(Self).map_err(|_| BadEncodingAesKey)
    }

    fn iv(&self) -> [u8; 16] {
        let mut iv = [0; 16];
        iv.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        iv
    }

    /// Opens `Encrypt` and gives the message, if it was meant for `receiver`.
    pub fn decrypt(&self, encrypt: &str, receiver: &AppId) -> Result<String, PushError> {
        let ciphertext = STANDARD.decode(encrypt).map_err(|_| PushError::Ciphertext)?;
        let plain = cbc::Decryptor::<Aes256>::new((&self.0).into(), (&self.iv()).into())
            .decrypt_padded_vec::<NoPadding>(&ciphertext)
            .map(Zeroizing::new)
            .map_err(|_| PushError::Ciphertext)?;
        let plain = unpad(&plain)?;
        // 16 random bytes ‖ u32 big-endian length ‖ message ‖ receive id
        let (_, rest) = plain.split_at_checked(16).ok_or(PushError::Length)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(PushError::Length)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PushError::Length)?;
        let (message, sent_to) = rest.split_at_checked(length).ok_or(PushError::Length)?;
        if sent_to != receiver.as_str().as_bytes() {
            return Err(PushError::Receiver);
        }
        String::from_utf8(message.to_vec()).map_err(|_| PushError::Text)
    }

    /// Makes `Encrypt` for `message`; the 16 random bytes come from the caller.
    pub fn encrypt(&self, message: &str, receiver: &AppId, random: [u8; 16]) -> String {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let mut plain = [&random[..], &length.to_be_bytes(), message.as_bytes(), receiver.as_str().as_bytes()].concat();
        let pad = BLOCK - plain.len() % BLOCK;
        plain.resize(plain.len() + pad, pad as u8);
        let ciphertext = cbc::Encryptor::<Aes256>::new((&self.0).into(), (&self.iv()).into())
            .encrypt_padded_vec::<NoPadding>(&plain);
        STANDARD.encode(ciphertext)
    }
}

/// PKCS#7 with a block of 32 bytes: legal here, illegal in open data (case N20).
fn unpad(plain: &[u8]) -> Result<&[u8], PushError> {
    let pad = usize::from(*plain.last().ok_or(PushError::Ciphertext)?);
    let body = plain.len().checked_sub(pad).ok_or(PushError::Padding)?;
    let (body, padding) = plain.split_at_checked(body).ok_or(PushError::Padding)?;
    let strict = (1..=BLOCK).contains(&pad) && padding.iter().all(|byte| usize::from(*byte) == pad);
    if strict { Ok(body) } else { Err(PushError::Padding) }
}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodingAesKey([redacted])")
    }
}
