//! The report's plots.

use std::fmt::Write;

use peel_sheet::{Axis, Plot, Scale, even_ticks, paragraph, section, share_ticks};

use crate::findings::{Findings, ThresholdKind};
use crate::report::numbers::{percent, threshold_name};
use crate::statistics::{Step, normal_quantile};

/// Width of a bar of the histogram, in score.
const BAR: f64 = 0.02;
const BARS: usize = 100;

const NEEDS_BOTH: &str = "Not drawn: it needs mated and non-mated pairs with scores.";

/// How many of a kind fall into each bar, as a part of all of that kind.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers"
)]
fn bars(steps: &[Step], kind: fn(&Step) -> u64) -> Vec<(f64, f64)> {
    let mut bars = vec![0_u64; BARS];
    for step in steps {
        let place = (((step.score.value() + 1.0) / BAR) as usize).min(BARS - 1);
        if let Some(bar) = bars.get_mut(place) {
            *bar += kind(step);
        }
    }
    let all = bars.iter().sum::<u64>().max(1) as f64;
    bars.into_iter().enumerate().map(|(place, count)| (place as f64 * BAR - 1.0, count as f64 / all)).collect()
}

/// Histograms of both kinds' scores.
pub(super) fn scores(findings: &Findings) -> String {
    let steps = findings.steps.as_slice();
    let (mated, non_mated) = (bars(steps, |step| step.mated), bars(steps, |step| step.non_mated));
    let highest = mated.iter().chain(&non_mated).map(|(_, part)| *part).fold(0.0, f64::max).max(0.01) * 1.2;
    let lowest = steps.first().map_or(-1.0, |step| step.score.value());
    let from = if lowest > -0.4 { -0.4 } else { -1.0 };
    let x = Axis {
        label: "score (cosine of two embeddings; not a probability)",
        scale: Scale::Linear,
        from,
        to: 1.0,
        ticks: even_ticks(from, 0.2, if from < -0.5 { 10 } else { 7 }, 1),
    };
    let ticks = share_ticks(highest);
    let y = Axis { label: "part of all pairs of the kind", scale: Scale::Linear, from: 0.0, to: highest, ticks };
    let mut plot = Plot::new(x, y);
    for (bars, colour) in [(&non_mated, "b"), (&mated, "a")] {
        for (start, part) in bars.iter().filter(|(_, part)| *part > 0.0) {
            plot.bar(*start, start + BAR, *part, colour);
        }
    }
    for at in &findings.thresholds {
        if let (false, Some(threshold)) = (matches!(at.kind, ThresholdKind::FalseMatchRate(_)), at.threshold) {
            plot.upright(threshold, &format!("{threshold:.2}"));
        }
    }
    plot.legend_left();
    plot.legend("a", "mated: the same person");
    plot.legend("b", "non-mated: different people");
    let says = "Scores of mated and of non-mated pairs, each kind's bars adding up to 100 %. The upright lines are the \
                product's own bounds: above the right one it supports, below the left one it does not support if the \
                images are good enough.";
    section("Scores", &plot.figure("Histogram of scores", says))
}

fn rate_ticks(values: &[f64]) -> Vec<(f64, String)> {
    values.iter().map(|value| (*value, format!("{} %", value * 100.0))).collect()
}

/// Detection error trade-off: both axes by the normal quantile.
pub(super) fn det(findings: &Findings) -> String {
    let curve = findings.steps.curve();
    if curve.is_empty() {
        return section("Detection error trade-off (DET)", &paragraph(NEEDS_BOTH));
    }
    let axis = |label| Axis {
        label,
        scale: Scale::By(normal_quantile),
        from: 5e-5,
        to: 0.6,
        ticks: rate_ticks(&[1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4]),
    };
    let mut plot = Plot::new(axis("false match rate (FMR)"), axis("false non-match rate (FNMR)"));
    plot.line([(5e-5, 5e-5), (0.6, 0.6)], "c");
    // Where one rate is 0 there is no place on these axes: what is drawn ends at the last error.
    let shown = curve.iter().filter(|point| point.fmr > 0.0 && point.fnmr > 0.0);
    plot.line(shown.map(|point| (point.fmr, point.fnmr)), "a");
    let says = if findings.errorless.is_some() {
        "Nothing to draw: some thresholds make no error on these pairs. On the axes rates are spread as the normal \
         distribution's quantiles."
    } else {
        "Each point is a threshold: how many non-mated pairs pass it, and how many mated pairs do not. On the axes rates \
         are spread as the normal distribution's quantiles. Where it meets the dashed line both rates are equal (EER). \
         The curve ends where no error is left to count."
    };
    section("Detection error trade-off (DET)", &plot.figure("DET curve", says))
}

/// Receiver operating characteristic, the false match rate by its logarithm.
pub(super) fn roc(findings: &Findings) -> String {
    let curve = findings.steps.curve();
    if curve.is_empty() {
        return section("Receiver operating characteristic (ROC)", &paragraph(NEEDS_BOTH));
    }
    let x = Axis {
        label: "false match rate (FMR)",
        scale: Scale::Logarithmic,
        from: 1e-5,
        to: 1.0,
        ticks: rate_ticks(&[1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0]),
    };
    let y = Axis {
        label: "mated pairs above the threshold (1 - FNMR)",
        scale: Scale::Linear,
        from: 0.0,
        to: 1.0,
        ticks: rate_ticks(&[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    };
    let mut plot = Plot::new(x, y);
    // A curve of steps: between two observed false match rates the lower one's threshold is what can be had.
    let mut steps = Vec::with_capacity(curve.len() * 2);
    for pair in curve.windows(2) {
        if let [before, after] = pair {
            steps.push((before.fmr, 1.0 - before.fnmr));
            steps.push((before.fmr, 1.0 - after.fnmr));
        }
    }
    steps.extend(curve.last().map(|last| (last.fmr, 1.0 - last.fnmr)));
    plot.line(steps, "a");
    let area = findings.area.map_or(String::new(), |area| format!(" The area under it (linear axes) is {area:.5}."));
    let says = format!("The same thresholds as mated pairs that pass against non-mated pairs that pass.{area}");
    section("Receiver operating characteristic (ROC)", &plot.figure("ROC curve", &says))
}

/// Stated against observed.
pub(super) fn reliability(findings: &Findings) -> String {
    let Some(calibration) = &findings.calibration else { return String::new() };
    let axis = |label| Axis { label, scale: Scale::Linear, from: 0.0, to: 1.0, ticks: even_ticks(0.0, 0.2, 5, 1) };
    let mut plot = Plot::new(
        axis("stated: chance that the pair is mated, at even odds before the comparison"),
        axis("observed: the part that is mated, kinds weighing the same"),
    );
    plot.line([(0.0, 0.0), (1.0, 1.0)], "c");
    for bin in &calibration.bins {
        plot.line([(bin.stated, bin.around.from), (bin.stated, bin.around.to)], "a");
        plot.dot(bin.stated, bin.observed, 3.0 + 9.0 * bin.weight.sqrt(), "a");
    }
    let says = format!(
        "Each dot is a tenth of the axis, the larger the more pairs; the line through it holds 95 % if pairs were \
         independent. On the dashed line what was stated is what was \
         observed; the mean distance from it (ECE) is {:.4}. Even odds are an assumption for this plot: after an alert \
         they are other odds.",
        calibration.expected_calibration_error
    );
    section("Reliability", &plot.figure("Reliability diagram", &says))
}

/// FNMR when the worst images are left out.
pub(super) fn discard(findings: &Findings) -> String {
    let heading = "Error against discard";
    let curves: Vec<_> = findings.discard.iter().filter(|curve| curve.points.len() > 1).collect();
    let greatest = curves.iter().flat_map(|curve| &curve.points).map(rate_of).fold(0.0, f64::max);
    if curves.is_empty() || greatest <= 0.0 {
        let text = "Not drawn: at none of its thresholds is a mated pair with a quality missed.";
        return section(heading, &paragraph(text));
    }
    let ticks = even_ticks(0.0, 0.1, 5, 1).into_iter().map(|(value, _)| (value, percent(value))).collect();
    let x = Axis { label: "mated pairs left out, the worst first", scale: Scale::Linear, from: 0.0, to: 0.5, ticks };
    let highest = greatest * 1.15;
    let ticks = share_ticks(highest);
    let y = Axis { label: "false non-match rate of the others", scale: Scale::Linear, from: 0.0, to: highest, ticks };
    let mut plot = Plot::new(x, y);
    let mut says = String::from(
        "If quality foretells errors, leaving out the worst pairs lowers the rate faster than it lowers the count. Quality \
         is the lesser length of the two embeddings.",
    );
    for (curve, colour) in curves.iter().zip(["a", "b"]) {
        plot.line(curve.points.iter().map(|point| (point.left_out, rate_of(point))), colour);
        let name = threshold_name(curve.kind);
        plot.legend(colour, &format!("at \u{201c}{name}\u{201d}"));
        let at = |part: f64| curve.points.iter().find(|point| point.left_out >= part).map(rate_of);
        if let (Some(all), Some(fewer)) = (at(0.0), at(0.2)) {
            let _ = write!(
                says,
                " At the threshold \u{201c}{name}\u{201d}: {} of all, {} without the worst fifth.",
                percent(all),
                percent(fewer)
            );
        }
    }
    section(heading, &plot.figure(heading, &says))
}

fn rate_of(point: &crate::findings::DiscardPoint) -> f64 {
    crate::statistics::part(point.false_non_matches, point.mated)
}
