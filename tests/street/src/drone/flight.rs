//! Where the drone is, and the metadata that it sends of it.
//!
//! Must never state what its own geometry does not give. What always holds: the stated line of sight, slant range
//! and frame centre agree with each other.

use peel_feeds::klv::{Classification, EncodeError, Item, TextItem, UasEncoder};

const CRUISE_M_S: f64 = 15.0;
const CIRCLE_RADIUS_M: f64 = 70.0;
const CIRCLE_M_S: f64 = 6.0;
const HEIGHT_ABOVE_GROUND_M: f64 = 90.0;
/// Height of the ground above the ellipsoid in this story, metres.
const GROUND_M: f64 = 60.0;
const FIELD_OF_VIEW_DEG: (f64, f64) = (32.0, 18.2);
const METRES_PER_DEGREE: f64 = 111_319.5;
/// MISP time is ahead of UTC by this.
const LEAP_SECONDS: u64 = 29;

/// A place on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waypoint {
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// Longitude, degrees.
    pub longitude_deg: f64,
}

/// A flight in metres east and north of the incident.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    incident: Waypoint,
    base_m: (f64, f64),
    phase: f64,
}

/// What the camera's picture depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    /// The middle of the picture, metres east and north of the incident.
    pub(super) centre_m: (f64, f64),
    /// What is up in the picture, radians from north.
    pub(super) up_rad: f64,
    /// Metres from the left to the right edge.
    pub(super) width_m: f64,
}

/// The drone at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    incident: Waypoint,
    east_m: f64,
    north_m: f64,
    course_rad: f64,
    speed_m_s: f64,
    pitch_rad: f64,
    roll_rad: f64,
}

impl Flight {
    pub(super) fn new(seed: u64, base: Waypoint, incident: Waypoint) -> Self {
        let east_per_degree = METRES_PER_DEGREE * incident.latitude_deg.to_radians().cos();
        let base_m = (
            (base.longitude_deg - incident.longitude_deg) * east_per_degree,
            (base.latitude_deg - incident.latitude_deg) * METRES_PER_DEGREE,
        );
        let [low, ..] = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
        Self { incident, base_m, phase: f64::from(low) / 256.0 * std::f64::consts::TAU }
    }

    pub(super) fn seconds_to_incident(&self) -> f64 {
        let (east, north) = self.base_m;
        (east.hypot(north) - CIRCLE_RADIUS_M).max(0.0) / CRUISE_M_S
    }

    pub(super) fn pose(&self, elapsed_us: u64) -> Pose {
        let seconds = std::time::Duration::from_micros(elapsed_us).as_secs_f64();
        let arrival = self.seconds_to_incident();
        let (base_east, base_north) = self.base_m;
        let from_base = base_east.atan2(base_north);
        let sway = (seconds * 0.7 + self.phase).sin();
        let (place, course_rad, speed_m_s, lean) = if seconds < arrival {
            let left = CIRCLE_RADIUS_M + (arrival - seconds) * CRUISE_M_S;
            ((left * from_base.sin(), left * from_base.cos()), from_base + std::f64::consts::PI, CRUISE_M_S, -0.12)
        } else {
            let around = from_base + (seconds - arrival) * CIRCLE_M_S / CIRCLE_RADIUS_M;
            let place = (CIRCLE_RADIUS_M * around.sin(), CIRCLE_RADIUS_M * around.cos());
            (place, around + std::f64::consts::FRAC_PI_2, CIRCLE_M_S, -0.04)
        };
        Pose {
            incident: self.incident,
            east_m: place.0,
            north_m: place.1,
            course_rad,
            speed_m_s,
            pitch_rad: lean + 0.01 * sway,
            roll_rad: 0.02 * sway,
        }
    }
}

impl Pose {
    /// The line from the drone to the incident, as north, east, down in metres.
    fn line(&self) -> [f64; 3] {
        [-self.north_m, -self.east_m, HEIGHT_ABOVE_GROUND_M]
    }

    fn slant_range_m(&self) -> f64 {
        self.line().iter().map(|metres| metres * metres).sum::<f64>().sqrt()
    }

    fn width_m(&self) -> f64 {
        2.0 * self.slant_range_m() * (FIELD_OF_VIEW_DEG.0.to_radians() / 2.0).tan()
    }

    /// The gimbal's azimuth and elevation, degrees, that point the camera along the line.
    fn gimbal_deg(&self) -> (f64, f64) {
        let [north, east, down] = self.line();
        let (sin_h, cos_h) = self.course_rad.sin_cos();
        let (sin_p, cos_p) = self.pitch_rad.sin_cos();
        let (sin_r, cos_r) = self.roll_rad.sin_cos();
        let (x, y) = (north * cos_h + east * sin_h, east * cos_h - north * sin_h);
        let (x, z) = (x * cos_p - down * sin_p, x * sin_p + down * cos_p);
        let (y, z) = (y * cos_r + z * sin_r, z * cos_r - y * sin_r);
        (y.atan2(x).to_degrees().rem_euclid(360.0), -z.atan2(x.hypot(y)).to_degrees())
    }

    pub(super) fn view(&self) -> View {
        View { centre_m: (0.0, 0.0), up_rad: (-self.east_m).atan2(-self.north_m), width_m: self.width_m() }
    }

    /// The ST 0601 packet of this moment; `utc_us` is microseconds since 1970.
    pub(super) fn metadata(&self, utc_us: u64) -> Vec<u8> {
        self.packet(utc_us).expect("the flight stays inside every item's range").finish()
    }

    fn packet(&self, utc_us: u64) -> Result<UasEncoder, EncodeError> {
        let east_per_degree = METRES_PER_DEGREE * self.incident.latitude_deg.to_radians().cos();
        let (azimuth, elevation) = self.gimbal_deg();
        let heading = self.course_rad.to_degrees().rem_euclid(360.0);
        let mut encoder = UasEncoder::new(utc_us + LEAP_SECONDS * 1_000_000);
        encoder.text(TextItem::MissionId, "EXERCISE")?.text(TextItem::PlatformDesignation, "Street drone")?;
        encoder.text(TextItem::ImageSourceSensor, "Drawn")?.text(TextItem::ImageCoordinateSystem, "WGS-84")?;
        encoder.text(TextItem::PlatformCallSign, "PEEL 1")?.security(Classification::Unclassified, *b"GB");
        for (item, value) in [
            (Item::PlatformHeading, heading),
            (Item::SensorLatitude, self.incident.latitude_deg + self.north_m / METRES_PER_DEGREE),
            (Item::SensorLongitude, self.incident.longitude_deg + self.east_m / east_per_degree),
            (Item::SensorHorizontalFov, FIELD_OF_VIEW_DEG.0),
            (Item::SensorVerticalFov, FIELD_OF_VIEW_DEG.1),
            (Item::SensorRelativeAzimuth, azimuth),
            (Item::SensorRelativeElevation, elevation),
            (Item::SensorRelativeRoll, 0.0),
            (Item::SlantRange, self.slant_range_m()),
            (Item::TargetWidth, self.width_m()),
            (Item::FrameCentreLatitude, self.incident.latitude_deg),
            (Item::FrameCentreLongitude, self.incident.longitude_deg),
            (Item::PlatformGroundSpeed, self.speed_m_s),
            (Item::SensorEllipsoidHeight, GROUND_M + HEIGHT_ABOVE_GROUND_M),
            (Item::FrameCentreEllipsoidHeight, GROUND_M),
            (Item::PlatformPitchFull, self.pitch_rad.to_degrees()),
            (Item::PlatformRollFull, self.roll_rad.to_degrees()),
            (Item::SensorEllipsoidHeightExtended, GROUND_M + HEIGHT_ABOVE_GROUND_M),
            (Item::PlatformCourse, heading),
            (Item::AltitudeAgl, HEIGHT_ABOVE_GROUND_M),
            (Item::LeapSeconds, -29.0),
        ] {
            encoder.value(item, value)?;
        }
        Ok(encoder)
    }
}
