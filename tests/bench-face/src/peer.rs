//! Another library in a process of its own, which times itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use crate::Failure;
use crate::stage::Stage;

/// What a peer answers.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    /// One time for each repetition, in milliseconds.
    ms: Vec<f64>,
    /// Resident memory after the imports and at most, for `memory`.
    pub(crate) kilobytes: Vec<u64>,
    /// The score of a check.
    pub(crate) result: Option<f64>,
}

/// OpenCV or onnxruntime; ends with its input.
pub(crate) struct Peer {
    child: Child,
    asked: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(crate) fn start(stage: &Stage, library: &str) -> Result<Self, Failure> {
        let mut child = Command::new(&stage.python)
            .arg(Stage::peer_script())
            .args([library, "1"])
            .arg(&stage.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .env("OMP_NUM_THREADS", "1")
            .spawn()?;
        let asked = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, asked, answers })
    }

    /// Milliseconds of each repetition.
    pub(crate) fn time(&mut self, task: &str, repeat: u32) -> Result<Vec<f64>, Failure> {
        Ok(self.ask(task, repeat)?.ms)
    }

    pub(crate) fn ask(&mut self, task: &str, repeat: u32) -> Result<Answer, Failure> {
        let asked = self.asked.as_mut().ok_or("no input")?;
        writeln!(asked, "{}", json!({ "task": task, "repeat": repeat }))?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line).map_err(|_| format!("a peer ended at {task}"))?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.asked = None;
        let _ = self.child.wait();
    }
}
