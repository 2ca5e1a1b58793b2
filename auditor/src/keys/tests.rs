//! Shares: any k of n open, fewer do not, and none that is damaged, mixed or forged passes.

use peel_ledger::entry::CipherSuite;
use peel_ledger::seal::RecipientPrivateKey;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::super::{join, split};
use super::*;

const SUITES: [CipherSuite; 2] = [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm];

fn shares(seed: u64, needed: u8, of: u8) -> (RecipientPrivateKey, Vec<Share>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let suite = SUITES[usize::try_from(seed % 2).unwrap()];
    let key = RecipientPrivateKey::generate(suite, &mut rng).unwrap();
    let made = split(&key, "2026-11".parse().unwrap(), Split::new(needed, of).unwrap(), &mut rng).unwrap();
    (key, made)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_k_of_n_give_the_key_and_fewer_do_not(
        seed in any::<u64>(),
        (needed, of) in (2_u8..7).prop_flat_map(|needed| (Just(needed), needed..10)),
        order in any::<u64>(),
    ) {
        use rand::seq::SliceRandom as _;
        let (key, mut made) = shares(seed, needed, of);
        made.shuffle(&mut StdRng::seed_from_u64(order));
        let needed_shares = usize::from(needed);
        for given in needed_shares..=made.len() {
            let joined = join(&made[..given]).unwrap();
            prop_assert_eq!(joined.key.expose_bytes(), key.expose_bytes());
        }
        for given in 0..needed_shares {
            let refused = join(&made[..given]).err();
            prop_assert_eq!(refused, Some(ShareError::TooFew { needed: if given == 0 { 2 } else { needed }, given }));
        }
        // Someone who has too few and claims that fewer are needed gets no key either.
        let mut claimed = made[..needed_shares - 1].to_vec();
        if needed > 2 {
            for share in &mut claimed {
                share.split.needed = needed - 1;
            }
            prop_assert_eq!(join(&claimed).err(), Some(ShareError::Wrong));
        }
    }

    #[test]
    fn every_changed_character_of_a_share_is_refused(seed in any::<u64>(), at in 0_usize..360, to in b' '..b'~') {
        let (_, made) = shares(seed, 2, 3);
        let text = made[0].to_text();
        let mut changed = text.as_bytes().to_vec();
        let at = at % (changed.len() - 1);
        prop_assume!(changed[at] != to);
        changed[at] = to;
        prop_assert!(Share::parse(std::str::from_utf8(&changed).unwrap()).is_err());
    }

    #[test]
    fn whatever_reads_has_one_form(text in "[ -~\n]{0,300}") {
        if let Ok(share) = Share::parse(&text) {
            let again = share.to_text();
            prop_assert_eq!(again.trim_end(), text.trim_end());
        }
    }
}

#[test]
fn a_share_reads_back_and_shows_no_secret() {
    let (_, made) = shares(1, 3, 5);
    assert_eq!(made.len(), 5);
    for share in &made {
        assert_eq!(&Share::parse(&share.to_text()).unwrap(), share);
        assert!(!format!("{share:?}").contains(&hex(share.secret.as_slice())));
    }
}

#[test]
fn a_forged_share_with_a_right_checksum_is_refused() {
    for seed in 0..4 {
        let (_, mut made) = shares(seed, 2, 3);
        made[1].secret[7] ^= 1;
        let forged = Share::parse(&made[1].to_text()).unwrap();
        assert_eq!(join(&[made[0].clone(), forged]).err(), Some(ShareError::Wrong));
    }
}

#[test]
fn shares_of_two_keys_or_two_splittings_and_doubled_ones_are_refused() {
    let (key, first) = shares(1, 2, 3);
    let (_, second) = shares(2, 2, 3);
    assert_eq!(join(&[first[0].clone(), second[1].clone()]).err(), Some(ShareError::Mixed));
    let again = split(&key, first[0].period, first[0].split, &mut StdRng::seed_from_u64(9)).unwrap();
    assert_eq!(join(&[first[0].clone(), again[1].clone()]).err(), Some(ShareError::Mixed));
    assert_eq!(join(&[first[0].clone(), first[0].clone()]).err(), Some(ShareError::Doubled));
}

#[test]
fn impossible_splits_are_refused() {
    for bad in ["1of3", "4of3", "0of0", "2of33", "2", "of", "02of3", "+2of3", "2of3of4"] {
        assert!(bad.parse::<Split>().is_err(), "{bad}");
    }
    assert_eq!("3of5".parse(), Split::new(3, 5));
}
