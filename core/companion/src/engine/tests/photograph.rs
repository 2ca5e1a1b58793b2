//! The close photograph: aimed at only where it may be taken, never written, gone within a minute or when it is left.

use std::path::Path;

use peel_domain::alert::Thousandths;
use peel_domain::id::AlertId;
use peel_domain::judgement::{Decision, SkipReason};
use peel_domain::stop::{IdentityStepKind, IdentityStepResult, LegalFooting};
use peel_domain::workflow::WorkflowError;
use peel_picture::Source;
use zeroize::Zeroizing;

use super::support::Bench;
use crate::engine::EngineError;
use crate::ffi::{DecisionRequest, FrameLayout, PixelOrder, PreviewView, QuarterTurns};

const DISGUISE: u8 = 0xA5;

/// A bench with a stop that runs.
fn at_a_stop() -> (Bench, AlertId) {
    let bench = Bench::new();
    let alert_id = engaged(&bench);
    bench.engine.contact_made(alert_id, LegalFooting::VoluntaryConversation).unwrap();
    (bench, alert_id)
}

fn engaged(bench: &Bench) -> AlertId {
    let alert_id = bench.receive(1);
    bench.engine.displayed(alert_id).unwrap();
    bench.engine.skip_judgement(alert_id, SkipReason::PersonIsHere).unwrap();
    bench.engine.decide(alert_id, &DecisionRequest { decision: Decision::Engage, note: None }).unwrap();
    alert_id
}

/// What nobody else has, and what this process knows in a disguise alone.
fn disguised_canary() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}

/// A photograph that no decoder takes, with the canary in it.
fn photograph(disguised: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4_000));
    bytes.resize(1_000, 7);
    bytes.extend(disguised.iter().map(|byte| byte ^ DISGUISE));
    bytes.resize(4_000, 7);
    bytes
}

/// A frame in the order of Android's camera, its rows padded.
fn frame(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> (FrameLayout, Vec<u8>) {
    let row_bytes = width * 4 + 64;
    let mut bytes = vec![0x5A; (row_bytes * height) as usize];
    for y in 0..height {
        for x in 0..width {
            let at = (y * row_bytes + x * 4) as usize;
            bytes[at..at + 3].copy_from_slice(&pixel(x, y));
        }
    }
    (FrameLayout { width, height, row_bytes, order: PixelOrder::Rgba, turns: QuarterTurns::None }, bytes)
}

fn grey() -> (FrameLayout, Vec<u8>) {
    frame(64, 48, |_, _| [110; 3])
}

fn preview(bench: &Bench, alert_id: AlertId) -> Result<Option<PreviewView>, EngineError> {
    let (layout, bytes) = grey();
    bench.engine.preview_photograph(alert_id, layout, &bytes, None)
}

#[test]
fn s18_a_frame_is_looked_at_only_where_the_photograph_itself_could_be_compared() {
    let bench = Bench::new();
    let blind = bench.receive(1);
    let refused = |answer, error: WorkflowError| assert_eq!(answer, Err(EngineError::Workflow(error)));
    refused(preview(&bench, blind), WorkflowError::NoContact);
    let (bench, alert_id) = at_a_stop();
    let seen = preview(&bench, alert_id).unwrap().unwrap();
    assert_eq!((seen.advice.as_deref(), seen.face), (Some("no_face"), None));
    bench.engine.lock().policy.check.close_photograph = false;
    refused(preview(&bench, alert_id), WorkflowError::ComparisonOff);
    refused(
        bench.engine.hold_photograph(alert_id, photograph(&[1; 16]), None).map(|()| None),
        WorkflowError::ComparisonOff,
    );
    bench.engine.lock().policy.check.close_photograph = true;
    let enough = bench.engine.lock().policy.stop.documents_enough;
    for _ in 0..enough {
        let (kind, result) = (IdentityStepKind::Document, IdentityStepResult::Supports);
        bench.engine.identity_step(alert_id, kind, result, None).unwrap();
    }
    refused(preview(&bench, alert_id), WorkflowError::IntrusiveReason);
    let (layout, bytes) = grey();
    let reasoned = bench.engine.preview_photograph(alert_id, layout, &bytes, Some("documents bear different names"));
    assert!(matches!(reasoned, Ok(Some(_))));
    bench.clock.advance(86_400_000);
    bench.engine.tick().unwrap();
    assert!(preview(&bench, alert_id).is_err(), "no images, no shift");
    bench.engine.lock().officer = None;
    assert!(matches!(preview(&bench, alert_id), Err(EngineError::NotSignedIn | EngineError::NotFound(_))));
}

#[test]
fn a_good_frame_needs_no_advice_and_says_where_the_face_is() {
    let (bench, alert_id) = at_a_stop();
    let faces = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/street/faces");
    let jpeg = std::fs::read(faces.join("avery_1.jpg")).unwrap();
    let picture = Source::read(&jpeg).unwrap().decode_finest().unwrap();
    let (width, height) = (u32::try_from(picture.width()).unwrap(), u32::try_from(picture.height()).unwrap());
    let (layout, bytes) = frame(width, height, |x, y| picture.pixel_or_black(x.into(), y.into()));
    let seen = bench.engine.preview_photograph(alert_id, layout, &bytes, None).unwrap().unwrap();
    assert_eq!(seen.advice, None);
    let place = seen.face.unwrap();
    assert!(place.left > 0.0 && place.left + place.width < 1.0 && place.width > 0.1 && place.height > 0.1);
}

#[test]
fn a_frame_that_comes_while_another_is_in_work_is_dropped() {
    let (bench, alert_id) = at_a_stop();
    let in_work = bench.engine.previewing.lock().unwrap();
    assert_eq!(preview(&bench, alert_id), Ok(None));
    drop(in_work);
    assert!(matches!(preview(&bench, alert_id), Ok(Some(_))));
}

#[test]
fn a_frame_that_does_not_fit_its_layout_is_a_typed_error() {
    let (bench, alert_id) = at_a_stop();
    let (layout, bytes) = grey();
    let short = bench.engine.preview_photograph(alert_id, layout, &bytes[..bytes.len() / 2], None);
    assert!(matches!(short, Err(EngineError::Face(peel_face::FaceError::Image(_)))));
    let huge = FrameLayout { width: u32::MAX, height: u32::MAX, row_bytes: u32::MAX, ..layout };
    let huge = bench.engine.preview_photograph(alert_id, huge, &bytes, None);
    assert!(matches!(huge, Err(EngineError::Face(peel_face::FaceError::Image(_)))));
}

#[test]
fn looking_at_frames_and_holding_a_photograph_records_nothing() {
    let (bench, alert_id) = at_a_stop();
    let before = bench.events(&bench.engine).len();
    preview(&bench, alert_id).unwrap();
    bench.engine.hold_photograph(alert_id, photograph(&[1; 16]), None).unwrap();
    bench.engine.drop_photograph();
    assert_eq!(bench.events(&bench.engine).len(), before);
}

#[test]
fn s19_a_photograph_that_is_held_goes_within_a_minute() {
    let (bench, alert_id) = at_a_stop();
    bench.engine.hold_photograph(alert_id, photograph(&disguised_canary()), None).unwrap();
    let watched = bench.engine.watched_photograph();
    bench.clock.advance(58_000);
    bench.engine.tick().unwrap();
    assert!(watched.upgrade().is_some(), "the officer may still look at it");
    bench.clock.set_wall(0);
    bench.clock.advance(1_900);
    bench.engine.tick().unwrap();
    assert!(watched.upgrade().is_none(), "whatever the wall clock says");
    let gone = bench.engine.compare_held_photograph(alert_id, None);
    assert_eq!(gone.err(), Some(EngineError::NotFound("photograph.gone")));
    // Also without a tick: what is due is not compared.
    bench.engine.hold_photograph(alert_id, photograph(&disguised_canary()), None).unwrap();
    bench.clock.advance(59_900);
    assert!(bench.engine.compare_held_photograph(alert_id, None).is_err());
    assert!(bench.engine.watched_photograph().upgrade().is_none());
}

#[test]
fn s19_a_photograph_goes_when_it_is_left_compared_or_replaced_and_when_the_app_sleeps() {
    let (bench, alert_id) = at_a_stop();
    let held = || {
        bench.engine.hold_photograph(alert_id, photograph(&disguised_canary()), None).unwrap();
        bench.engine.watched_photograph()
    };
    let left = held();
    bench.engine.drop_photograph();
    assert!(left.upgrade().is_none());
    let (replaced, compared) = (held(), held());
    assert!(replaced.upgrade().is_none() && compared.upgrade().is_some());
    // It is no image that any decoder takes; and it is gone all the same.
    assert!(bench.engine.compare_held_photograph(alert_id, None).is_err());
    assert!(compared.upgrade().is_none());
    let signed_out = held();
    bench.engine.lock().officer = None;
    bench.engine.tick().unwrap();
    assert!(signed_out.upgrade().is_none());
    let (bench, alert_id) = at_a_stop();
    bench.engine.hold_photograph(alert_id, photograph(&disguised_canary()), None).unwrap();
    let asleep = bench.engine.watched_photograph();
    bench.engine.suspend();
    assert!(asleep.upgrade().is_none());
    assert!(bench.engine.hold_photograph(alert_id, photograph(&disguised_canary()), None).is_err());
}

#[test]
fn s19_a_photograph_is_never_written_and_nothing_of_it_stays_in_memory() {
    let (bench, alert_id) = at_a_stop();
    let disguised = disguised_canary();
    bench.engine.hold_photograph(alert_id, photograph(&disguised), None).unwrap();
    assert!(in_memory(&disguised).is_none_or(|places| places > 0), "the search finds what is there");
    // Whatever else is written while it is held: commands, a policy's rule, the ticks' own records.
    bench.engine.start_segment(alert_id, peel_domain::stop::SegmentKind::WaitingForCheck).unwrap();
    bench.engine.lock().policy.alert.threshold_floor = Thousandths(640);
    bench.clock.advance(5_000);
    bench.engine.tick().unwrap();
    bench.engine.compare_held_photograph(alert_id, None).unwrap_err();
    bench.engine.hold_photograph(alert_id, photograph(&disguised), None).unwrap();
    bench.clock.advance(60_000);
    bench.engine.tick().unwrap();
    bench.engine.suspend();
    let places = in_memory(&disguised);
    println!("in memory afterwards: {places:?}");
    assert!(places.is_none_or(|places| places == 0));
    let canary: Vec<u8> = disguised.iter().map(|byte| byte ^ DISGUISE).collect();
    let mut files = 0;
    let mut open = vec![bench.home.path().to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(canary.len()).any(|part| part == canary), "{}", path.display());
        }
    }
    assert!(files > 1, "the store and the keys are there");
}

/// In how many places of this process's writable memory the disguised bytes stand undisguised; only Linux tells.
fn in_memory(disguised: &[u8; 16]) -> Option<usize> {
    use std::os::unix::fs::FileExt as _;

    const CHUNK: u64 = 1 << 20;
    let memory = std::fs::File::open("/proc/self/mem").ok()?;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let mut buffer = Zeroizing::new(vec![0_u8; (1 << 20) + 15]);
    let own = buffer.as_ptr().addr()..buffer.as_ptr().addr() + buffer.len();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw"))) {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        let (mut at, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
        while at < end {
            let length = usize::try_from((end - at).min(CHUNK + 15)).ok()?;
            if memory.read_exact_at(&mut buffer[..length], at).is_ok() {
                let here = |place: &usize| !own.contains(&(usize::try_from(at).unwrap_or_default() + place));
                let same =
                    |window: &[u8]| window.iter().zip(disguised).all(|(byte, hidden)| byte ^ DISGUISE == *hidden);
                found += buffer[..length]
                    .windows(16)
                    .enumerate()
                    .filter(|(place, window)| *place < 1 << 20 && same(window) && here(place))
                    .count();
            }
            at += CHUNK;
        }
    }
    Some(found)
}
