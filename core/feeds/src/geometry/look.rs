//! The point that a camera looks at: recorded, or computed from the platform's attitude.
//!
//! Must never give a pin without a radius, nor a point for a flat line of sight. What always holds: below
//! [`MIN_DEPRESSION_DEG`] there is a direction only.

use super::{Geodetic, Vector, full_circle};

/// Flattest line of sight, in degrees below the horizon, for which a point is given.
pub const MIN_DEPRESSION_DEG: f64 = 15.0;
/// Error of a gimbal's angle that the model assumes, degrees.
pub const GIMBAL_ERROR_DEG: f64 = 2.0;
/// Error of the platform's own position that the model assumes, metres.
pub const PLATFORM_ERROR_M: f64 = 5.0;
/// Smallest radius that is ever drawn, metres, whatever the sender claims.
pub const MIN_RADIUS_M: f64 = 1.0;

const GROUND_STEPS: usize = 12;
const GROUND_TOLERANCE_M: f64 = 1e-3;

/// How the platform and its camera are turned, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attitude {
    /// Platform heading from true north.
    pub heading_deg: f64,
    /// Platform pitch, nose up positive.
    pub pitch_deg: f64,
    /// Platform roll, right wing down positive.
    pub roll_deg: f64,
    /// Camera azimuth from the nose.
    pub relative_azimuth_deg: f64,
    /// Camera elevation from the platform's plane, up positive.
    pub relative_elevation_deg: f64,
}

impl Attitude {
    /// The unit line of sight as north, east, down: `Rz(heading) Ry(pitch) Rx(roll) Rz(azimuth) Ry(elevation) [1, 0, 0]`.
    pub fn line_of_sight_ned(&self) -> [f64; 3] {
        let (sin_el, cos_el) = self.relative_elevation_deg.to_radians().sin_cos();
        let (sin_az, cos_az) = self.relative_azimuth_deg.to_radians().sin_cos();
        let (sin_r, cos_r) = self.roll_deg.to_radians().sin_cos();
        let (sin_p, cos_p) = self.pitch_deg.to_radians().sin_cos();
        let (sin_h, cos_h) = self.heading_deg.to_radians().sin_cos();
        let (x, y, z) = (cos_el * cos_az, cos_el * sin_az, -sin_el);
        let (y, z) = (y * cos_r - z * sin_r, y * sin_r + z * cos_r);
        let (x, z) = (x * cos_p + z * sin_p, z * cos_p - x * sin_p);
        [x * cos_h - y * sin_h, x * sin_h + y * cos_h, z]
    }
}

/// Where a look-at point came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookSource {
    /// A point that the sender designated (items 40 to 42).
    Designated,
    /// The sender's own frame centre (items 23 to 25).
    FrameCentre,
    /// Platform, attitude and slant range.
    SlantRange,
    /// Where the line of sight meets the ground; the ground is taken as level.
    Ground,
    /// The gateway's word.
    Told,
}

/// What is known; heights all above the same surface.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LookInput {
    /// The platform.
    pub platform: Option<Geodetic>,
    /// How it and its camera are turned.
    pub attitude: Option<Attitude>,
    /// Metres to the frame centre.
    pub slant_range_m: Option<f64>,
    /// A point that the sender designated.
    pub designated: Option<Geodetic>,
    /// The sender's frame centre.
    pub frame_centre: Option<Geodetic>,
    /// Height of the ground below.
    pub ground_height_m: Option<f64>,
    /// The sender's horizontal error at 90 %, metres.
    pub circular_error_m: Option<f64>,
    /// The sender's vertical error at 90 %, metres.
    pub vertical_error_m: Option<f64>,
}

/// Where the camera looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LookAt {
    /// A zone, drawn with its radius.
    Zone {
        /// Its middle.
        point: Geodetic,
        /// Its radius, metres.
        radius_m: f64,
        /// Where it came from.
        source: LookSource,
    },
    /// The line of sight is too flat for a point.
    DirectionOnly {
        /// Direction from the platform, degrees from true north.
        bearing_deg: f64,
    },
    /// Not known.
    Unknown,
}

/// A line of sight from the platform.
struct Sight {
    direction: Vector,
    bearing_deg: f64,
    depression_deg: f64,
    range_m: Option<f64>,
}

/// The look-at point: designated before frame centre before computed, each only where its line of sight is steep enough.
pub fn look_at(input: &LookInput) -> LookAt {
    let Some(platform) = input.platform else { return LookAt::Unknown };
    let by_attitude = input.attitude.map(|attitude| Sight::along(&platform, &attitude));
    let recorded = [(input.designated, LookSource::Designated), (input.frame_centre, LookSource::FrameCentre)];
    let (point, source, sight) =
        if let Some((point, source)) = recorded.into_iter().find_map(|(point, source)| Some((point?, source))) {
            let Some(sight) = Sight::towards(&platform, &point).or(by_attitude) else { return LookAt::Unknown };
            (point, source, sight)
        } else {
            let Some(sight) = by_attitude else { return LookAt::Unknown };
            if sight.depression_deg < MIN_DEPRESSION_DEG {
                return LookAt::DirectionOnly { bearing_deg: sight.bearing_deg };
            }
            let Some((point, source, range_m)) = computed(&platform, &sight, input) else {
                return LookAt::DirectionOnly { bearing_deg: sight.bearing_deg };
            };
            (point, source, Sight { range_m: Some(range_m), ..sight })
        };
    if sight.depression_deg < MIN_DEPRESSION_DEG {
        return LookAt::DirectionOnly { bearing_deg: sight.bearing_deg };
    }
    let above_m = sight.range_m.unwrap_or_default() * sight.depression_deg.to_radians().sin();
    let radius_m = zone_radius(above_m, sight.depression_deg, input);
    LookAt::Zone { point, radius_m, source }
}

fn computed(platform: &Geodetic, sight: &Sight, input: &LookInput) -> Option<(Geodetic, LookSource, f64)> {
    let origin = platform.to_ecef();
    if let Some(range) = input.slant_range_m.filter(|range| *range > 0.0) {
        let point = Geodetic::from_ecef(origin.plus(sight.direction, range))?;
        return Some((point, LookSource::SlantRange, range));
    }
    let (point, range) = meet_ground(platform, sight.direction, input.ground_height_m?)?;
    Some((point, LookSource::Ground, range))
}

/// Where a downward line reaches a height, and how far along.
fn meet_ground(platform: &Geodetic, direction: Vector, ground_height_m: f64) -> Option<(Geodetic, f64)> {
    let origin = platform.to_ecef();
    let (mut point, mut range) = (*platform, 0.0);
    for _ in 0..GROUND_STEPS {
        let above = point.height_m - ground_height_m;
        if above.abs() < GROUND_TOLERANCE_M {
            return (range >= 0.0).then_some((point, range));
        }
        let descent = -direction.dot(point.up());
        if descent <= 0.0 {
            return None;
        }
        range += above / descent;
        point = Geodetic::from_ecef(origin.plus(direction, range))?;
    }
    None
}

fn zone_radius(above_m: f64, depression_deg: f64, input: &LookInput) -> f64 {
    let claimed = input.circular_error_m.filter(|error| *error > 0.0);
    let sideways = input.vertical_error_m.map_or(0.0, |error| error / depression_deg.to_radians().tan());
    claimed.unwrap_or_else(|| uncertainty_radius(above_m, depression_deg).hypot(sideways)).max(MIN_RADIUS_M)
}

/// The model's radius: what [`GIMBAL_ERROR_DEG`] moves the point on level ground, joined with [`PLATFORM_ERROR_M`].
pub fn uncertainty_radius(height_above_ground_m: f64, depression_deg: f64) -> f64 {
    gimbal_error(height_above_ground_m, depression_deg).hypot(PLATFORM_ERROR_M)
}

fn gimbal_error(height_above_ground_m: f64, depression_deg: f64) -> f64 {
    let reach = |depression: f64| 1.0 / depression.to_radians().tan();
    height_above_ground_m.abs() * (reach(depression_deg - GIMBAL_ERROR_DEG) - reach(depression_deg))
}

impl Sight {
    fn along(platform: &Geodetic, attitude: &Attitude) -> Self {
        let ned = attitude.line_of_sight_ned();
        Self::from_ned(platform, ned, None)
    }

    fn towards(platform: &Geodetic, point: &Geodetic) -> Option<Self> {
        let line = point.to_ecef().plus(platform.to_ecef(), -1.0);
        let range = line.length();
        let axis = |ned| platform.ned_to_ecef(ned).dot(line) / range;
        let ned = [axis([1.0, 0.0, 0.0]), axis([0.0, 1.0, 0.0]), axis([0.0, 0.0, 1.0])];
        (range > MIN_RADIUS_M).then(|| Self::from_ned(platform, ned, Some(range)))
    }

    fn from_ned(platform: &Geodetic, ned: [f64; 3], range_m: Option<f64>) -> Self {
        let [north, east, down] = ned;
        Self {
            direction: platform.ned_to_ecef(ned),
            bearing_deg: full_circle(east.atan2(north).to_degrees()),
            depression_deg: down.atan2(north.hypot(east)).to_degrees(),
            range_m,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Attitude = Attitude {
        heading_deg: 90.0,
        pitch_deg: 0.0,
        roll_deg: 0.0,
        relative_azimuth_deg: 0.0,
        relative_elevation_deg: -45.0,
    };

    fn above_london(attitude: Attitude) -> LookInput {
        let platform = Geodetic::new(51.5, -0.12, 105.0);
        LookInput { platform, attitude: Some(attitude), ground_height_m: Some(45.0), ..LookInput::default() }
    }

    fn close(ours: [f64; 3], theirs: [f64; 3]) -> bool {
        ours.iter().zip(theirs).all(|(ours, theirs)| (ours - theirs).abs() < 1e-12)
    }

    #[test]
    fn each_angle_turns_the_line_of_sight_its_own_way() {
        let flat = Attitude { heading_deg: 0.0, relative_elevation_deg: 0.0, ..LEVEL };
        let side = Attitude { relative_azimuth_deg: 90.0, ..flat };
        assert!(close(flat.line_of_sight_ned(), [1.0, 0.0, 0.0]));
        assert!(close(side.line_of_sight_ned(), [0.0, 1.0, 0.0]));
        assert!(close(Attitude { heading_deg: 90.0, ..flat }.line_of_sight_ned(), [0.0, 1.0, 0.0]));
        assert!(close(Attitude { pitch_deg: 90.0, ..flat }.line_of_sight_ned(), [0.0, 0.0, -1.0]));
        assert!(close(Attitude { relative_elevation_deg: -90.0, ..flat }.line_of_sight_ned(), [0.0, 0.0, 1.0]));
        assert!(close(Attitude { roll_deg: 90.0, ..side }.line_of_sight_ned(), [0.0, 0.0, 1.0]));
    }

    #[test]
    fn meets_level_ground_where_the_triangle_says() {
        let LookAt::Zone { point, radius_m, source } = look_at(&above_london(LEVEL)) else { panic!() };
        assert_eq!(source, LookSource::Ground);
        assert!((point.height_m() - 45.0).abs() < 1e-3);
        let east_m = (point.longitude_deg() + 0.12).to_radians() * SEMI_MAJOR_AT_LONDON_M;
        assert!((east_m - 60.0).abs() < 0.1, "{east_m}");
        assert!((radius_m - 4.34_f64.hypot(5.0)).abs() < 0.1, "{radius_m}");
    }

    const SEMI_MAJOR_AT_LONDON_M: f64 = 6_391_000.0 * 0.622_515;

    #[test]
    fn the_model_costs_what_a_gimbal_error_costs() {
        assert!((gimbal_error(60.0, 45.0) - 4.3).abs() < 0.1);
        assert!((gimbal_error(60.0, 10.0) - 87.0).abs() < 0.7);
    }

    #[test]
    fn a_flat_line_of_sight_is_a_direction_only_whoever_recorded_the_point() {
        let flat = Attitude { relative_elevation_deg: -14.9, ..LEVEL };
        let LookAt::DirectionOnly { bearing_deg } = look_at(&above_london(flat)) else { panic!() };
        assert!((bearing_deg - 90.0).abs() < 1e-9);
        let recorded = LookInput { frame_centre: Geodetic::new(51.51, -0.12, 45.0), ..above_london(LEVEL) };
        let LookAt::DirectionOnly { bearing_deg } = look_at(&recorded) else { panic!() };
        assert!(bearing_deg.min(360.0 - bearing_deg) < 1e-6);
        let up = Attitude { relative_elevation_deg: 20.0, ..LEVEL };
        assert!(matches!(look_at(&above_london(up)), LookAt::DirectionOnly { .. }));
    }

    #[test]
    fn prefers_the_designated_point_then_the_frame_centre_then_the_range() {
        let mut input = LookInput { slant_range_m: Some(100.0), ..above_london(LEVEL) };
        let source = |input: &LookInput| match look_at(input) {
            LookAt::Zone { source, .. } => Some(source),
            _ => None,
        };
        assert_eq!(source(&input), Some(LookSource::SlantRange));
        input.frame_centre = Geodetic::new(51.500_2, -0.12, 45.0);
        assert_eq!(source(&input), Some(LookSource::FrameCentre));
        input.designated = Geodetic::new(51.500_3, -0.12, 45.0);
        assert_eq!(source(&input), Some(LookSource::Designated));
    }

    #[test]
    fn takes_the_senders_error_and_never_less_than_a_metre() {
        let radius = |error| match look_at(&LookInput { circular_error_m: Some(error), ..above_london(LEVEL) }) {
            LookAt::Zone { radius_m, .. } => radius_m,
            _ => 0.0,
        };
        assert!((radius(30.0) - 30.0).abs() < 1e-9 && (radius(0.1) - MIN_RADIUS_M).abs() < 1e-9);
    }

    #[test]
    fn knows_nothing_without_a_platform_or_a_line_of_sight() {
        assert_eq!(look_at(&LookInput::default()), LookAt::Unknown);
        assert_eq!(look_at(&LookInput { attitude: None, ..above_london(LEVEL) }), LookAt::Unknown);
    }
}
