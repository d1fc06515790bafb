//! Bytes as commands and outcomes in the binary form: what decodes is encoded, and decodes again.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{Command, Outcome};
use crate::store::checkpoint::Manifest;
use crate::store::codec;

/// Decodes any bytes as whatever their first one says.
pub fn codec(bytes: &[u8]) -> Result<(), String> {
    let Some((kind, bytes)) = bytes.split_first() else {
        return Ok(());
    };
    match kind % 4 {
        0 => decoded::<Command>(bytes),
        1 => decoded::<Vec<Command>>(bytes),
        2 => decoded::<Outcome>(bytes),
        _ => decoded::<Manifest>(bytes),
    }
}

fn decoded<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<(), String> {
    match codec::decode::<T>(bytes) {
        Ok(value) => same(&value),
        Err(_) => Ok(()),
    }
}

/// A value's bytes decode to a value of the same bytes: so that one that equals nothing, as no
/// number does, is looked at too.
pub(super) fn same<T: Serialize + DeserializeOwned>(value: &T) -> Result<(), String> {
    let bytes = codec::encode(value).map_err(|error| error.to_string())?;
    let again: T = codec::decode(&bytes).map_err(|error| format!("{bytes:?}: {error}"))?;
    let found = codec::encode(&again).map_err(|error| error.to_string())?;
    if found == bytes {
        return Ok(());
    }
    Err(format!("decodes to another value: {bytes:?} became {found:?}"))
}

#[cfg(test)]
mod tests {
    use crate::model::Command;
    use crate::store::codec::{CodecError, MAX_BYTES, decode};

    #[test]
    fn what_is_longer_than_any_value_is_refused_before_it_is_looked_at() {
        let long = vec![0; MAX_BYTES + 1];
        let expected = CodecError::TooLong { found: MAX_BYTES + 1 };
        assert_eq!(decode::<Vec<Command>>(&long), Err(expected));
    }
}
