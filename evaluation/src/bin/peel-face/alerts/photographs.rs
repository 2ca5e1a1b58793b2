//! The photographs of a study: who is on each, from a table or from the files' names.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// One person with their photographs, in the table's order.
pub(super) struct Person {
    /// Their code.
    pub(super) code: String,
    /// Their group, where the study has groups.
    pub(super) group: Option<String>,
    /// Their photographs.
    pub(super) files: Vec<PathBuf>,
}

/// Everybody, in the order in which they come up.
pub(super) fn read(source: &Path) -> Result<Vec<Person>, String> {
    let people = if source.is_dir() { of_folder(source)? } else { of_table(source)? };
    let with_two = people.iter().filter(|person| person.files.len() > 1).count();
    if with_two < 4 {
        return Err("fewer than four people have two photographs: two halves need two each".to_owned());
    }
    Ok(people)
}

/// A folder of photographs named `PERSON_SHOT.jpg` (or .png): people get numbers.
fn of_folder(folder: &Path) -> Result<Vec<Person>, String> {
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
    let mut people: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (place, path) in photographs.into_iter().enumerate() {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.ok_or_else(|| format!("the name of photograph {} is not UTF-8", place + 1))?;
        let person = stem.rsplit_once('_').map_or(stem, |(person, _)| person);
        people.entry(person.to_owned()).or_default().push(path);
    }
    let numbered = |(place, files)| Person { code: format!("p{:04}", place + 1), group: None, files };
    Ok(people.into_values().enumerate().map(numbered).collect())
}

/// A table with the columns `file` (relative to it), `person` and, where there is one, `group`.
fn of_table(path: &Path) -> Result<Vec<Person>, String> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let bad = |error: &csv::Error| match error.kind() {
        csv::ErrorKind::Io(error) => format!("the table cannot be read ({})", error.kind()),
        _ => format!("line {}: it is not a row of this table", error.position().map_or(0, csv::Position::line)),
    };
    let mut reader = csv::Reader::from_path(path).map_err(|error| bad(&error))?;
    let header = reader.headers().map_err(|error| bad(&error))?.clone();
    let place = |name: &str| header.iter().position(|field| field.trim() == name);
    let needed = |name: &str| place(name).ok_or_else(|| format!("the column `{name}` is missing"));
    let (file, person, group) = (needed("file")?, needed("person")?, place("group"));
    let mut people: Vec<Person> = Vec::new();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| bad(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |place: usize| record.get(place).unwrap_or_default().trim();
        let of_row = group.map(field).filter(|group| !group.is_empty()).map(str::to_owned);
        if field(file).is_empty()
            || field(person).is_empty()
            || record.iter().any(|word| word.contains(char::is_control))
        {
            return Err(format!("line {line}: a file or a person is missing, or holds a control character"));
        }
        let number = *numbers.entry(field(person).to_owned()).or_insert(people.len());
        if number == people.len() {
            people.push(Person { code: field(person).to_owned(), group: of_row.clone(), files: Vec::new() });
        }
        let known = people.get_mut(number).ok_or("the table cannot be read")?;
        if known.group != of_row {
            return Err(format!("line {line}: one person is in two groups"));
        }
        known.files.push(folder.join(field(file)));
    }
    Ok(people)
}

/// Writes the table that [`of_table`] reads, so that groups can be added to what names said.
pub(super) fn write(people: &[Person], path: &Path) -> Result<(), String> {
    let bad = |_| "the table of photographs cannot be written".to_owned();
    let mut writer: csv::Writer<File> = csv::Writer::from_path(path).map_err(bad)?;
    writer.write_record(["file", "person", "group"]).map_err(bad)?;
    for person in people {
        for file in &person.files {
            let group = person.group.as_deref().unwrap_or_default();
            writer.write_record([&absolute(file)?, &person.code, group]).map_err(bad)?;
        }
    }
    writer.flush().map_err(|error| format!("the table of photographs cannot be written ({})", error.kind()))
}

/// A place that a table anywhere can name.
pub(super) fn absolute(path: &Path) -> Result<String, String> {
    let absolute = std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned));
    absolute.ok_or_else(|| "a photograph's place cannot be told".to_owned())
}
