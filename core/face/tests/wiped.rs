//! After a comparison no embedding is left anywhere in the process's memory (S15).
//!
//! One process learns what the embedding is; another compares, and then reads its own memory from end to end. It knows the
//! numbers only in a disguise, so that it does not find its own note of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

mod common;

use std::process::Command;

use common::{CHECK, compare, face};
use peel_face::inspect::inspect;

const CANARY: &str = "PEEL_FACE_CANARY";
const DISGUISE: u8 = 0xA5;
/// Four numbers of the embedding, as bytes.
const LENGTH: usize = 16;

#[test]
fn s15_no_embedding_is_left_in_memory_after_a_comparison() {
    let canaries: Vec<String> = ["avery_2.jpg", "avery_1.jpg"]
        .iter()
        .map(|name| {
            let embedding = inspect(&CHECK, &face(name)).unwrap().face.unwrap().embedding;
            let bytes: Vec<u8> = embedding[40..44].iter().flat_map(|value| value.to_le_bytes()).collect();
            hex::encode(bytes.iter().map(|byte| byte ^ DISGUISE).collect::<Vec<u8>>())
        })
        .collect();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "compares_and_reads_its_own_memory", "--nocapture"])
        .env(CANARY, canaries.join(","))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    println!("{}", text.lines().find(|line| line.contains("not run") || line.contains("scanned")).unwrap_or_default());
}

#[test]
#[ignore = "the other test starts it"]
fn compares_and_reads_its_own_memory() {
    let Some(canaries) = std::env::var_os(CANARY) else { return };
    if !cfg!(target_os = "linux") {
        println!("not run: only Linux lets a process read its own memory as a file");
        return;
    }
    let disguised: Vec<[u8; LENGTH]> =
        canaries.to_str().unwrap().split(',').map(|text| hex::decode(text).unwrap().try_into().unwrap()).collect();
    let opinion = compare(&face("avery_2.jpg"), &face("avery_1.jpg")).unwrap();
    assert!(opinion.score.is_some());
    for canary in &disguised {
        let mut planted: Vec<u8> = canary.iter().map(|byte| byte ^ DISGUISE).collect();
        assert!(places(canary) > 0, "the search finds what is there");
        planted.fill(0);
        std::hint::black_box(&planted);
        let left = places(canary);
        println!("scanned: {left} places");
        assert_eq!(left, 0);
    }
}

/// In how many places of this process's writable memory the disguised bytes stand undisguised.
fn places(disguised: &[u8; LENGTH]) -> usize {
    use std::os::unix::fs::FileExt;

    const CHUNK: usize = 1 << 20;
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut buffer = vec![0_u8; CHUNK + LENGTH];
    let own = buffer.as_ptr().addr()..buffer.as_ptr().addr() + buffer.len();
    let mut found = 0;
    for line in
        maps.lines().filter(|line| line.split_whitespace().nth(1).is_some_and(|rights| rights.starts_with("rw")))
    {
        let (start, end) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        let (mut at, end) = (usize::from_str_radix(start, 16).unwrap(), usize::from_str_radix(end, 16).unwrap());
        while at < end {
            let length = (end - at).min(CHUNK + LENGTH);
            if memory.read_exact_at(&mut buffer[..length], at as u64).is_ok() {
                found += buffer[..length]
                    .windows(LENGTH)
                    .enumerate()
                    .filter(|(place, window)| {
                        place < &CHUNK
                            && !own.contains(&(at + place))
                            && window.iter().zip(disguised).all(|(byte, hidden)| byte ^ DISGUISE == *hidden)
                    })
                    .count();
            }
            at += CHUNK;
        }
    }
    buffer.fill(0);
    found
}
