//! The director's hand on a phone's process.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use peel_domain::id::AlertId;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{oneshot, watch};

use super::words::{AlertAnswer, Answer, Call, DroneLine, Line, Request};
use crate::clock::ExerciseClock;

/// Longest wait for a call's answer, in real time; the slowest is the first face check, which loads the models.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// A call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The core said no; the text is the core's own.
    #[error("{0}")]
    Core(String),
    /// The process ended.
    #[error("failed to reach a phone that has ended")]
    Gone,
    /// No answer came.
    #[error("failed to get an answer in time")]
    TimedOut,
    /// The process could not be started or written to.
    #[error("failed to run a phone")]
    Io(#[from] std::io::Error),
}

/// Where a phone's process keeps its things.
#[derive(Debug, Clone)]
pub struct PhoneFiles {
    /// The program.
    pub program: PathBuf,
    /// The core's data.
    pub data: PathBuf,
    /// The software key store.
    pub vault: PathBuf,
    /// The models.
    pub models: PathBuf,
    /// The exercise's clock.
    pub clock: ExerciseClock,
}

/// What the phone's screen showed last.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The alerts, and when the director read them.
    pub alerts: Vec<AlertAnswer>,
    /// When each alert was first on the screen's list, in real time.
    pub first_seen: HashMap<AlertId, Instant>,
    /// Drone feeds.
    pub feeds: Vec<String>,
    /// The connection's state.
    pub connection: String,
    /// Entries in the trail.
    pub trail_size: u64,
    /// Entries that the force has signed for.
    pub cosigned_size: u64,
    /// What needs attention.
    pub alarms: Vec<String>,
    /// Codes of refused inputs.
    pub refused: Vec<String>,
    /// The drone.
    pub drone: Option<DroneLine>,
    /// The process has said that it is ready.
    pub ready: bool,
    /// The process has ended or could not start.
    pub ended: bool,
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<(Answer, f64), PhoneError>>>>>;

/// A running phone.
#[derive(Debug)]
pub struct Phone {
    child: Child,
    input: tokio::sync::Mutex<(ChildStdin, u64)>,
    waiting: Waiting,
    shown: watch::Receiver<Shown>,
}

impl Phone {
    /// Starts the process and waits until its core is open.
    pub async fn start(files: &PhoneFiles) -> Result<Self, PhoneError> {
        let mut child = Command::new(&files.program)
            .arg("--data")
            .arg(&files.data)
            .arg("--models")
            .arg(&files.models)
            .arg("--vault")
            .arg(&files.vault)
            .arg("--clock")
            .arg(files.clock.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().ok_or(PhoneError::Gone)?;
        let output = child.stdout.take().ok_or(PhoneError::Gone)?;
        let waiting = Waiting::default();
        let (sender, shown) = watch::channel(Shown::default());
        tokio::spawn(read(output, sender, Arc::clone(&waiting)));
        let phone = Self { child, input: tokio::sync::Mutex::new((input, 1)), waiting, shown };
        phone.until(|shown| shown.ready || shown.ended, ANSWER_WITHIN).await?;
        if phone.shown().ready { Ok(phone) } else { Err(PhoneError::Gone) }
    }

    /// Does something on the phone; the answer and the core's own milliseconds.
    pub async fn call(&self, call: Call) -> Result<(Answer, f64), PhoneError> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut input = self.input.lock().await;
            let id = input.1;
            input.1 += 1;
            if let Ok(mut waiting) = self.waiting.lock() {
                waiting.insert(id, sender);
            }
            let mut text = serde_json::to_string(&Request { id, call }).map_err(std::io::Error::other)?;
            text.push('\n');
            input.0.write_all(text.as_bytes()).await?;
            input.0.flush().await?;
        }
        tokio::time::timeout(ANSWER_WITHIN, receiver)
            .await
            .map_err(|_| PhoneError::TimedOut)?
            .unwrap_or(Err(PhoneError::Gone))
    }

    /// What is on the screen now.
    pub fn shown(&self) -> Shown {
        self.shown.borrow().clone()
    }

    /// Waits until the screen is as wanted.
    pub async fn until(&self, wanted: impl Fn(&Shown) -> bool, within: Duration) -> Result<Shown, PhoneError> {
        let mut shown = self.shown.clone();
        let found = tokio::time::timeout(within, shown.wait_for(|shown| wanted(shown) || shown.ended))
            .await
            .map_err(|_| PhoneError::TimedOut)?
            .map_err(|_| PhoneError::Gone)?
            .clone();
        if wanted(&found) { Ok(found) } else { Err(PhoneError::Gone) }
    }

    /// Waits until an alert is on the screen's list.
    pub async fn until_alert(&self, alert_id: AlertId, within: Duration) -> Result<Instant, PhoneError> {
        let shown = self.until(|shown| shown.first_seen.contains_key(&alert_id), within).await?;
        shown.first_seen.get(&alert_id).copied().ok_or(PhoneError::Gone)
    }

    /// Kills the process as a crash would: SIGKILL, nothing is said to the core.
    pub async fn kill(mut self) -> Result<(), PhoneError> {
        self.child.kill().await?;
        Ok(())
    }

    /// Ends the process by ending its input.
    pub async fn finish(mut self) -> Result<(), PhoneError> {
        drop(self.input);
        if tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

async fn read(output: ChildStdout, shown: watch::Sender<Shown>, waiting: Waiting) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        let Ok(line) = serde_json::from_str::<Line>(&text) else { continue };
        match line {
            Line::Reply { id, answer, took_ms } => settle(&waiting, id, Ok((answer, took_ms))),
            Line::Error { id, error } => settle(&waiting, id, Err(PhoneError::Core(error))),
            other => {
                shown.send_modify(|shown| take(shown, other));
            }
        }
    }
    shown.send_modify(|shown| shown.ended = true);
    if let Ok(mut waiting) = waiting.lock() {
        waiting.clear();
    }
}

fn settle(waiting: &Waiting, id: u64, result: Result<(Answer, f64), PhoneError>) {
    let sender = waiting.lock().ok().and_then(|mut waiting| waiting.remove(&id));
    if let Some(sender) = sender {
        // The caller may have given up waiting.
        let _ = sender.send(result);
    }
}

fn take(shown: &mut Shown, line: Line) {
    match line {
        Line::Ready => shown.ready = true,
        Line::Failed { .. } => shown.ended = true,
        Line::Alerts { alerts, feeds, refused } => {
            for alert in &alerts {
                shown.first_seen.entry(alert.alert_id).or_insert_with(Instant::now);
            }
            shown.alerts = alerts;
            shown.feeds = feeds.iter().map(ToString::to_string).collect();
            shown.refused = refused;
        }
        Line::Connection { state, trail_size, cosigned_size, alarms } => {
            shown.connection = state;
            shown.trail_size = trail_size;
            shown.cosigned_size = cosigned_size;
            shown.alarms = alarms;
        }
        Line::Drone(drone) => shown.drone = Some(drone),
        Line::Reply { .. } | Line::Error { .. } => {}
    }
}
