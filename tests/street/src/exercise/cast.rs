//! Who plays: two officers with their phones, the vendor's LFR system, the street with its faces and its clock.

use std::time::Instant;

use peel_domain::id::AlertId;
use peel_domain::judgement::Look;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::figures::{Figures, Step};
use super::{Doing, ExerciseError};
use crate::camera::{self, Conditions};
use crate::clock::ExerciseClock;
use crate::faces::Faces;
use crate::lfr::{Lfr, Raised};
use crate::network::Network;
use crate::phone::handle::{Phone, PhoneFiles};
use crate::phone::words::{Answer, Call};
use crate::terminal::{Timeline, Who};

/// An officer, the phone, and the phone's own network.
#[derive(Debug)]
pub struct Officer {
    /// Which of the two.
    pub who: Who,
    /// The officer's number.
    pub number: String,
    /// The phone; `None` while it is dead.
    pub phone: Option<Phone>,
    /// How to start it again.
    pub files: PhoneFiles,
    /// Its network.
    pub network: Network,
}

impl Officer {
    /// The phone, which must be running.
    pub fn phone(&self) -> Result<&Phone, ExerciseError> {
        self.phone.as_ref().ok_or_else(|| ExerciseError::Expected("the phone was running".to_owned()))
    }
}

/// Everything that the story needs.
#[derive(Debug)]
pub struct Cast {
    /// Exercise time.
    pub clock: ExerciseClock,
    /// The timeline.
    pub timeline: Timeline,
    /// Role-players' photographs.
    pub faces: Faces,
    /// The vendor's LFR system.
    pub lfr: Lfr,
    /// The first officer.
    pub first: Officer,
    /// The second officer.
    pub second: Officer,
    /// Figures of real speed.
    pub figures: Figures,
    /// The story's random choices.
    pub random: StdRng,
    /// Receipts that were handed out: reference, text, payload.
    pub receipts: Vec<Receipt>,
}

/// A receipt as the person holds it.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Its reference.
    pub reference: String,
    /// Its lines.
    pub lines: Vec<(String, String)>,
    /// The code's text.
    pub code_text: String,
    /// The QR code's bytes.
    pub payload: Vec<u8>,
    /// The paper code.
    pub paper_code: String,
}

/// A passer-by in the story.
#[derive(Debug, Clone, Copy)]
pub struct PasserBy {
    /// Whose face the camera sees: index into the people.
    pub seen: usize,
    /// Which photograph of theirs.
    pub shot: usize,
    /// Whose reference the LFR system found similar.
    pub listed: usize,
    /// The light.
    pub conditions: Conditions,
    /// The camera.
    pub camera: &'static str,
    /// Which way they go.
    pub direction: &'static str,
    /// Score, thousandths.
    pub score: u16,
    /// The operator's judgement.
    pub operator: Option<&'static str>,
    /// Why the role-player is on the exercise's list.
    pub reason: &'static str,
}

/// Random numbers of one passer-by: a generator of its own, so that no choice depends on what else happened before.
fn random_for(seed: &mut StdRng) -> StdRng {
    StdRng::from_rng(seed)
}

impl Cast {
    /// A step of the story.
    pub fn step(&self, who: Who, text: &str) {
        self.timeline.step(self.clock.now_ms(), who, text);
    }

    /// A line with a measured figure.
    pub fn note(&self, who: Who, text: &str) {
        self.timeline.note(self.clock.now_ms(), who, text);
    }

    /// Lets simulated seconds pass.
    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(self.clock.real(seconds * 1000)).await;
    }

    /// A person walks past a camera, the LFR system raises an alert.
    pub async fn walk_past(&mut self, who: &PasserBy) -> Result<(AlertId, Instant), ExerciseError> {
        let people: Vec<String> = self.faces.people().into_iter().map(str::to_owned).collect();
        let missing = || ExerciseError::Expected("the exercise's people were there".to_owned());
        let seen = people.get(who.seen).ok_or_else(missing)?;
        let listed = people.get(who.listed).ok_or_else(missing)?;
        let photograph = self.faces.shot(seen, who.shot).ok_or_else(missing)?;
        let probe = camera::capture(photograph, &who.conditions, &mut random_for(&mut self.random))?;
        let reference = self.faces.shot(listed, 0).ok_or_else(missing)?.to_vec();
        let raised = Raised {
            camera_id: who.camera.to_owned(),
            direction: who.direction.to_owned(),
            captured_at_ms: self.clock.now_ms(),
            probe,
            reference,
            score: who.score,
            grade: "amber",
            category: "wanted_by_court",
            reason: who.reason.to_owned(),
            warning_markers: vec![],
            operator_judgement: who.operator,
        };
        let captured = Instant::now();
        let alert_id = self.lfr.raise(&raised).await.doing("raising an alert")?;
        Ok((alert_id, captured))
    }

    /// Waits until an alert is on an officer's phone, and measures how long that took.
    pub async fn arrives(&mut self, at: Who, alert: (AlertId, Instant)) -> Result<(), ExerciseError> {
        let officer = self.officer(at);
        let seen = officer.phone()?.until_alert(alert.0, super::PATIENCE).await;
        let seen = seen.doing("waiting for an alert on a phone")?;
        self.figures.add_between(Step::CaptureToScreen, alert.1, seen);
        Ok(())
    }

    /// One of the two officers.
    pub fn officer(&self, who: Who) -> &Officer {
        if who == Who::Second { &self.second } else { &self.first }
    }

    /// One of the two officers, to change.
    pub fn officer_mut(&mut self, who: Who) -> &mut Officer {
        if who == Who::Second { &mut self.second } else { &mut self.first }
    }

    /// Does something on a phone.
    pub async fn on(&self, who: Who, doing: &'static str, call: Call) -> Result<Answer, ExerciseError> {
        Ok(self.officer(who).phone()?.call(call).await.doing(doing)?.0)
    }

    /// Does something on a phone and keeps how long it took.
    pub async fn timed(
        &mut self,
        who: Who,
        step: Step,
        doing: &'static str,
        call: Call,
    ) -> Result<Answer, ExerciseError> {
        let (answer, took_ms) = self.officer(who).phone()?.call(call).await.doing(doing)?;
        self.figures.add(step, took_ms);
        Ok(answer)
    }
}

/// How an officer of the exercise looks at two faces.
pub const LOOK: Look = Look { probe_ms: 1_900, reference_ms: 1_600, zoomed: true };
