//! A drone's state as codes and numbers, for a terminal, a log of an exercise, or a shell's wording.
//!
//! Must never hold words of a language. What always holds: a line's numbers stand in the order that its code says.

use std::fmt;

use super::{DroneState, FromOfficer};
use crate::age::Freshness;
use crate::geometry::LookAt;

/// What a line is about, and its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineCode {
    /// The stream is classified above the ceiling; no numbers.
    Withheld,
    /// Latitude, longitude; height in metres where known.
    Position,
    /// Metres from the officer to the drone; bearing in degrees; degrees from where the phone points.
    ToDrone,
    /// Latitude, longitude, radius in metres.
    LookAt,
    /// Bearing in degrees.
    LookDirection,
    /// Metres from the officer to where it looks; bearing; degrees from where the phone points.
    ToLookAt,
    /// Seconds.
    Eta,
    /// Seconds.
    FrameAge,
    /// Seconds.
    TelemetryAge,
    /// No numbers.
    Live,
    /// No numbers.
    Late,
    /// No numbers.
    Lost,
    /// The tier's number.
    Tier,
}

impl LineCode {
    /// The code as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Position => "position",
            Self::ToDrone => "to_drone",
            Self::LookAt => "look_at",
            Self::LookDirection => "look_direction",
            Self::ToLookAt => "to_look_at",
            Self::Eta => "eta",
            Self::FrameAge => "frame_age",
            Self::TelemetryAge => "telemetry_age",
            Self::Live => "live",
            Self::Late => "late",
            Self::Lost => "lost",
            Self::Tier => "tier",
        }
    }

    const fn decimals(self) -> usize {
        match self {
            Self::Position | Self::LookAt => 6,
            Self::Tier => 0,
            _ => 1,
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is about.
    pub code: LineCode,
    /// Its numbers.
    pub numbers: Vec<f64>,
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.as_str())?;
        let decimals = self.code.decimals();
        self.numbers.iter().try_for_each(|number| write!(formatter, " {number:.decimals$}"))
    }
}

impl DroneState {
    /// The state, line by line; what is not known has no line.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut line = |code, numbers: &[Option<f64>]| {
            lines.push(Line { code, numbers: numbers.iter().map_while(|number| *number).collect() });
        };
        line(
            match self.freshness {
                Freshness::Live => LineCode::Live,
                Freshness::Late => LineCode::Late,
                Freshness::Lost => LineCode::Lost,
            },
            &[],
        );
        for (code, age_us) in [(LineCode::FrameAge, self.frame_age_us), (LineCode::TelemetryAge, self.telemetry_age_us)]
        {
            if let Some(age_us) = age_us {
                line(code, &[Some(std::time::Duration::from_micros(age_us).as_secs_f64())]);
            }
        }
        line(LineCode::Tier, &[Some(self.tier.number().into())]);
        if self.withheld {
            line(LineCode::Withheld, &[]);
            return lines;
        }
        if let Some(position) = self.position {
            let height = self.height_reference.map(|_| position.height_m());
            line(LineCode::Position, &[Some(position.latitude_deg()), Some(position.longitude_deg()), height]);
        }
        match self.look_at {
            LookAt::Zone { point, radius_m, .. } => {
                line(LineCode::LookAt, &[Some(point.latitude_deg()), Some(point.longitude_deg()), Some(radius_m)]);
            }
            LookAt::DirectionOnly { bearing_deg } => line(LineCode::LookDirection, &[Some(bearing_deg)]),
            LookAt::Unknown => {}
        }
        for (code, from) in [(LineCode::ToDrone, self.to_drone), (LineCode::ToLookAt, self.to_look_at)] {
            if let Some(FromOfficer { separation, relative_deg }) = from {
                line(code, &[Some(separation.distance_m), separation.bearing_deg, relative_deg]);
            }
        }
        if self.eta_s.is_some() {
            line(LineCode::Eta, &[self.eta_s]);
        }
        lines
    }
}
