//! The tasks by our own check, as the phone runs it.

use std::time::Instant;

use peel_domain::permit::ComparisonPurpose;
use peel_face::inspect::{SizedDetector, norm_of_crop};
use peel_face::{FaceCheck, OpenReference, PixelOrder, PreviewFrame, QuarterTurns};

use crate::Failure;
use crate::stage::{PREVIEW, Stage, noise, root};

#[path = "../../../evaluation/src/bin/peel-face/exercise.rs"]
mod exercise;

/// The check, loaded, with what the tasks look at.
pub(crate) struct Ours {
    check: FaceCheck,
    detectors: Vec<(usize, SizedDetector)>,
    probe: Vec<u8>,
    reference: Vec<u8>,
    photograph: Vec<u8>,
    opened: OpenReference,
    preview: Vec<u8>,
}

/// A permit for one comparison.
pub(crate) fn permit(purpose: ComparisonPurpose) -> Result<peel_domain::permit::ComparisonPermit, Failure> {
    exercise::permit(purpose).map_err(|refused| refused.to_string().into())
}

impl Ours {
    pub(crate) fn load(stage: &Stage) -> Result<Self, Failure> {
        let check = FaceCheck::from_directory(&root().join("models"))?;
        let file = stage.read("detector.onnx")?;
        let sized = |side| SizedDetector::new(&file, side).map(|detector| (side, detector));
        let detectors = [160, 320, 640].into_iter().map(sized).collect::<Result<_, _>>()?;
        let (probe, reference) = (stage.read("probe.jpg")?, stage.read("reference.jpg")?);
        let opened = check.open_reference(&reference)?;
        Ok(Self {
            detectors,
            probe,
            reference,
            photograph: stage.read("photograph.jpg")?,
            opened,
            check,
            preview: stage.preview()?,
        })
    }

    fn preview_frame(&self) -> PreviewFrame<'_> {
        let (width, height) = PREVIEW;
        PreviewFrame {
            width,
            height,
            row_bytes: width * 4,
            order: PixelOrder::Rgba,
            turns: QuarterTurns::None,
            bytes: &self.preview,
        }
    }

    /// Milliseconds in which both files of an alert are opened, one after the other and on a thread each.
    pub(crate) fn two_threads(&self) -> Result<[f64; 2], Failure> {
        let started = Instant::now();
        self.check.open_reference(&self.probe)?;
        self.check.open_reference(&self.reference)?;
        let one = started.elapsed();
        let started = Instant::now();
        std::thread::scope(|scope| {
            let probe = scope.spawn(|| self.check.open_reference(&self.probe).map(drop));
            self.check.open_reference(&self.reference)?;
            probe.join().map_err(|_| "a thread broke")?.map_err(Failure::from)
        })?;
        Ok([one, started.elapsed()].map(|time| time.as_secs_f64() * 1e3))
    }

    /// Milliseconds of each repetition.
    pub(crate) fn time(&mut self, task: &str, repeat: u32) -> Result<Vec<f64>, Failure> {
        let side = task.strip_prefix("detector_").and_then(|side| side.parse().ok());
        let numbers = |count: usize| noise().take(count).collect::<Vec<u8>>();
        let (frame, crop) = (numbers(side.map_or(0, |side: usize| side * side * 3)), numbers(112 * 112 * 3));
        let mut times = Vec::new();
        for _ in 0..repeat {
            let (alert, close) = (permit(ComparisonPurpose::AlertProbe)?, permit(ComparisonPurpose::ClosePhotograph)?);
            let started = Instant::now();
            match task {
                "embedder" => norm_of_crop(&self.check, &crop).map(drop)?,
                "whole_check" | "whole_check_full_size" => {
                    self.check.compare(alert, &self.probe, &self.reference).map(drop)?;
                }
                "preview" => self.check.preview(&self.preview_frame()).map(drop)?,
                "officers_step" => self.check.compare_with(close, &self.photograph, &self.opened).map(drop)?,
                _ => {
                    let detector = self.detectors.iter().find(|(has, _)| Some(*has) == side).ok_or("no such task")?;
                    detector.1.count(&frame).map(drop)?;
                }
            }
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        Ok(times)
    }
}
