//! `cargo klv FILE.ts [--format text|jsonl]`: what a recorded drone stream says, packet by packet.
//!
//! Must never write a picture anywhere. Exit code 0 when every metadata packet was whole, 1 when one was refused or
//! there was none, 2 for wrong usage or an unreadable file.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use peel_feeds::klv::{Item, KlvError, Nested, Reading, TextItem, UasPacket, triplets};
use peel_feeds::ts::{Carriage, Demuxer, MetadataUnit, Pts, TsEvent};
use serde_json::{Map, Value, json};

const USAGE: &str = "Decodes the metadata (MISB ST 0601) of a recorded drone stream.

Usage: cargo klv FILE.ts [--format text|jsonl]

Options:
  --format text    one readable line a packet, and a summary (default)
  --format jsonl   one JSON object a packet: time stamps, items by tag, what is unknown, or why it was refused
  --help           this text";

const CHUNK_BYTES: usize = 1 << 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    JsonLines,
}

#[derive(Default)]
struct Totals {
    packets: u64,
    refused: u64,
    pictures: u64,
    key_frames: u64,
}

fn main() -> ExitCode {
    let Some((file, format)) = arguments(std::env::args().skip(1)) else {
        let asked = std::env::args().any(|argument| argument == "--help" || argument == "-h");
        if asked {
            println!("{USAGE}");
        } else {
            eprintln!("{USAGE}");
        }
        return if asked { ExitCode::SUCCESS } else { ExitCode::from(2) };
    };
    match run(&file, format) {
        Ok(totals) if totals.refused == 0 && totals.packets > 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("failed to {error}");
            ExitCode::from(2)
        }
    }
}

/// Why the stream was not shown. The text reads after "failed to".
#[derive(Debug, thiserror::Error)]
enum ShowError {
    #[error("read the file given as FILE.ts: {0}")]
    Read(io::ErrorKind),
    #[error("read the file given as FILE.ts: it is not an MPEG transport stream")]
    NotAStream,
    #[error("print: {0}")]
    Print(#[from] io::Error),
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<(PathBuf, Format)> {
    let (mut file, mut format) = (None, Format::Text);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--format" => {
                format = match given.next()?.as_str() {
                    "text" => Format::Text,
                    "jsonl" => Format::JsonLines,
                    _ => return None,
                }
            }
            option if option.starts_with('-') => return None,
            path if file.is_none() => file = Some(PathBuf::from(path)),
            _ => return None,
        }
    }
    Some((file?, format))
}

fn run(file: &PathBuf, format: Format) -> Result<Totals, ShowError> {
    let (mut input, mut out) = (open(file)?, BufWriter::new(io::stdout().lock()));
    let (mut demuxer, mut totals, mut chunk) = (Demuxer::new(), Totals::default(), vec![0; CHUNK_BYTES]);
    loop {
        let read = input.read(&mut chunk).map_err(|error| ShowError::Read(error.kind()))?;
        match chunk.get(..read) {
            Some(bytes) if read > 0 => demuxer.push(bytes),
            _ => demuxer.finish(),
        }
        while let Some(event) = demuxer.next_event() {
            match event {
                TsEvent::Metadata(unit) => write_unit(&mut out, &unit, format, &mut totals)?,
                TsEvent::Video(picture) => {
                    totals.pictures += 1;
                    totals.key_frames += u64::from(picture.key_frame);
                }
                TsEvent::ClockReference(_) => {}
            }
        }
        if read == 0 {
            break;
        }
    }
    if demuxer.stats().packets == 0 {
        return Err(ShowError::NotAStream);
    }
    if format == Format::Text {
        let Totals { packets, refused, pictures, key_frames } = totals;
        let stats = demuxer.stats();
        writeln!(
            out,
            "{packets} metadata packets, {refused} refused; {pictures} pictures, {key_frames} of them key frames"
        )?;
        writeln!(
            out,
            "{} transport packets, {} gaps, {} broken units",
            stats.packets, stats.continuity_gaps, stats.broken_units
        )?;
    }
    out.flush()?;
    Ok(totals)
}

fn open(file: &PathBuf) -> Result<File, ShowError> {
    File::open(file).map_err(|error| ShowError::Read(error.kind()))
}

fn write_unit(out: &mut impl Write, unit: &MetadataUnit, format: Format, totals: &mut Totals) -> io::Result<()> {
    for framed in triplets(&unit.bytes) {
        let decoded = framed.and_then(|framed| UasPacket::from_triplet(&framed));
        if decoded == Err(KlvError::OtherSet) {
            continue;
        }
        let index = totals.packets;
        totals.packets += 1;
        totals.refused += u64::from(decoded.is_err());
        match format {
            Format::Text => writeln!(out, "{index:6} {}", text(&decoded))?,
            Format::JsonLines => writeln!(out, "{}", json_line(index, unit, &decoded))?,
        }
    }
    Ok(())
}

fn text(decoded: &Result<UasPacket<'_>, KlvError>) -> String {
    let packet = match decoded {
        Ok(packet) => packet,
        Err(error) => return format!("refused: {error}"),
    };
    let mut parts = vec![format!("{} us", packet.timestamp_us())];
    for (name, item) in [
        ("latitude", Item::SensorLatitude),
        ("longitude", Item::SensorLongitude),
        ("heading", Item::PlatformHeading),
        ("range", Item::SlantRange),
        ("centre latitude", Item::FrameCentreLatitude),
        ("centre longitude", Item::FrameCentreLongitude),
    ] {
        match packet.reading(item) {
            Reading::Value(value) => parts.push(format!("{name} {value:.6}")),
            Reading::Unknown => parts.push(format!("{name} unknown")),
            Reading::Absent => {}
        }
    }
    parts.join(", ")
}

fn json_line(index: u64, unit: &MetadataUnit, decoded: &Result<UasPacket<'_>, KlvError>) -> Value {
    let carriage = match unit.carriage {
        Carriage::Asynchronous => "asynchronous",
        Carriage::Synchronous => "synchronous",
    };
    let mut line = json!({ "i": index, "pts": unit.pts.map(Pts::ticks), "carriage": carriage });
    let more = match decoded {
        Ok(packet) => json!({
            "timestamp_us": packet.timestamp_us(),
            "version": packet.version(),
            "items": items(packet),
            "unknown": Item::ALL.iter().filter(|item| packet.reading(**item) == Reading::Unknown).map(|item| item.tag()).collect::<Vec<_>>(),
            "texts": texts(packet),
            "classification": match packet.security() {
                Nested::Absent => Value::Null,
                Nested::Unreadable => "unreadable".into(),
                Nested::Read(security) => security.classification.as_str().into(),
            },
            "targets": match packet.vmti() {
                Nested::Absent => Value::Null,
                Nested::Unreadable => "unreadable".into(),
                Nested::Read(vmti) => json!({ "detected": vmti.detected, "reported": vmti.reported, "in_series": vmti.in_series }),
            },
        }),
        Err(error) => json!({ "refused": error.to_string() }),
    };
    if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
        line.extend(more);
    }
    line
}

fn items(packet: &UasPacket<'_>) -> Map<String, Value> {
    let known = Item::ALL.iter().filter_map(|item| Some((item.tag().to_string(), packet.value(*item)?.into())));
    known.collect()
}

fn texts(packet: &UasPacket<'_>) -> Map<String, Value> {
    let known = TextItem::ALL.iter().filter_map(|item| Some((item.tag().to_string(), packet.text(*item)?.into())));
    known.collect()
}
