//! How values become bytes: the one place that knows the encoding and its one configuration. It
//! knows nothing of what it encodes.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most bytes that one value may take, encoded and while it is decoded.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Why a value could not be encoded or decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The value cannot be written in this encoding.
    #[error("the value cannot be encoded: {0}")]
    Encode(String),
    /// The bytes are no value of the kind asked for.
    #[error("the bytes do not decode: {0}")]
    Decode(String),
    /// There are bytes after the value.
    #[error("expected {used} bytes, found {found}")]
    Trailing {
        /// How many the value took.
        used: usize,
        /// How many there were.
        found: usize,
    },
    /// The value is larger than any may be.
    #[error("expected at most {MAX_BYTES} bytes, found {found}")]
    TooLong {
        /// How many there were.
        found: usize,
    },
}

/// Little-endian, integers of variable length. A change here is a new store format.
const fn configuration() -> Configuration<LittleEndian, Varint, Limit<MAX_BYTES>> {
    bincode::config::standard().with_limit::<MAX_BYTES>()
}

/// The bytes of a value.
///
/// # Errors
/// [`CodecError::Encode`] and [`CodecError::TooLong`].
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    encode_into(value, &mut bytes)?;
    Ok(bytes)
}

/// Appends the bytes of a value. After an error `out` is as it was.
///
/// # Errors
/// As [`encode`].
pub fn encode_into<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = out.len();
    let result = bincode::serde::encode_into_std_write(value, out, configuration());
    let taken = out.len().saturating_sub(start);
    let failure = match result {
        Err(error) => Some(CodecError::Encode(error.to_string())),
        Ok(_) if taken > MAX_BYTES => Some(CodecError::TooLong { found: taken }),
        Ok(_) => None,
    };
    match failure {
        Some(error) => {
            out.truncate(start);
            Err(error)
        }
        None => Ok(()),
    }
}

/// The value that exactly these bytes are.
///
/// # Errors
/// Any but [`CodecError::Encode`]; whatever the bytes are, never more than [`MAX_BYTES`] are
/// claimed.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    if bytes.len() > MAX_BYTES {
        return Err(CodecError::TooLong { found: bytes.len() });
    }
    let (value, used) = bincode::serde::decode_from_slice(bytes, configuration())
        .map_err(|error| CodecError::Decode(error.to_string()))?;
    if used != bytes.len() {
        return Err(CodecError::Trailing { used, found: bytes.len() });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::{CodecError, decode, encode, encode_into};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Unit,
        Named { small: u64, big: u64, negative: i64 },
        Text(String, Option<bool>, Vec<u16>, BTreeMap<String, f64>),
    }

    fn sample() -> Vec<Shape> {
        vec![
            Shape::Unit,
            Shape::Named { small: 250, big: 1 << 40, negative: -300 },
            Shape::Text(
                "né".to_owned(),
                Some(true),
                vec![1, 251],
                BTreeMap::from([("k".to_owned(), 1.5)]),
            ),
        ]
    }

    #[test]
    fn golden_bytes_pin_the_encoding() {
        let expected: &[u8] = &[
            3, // how many
            0, // Unit
            1, 250, 253, 0, 0, 0, 0, 0, 1, 0, 0, 251, 87, 2, // Named
            2, 3, b'n', 0xc3, 0xa9, 1, 1, 2, 1, 251, 251, 0, // Text
            1, 1, b'k', 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, // its map
        ];
        let bytes = encode(&sample()).unwrap();
        assert_eq!(bytes, expected);
        assert_eq!(decode::<Vec<Shape>>(&bytes).unwrap(), sample());
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let mut bytes = encode(&7_u32).unwrap();
        bytes.push(0);
        let expected = CodecError::Trailing { used: 1, found: 2 };
        assert_eq!(decode::<u32>(&bytes), Err(expected));
    }

    #[test]
    fn every_prefix_and_every_flip_decodes_or_is_refused() {
        let bytes = encode(&sample()).unwrap();
        for end in 0..bytes.len() {
            assert!(decode::<Vec<Shape>>(&bytes[..end]).is_err(), "prefix {end}");
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x80;
            if let Ok(value) = decode::<Vec<Shape>>(&flipped) {
                assert_ne!(value, sample(), "flip at {at} changed nothing");
            }
        }
    }

    #[test]
    fn a_length_beyond_the_limit_claims_nothing() {
        let lying = [253, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1];
        assert!(matches!(decode::<Vec<u8>>(&lying), Err(CodecError::Decode(_))));
        assert!(matches!(decode::<String>(&lying), Err(CodecError::Decode(_))));
    }

    #[test]
    fn a_failed_encoding_leaves_the_buffer() {
        struct Broken;
        impl Serialize for Broken {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::{Error, SerializeTuple};
                let mut tuple = serializer.serialize_tuple(2)?;
                tuple.serialize_element(&1_u8)?;
                Err(S::Error::custom("no"))
            }
        }
        let mut out = vec![9];
        assert!(encode_into(&Broken, &mut out).is_err());
        assert_eq!(out, [9]);
    }
}
