//! The director: builds the programs, casts the parts, plays the story and says at the end what was shown.

use std::path::{Path, PathBuf};

use chrono::{TimeZone, Utc};
use peel_domain::deployment::Role;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::cast::{Cast, Officer};
use super::figures::Figures;
use super::force::{Force, PIN, Programs};
use super::{Doing, ExerciseError, ending, overhead, story};
use crate::clock::ExerciseClock;
use crate::faces::Faces;
use crate::lfr::Lfr;
use crate::network::Network;
use crate::phone::handle::{Phone, PhoneFiles};
use crate::phone::words::Call;
use crate::terminal::{Timeline, Who};

/// How the exercise is played.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Varies the noise in the pictures and the drone's flight, and nothing of the story.
    pub seed: u64,
    /// Photographs.
    pub faces: PathBuf,
    /// Where the results go.
    pub out: PathBuf,
    /// Exercise seconds for each real one.
    pub speed: u32,
}

/// Numbers of the two officers.
pub const OFFICERS: [&str; 2] = ["PC-1042", "PC-2217"];

/// The exercise's own photographs.
pub fn own_faces() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("faces")
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds what is not yet built and finds the programs beside this one.
pub fn programs() -> Result<Programs, ExerciseError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = std::process::Command::new(cargo)
        .current_dir(workspace())
        .args(["build", "--bin", "peel-gateway", "--bin", "peel-audit", "--bin", "phone"])
        .status()?;
    super::expect(status.success(), "gateway, auditor and phone could be built")?;
    let here = std::env::current_exe()?;
    // A test's program lies one folder deeper than the others.
    let folder = here.ancestors().skip(1).find(|folder| folder.join("peel-gateway").exists());
    let folder = folder.ok_or_else(|| ExerciseError::Expected("the programs lie beside this one".to_owned()))?;
    Ok(Programs {
        gateway: folder.join("peel-gateway"),
        auditor: folder.join("peel-audit"),
        phone: folder.join("phone"),
        models: workspace().join("models"),
    })
}

/// What a demo leaves, and what one that stopped half-way left besides.
const LEFT: [&str; 7] = ["bundle", "trust.toml", "auditor.key", "record.csv", "receipts", "timeline.txt", "private"];

/// Makes the folder for the results, or takes an older demo's results out of it, and nothing else.
fn clear(out: &Path) -> Result<(), ExerciseError> {
    if !out.exists() {
        return Ok(std::fs::create_dir_all(out)?);
    }
    let empty = std::fs::read_dir(out)?.next().is_none();
    let older = out.join("timeline.txt").is_file();
    if !empty && !older {
        return Err(ExerciseError::Occupied);
    }
    for name in LEFT {
        let path = out.join(name);
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&path)?,
            Ok(_) => std::fs::remove_file(&path)?,
            Err(_) => {}
        }
    }
    Ok(())
}

/// Plays the whole exercise.
pub async fn run(settings: &Settings) -> Result<(), ExerciseError> {
    let faces = Faces::read(&settings.faces)?;
    clear(&settings.out)?;
    let programs = programs()?;
    let out = settings.out.canonicalize()?;
    let timeline = Timeline::create(&out.join("timeline.txt"))?;
    let home = out.join("private");
    std::fs::create_dir_all(&home)?;
    let epoch = Utc.with_ymd_and_hms(2026, 6, 13, 10, 0, 0).single().map_or(0, |start| start.timestamp_millis());
    let clock = ExerciseClock::starting_at(epoch, settings.speed);
    timeline.step(clock.now_ms(), Who::Street, "EXERCISE: role-players only; nobody here is wanted");
    let force = Force::set_up(&programs, &home, clock, &OFFICERS).await?;
    timeline.step(clock.now_ms(), Who::Force, "gateway and desk are up; policy: the strictest default, signed by two");
    let mut cast = cast(settings, &programs, &force, &home, clock, timeline, faces).await?;
    cast.lfr.state("live", None).await.doing("going live")?;
    cast.step(Who::Force, "the deployment is live: two cameras, one drone feed, threshold 0.64");
    let played = story::play(&mut cast).await?;
    overhead::fly(&mut cast, settings.seed).await?;
    ending::close(cast, force, &out, &played).await
}

async fn cast(
    settings: &Settings,
    programs: &Programs,
    force: &Force,
    home: &Path,
    clock: ExerciseClock,
    timeline: Timeline,
    faces: Faces,
) -> Result<Cast, ExerciseError> {
    let client = force.client()?;
    let (ingest, operator) = (force.access_key("ingest")?, force.access_key("operator")?);
    let lfr = Lfr::new(client, force.url(), ingest, operator, force.deployment_id.clone());
    let [first_number, second_number] = OFFICERS;
    let first = officer(programs, force, home, clock, Who::First, first_number).await?;
    timeline.step(clock.now_ms(), Who::First, "enrolled, signed in, briefed, on the stream");
    let second = officer(programs, force, home, clock, Who::Second, second_number).await?;
    timeline.step(clock.now_ms(), Who::Second, "enrolled, signed in, briefed, on the stream");
    let random = StdRng::seed_from_u64(settings.seed);
    let figures = Figures::default();
    Ok(Cast { clock, timeline, faces, lfr, first, second, figures, random, receipts: Vec::new() })
}

/// Enrols a phone, signs its officer in and joins the deployment, as a shift begins.
pub async fn officer(
    programs: &Programs,
    force: &Force,
    home: &Path,
    clock: ExerciseClock,
    who: Who,
    number: &str,
) -> Result<Officer, ExerciseError> {
    let network = Network::to(force.address).await?;
    let files = PhoneFiles {
        program: programs.phone.clone(),
        data: home.join(number).join("data"),
        vault: home.join(number).join("vault"),
        models: programs.models.clone(),
        clock,
    };
    std::fs::create_dir_all(&files.data)?;
    std::fs::create_dir_all(&files.vault)?;
    let phone = Phone::start(&files).await.doing("starting a phone")?;
    let code = force.enrolment_code(network.address()).await?;
    let officer_number = number.to_owned();
    let deployment_id = force.deployment_id.parse();
    let deployment_id = deployment_id
        .map_err(|_| ExerciseError::Expected("the gateway gave the deployment an identifier".to_owned()))?;
    phone.call(Call::Enrol { code }).await.doing("enrolling a phone")?;
    phone.call(Call::SignIn { officer_number, pin: PIN.to_owned() }).await.doing("signing in")?;
    phone.call(Call::Join { deployment_id, role: Role::EngagementOfficer }).await.doing("joining")?;
    phone.call(Call::AcknowledgeBriefing).await.doing("acknowledging the briefing")?;
    phone.call(Call::Connect).await.doing("connecting")?;
    let online = |shown: &crate::phone::handle::Shown| shown.connection == "Online";
    phone.until(online, super::PATIENCE).await.doing("getting online")?;
    Ok(Officer { who, number: number.to_owned(), phone: Some(phone), files, network })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_older_demo_left_is_replaced() {
        let out = std::env::temp_dir().join(format!("peel-out-{}", std::process::id()));
        clear(&out).unwrap();
        clear(&out).unwrap();
        std::fs::write(out.join("thesis.txt"), "two years of work").unwrap();
        std::fs::create_dir(out.join("private")).unwrap();
        std::fs::write(out.join("private/diary"), "").unwrap();
        assert!(matches!(clear(&out), Err(ExerciseError::Occupied)));
        assert!(out.join("private/diary").is_file());
        std::fs::write(out.join("timeline.txt"), "").unwrap();
        clear(&out).unwrap();
        let left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["thesis.txt"]);
        std::fs::write(out.join("file"), "").unwrap();
        assert!(clear(&out.join("file")).is_err(), "a file is no folder");
        std::fs::remove_dir_all(&out).unwrap();
    }
}
