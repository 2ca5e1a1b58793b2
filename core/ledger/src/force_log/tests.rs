//! Leaves have one form; a change needs two people.

use proptest::prelude::*;

use super::*;

fn person(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
}

fn enrolment() -> Change {
    let origin = Origin::device("force.example", "e1").unwrap();
    let log_key = person(origin.as_str(), 9).verifier().unwrap();
    Change::Enrolment { origin, log_key, hardware_key: None }
}

fn leaves() -> Vec<ForceLeaf> {
    let origin = Origin::device("force.example", "e1").unwrap();
    let approvals = |change: &Change| {
        ["a", "b"].iter().zip(1..).map(|(name, seed)| change.approve(7, &person(name, seed)).unwrap()).collect()
    };
    let changes = [
        enrolment(),
        Change::Revocation { origin: origin.clone(), reason: "lost".to_owned() },
        Change::KeyChange {
            origin: origin.clone(),
            log_key: person(origin.as_str(), 8).verifier().unwrap(),
            hardware_key: None,
        },
        Change::PolicyChange { version: 3, policy: Hash::default() },
        Change::PinChange { version: 2, statement: Hash::default() },
    ];
    let checkpoint =
        CheckpointLeaf { origin, size: 300, root: Hash::default(), cosigned_at_s: 7, lines: Hash::default() };
    let mut leaves = vec![ForceLeaf::Checkpoint(checkpoint)];
    leaves.extend(changes.into_iter().map(|change| ForceLeaf::change(change.clone(), 7, approvals(&change))));
    leaves
}

fn people() -> Vec<VerifierKey> {
    [("a", 1), ("b", 2)].map(|(name, seed)| person(name, seed).verifier().unwrap()).to_vec()
}

#[test]
fn every_leaf_reads_back_and_two_people_suffice() {
    for leaf in leaves() {
        assert_eq!(ForceLeaf::decode(&leaf.encode()), Ok(leaf.clone()));
        assert_eq!(leaf.check_approvals(&people(), 2), Ok(()));
    }
}

#[test]
fn one_person_twice_a_stranger_or_another_time_does_not_approve() {
    let one = enrolment().approve(7, &person("a", 1)).unwrap();
    let alone = ForceLeaf::change(enrolment(), 7, vec![one.clone()]);
    assert_eq!(alone.check_approvals(&people(), 2), Err(ForceLogError::Approvals));
    let twice = ForceLeaf::change(enrolment(), 7, vec![one.clone(), one.clone()]);
    assert_eq!(ForceLeaf::decode(&twice.encode()), Err(ForceLogError::Malformed));
    let stranger = enrolment().approve(7, &person("c", 3)).unwrap();
    let with_stranger = ForceLeaf::change(enrolment(), 7, vec![one.clone(), stranger]);
    assert_eq!(with_stranger.check_approvals(&people(), 2), Err(ForceLogError::Approvals));
    let later = ForceLeaf::change(enrolment(), 8, vec![one, enrolment().approve(7, &person("b", 2)).unwrap()]);
    assert_eq!(later.check_approvals(&people(), 2), Err(ForceLogError::Signature));
}

#[test]
fn the_same_person_or_the_same_key_under_another_name_approves_once() {
    let mut leaf = ForceLeaf::change(enrolment(), 7, Vec::new());
    assert_eq!(leaf.approve(&person("a", 1)), Ok(()));
    assert_eq!(leaf.approve(&person("a", 1)), Err(ForceLogError::Repeated));
    assert_eq!(leaf.approve(&person("b", 1)), Err(ForceLogError::Repeated));
    assert_eq!(leaf.check_approvals(&people(), 2), Err(ForceLogError::Approvals));
    assert_eq!(leaf.approve(&person("b", 2)), Ok(()));
    assert_eq!(leaf.check_approvals(&people(), 2), Ok(()));
    // Where the trust file itself gives two people one key, they count as one.
    let one_key = [("a", 1), ("c", 1)].map(|(name, seed)| person(name, seed).verifier().unwrap());
    let approvals = ["a", "c"].map(|name| enrolment().approve(7, &person(name, 1)).unwrap()).to_vec();
    let leaf = ForceLeaf::change(enrolment(), 7, approvals);
    assert_eq!(leaf.check_approvals(&one_key, 2), Err(ForceLogError::Approvals));
}

#[test]
fn every_flipped_bit_of_a_change_is_refused() {
    let bytes = leaves()[1].encode();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let checked = ForceLeaf::decode(&changed).and_then(|leaf| match leaf {
            ForceLeaf::Change { .. } => leaf.check_approvals(&people(), 2),
            ForceLeaf::Checkpoint(_) => Err(ForceLogError::Malformed),
        });
        assert!(checked.is_err(), "bit {bit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_reads_has_one_form(at in any::<usize>(), with in any::<u8>(), which in 0_usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut changed = leaves()[which].encode();
        let index = at % changed.len();
        changed[index] = with;
        for candidate in [bytes, changed] {
            if let Ok(leaf) = ForceLeaf::decode(&candidate) {
                prop_assert_eq!(leaf.encode(), candidate);
            }
        }
    }
}
