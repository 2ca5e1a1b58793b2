//! Loading and memory, each library in a new process.

use std::process::Command;
use std::time::Instant;

use peel_domain::permit::ComparisonPurpose;
use peel_face::FaceCheck;

use crate::Failure;
use crate::ours::permit;
use crate::peer::Peer;
use crate::stage::{Stage, root};
use crate::table::median;

/// New processes of each library.
const STARTS: usize = 7;

/// What was measured of new processes.
pub(crate) struct Sums {
    load_ms: [Vec<f64>; 3],
    /// At most, after a whole check and an officer's step; the peers' without what Python and the imports take.
    peak_kilobytes: [u64; 3],
}

impl Sums {
    pub(crate) fn print(&self) {
        let [ours, opencv, onnxruntime] = self.load_ms.each_ref().map(|times| median(times));
        println!(
            "| load, new process, files in the cache | {ours:.0} ms | {opencv:.0} ms | {onnxruntime:.0} ms | {:.2} | {:.2} |",
            ours / opencv,
            ours / onnxruntime
        );
        let [ours, opencv, onnxruntime] = self.peak_kilobytes.map(|kilobytes| kilobytes / 1000);
        println!(
            "| memory at most, megabytes: whole process of ours, peers without Python and imports | {ours} | {opencv} | {onnxruntime} | | |"
        );
    }
}

/// Measures every library in processes of its own.
pub(crate) fn measure(stage: &Stage) -> Result<Sums, Failure> {
    let mut sums = Sums { load_ms: Default::default(), peak_kilobytes: [0; 3] };
    for _ in 0..STARTS {
        let output = Command::new(std::env::current_exe()?).arg("--alone").output()?;
        let said = String::from_utf8(output.stdout)?;
        let mut words = said.split_whitespace();
        let [ours, opencv, onnxruntime] = &mut sums.load_ms;
        ours.push(words.next().ok_or("no time")?.parse()?);
        let [ours_peak, opencv_peak, onnxruntime_peak] = &mut sums.peak_kilobytes;
        *ours_peak = words.next().ok_or("no memory")?.parse::<u64>()?.max(*ours_peak);
        for (library, times, peak) in [("opencv", opencv, opencv_peak), ("onnxruntime", onnxruntime, onnxruntime_peak)]
        {
            let mut peer = Peer::start(stage, library)?;
            let loaded = peer.ask("started", 1)?;
            times.extend(loaded.result);
            peer.time("whole_check", 1)?;
            peer.time("officers_step", 1)?;
            if let [imported, most] = peer.ask("memory", 1)?.kilobytes[..] {
                *peak = most.saturating_sub(imported).max(*peak);
            }
        }
    }
    Ok(sums)
}

/// In the new process: loads, checks, and prints milliseconds and kilobytes.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = Stage::folder();
    let started = Instant::now();
    let check = FaceCheck::from_directory(&root().join("models"))?;
    let load_ms = started.elapsed().as_secs_f64() * 1e3;
    let read = |name: &str| std::fs::read(folder.join(name));
    let opened = check.open_reference(&read("reference.jpg")?)?;
    check.compare(permit(ComparisonPurpose::AlertProbe)?, &read("probe.jpg")?, &read("reference.jpg")?)?;
    check.compare_with(permit(ComparisonPurpose::ClosePhotograph)?, &read("photograph.jpg")?, &opened)?;
    println!("{load_ms:.2} {}", peak_kilobytes()?);
    Ok(())
}

fn peak_kilobytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
}
