//! The page's plots. Each stands beside a table that says the same in numbers.

use std::collections::BTreeMap;

use peel_domain::record::YearReport;
use peel_domain::statistics::Rate;
use peel_sheet::{Axis, Plot, Scale, even_ticks, share_ticks};

use crate::sections::grouped;

/// Width of a bar of the histogram of stops, in minutes.
const BAR_MINUTES: u64 = 1;

#[allow(clippy::cast_precision_loss)] // small numbers
fn real(count: u64) -> f64 {
    count as f64
}

/// Rates as dots with their intervals, one below the other.
fn dots(
    label: &'static str,
    scale: Scale,
    [from, to]: [f64; 2],
    rates: &[(String, Rate, &str)],
    ticks: Vec<(f64, String)>,
) -> Plot {
    let lines = u32::try_from(rates.len()).unwrap_or(u32::MAX);
    let place = |at: u32| f64::from(lines.saturating_sub(at));
    let names = (0..lines).zip(rates).map(|(at, (name, _, _))| (place(at), peel_sheet::escape(name))).collect();
    let y = Axis { label: "", scale: Scale::Linear, from: 0.4, to: f64::from(lines) + 0.6, ticks: names };
    let mut plot = Plot::with_names(Axis { label, scale, from, to, ticks }, y);
    for (at, (_, rate, colour)) in (0..lines).zip(rates) {
        let [low, share, high] = rate.drawn();
        plot.line([(low.max(from.min(to)), place(at)), (high, place(at))], colour);
        plot.dot(share, place(at), 5.0, colour);
    }
    plot
}

/// Both false alert rates on one axis by the logarithm.
pub(crate) fn false_alert_rates(report: &YearReport) -> String {
    let names = ["per face seen", "per alert"];
    let rates: Vec<(String, Rate, &str)> = names
        .into_iter()
        .zip(report.published.false_alert_rates.both())
        .zip(["a", "b"])
        .filter_map(|((name, rate), colour)| Some((name.to_owned(), rate?, colour)))
        .collect();
    if rates.is_empty() || rates.iter().any(|(_, rate, _)| rate.numerator() == 0) {
        return String::new();
    }
    let words = ["0.00001 %", "0.0001 %", "0.001 %", "0.01 %", "0.1 %", "1 %", "10 %", "100 %"];
    let ticks: Vec<(f64, String)> =
        (-7..=0).zip(words).map(|(power, word)| (10.0_f64.powi(power), word.to_owned())).collect();
    let plot = dots("rate, by its logarithm", Scale::Logarithmic, [1e-7, 1.0], &rates, ticks);
    let says = "The two false alert rates with their intervals. Each step of the axis is ten times the one before: the rates \
                lie far apart because few faces seen set off an alert at all.";
    plot.figure("Both false alert rates", says)
}

/// Alerts and arrests month by month.
pub(crate) fn months(report: &YearReport) -> String {
    let mut months: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for export in &report.deployments {
        let date = export.columns.iter().find(|column| column.column == "Date").map(|column| column.value.as_str());
        let Some(month) = date.and_then(|date| date.get(..7)) else { continue };
        let counts = &export.published.counts;
        let sums = months.entry(month.to_owned()).or_default();
        for (sum, more) in sums.iter_mut().zip([counts.alerts, counts.arrests, counts.false_alerts()]) {
            *sum += more;
        }
    }
    let number = u32::try_from(months.len()).unwrap_or(0);
    let highest = months.values().map(|[alerts, _, _]| *alerts).max().unwrap_or(0);
    if number < 2 || highest == 0 {
        return String::new();
    }
    let ticks = (0..number).zip(months.keys()).map(|(at, month)| (f64::from(at) + 0.5, month.clone()));
    let every = (number / 8 + 1) as usize;
    let x = Axis {
        label: "month in which the deployment began",
        scale: Scale::Linear,
        from: 0.0,
        to: f64::from(number),
        ticks: ticks.step_by(every).collect(),
    };
    let top = real(highest) * 1.25;
    let y = Axis { label: "number", scale: Scale::Linear, from: 0.0, to: top, ticks: count_ticks(highest) };
    let mut plot = Plot::new(x, y);
    for (at, [alerts, arrests, _]) in (0..number).zip(months.values()) {
        let at = f64::from(at);
        plot.bar(at + 0.12, at + 0.5, real(*alerts), "a");
        plot.bar(at + 0.5, at + 0.88, real(*arrests), "b");
    }
    plot.legend("a", "alerts");
    plot.legend("b", "arrests");
    let list: Vec<String> = months
        .iter()
        .map(|(month, [alerts, arrests, wrong])| {
            format!("{month}: {} alerts, {} arrests, {} false", grouped(*alerts), grouped(*arrests), grouped(*wrong))
        })
        .collect();
    plot.figure("Alerts and arrests by month", &format!("{}.", list.join("; ")))
}

/// Some five ticks at round numbers.
fn count_ticks(highest: u64) -> Vec<(f64, String)> {
    let steps = [1_u64, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000];
    let step = steps.into_iter().find(|step| highest / step < 8).unwrap_or(highest.max(1));
    (0..10)
        .map(|place| place * step)
        .take_while(|value| *value <= highest + step / 2)
        .map(|value| (real(value), grouped(value)))
        .collect()
}

/// How long stops on false alerts lasted.
pub(crate) fn stop_lengths(report: &YearReport) -> String {
    let seconds = &report.published.stops_on_false_alerts.seconds;
    let Some(longest) = seconds.last() else { return String::new() };
    let bars = (longest / (60 * BAR_MINUTES) + 1).max(6);
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for length in seconds {
        *counts.entry(length / (60 * BAR_MINUTES)).or_default() += 1;
    }
    let highest = counts.values().copied().max().unwrap_or(0);
    let ticks = even_ticks(
        0.0,
        f64::from(u32::try_from(bars / 10 + 1).unwrap_or(1)),
        u32::try_from(bars).unwrap_or(60).min(10),
        0,
    );
    let x = Axis { label: "length of the stop, minutes", scale: Scale::Linear, from: 0.0, to: real(bars), ticks };
    let y =
        Axis { label: "stops", scale: Scale::Linear, from: 0.0, to: real(highest) * 1.2, ticks: count_ticks(highest) };
    let mut plot = Plot::new(x, y);
    for (bar, count) in &counts {
        plot.bar(real(*bar), real(bar + 1), real(*count), "a");
    }
    for limit in [2_u32, 5] {
        plot.upright(f64::from(limit), &format!("{limit} min"));
    }
    let list: Vec<String> =
        counts.iter().map(|(bar, count)| format!("{} from {bar} to {} minutes", grouped(*count), bar + 1)).collect();
    plot.figure("Stops on false alerts by their length", &format!("{}.", list.join(", ")))
}

/// Each group's share of the true and of the false alerts.
pub(crate) fn groups(report: &YearReport) -> String {
    let mut rates = Vec::new();
    for row in &report.published.by_ethnicity.rows {
        let shares = [("of the true alerts", row.base, "a"), ("of the false alerts", row.share_of_false, "b")];
        for (of, rate, colour) in shares {
            rates.extend(rate.map(|rate| (format!("{}, {of}", row.group.name()), rate, colour)));
        }
    }
    if rates.is_empty() {
        return String::new();
    }
    let plot = dots("share, with its interval", Scale::Linear, [0.0, 1.0], &rates, share_ticks(1.01));
    let says = "Groups whose counts are published: their share of the true alerts, which is the base, and of the false ones. \
                Wide intervals are few cases.";
    plot.figure("Shares by group", says)
}

/// How often test subjects were recognised.
pub(crate) fn test_subjects(report: &YearReport) -> String {
    let rows = report.published.test_subjects.by_group.iter();
    let rates: Vec<(String, Rate, &str)> = rows.map(|row| (row.group.name().to_owned(), row.recognised, "a")).collect();
    if rates.is_empty() {
        return String::new();
    }
    let plot = dots("recognised of all passes", Scale::Linear, [0.0, 1.0], &rates, share_ticks(1.01));
    plot.figure(
        "Test subjects recognised, by group",
        "The true positive identification rate of each group with its interval.",
    )
}
