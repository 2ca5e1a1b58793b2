//! What is degraded: a folder of photographs, or the probes of a table of pairs.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use peel_evaluation::table::{Table, TableError};

use super::Copies;

/// The photographs that are probes, and how they are paired.
pub(super) enum Source {
    /// All against all; each photograph's person by number.
    Folder { photographs: Vec<PathBuf>, people: Vec<usize> },
    /// As the table says; the probes' files, and their numbers by name.
    Pairs { probes: Vec<PathBuf>, numbers: HashMap<String, usize> },
}

fn words(error: TableError) -> String {
    error.to_string()
}

fn open(table: &Path) -> Result<Table<BufReader<File>>, String> {
    let file = File::open(table).map_err(|error| words(TableError::Unreadable(error.kind())))?;
    Table::of_pairs(BufReader::new(file)).map_err(words)
}

impl Source {
    /// Looks at what is there.
    pub(super) fn read(source: &Path) -> Result<Self, String> {
        if source.is_dir() { Self::of_folder(source) } else { Self::of_table(source) }
    }

    fn of_folder(folder: &Path) -> Result<Self, String> {
        let unreadable = |error: std::io::Error| format!("the folder cannot be read ({})", error.kind());
        let mut photographs = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            photographs.push(entry.map_err(unreadable)?.path());
        }
        photographs.retain(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase);
            matches!(extension.as_deref(), Some("jpg" | "jpeg" | "png"))
        });
        photographs.sort();
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut people = Vec::with_capacity(photographs.len());
        for (place, path) in photographs.iter().enumerate() {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let stem = stem.ok_or_else(|| format!("the name of photograph {} is not UTF-8", place + 1))?;
            let person = stem.rsplit_once('_').map_or(stem, |(person, _)| person);
            let next = numbers.len();
            people.push(*numbers.entry(person.to_owned()).or_insert(next));
        }
        if photographs.len() < 2 {
            return Err("the folder holds fewer than two photographs".to_owned());
        }
        Ok(Self::Folder { photographs, people })
    }

    fn of_table(path: &Path) -> Result<Self, String> {
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let mut table = open(path)?;
        let (mut probes, mut numbers) = (Vec::new(), HashMap::new());
        while let Some(row) = table.next_row().map_err(words)? {
            let [probe, _] = row.files();
            if !numbers.contains_key(probe) {
                numbers.insert(probe.to_owned(), probes.len());
                probes.push(folder.join(probe));
            }
        }
        Ok(Self::Pairs { probes, numbers })
    }

    /// The files to degrade.
    pub(super) fn probes(&self) -> &[PathBuf] {
        match self {
            Self::Folder { photographs, .. } => photographs,
            Self::Pairs { probes, .. } => probes,
        }
    }

    /// Writes the new table of pairs.
    pub(super) fn write_pairs(&self, source: &Path, table: &Path, copies: &[Copies]) -> Result<(), String> {
        let mut writer = csv::Writer::from_path(table).map_err(|error| unwritten(&error))?;
        match self {
            Self::Folder { photographs, people } => all_pairs(&mut writer, photographs, people, copies)?,
            Self::Pairs { numbers, .. } => repeated(&mut writer, source, numbers, copies)?,
        }
        writer.flush().map_err(|error| format!("the table of pairs cannot be written ({})", error.kind()))
    }
}

fn unwritten(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => format!("the table of pairs cannot be written ({})", error.kind()),
        _ => "the table of pairs cannot be written".to_owned(),
    }
}

fn absolute(path: &Path) -> Result<String, String> {
    let absolute = std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned));
    absolute.ok_or_else(|| "a reference's place cannot be told".to_owned())
}

/// Each copy against each photograph but its own. As they are, both orders would be the same pair: it stands once.
fn all_pairs(
    writer: &mut csv::Writer<File>,
    photographs: &[PathBuf],
    people: &[usize],
    copies: &[Copies],
) -> Result<(), String> {
    let header = ["file1", "file2", "same", "condition", "person1", "person2"];
    writer.write_record(header).map_err(|error| unwritten(&error))?;
    let references = photographs.iter().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
    let people: Vec<(usize, String)> = people.iter().map(|person| (*person, format!("p{:04}", person + 1))).collect();
    for (condition, names) in copies {
        let code = condition.code();
        let once = *condition == peel_evaluation::degrade::Condition::AsIs;
        for (probe, (name, (person, person_code))) in names.iter().zip(&people).enumerate() {
            let Some(name) = name else { continue };
            for (reference, (file, (other, other_code))) in references.iter().zip(&people).enumerate() {
                if probe == reference || (once && reference < probe) {
                    continue;
                }
                let same = if person == other { "1" } else { "0" };
                let record = [name, file, same, &code, person_code, other_code];
                writer.write_record(record).map_err(|error| unwritten(&error))?;
            }
        }
    }
    Ok(())
}

/// Each row under each condition; a condition that the row has already is put before the new one.
fn repeated(
    writer: &mut csv::Writer<File>,
    source: &Path,
    numbers: &HashMap<String, usize>,
    copies: &[Copies],
) -> Result<(), String> {
    let folder = source.parent().unwrap_or_else(|| Path::new(""));
    let header = open(source)?.header().clone();
    let place = |name: &str| header.iter().position(|field| field.trim() == name);
    let (first, second) = (place("file1"), place("file2"));
    let condition_place = place("condition");
    let added = condition_place.is_none().then_some("condition");
    writer.write_record(header.iter().chain(added)).map_err(|error| unwritten(&error))?;
    for (condition, names) in copies {
        let code = condition.code();
        let mut table = open(source)?;
        while let Some(row) = table.next_row().map_err(words)? {
            let [probe, reference] = row.files();
            let Some(Some(copy)) = numbers.get(probe).and_then(|number| names.get(*number)) else { continue };
            let reference = absolute(&folder.join(reference))?;
            let mut fields: Vec<String> = row.fields().iter().map(str::to_owned).collect();
            let joined = row.condition().map_or_else(|| code.clone(), |before| format!("{before}, {code}"));
            for (place, value) in [(first, copy), (second, &reference), (condition_place, &joined)] {
                if let Some(field) = place.and_then(|place| fields.get_mut(place)) {
                    field.clone_from(value);
                }
            }
            let added = added.map(|_| code.as_str());
            writer.write_record(fields.iter().map(String::as_str).chain(added)).map_err(|error| unwritten(&error))?;
        }
    }
    Ok(())
}
