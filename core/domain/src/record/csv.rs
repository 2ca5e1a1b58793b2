//! The 16 published columns, in their order (RFC 4180).

use chrono::{DateTime, Utc};

use crate::alert::Thousandths;
use crate::deployment::UseCase;
use crate::record::summary::{DeploymentRecord, RecordError};

/// The published columns.
pub const COLUMNS: [&str; 16] = [
    "Deployment Location",
    "Date",
    "Duration",
    "LFR Use Case",
    "Watchlist Size",
    "Min Threshold Setting",
    "Total Alerts",
    "True Alerts Confirmed",
    "True Alerts Unconfirmed",
    "False Alerts Confirmed",
    "False Alerts Unconfirmed",
    "False Alert Rate",
    "Outcome - Arrest",
    "Outcome - Other",
    "No action",
    "Faces seen (estimate)",
];

/// The mark of an exercise, in the first column.
const EXERCISE: &str = "EXERCISE: ";
const NOT_STATED: &str = "not stated";

impl DeploymentRecord {
    /// The 16 cells, for a record without holes.
    pub fn columns(&self) -> Result<[String; 16], RecordError> {
        self.complete()?;
        let card = self.card.as_ref();
        let mark = if self.exercise { EXERCISE } else { "" };
        let location = card.map_or(NOT_STATED, |card| card.location_text.as_str());
        Ok([
            format!("{mark}{location}"),
            self.started_ms.map_or_else(|| NOT_STATED.to_owned(), date),
            self.duration(),
            card.map_or(NOT_STATED, |card| use_case(card.use_case)).to_owned(),
            card.map_or_else(|| NOT_STATED.to_owned(), |card| card.watchlist_size.to_string()),
            self.threshold_min.map_or_else(|| NOT_STATED.to_owned(), threshold),
            self.total_alerts.to_string(),
            self.true_confirmed.to_string(),
            self.true_unconfirmed.to_string(),
            self.false_confirmed.to_string(),
            self.false_unconfirmed.to_string(),
            self.false_alert_rate(),
            self.arrests.to_string(),
            self.other_outcomes.to_string(),
            self.no_action.to_string(),
            self.faces_seen.map_or_else(|| NOT_STATED.to_owned(), |faces| faces.to_string()),
        ])
    }

    /// Header and row, for a record without holes.
    pub fn to_csv(&self) -> Result<String, RecordError> {
        Ok(format!("{}{}", csv_line(COLUMNS), csv_line(self.columns()?)))
    }

    /// Both denominators, each with its interval (S45); the published figure, per face, comes first.
    fn false_alert_rate(&self) -> String {
        let rates = self.false_alert_rates();
        let [per_face, _] = rates.both();
        let published = per_face.map_or_else(|| NOT_STATED.to_owned(), |rate| format!("{:.4}%", rate.share() * 100.0));
        format!("{published}; {rates}")
    }

    /// Hours and minutes from first live to the end; pauses are part of it.
    fn duration(&self) -> String {
        let minutes = self.duration_ms().map(|ms| ms / 60_000);
        minutes.map_or_else(|| NOT_STATED.to_owned(), |minutes| format!("{:02}:{:02}", minutes / 60, minutes % 60))
    }
}

fn date(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .map_or_else(|| NOT_STATED.to_owned(), |at| at.format("%Y-%m-%d").to_string())
}

fn threshold(value: Thousandths) -> String {
    let text = format!("{}.{:03}", value.0 / 1000, value.0 % 1000);
    text.strip_suffix('0').map_or(text.clone(), str::to_owned)
}

fn use_case(value: UseCase) -> &'static str {
    match value {
        UseCase::CrimeHotspot => "crime hotspot",
        UseCase::MissingPersonHotspot => "missing person hotspot",
        UseCase::ProtectiveCni => "protective security: critical national infrastructure",
        UseCase::ProtectiveEvent => "protective security: event",
        UseCase::SpecificIntelligence => "specific intelligence",
    }
}

/// A line of cells (RFC 4180), with its end. A text that a spreadsheet would run as a formula gets an apostrophe.
pub fn csv_line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell, quoted where needed. A text that a spreadsheet would run as a formula gets an apostrophe.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_cannot_be_formulas() {
        assert_eq!(cell("High Street, east"), "\"High Street, east\"");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("say \"x\""), "\"say \"\"x\"\"\"");
    }

    #[test]
    fn thresholds_show_two_decimals_unless_they_have_three() {
        assert_eq!(threshold(Thousandths(640)), "0.64");
        assert_eq!(threshold(Thousandths(625)), "0.625");
        assert_eq!(threshold(Thousandths(1000)), "1.00");
    }
}
