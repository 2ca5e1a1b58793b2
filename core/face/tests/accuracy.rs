//! A smoke test of accuracy on photographs that are not in the repository: two photographs each of people who look at
//! the camera, neutral and smiling. No error may occur at any threshold from 0.53 to 0.83.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

mod common;

use std::collections::BTreeMap;

use common::{compare, shared};

/// People that are compared: enough to notice a broken path, few enough to take seconds.
const PEOPLE: usize = 12;
/// The two people of the set who look most alike, to OpenCV's own pipeline too.
const ALIKE: [&str; 2] = ["009", "019"];

#[test]
fn frontal_photographs_of_one_person_and_of_others_are_told_apart_with_room_to_spare() {
    let Some(folder) = shared("london") else { return };
    let mut people: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if let Some((person, "03" | "08")) = name.split_once('_') {
            people.entry(person.to_owned()).or_default().push(std::fs::read(&file).unwrap());
        }
    }
    let alike = ALIKE.map(|name| people.get(name).cloned().expect("a person of the set"));
    let people: Vec<_> = people.into_values().filter(|shots| shots.len() == 2).step_by(5).take(PEOPLE).collect();
    assert_eq!(people.len(), PEOPLE);
    let score = |probe: &[u8], reference: &[u8]| compare(probe, reference).unwrap().score.expect("a score");
    let mut least_mated = f32::MAX;
    let mut greatest_non_mated = f32::MIN;
    for (place, person) in people.iter().enumerate() {
        least_mated = least_mated.min(score(&person[1], &person[0]));
        for other in people.iter().skip(place + 1).take(3) {
            greatest_non_mated = greatest_non_mated.max(score(&other[1], &person[0]));
        }
    }
    println!("least mated {least_mated:.4}, greatest non-mated {greatest_non_mated:.4}");
    let [left, right] = alike;
    let alike = left.iter().flat_map(|left| right.iter().map(|right| score(left, right))).fold(f32::MIN, f32::max);
    println!("the two who look most alike {alike:.4}");
    assert!(alike < 0.53, "{alike}");
    assert!(least_mated > 0.83, "{least_mated}");
    assert!(greatest_non_mated < 0.53, "{greatest_non_mated}");
}
