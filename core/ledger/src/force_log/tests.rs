//! Leaves have one form; a change needs two people.

use proptest::prelude::*;

use super::*;

fn person(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
}

fn enrolment() -> Change {
    let origin = Origin::device("force.example", "e1").unwrap();
    let log_key = person(origin.as_str(), 9).verifier().unwrap();
    Change::Enrolment { origin, log_key, hardware_key: None, replaces: None }
}

fn ended(root: Option<Hash>) -> Change {
    let events = person("force.example/peel/events-2", 7).verifier().unwrap();
    Change::ForceLogEnded { origin: Origin::force_log("force.example").unwrap(), size: 9, root, events }
}

fn leaves() -> Vec<ForceLeaf> {
    let origin = Origin::device("force.example", "e1").unwrap();
    let key = person(origin.as_str(), 9).verifier().unwrap();
    let replaces = Some(Origin::device("force.example", "e0").unwrap());
    let changes = [
        enrolment(),
        Change::Enrolment { origin: origin.clone(), log_key: key, hardware_key: None, replaces },
        Change::Revocation { origin: origin.clone(), reason: "lost".to_owned() },
        Change::KeyChange {
            origin: origin.clone(),
            log_key: person(origin.as_str(), 8).verifier().unwrap(),
            hardware_key: None,
        },
        Change::PolicyChange { version: 3, policy: Hash::default() },
        Change::GivenUp { origin: origin.clone(), deployment: "d1".to_owned(), reason: "lost".to_owned(), size: 300 },
        Change::PinChange { version: 2, statement: Hash::default() },
        ended(None),
        ended(Some(Hash::of(&[b"root"]))),
    ];
    let checkpoint =
        CheckpointLeaf { origin, size: 300, root: Hash::default(), cosigned_at_s: 7, lines: Hash::default() };
    let mut leaves = vec![ForceLeaf::Checkpoint(checkpoint)];
    leaves.extend(changes.iter().map(|change| approved(change, Some(force_log()), 7, &[("a", 1), ("b", 2)])));
    leaves.extend(changes.iter().map(|change| approved(change, None, 7, &[("a", 1), ("b", 2)])));
    leaves
}

fn force_log() -> Origin {
    Origin::force_log("force.example").unwrap()
}

/// A change with approvals of this time, whatever the same key already said.
fn approved(change: &Change, force_log: Option<Origin>, at_s: u64, people: &[(&str, u8)]) -> ForceLeaf {
    let mut leaf = ForceLeaf::Change { change: change.clone(), force_log, at_s, approvals: Vec::new() };
    for (name, seed) in people {
        leaf.approve(&person(name, *seed)).unwrap();
    }
    leaf
}

/// The approvals of a leaf.
fn approvals(leaf: &ForceLeaf) -> Vec<Approval> {
    let ForceLeaf::Change { approvals, .. } = leaf else { panic!("a change") };
    approvals.clone()
}

/// The enrolment at a time with these approvals.
fn with(at_s: u64, approvals: Vec<Approval>) -> ForceLeaf {
    ForceLeaf::Change { change: enrolment(), force_log: Some(force_log()), at_s, approvals }
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
    let one = approvals(&approved(&enrolment(), Some(force_log()), 7, &[("a", 1)]));
    assert_eq!(with(7, one.clone()).check_approvals(&people(), 2), Err(ForceLogError::Approvals));
    let twice = with(7, [one.clone(), one].concat());
    assert_eq!(ForceLeaf::decode(&twice.encode()), Err(ForceLogError::Malformed));
    let with_stranger = approved(&enrolment(), Some(force_log()), 7, &[("a", 1), ("c", 3)]);
    assert_eq!(with_stranger.check_approvals(&people(), 2), Err(ForceLogError::Approvals));
    let both = approvals(&approved(&enrolment(), Some(force_log()), 7, &[("a", 1), ("b", 2)]));
    assert_eq!(with(7, both.clone()).check_approvals(&people(), 2), Ok(()));
    assert_eq!(with(8, both).check_approvals(&people(), 2), Err(ForceLogError::Signature));
}

#[test]
fn an_approval_for_one_forces_log_counts_for_no_other_and_not_for_none() {
    let policy = Change::PolicyChange { version: 3, policy: Hash::default() };
    let leaf = approved(&policy, Some(force_log()), 7, &[("a", 1), ("b", 2)]);
    assert_eq!(leaf.check_force_log(&force_log()), Ok(()));
    let other = Origin::force_log("other.example").unwrap();
    assert_eq!(leaf.check_force_log(&other), Err(ForceLogError::OtherForce));
    for force_log in [Some(other), None] {
        let said = ForceLeaf::Change { change: policy.clone(), force_log, at_s: 7, approvals: approvals(&leaf) };
        assert_eq!(said.check_approvals(&people(), 2), Err(ForceLogError::Signature));
    }
    // Statements of the first version are read, for any force.
    let old = approved(&policy, None, 7, &[("a", 1), ("b", 2)]);
    assert_eq!((old.check_approvals(&people(), 2), old.check_force_log(&force_log())), (Ok(()), Ok(())));
    assert_ne!(old.statement_hash(), leaf.statement_hash());
    let by_others = approved(&policy, Some(force_log()), 7, &[("b", 2)]);
    assert_eq!(by_others.statement_hash(), leaf.statement_hash());
}

#[test]
fn the_same_person_or_the_same_key_under_another_name_approves_once() {
    let mut leaf = ForceLeaf::change(enrolment(), force_log(), 7);
    assert_eq!(leaf.approve(&person("a", 1)), Ok(()));
    assert_eq!(leaf.approve(&person("a", 1)), Err(ForceLogError::Repeated));
    assert_eq!(leaf.approve(&person("b", 1)), Err(ForceLogError::Repeated));
    assert_eq!(leaf.check_approvals(&people(), 2), Err(ForceLogError::Approvals));
    assert_eq!(leaf.approve(&person("b", 2)), Ok(()));
    assert_eq!(leaf.check_approvals(&people(), 2), Ok(()));
    // Where the trust file itself gives two people one key, they count as one.
    let one_key = [("a", 1), ("c", 1)].map(|(name, seed)| person(name, seed).verifier().unwrap());
    let both = ["a", "c"].map(|name| approvals(&approved(&enrolment(), Some(force_log()), 7, &[(name, 1)])));
    assert_eq!(with(7, both.concat()).check_approvals(&one_key, 2), Err(ForceLogError::Approvals));
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
    fn whatever_reads_has_one_form(at in any::<usize>(), with in any::<u8>(), which in 0_usize..19, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
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
