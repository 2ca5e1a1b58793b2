//! `cargo bench-face`: the face check beside the same models in OpenCV and in onnxruntime, in one interleaved run.
//!
//! Every round times every task in every library, in another order each time, so that what disturbs the machine disturbs
//! all of them; what counts is the ratio within a round. One thread each. The table goes to standard output.

mod alone;
mod ours;
mod peer;
mod stage;
mod table;

use std::process::ExitCode;

use ours::Ours;
use peer::Peer;
use stage::Stage;
use table::Row;

type Failure = Box<dyn std::error::Error>;

/// What is timed, how often in a round, and what an officer waits for of it.
const TASKS: [(&str, &str, u32); 8] = [
    ("detector_160", "detector, 160 by 160 pixels", 12),
    ("detector_320", "detector, 320 by 320 pixels", 6),
    ("detector_640", "detector, 640 by 640 pixels", 2),
    ("embedder", "embedder, one face", 3),
    ("preview", "preview frame, 640 by 480 pixels", 6),
    ("whole_check", "whole check, two JPEG files of an alert", 2),
    ("whole_check_full_size", "the same, the peers' detector at the files' own size", 2),
    ("officers_step", "officer's step, a photograph of 12 megapixels", 1),
];

const ROUNDS: usize = 21;

const USAGE: &str = "\
The face check beside the same models in OpenCV and onnxruntime, one thread each, in one interleaved run.

Usage: cargo bench-face [--rounds N]

  --rounds N   how often every task is timed, 21 unless told
  -h, --help   print this

Prints one table in Markdown. What the peers need is installed in an environment below the target folder at the first run.";

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        None => bench(ROUNDS),
        Some("--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        Some("--rounds") => match std::env::args().nth(2).and_then(|rounds| rounds.parse().ok()) {
            Some(rounds) if rounds > 0 => bench(rounds),
            _ => Err("--rounds wants a number".into()),
        },
        Some("--alone") => alone::run(),
        Some(_) => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-face: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(rounds: usize) -> Result<(), Failure> {
    let stage = Stage::set()?;
    let mut ours = Ours::load(&stage)?;
    let mut peers = [Peer::start(&stage, "opencv")?, Peer::start(&stage, "onnxruntime")?];
    let mut rows: Vec<Row> = TASKS.iter().map(|(_, about, _)| Row::new(about)).collect();
    // What is loaded at the first use is not timed.
    for (task, _, _) in TASKS {
        ours.time(task, 1)?;
        for peer in &mut peers {
            peer.time(task, 1)?;
        }
    }
    let mut threads = Vec::new();
    for round in 0..rounds {
        threads.push(ours.two_threads()?);
        eprintln!("round {} of {rounds}", round + 1);
        for ((task, _, repeat), row) in TASKS.iter().zip(&mut rows) {
            let mut times = [0.0; 3];
            for turn in 0..3 {
                let whose = (turn + round) % 3;
                let [opencv, onnxruntime] = &mut peers;
                let all = match whose {
                    0 => ours.time(task, *repeat)?,
                    1 => opencv.time(task, *repeat)?,
                    _ => onnxruntime.time(task, *repeat)?,
                };
                if let Some(place) = times.get_mut(whose) {
                    *place = table::median(&all);
                }
            }
            row.push(times);
        }
    }
    table::head();
    rows.iter().for_each(Row::print);
    table::print_threads(&threads);
    drop(ours);
    let sums = alone::measure(&stage)?;
    sums.print();
    Ok(())
}
