//! Forms that officers fill in. No field has a default: what is not stated is not sent (S01).

use peel_domain::judgement::{Decision, JudgementValue, Look};
use peel_domain::stop::FalseAlertCause;

/// Where the core keeps its data and finds its models.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CoreConfig {
    /// A private, not backed-up directory of the app.
    pub data_dir: String,
    /// The directory with the face check's model files.
    pub models_dir: String,
}

/// A judgement: does it look like the same person?
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct JudgementRequest {
    /// The officer's own answer.
    pub value: JudgementValue,
    /// How the officer looked, as the screen measured it.
    pub look: Look,
}

/// A decision on an alert.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DecisionRequest {
    /// The officer's own decision.
    pub decision: Decision,
    /// Necessity and proportionality: asked for green grade and for under 18.
    pub note: Option<String>,
}

/// What the officer reports when the alert was about somebody else.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FalseAlertRequest {
    /// All causes.
    pub causes: Vec<FalseAlertCause>,
    /// The main one; it must be among the causes.
    pub primary: FalseAlertCause,
    /// Whether the officer apologised.
    pub apology_given: bool,
    /// Whether the person wants to hear more.
    pub follow_up_wanted: bool,
}

/// Which image of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FaceSide {
    /// A probe image, the best first.
    Probe {
        /// Counted from 0.
        index: u8,
    },
    /// The one reference image.
    Reference,
}

/// In which order a pixel's four bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PixelOrder {
    /// Red, green, blue, and one that is not looked at: Android's `RGBA_8888`.
    Rgba,
    /// Blue, green, red, and one that is not looked at: iOS's `kCVPixelFormatType_32BGRA`.
    Bgra,
}

/// How far a frame has to be turned clockwise to stand upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum QuarterTurns {
    /// It stands upright.
    None,
    /// 90 degrees.
    One,
    /// 180 degrees.
    Two,
    /// 270 degrees.
    Three,
}

/// How a camera's frame lies in its bytes, four a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct FrameLayout {
    /// Pixels in a row as it lies; 4,096 at most.
    pub width: u32,
    /// Rows; 4,096 at most.
    pub height: u32,
    /// Bytes from the start of one row to the start of the next.
    pub row_bytes: u32,
    /// The order of each pixel's bytes.
    pub order: PixelOrder,
    /// How far it has to be turned.
    pub turns: QuarterTurns,
}
