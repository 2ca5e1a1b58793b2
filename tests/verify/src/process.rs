//! Runs a command with a log and a time limit.
//!
//! Every line of a command goes to the part's log; the caller gets the whole text to count from.
//! A command that runs past its limit is ended with all its descendants, and only with those.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::error::VerifyError;

/// How often a long command says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long output is awaited after a command has ended.
const DRAIN: Duration = Duration::from_secs(5);
/// How often the end of a command is looked for.
const POLL: Duration = Duration::from_millis(100);

/// A command to run.
pub(crate) struct Job {
    what: String,
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    folder: Option<PathBuf>,
    quiet: bool,
}

/// What a command did.
pub(crate) struct Ran {
    /// True when its exit code was 0.
    pub(crate) ok: bool,
    /// Its exit code, when it ended by itself.
    pub(crate) code: Option<i32>,
    /// Everything it printed, both streams, by line as they came.
    pub(crate) text: String,
}

impl Job {
    /// A command, with words for what it does.
    pub(crate) fn new(what: &str, program: impl Into<OsString>) -> Self {
        Self {
            what: what.to_owned(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            quiet: false,
        }
    }

    /// Cargo itself: the one that runs this program.
    pub(crate) fn cargo(what: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(what, cargo)
    }

    /// Adds arguments.
    pub(crate) fn args<S: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds one argument made of a name and a path, such as `-Dname=PATH`.
    pub(crate) fn arg_pair(mut self, name: &str, path: impl AsRef<std::ffi::OsStr>) -> Self {
        let mut word = OsString::from(name);
        word.push(path.as_ref());
        self.arguments.push(word);
        self
    }

    /// Adds an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Runs in this folder instead of the repository's root.
    pub(crate) fn within(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Does not tell that it starts.
    pub(crate) fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Runs it to its end, or to the end of the part's time.
    pub(crate) fn run(&self, context: &Context) -> Result<Ran, VerifyError> {
        if !self.quiet {
            context.say(&format!("   {} ...", self.what));
        }
        let log_path = context.log();
        let mut log = open_log(&log_path)?;
        let _ = writeln!(log, "\n$ {}", self.words());
        let mut child = self.spawn(context)?;
        let (lines, receiver) = channel();
        forward(child.stdout.take(), lines.clone());
        forward(child.stderr.take(), lines);
        let mut text = Collected { log, text: String::new() };
        let (left, limit) = context.time_left();
        let status = follow(context, &mut child, &receiver, &mut text, left)
            .map_err(|source| VerifyError::Start { program: self.what.clone(), source })?;
        text.drain(&receiver, DRAIN);
        match status {
            Some(status) => Ok(Ran { ok: status.success(), code: status.code(), text: text.text }),
            None => Err(VerifyError::TooSlow {
                what: self.what.clone(),
                seconds: limit.as_secs(),
                log: context.shown(&log_path),
            }),
        }
    }

    /// Runs it and fails when it fails.
    pub(crate) fn must(&self, context: &Context) -> Result<String, VerifyError> {
        let ran = self.run(context)?;
        if ran.ok {
            return Ok(ran.text);
        }
        context.say(&tail(&ran.text, 40));
        Err(VerifyError::Command { what: self.what.clone(), log: context.shown(&context.log()) })
    }

    /// Runs it again once when the first failure looks like the network's.
    pub(crate) fn run_with_network_retry(&self, context: &Context) -> Result<Ran, VerifyError> {
        let first = self.run(context)?;
        if first.ok || !looks_like_network(&first.text) {
            return Ok(first);
        }
        context.say("   the network seems to have failed; trying once more");
        self.run(context)
    }

    fn spawn(&self, context: &Context) -> Result<Child, VerifyError> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(self.folder.as_deref().unwrap_or_else(|| context.root()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(set_by_cargo_run) {
                command.env_remove(name);
            }
        }
        command.env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .spawn()
            .map_err(|source| VerifyError::Start { program: self.program.to_string_lossy().into_owned(), source })
    }

    fn words(&self) -> String {
        std::iter::once(&self.program)
            .chain(&self.arguments)
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Variables that describe this program's own package: build scripts that watch them would run again.
fn set_by_cargo_run(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&name)
}

struct Collected {
    log: File,
    text: String,
}

impl Collected {
    fn add(&mut self, line: &str) {
        // A full disk must not hide a check's own result.
        let _ = writeln!(self.log, "{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn drain(&mut self, receiver: &Receiver<String>, at_most: Duration) {
        let until = Instant::now() + at_most;
        while let Ok(line) = receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.add(&line);
        }
    }

    fn last_line(&self) -> &str {
        self.text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
    }
}

fn follow(
    context: &Context,
    child: &mut Child,
    receiver: &Receiver<String>,
    text: &mut Collected,
    limit: Duration,
) -> std::io::Result<Option<std::process::ExitStatus>> {
    let started = Instant::now();
    let mut told = started;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(line) => text.add(&line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(POLL),
        }
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() > limit {
            end_with_descendants(child);
            child.wait()?;
            return Ok(None);
        }
        if told.elapsed() > HEARTBEAT {
            told = Instant::now();
            let last: String = text.last_line().chars().take(100).collect();
            context.say(&format!("   ... {} s: {last}", started.elapsed().as_secs()));
        }
    }
}

fn forward(stream: Option<impl Read + Send + 'static>, lines: Sender<String>) {
    let Some(stream) = stream else { return };
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut buffer = Vec::new();
        while reader.read_until(b'\n', &mut buffer).is_ok_and(|read| read > 0) {
            let line = String::from_utf8_lossy(&buffer).trim_end_matches(['\n', '\r']).to_owned();
            buffer.clear();
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}

/// Ends a process and all that it started; nothing else.
fn end_with_descendants(child: &mut Child) {
    let mut doomed = vec![child.id()];
    let mut next = 0;
    while let Some(&process) = doomed.get(next) {
        doomed.extend(children_of(process));
        next += 1;
    }
    let ids: Vec<String> = doomed.iter().map(ToString::to_string).collect();
    let _ = Command::new("kill").arg("-KILL").args(&ids).stderr(Stdio::null()).status();
    let _ = child.kill();
}

fn children_of(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

fn open_log(path: &Path) -> Result<File, VerifyError> {
    OpenOptions::new().create(true).append(true).open(path).map_err(VerifyError::file(path))
}

/// What a runner says of the tests that failed, from their blocks on, then its last lines: with many programs in one run
/// the last lines are seldom about the failure.
pub(crate) fn failures(text: &str, lines: usize) -> String {
    const BLOCK: usize = 25;
    let mut told = Vec::new();
    let mut left = 0;
    for line in text.lines() {
        let name = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
        if let Some(name) = name {
            let has_failed = format!("test {name} ... FAILED");
            left = if text.lines().any(|line| line == has_failed) { BLOCK } else { 0 };
        } else if line.starts_with("failures:") || line.starts_with("test result:") {
            left = 0;
        }
        if left > 0 {
            left -= 1;
            told.push(format!("   | {line}"));
        }
    }
    told.push(tail(text, lines));
    told.join("\n")
}

/// The last lines of a text, indented for the terminal.
fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    all.iter().skip(from).map(|line| format!("   | {line}")).collect::<Vec<_>>().join("\n")
}

fn looks_like_network(text: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "Could not transfer",
        "Connection reset",
        "Connection refused",
        "connection broken",
        "timed out",
        "Temporary failure",
        "Could not resolve host",
        "Service Unavailable",
        "i/o timeout",
    ];
    SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_keeps_only_the_last_lines() {
        assert_eq!(tail("one\ntwo\nthree", 2), "   | two\n   | three");
        assert_eq!(tail("one", 5), "   | one");
    }

    #[test]
    fn the_blocks_of_failed_tests_are_told_before_the_last_lines() {
        let text = "test a ... ok\ntest b ... FAILED\n---- a stdout ----\nfine\n---- b stdout ----\nbroke at 7\n\n\
                    failures:\n    b\n\ntest result: FAILED.\nmore\nlast";
        let told = failures(text, 1);
        assert_eq!(told, "   | ---- b stdout ----\n   | broke at 7\n   | \n   | last");
    }

    #[test]
    fn a_test_failure_is_not_taken_for_the_network() {
        assert!(looks_like_network("[ERROR] Could not transfer artifact a:b:pom"));
        assert!(!looks_like_network("assertion failed: expected 1 but was 2"));
    }

    #[test]
    fn what_cargo_run_sets_is_removed_and_the_users_settings_stay() {
        assert!(set_by_cargo_run("CARGO_PKG_NAME"));
        assert!(set_by_cargo_run("CARGO_MANIFEST_DIR"));
        assert!(!set_by_cargo_run("CARGO_HOME"));
        assert!(!set_by_cargo_run("CARGO_TARGET_DIR"));
    }

    #[test]
    fn a_process_is_ended_with_its_descendants() {
        let mut child =
            Command::new("sh").args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped()).spawn().expect("sh");
        let mut line = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let grandchild: u32 = line.trim().parse().expect("an id");
        end_with_descendants(&mut child);
        child.wait().expect("ended");
        let gone = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            let state = std::fs::read_to_string(format!("/proc/{grandchild}/stat"));
            !state.is_ok_and(|stat| !stat.contains(") Z "))
        });
        assert!(gone, "the grandchild still runs");
    }
}
