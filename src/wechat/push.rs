//! Signature and encryption of message push: WeChat's calls to the operator's server (§3.7, §4.1).

use super::{AppId, digest, signature::SignatureMismatch};
use aes::Aes256;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::NoPadding};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Reason why an encrypted push was refused. For the operator's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushError {
    /// The ciphertext is empty, not base64, or not a multiple of 16 bytes.
    Ciphertext,
    /// The padding is not 1 to 32 bytes long, or one of its bytes differs from its length.
    Padding,
    /// The length field exceeds the plaintext.
    Length,
    /// The message is not UTF-8.
    Text,
    /// The message is encrypted for another receiver.
    Receiver,
}

/// Returns the SHA-1 of the sorted and concatenated `parts`, in lower-case hex.
///
/// The parts are token, timestamp and nonce; encrypted mode adds the text of `Encrypt`. Plain mode does not sign the
/// body, so a plain message must never erase data.
pub fn signature(parts: &mut [&str]) -> String {
    parts.sort_unstable();
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    digest::sha1_hex(&parts)
}

/// Checks a `signature` or `msg_signature` against `parts` in constant time.
pub fn verify(parts: &mut [&str], given: &str) -> Result<(), SignatureMismatch> {
    digest::constant_time_eq(&signature(parts), given).then_some(()).ok_or(SignatureMismatch)
}

/// AES-256 key of encrypted mode: the 32 bytes of `EncodingAESKey` (43 base64 characters).
#[derive(Clone, ZeroizeOnDrop)]
pub struct EncodingAesKey([u8; 32]);

/// The text is not an `EncodingAESKey`: 43 base64 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadEncodingAesKey;

/// Base64 decoder for `EncodingAESKey`. The last 2 bits of the 43rd character belong to no byte, and WeChat accepts
/// any value there (vector 32); the strict decoder would not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Block of the padding, in bytes. It differs from the AES block of 16 bytes.
const BLOCK: usize = 32;

impl EncodingAesKey {
    /// Parses the 43 characters of the push configuration page in the MP backend.
    pub fn parse(text: &str) -> Result<Self, BadEncodingAesKey> {
        let bytes = Zeroizing::new(LENIENT.decode(text).map_err(|_| BadEncodingAesKey)?);
        bytes.as_slice().try_into().map(Self).map_err(|_| BadEncodingAesKey)
    }

    /// Returns the IV: the first 16 bytes of the key.
    fn iv(&self) -> [u8; 16] {
        let mut iv = [0; 16];
        iv.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        iv
    }

    /// Decrypts the base64 text of `Encrypt` and returns the message, if its receiver is `receiver`.
    pub fn decrypt(&self, encrypt: &str, receiver: &AppId) -> Result<String, PushError> {
        let ciphertext = STANDARD.decode(encrypt).map_err(|_| PushError::Ciphertext)?;
        let plain = cbc::Decryptor::<Aes256>::new((&self.0).into(), (&self.iv()).into())
            .decrypt_padded_vec::<NoPadding>(&ciphertext)
            .map(Zeroizing::new)
            .map_err(|_| PushError::Ciphertext)?;
        let plain = unpad(&plain)?;
        // 16 random bytes ‖ u32 big-endian length ‖ message ‖ receiver's appid
        let (_, rest) = plain.split_at_checked(16).ok_or(PushError::Length)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(PushError::Length)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PushError::Length)?;
        let (message, sent_to) = rest.split_at_checked(length).ok_or(PushError::Length)?;
        if sent_to != receiver.as_str().as_bytes() {
            return Err(PushError::Receiver);
        }
        String::from_utf8(message.to_vec()).map_err(|_| PushError::Text)
    }

    /// Encrypts `message` as WeChat does, with 16 bytes of the caller's as the random prefix. For tests only.
    #[cfg(all(feature = "edge", any(test, fuzzing)))]
    pub(crate) fn encrypt(&self, message: &str, receiver: &AppId, random: [u8; 16]) -> String {
        use cbc::cipher::BlockModeEncrypt as _;
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let mut plain = [&random[..], &length.to_be_bytes(), message.as_bytes(), receiver.as_str().as_bytes()].concat();
        let pad = BLOCK - plain.len() % BLOCK;
        plain.resize(plain.len() + pad, pad as u8);
        let encryptor = cbc::Encryptor::<Aes256>::new((&self.0).into(), (&self.iv()).into());
        STANDARD.encode(encryptor.encrypt_padded_vec::<NoPadding>(&plain))
    }
}

/// Removes PKCS#7 padding of up to 32 bytes. Open data allows 16 at most (case N20).
fn unpad(plain: &[u8]) -> Result<&[u8], PushError> {
    let pad = usize::from(*plain.last().ok_or(PushError::Ciphertext)?);
    let body = plain.len().checked_sub(pad).ok_or(PushError::Padding)?;
    let (body, padding) = plain.split_at_checked(body).ok_or(PushError::Padding)?;
    let strict = (1..=BLOCK).contains(&pad) && padding.iter().all(|byte| usize::from(*byte) == pad);
    if strict { Ok(body) } else { Err(PushError::Padding) }
}

redacted_debug!(EncodingAesKey);
