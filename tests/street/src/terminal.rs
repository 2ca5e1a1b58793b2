//! The timeline: one line an event, on the terminal in colours and in `timeline.txt` without.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Mutex;

use chrono::{DateTime, Utc};

/// Who a line is about; each has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The force's side: gateway, desk, operator.
    Force,
    /// The first officer's phone.
    First,
    /// The second officer's phone.
    Second,
    /// The drone.
    Drone,
    /// The street: people, network, the exercise itself.
    Street,
    /// The outsider.
    Auditor,
}

impl Who {
    fn label(self) -> &'static str {
        match self {
            Self::Force => "force",
            Self::First => "officer 1",
            Self::Second => "officer 2",
            Self::Drone => "drone",
            Self::Street => "street",
            Self::Auditor => "auditor",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Force => "\u{1b}[36m",
            Self::First => "\u{1b}[33m",
            Self::Second => "\u{1b}[35m",
            Self::Drone => "\u{1b}[34m",
            Self::Street => "\u{1b}[37m",
            Self::Auditor => "\u{1b}[32m",
        }
    }
}

/// Writes the timeline.
#[derive(Debug)]
pub struct Timeline {
    file: Mutex<File>,
    coloured: bool,
    story: Mutex<Vec<String>>,
}

impl Timeline {
    /// Starts `timeline.txt`.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Ok(Self { file: Mutex::new(File::create(path)?), coloured, story: Mutex::new(Vec::new()) })
    }

    /// A step of the story at a simulated time: every run gives the same steps in the same order.
    pub fn step(&self, at_ms: i64, who: Who, text: &str) {
        if let Ok(mut story) = self.story.lock() {
            story.push(format!("{}: {text}", who.label()));
        }
        self.note(at_ms, who, text);
    }

    /// A line that may differ from run to run: measured figures, ages of frames.
    pub fn note(&self, at_ms: i64, who: Who, text: &str) {
        let time = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default().format("%H:%M:%S");
        let label = who.label();
        if let Ok(mut file) = self.file.lock() {
            // The terminal shows the same line: a full disk must not stop the exercise half-way.
            let _ = writeln!(file, "{time}  {label:<9}  {text}");
        }
        if self.coloured {
            println!("{time}  {}{label:<9}\u{1b}[0m  {text}", who.colour());
        } else {
            println!("{time}  {label:<9}  {text}");
        }
    }

    /// The steps so far.
    pub fn story(&self) -> Vec<String> {
        self.story.lock().map(|story| story.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_no_part_of_the_story() {
        let path = std::env::temp_dir().join(format!("peel-timeline-{}", std::process::id()));
        let timeline = Timeline::create(&path).unwrap();
        timeline.step(0, Who::Force, "starts");
        timeline.note(1_000, Who::First, "took 12 ms");
        assert_eq!(timeline.story(), ["force: starts"]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("00:00:01  officer 1  took 12 ms"));
        std::fs::remove_file(&path).unwrap();
    }
}
