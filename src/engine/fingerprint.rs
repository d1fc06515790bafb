//! Fixed hashes: the same on every machine, for look-ups, identities and jitter.
//!
//! The keys are constants because the same commands must give the same state everywhere. What is
//! hashed to 128 bits (event and command ids) is taken as equal when its fingerprint is.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13Wide};

/// A 128-bit identity of an event id or a command id.
pub(crate) type Fingerprint = u128;

const KEY: (u64, u64) = (0x686f_6c64_6c69_6e65, 0x0001_0001_0001_0001);

/// The 64-bit hash of a text.
pub(crate) fn hash_text(text: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(KEY.0, KEY.1);
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The seed of a step's jitter: fixed by the enrollment's key and the step.
pub(crate) fn jitter_seed(campaign: &str, prospect: &str, step: u16) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(KEY.0, KEY.1);
    hasher.write(campaign.as_bytes());
    hasher.write_u8(0);
    hasher.write(prospect.as_bytes());
    hasher.write_u16(step);
    hasher.finish()
}

/// The identity of parts; their lengths keep `ab`, `c` and `a`, `bc` apart.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> Fingerprint {
    let mut hasher = SipHasher13Wide::new_with_keys(KEY.0, KEY.1);
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    hasher.finish128().as_u128()
}
