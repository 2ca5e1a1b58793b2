//! The photographs of the exercise's role-players: files named `PERSON_SHOT.jpg`.

use std::collections::BTreeMap;
use std::path::Path;

/// The set of role-players, by person and in the order of their shots.
#[derive(Debug, Clone)]
pub struct Faces {
    people: BTreeMap<String, Vec<Vec<u8>>>,
}

/// The faces could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FacesError {
    /// The folder or a file cannot be read.
    #[error("read the folder of faces")]
    Read(#[from] std::io::Error),
    /// The exercise needs so many people.
    #[error("play the exercise with fewer than {needed} people, one of them with two photographs")]
    TooFew {
        /// How many.
        needed: usize,
    },
}

/// People that the story needs.
pub const PEOPLE_NEEDED: usize = 4;

impl Faces {
    /// Reads every `PERSON_SHOT.jpg` of a folder.
    pub fn read(folder: &Path) -> Result<Self, FacesError> {
        let mut files: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(std::fs::DirEntry::file_name);
        let mut people: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for file in files {
            let name = file.file_name().to_string_lossy().into_owned();
            let Some((person, _)) = name.strip_suffix(".jpg").and_then(|stem| stem.rsplit_once('_')) else { continue };
            people.entry(person.to_owned()).or_default().push(std::fs::read(file.path())?);
        }
        let faces = Self { people };
        if faces.people.len() < PEOPLE_NEEDED || faces.people.values().all(|shots| shots.len() < 2) {
            return Err(FacesError::TooFew { needed: PEOPLE_NEEDED });
        }
        Ok(faces)
    }

    /// People in a fixed order: first the one with the most photographs, then by name.
    pub fn people(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.people.keys().map(String::as_str).collect();
        names.sort_by_key(|name| (std::cmp::Reverse(self.people.get(*name).map_or(0, Vec::len)), *name));
        names
    }

    /// A person's photograph; shots are taken round again where there are fewer.
    pub fn shot(&self, person: &str, index: usize) -> Option<&[u8]> {
        let shots = self.people.get(person)?;
        shots.get(index % shots.len().max(1)).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("faces")
    }

    #[test]
    fn the_exercises_own_faces_are_enough() {
        let faces = Faces::read(&here()).unwrap();
        assert!(faces.people().len() >= PEOPLE_NEEDED);
        let first = faces.people()[0];
        assert_ne!(faces.shot(first, 0), faces.shot(first, 1));
        assert_eq!(faces.shot("nobody", 0), None);
    }

    #[test]
    fn an_empty_folder_is_refused() {
        let folder = std::env::temp_dir().join(format!("peel-faces-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(matches!(Faces::read(&folder), Err(FacesError::TooFew { .. })));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
