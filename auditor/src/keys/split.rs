//! Splits a private key among custodians and joins it again (Shamir's scheme over GF(2^8), by `vsss-rs`).
//!
//! Always: a joined key is compared with the public half that every share names, so a wrong share cannot pass for a
//! right one.

use std::collections::BTreeMap;

use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use rand::CryptoRng;
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use super::share::{SECRET_BYTES, Share, ShareError, Split};
use super::{KeyFile, Period};

/// Splits a key into as many shares as asked for.
pub(crate) fn split(
    key: &RecipientPrivateKey,
    period: Period,
    split: Split,
    rng: &mut impl CryptoRng,
) -> Result<Vec<Share>, ShareError> {
    let public = key.public_key().map_err(|_| ShareError::Library)?;
    let mut set = [0; 8];
    rng.fill_bytes(&mut set);
    let (needed, of) = (usize::from(split.needed), usize::from(split.of));
    let secret = key.expose_bytes();
    let parts = Gf256::split_bytes(needed, of, secret.as_slice(), rng).map_err(|_| ShareError::Library)?;
    let parts = Zeroizing::new(parts);
    let share = |part: &Vec<u8>| {
        // The library's first byte is the share's number, from 1.
        let (index, secret) = part.split_first().ok_or(ShareError::Library)?;
        let secret: [u8; SECRET_BYTES] = secret.try_into().map_err(|_| ShareError::Library)?;
        let secret = Zeroizing::new(secret);
        Ok(Share { period, set, split, index: *index, public: public.clone(), secret })
    };
    let shares = parts.iter().map(share).collect::<Result<Vec<_>, ShareError>>()?;
    // A splitting that does not join again must never leave this function.
    join(&shares)?;
    Ok(shares)
}

/// Puts shares of one key together.
pub(crate) fn join(shares: &[Share]) -> Result<KeyFile, ShareError> {
    let first = shares.first().ok_or(ShareError::TooFew { needed: 2, given: 0 })?;
    let same = |share: &Share| {
        (share.set, share.period, share.split) == (first.set, first.period, first.split) && share.public == first.public
    };
    if !shares.iter().all(same) {
        return Err(ShareError::Mixed);
    }
    let by_index: BTreeMap<u8, &Share> = shares.iter().map(|share| (share.index, share)).collect();
    if by_index.len() != shares.len() {
        return Err(ShareError::Doubled);
    }
    let needed = first.split.needed;
    if shares.len() < usize::from(needed) {
        return Err(ShareError::TooFew { needed, given: shares.len() });
    }
    let part = |share: &Share| [&[share.index][..], share.secret.as_slice()].concat();
    let parts: Zeroizing<Vec<Vec<u8>>> = Zeroizing::new(shares.iter().map(part).collect());
    let secret = Gf256::combine_bytes(parts.as_slice()).map(Zeroizing::new).map_err(|_| ShareError::Wrong)?;
    let key = RecipientPrivateKey::from_bytes(first.public.suite(), &secret).map_err(|_| ShareError::Wrong)?;
    let own: RecipientPublicKey = key.public_key().map_err(|_| ShareError::Wrong)?;
    if own == first.public { Ok(KeyFile { period: Some(first.period), key }) } else { Err(ShareError::Wrong) }
}

/// Joins shares of several keys: each set for itself.
pub(crate) fn join_groups(shares: Vec<Share>) -> Result<Vec<KeyFile>, ShareError> {
    let mut sets: BTreeMap<(Period, [u8; 8]), Vec<Share>> = BTreeMap::new();
    for share in shares {
        sets.entry((share.period, share.set)).or_default().push(share);
    }
    sets.into_values().map(|set| join(&set)).collect()
}
