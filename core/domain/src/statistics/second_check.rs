//! What a second check can and cannot say: why "supports" must never mean "confirmed".

use crate::statistics::real;

/// The share of true alerts among those of which the check said one thing, from so many true and false alerts before
/// it, the chance that it says so of a true one, and of a false one. `None` where a chance is none, or nothing is left.
pub fn share_of_true_after(true_alerts: u64, false_alerts: u64, of_true: f64, of_false: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&of_true) || !(0.0..=1.0).contains(&of_false) {
        return None;
    }
    let (from_true, from_false) = (real(true_alerts) * of_true, real(false_alerts) * of_false);
    let all = from_true + from_false;
    (all > 0.0).then(|| from_true / all)
}
