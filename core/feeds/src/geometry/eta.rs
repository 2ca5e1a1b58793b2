//! When a drone arrives: what the server says, else distance over speed.
//!
//! Must never show a time from inputs that are too old. What always holds: an arrival time is never negative.

/// Seconds added for the end of the flight: slowing down, turning, looking.
pub const ETA_MARGIN_S: f64 = 8.0;
/// Slowest speed that is divided by, metres a second.
pub const MIN_SPEED_M_S: f64 = 3.0;
const MAX_INPUT_AGE_US: u64 = 5_000_000;
const SPEED_TIME_CONSTANT_US: f64 = 5_000_000.0;

/// Keeps what an arrival time is made of. Times are monotonic microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EtaEstimator {
    server: Option<(f64, u64)>,
    speed: Option<(f64, u64)>,
    distance: Option<(f64, u64)>,
}

impl EtaEstimator {
    /// The server's word, in seconds from `now_us`.
    pub fn take_server(&mut self, eta_s: f64, now_us: u64) {
        if eta_s.is_finite() {
            self.server = Some((eta_s, now_us));
        }
    }

    /// A ground speed, metres a second; smoothed over some five seconds.
    pub fn take_speed(&mut self, speed_m_s: f64, now_us: u64) {
        if !speed_m_s.is_finite() || speed_m_s < 0.0 {
            return;
        }
        let smoothed = match self.speed {
            Some((before, at_us)) => {
                let weight = 1.0 - (-micros(now_us.saturating_sub(at_us)) / SPEED_TIME_CONSTANT_US).exp();
                before + (speed_m_s - before) * weight
            }
            None => speed_m_s,
        };
        self.speed = Some((smoothed, now_us));
    }

    /// The distance still to fly, metres.
    pub fn take_distance(&mut self, distance_m: f64, now_us: u64) {
        if distance_m.is_finite() && distance_m >= 0.0 {
            self.distance = Some((distance_m, now_us));
        }
    }

    /// Seconds until arrival; nothing where the inputs are more than five seconds old.
    pub fn eta_s(&self, now_us: u64) -> Option<f64> {
        let fresh = |input: Option<(f64, u64)>| {
            let (value, at_us) = input?;
            let age_us = now_us.saturating_sub(at_us);
            (age_us <= MAX_INPUT_AGE_US).then_some((value, micros(age_us) / 1e6))
        };
        if let Some((eta_s, age_s)) = fresh(self.server) {
            return Some((eta_s - age_s).max(0.0));
        }
        let ((distance_m, age_s), (speed, _)) = fresh(self.distance).zip(fresh(self.speed))?;
        Some((distance_m / speed.max(MIN_SPEED_M_S) + ETA_MARGIN_S - age_s).max(0.0))
    }
}

#[expect(clippy::cast_precision_loss, reason = "spans of time here are far below 2^53 microseconds")]
fn micros(us: u64) -> f64 {
    us as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn the_servers_word_counts_first_and_runs_down_to_zero() {
        let mut eta = EtaEstimator::default();
        eta.take_server(3.0, 0);
        eta.take_distance(500.0, 0);
        eta.take_speed(10.0, 0);
        assert_eq!(eta.eta_s(SECOND), Some(2.0));
        assert_eq!(eta.eta_s(4 * SECOND), Some(0.0));
        assert_eq!(eta.eta_s(6 * SECOND), None);
    }

    #[test]
    fn divides_distance_by_speed_and_never_by_nearly_nothing() {
        let mut eta = EtaEstimator::default();
        eta.take_distance(300.0, 0);
        assert_eq!(eta.eta_s(0), None);
        eta.take_speed(10.0, 0);
        assert_eq!(eta.eta_s(0), Some(38.0));
        let mut hovering = EtaEstimator::default();
        hovering.take_distance(300.0, 0);
        hovering.take_speed(0.0, 0);
        assert_eq!(hovering.eta_s(0), Some(108.0));
    }

    #[test]
    fn speed_is_smoothed_and_nonsense_left_out() {
        let mut eta = EtaEstimator::default();
        eta.take_distance(100.0, SECOND);
        eta.take_speed(10.0, 0);
        eta.take_speed(20.0, SECOND);
        eta.take_speed(f64::NAN, SECOND);
        eta.take_speed(-5.0, SECOND);
        let speed = 10.0 + 10.0 * (1.0 - (-0.2_f64).exp());
        assert!((eta.eta_s(SECOND).unwrap() - (100.0 / speed + 8.0)).abs() < 1e-9);
    }
}
