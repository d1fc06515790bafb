//! What may be a key.

/// The longest key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 255;

/// Why a text cannot be a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It has no characters.
    #[error("a key cannot be empty")]
    Empty,
    /// It has more than [`MAX_KEY_BYTES`] bytes.
    #[error("a key has at most {MAX_KEY_BYTES} bytes, found {0}")]
    TooLong(usize),
    /// It has a control character.
    #[error("a key has no control characters, found U+{code:04X} at byte {at}")]
    Control {
        /// The character's code point.
        code: u32,
        /// The byte at which it stands.
        at: usize,
    },
}

/// What the keys of those who were forgotten begin with.
const FORGOTTEN: &str = "forgotten-";

/// What a prospect is called once it was forgotten, by its number: nothing of what it was is in it.
#[must_use]
pub fn forgotten_key(number: u32) -> String {
    format!("{FORGOTTEN}{number}")
}

/// Whether a key is one that only a prospect who was forgotten has.
#[must_use]
pub fn is_forgotten_key(key: &str) -> bool {
    let number = key.strip_prefix(FORGOTTEN).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks that `text` can be a key: UTF-8, 1 to 255 bytes, no control characters.
pub fn check_key(text: &str) -> Result<(), KeyError> {
    if text.is_empty() {
        return Err(KeyError::Empty);
    }
    if text.len() > MAX_KEY_BYTES {
        return Err(KeyError::TooLong(text.len()));
    }
    // Control characters are U+0000..U+001F, U+007F and U+0080..U+009F; plain text has none of
    // the bytes that begin one.
    if text.bytes().all(|b| b >= 0x20 && b != 0x7f && b != 0xc2) {
        return Ok(());
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, c)) => Err(KeyError::Control { code: u32::from(c), at }),
        None => Ok(()),
    }
}
