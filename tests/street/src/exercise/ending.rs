//! The end of the deployment: everything is closed, destroyed, counted and verified, and left for a reader.

use std::path::{Path, PathBuf};

use peel_journal::store::{Store, StoreError};
use sha2::{Digest, Sha256};

use super::cast::Cast;
use super::figures::Step;
use super::force::Force;
use super::story::Played;
use super::{Doing, ExerciseError, expect, overhead, receipts, table};
use crate::phone::handle::Shown;
use crate::phone::words::{Answer, Call};
use crate::terminal::Who;

/// Faces that the cameras saw, as the exercise has it.
const FACES_SEEN: u64 = 1_834;

/// Ends the deployment, lets the outsider verify, and leaves the results in `out`.
pub async fn close(mut cast: Cast, mut force: Force, out: &Path, played: &Played) -> Result<(), ExerciseError> {
    cast.lfr.state("ended", Some(FACES_SEEN)).await.doing("ending the deployment")?;
    cast.step(Who::Force, "the deployment ends");
    for who in [Who::First, Who::Second] {
        go_home(&mut cast, who).await?;
    }
    overhead::watched(&cast)?;
    force.stop_desk().await?;
    let record = record(&cast, &force, out, played).await?;
    receipts::leave(&cast.receipts, &out.join("receipts"))?;
    let (bundle, trust) = (out.join("bundle"), out.join("trust.toml"));
    force.bundle(&bundle, &trust).await?;
    let report = force.verify(&bundle, &trust).await?;
    cast.step(Who::Auditor, "verified the bundle with keys that did not come from it, and opened it: all is well");
    for who in [Who::First, Who::Second] {
        if let Some(phone) = cast.officer_mut(who).phone.take() {
            phone.finish().await.doing("ending a phone")?;
        }
    }
    no_image_is_left(&cast)?;
    cast.step(Who::Street, "opened both phones' storage: no image is left, and the key that wrapped them is destroyed");
    force.stop().await?;
    tidy(out)?;
    let digest = Sha256::digest(cast.timeline.story().join("\n").as_bytes());
    summary(&cast, &record, &report, &hex::encode(digest), played, &shown(out));
    Ok(())
}

/// Keeps the auditor's key of the exercise, with which the bundle can be opened again, and removes every other private
/// file. When the exercise stops half-way they stay, for whoever looks for the reason.
fn tidy(out: &Path) -> Result<(), ExerciseError> {
    let private = out.join("private");
    std::fs::rename(private.join("auditor/auditor.key"), out.join("auditor.key"))?;
    Ok(std::fs::remove_dir_all(private)?)
}

async fn go_home(cast: &mut Cast, who: Who) -> Result<(), ExerciseError> {
    let settled = |shown: &Shown| {
        let done = ["Closed", "Expired", "Withdrawn"];
        shown.alerts.iter().all(|alert| done.contains(&alert.phase.as_str()))
    };
    let phone = cast.officer(who).phone()?;
    phone.until(settled, super::PATIENCE).await.doing("waiting until every alert is closed")?;
    cast.on(who, "leaving the deployment", Call::LeaveDeployment).await?;
    cast.step(who, "leaves the deployment; images and their keys are destroyed, each with a signed receipt");
    let answer = cast.timed(who, Step::Sync, "ending the shift", Call::EndShift).await?;
    let Answer::Sync { size, cosigned_size, .. } = answer else {
        return Err(ExerciseError::Expected("a synchronisation came back".to_owned()));
    };
    expect(size == cosigned_size, "the force has signed for the whole trail at the end of the shift")?;
    cast.step(who, "signs out; the force has signed for the whole trail");
    Ok(())
}

/// Opens both phones' storage as a thief would who has the whole phone, and looks for images and for the key that wrapped
/// theirs. Nothing of a person's face may be there in any form, sealed or not.
fn no_image_is_left(cast: &Cast) -> Result<(), ExerciseError> {
    for officer in [&cast.first, &cast.second] {
        let (store, opened) = Store::open(&officer.files.data, 0).map_err(unreadable)?;
        expect(!opened.set_aside, "a phone's storage is whole at the end")?;
        let images = store.media_lines().map_err(unreadable)?;
        expect(images.is_empty(), "no image is left on a phone, not even sealed")?;
        store.close();
        for file in files(&officer.files.vault)? {
            let kept = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("deployment"));
            expect(!kept, "the key that wrapped the images is destroyed")?;
        }
    }
    Ok(())
}

fn unreadable(error: StoreError) -> ExerciseError {
    ExerciseError::Expected(format!("a phone's storage can be opened, but it failed to {error}"))
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, ExerciseError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    Ok(found)
}

async fn record(cast: &Cast, force: &Force, out: &Path, played: &Played) -> Result<String, ExerciseError> {
    force.debrief(&played.unseen.to_string(), "true_alert").await?;
    cast.step(Who::Force, "debrief: the supervisor states the truth of the alert that nobody judged");
    let record = force.record(&out.join("record.csv")).await?;
    cast.step(Who::Force, "the 16-column record is computed from the trail; marked as an exercise, in no statistics");
    let (head, row) = record.split_once('\n').unwrap_or_default();
    expect(head.contains("Total Alerts") && !row.trim().is_empty(), "the record has its 16 columns")?;
    Ok(record)
}

/// The folder as a person would type it.
fn shown(out: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    out.strip_prefix(here).unwrap_or(out).to_path_buf()
}

fn summary(cast: &Cast, record: &str, report: &str, story: &str, played: &Played, out: &Path) {
    println!("\nWhat was shown");
    for line in [
        "six alerts: engaged and verified, judged different, false and apologised for, unseen, withdrawn, one while a phone was offline",
        "nothing was revealed before a blind judgement",
        "a phone without a network judged, checked, decided and timed a stop; it was killed in the middle and nothing was missing",
        "a drone's position, look-at point, bearing, distance and frame age; no frame stored",
        "media destroyed with signed receipts; the record computed from the trail; the bundle verified by the outsider's tool",
    ] {
        println!("  - {line}");
    }
    println!("  - the second officer's stop lasted {} s, through the kill", played.offline_stop_ms / 1000);
    println!("\nHow fast, in real time on this machine (development build)\n{}", cast.figures.table());
    println!("Record (exercise), as in record.csv\n{}", table::of(record));
    println!("Auditor\n{}", report.trim_end());
    println!("\nStory {story} (the same for every run that went the same way)");
    let out = out.display();
    println!("\nLeft in {out}: bundle/ trust.toml auditor.key record.csv receipts/ timeline.txt");
    println!("Check it: cargo auditor verify {out}/bundle --trust {out}/trust.toml --open {out}/auditor.key");
    println!("A receipt: cargo auditor receipt {out}/receipts/REFERENCE.txt --trust {out}/trust.toml");
}
