//! Who walks past in which round, what the camera makes of them, and what the engine sees: embeddings in memory only.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use peel_evaluation::alerts::Candidate;
use peel_evaluation::degrade::{Condition, Face, Picture, degrade};
use peel_face::FaceCheck;
use peel_face::inspect::{Look, look, pixels};

use super::photographs::{Person, absolute};
use crate::models::read_image;

/// One passer-by before one camera.
pub(super) struct Walk {
    /// Who.
    pub(super) person: usize,
    /// In which round.
    pub(super) round: usize,
    /// What the camera makes of it.
    pub(super) condition: Condition,
    /// The engine's probe, relative to the folder.
    pub(super) probe: String,
    /// The close photograph that the engine did not see, relative to the folder.
    pub(super) close: String,
    seen: Option<Look>,
}

/// One entry of a watchlist.
pub(super) struct Reference {
    seen: Option<Look>,
    file: String,
}

/// Everything that was photographed.
pub(super) struct Scene {
    /// By person and round.
    references: Vec<Vec<Reference>>,
    walks: Vec<Walk>,
}

/// What is made of one person.
struct Made {
    references: Vec<Reference>,
    walks: Vec<Walk>,
}

struct Job<'run> {
    check: &'run FaceCheck,
    conditions: &'run [Condition],
    rounds: usize,
    seed: u64,
    out: &'run Path,
}

impl Scene {
    /// Makes the probes and the close photographs of everybody, and looks at them as the engine does.
    pub(super) fn make(
        check: &FaceCheck,
        people: &[Person],
        conditions: &[Condition],
        rounds: usize,
        seed: u64,
        out: &Path,
    ) -> Result<Self, String> {
        let folders = conditions.iter().copied().chain([Condition::ClosePhone]);
        for folder in folders.map(|condition| out.join(condition.code())) {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("the folder cannot be written ({})", error.kind()))?;
        }
        let job = Job { check, conditions, rounds, seed, out };
        let made: Mutex<Vec<Option<Made>>> = Mutex::new(people.iter().map(|_| None).collect());
        let failed: Mutex<Option<String>> = Mutex::new(None);
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(person) = people.get(number) else { return };
                        match job.person(number, person) {
                            Ok(of_person) => {
                                let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                                if let Some(slot) = made.get_mut(number) {
                                    *slot = Some(of_person);
                                }
                            }
                            Err(reason) => *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason),
                        }
                    }
                });
            }
        });
        if let Some(reason) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(reason);
        }
        let mut scene = Self { references: Vec::new(), walks: Vec::new() };
        for of_person in made.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten() {
            scene.references.push(of_person.references);
            scene.walks.extend(of_person.walks);
        }
        Ok(scene)
    }

    /// Whether somebody walks past: it takes two photographs.
    pub(super) fn walks(&self, person: usize) -> bool {
        self.walks.iter().any(|walk| walk.person == person)
    }

    /// Those of a half who walk past in a round.
    pub(super) fn walks_of(&self, members: &[usize], round: usize) -> impl Iterator<Item = &Walk> {
        self.walks.iter().filter(move |walk| walk.round == round && members.contains(&walk.person))
    }

    fn reference(&self, person: usize, round: usize) -> Option<&Reference> {
        let of_person = self.references.get(person)?;
        of_person.get(round % of_person.len().max(1))
    }

    /// The entry's file.
    pub(super) fn reference_file(&self, person: usize, round: usize) -> Option<&str> {
        self.reference(person, round).map(|reference| reference.file.as_str())
    }

    /// The watchlist of a half: one entry for each person whose photograph shows a face.
    pub(super) fn watchlist(&self, members: &[usize], round: usize) -> Vec<(usize, &Look)> {
        let entry = |person: &usize| Some((*person, self.reference(*person, round)?.seen.as_ref()?));
        members.iter().filter_map(entry).collect()
    }
}

impl Walk {
    /// The engine's scores of this passer-by against its watchlist; `None` where it finds no face.
    pub(super) fn candidates(&self, watchlist: &[(usize, &Look)]) -> Option<Vec<Candidate>> {
        let seen = self.seen.as_ref()?;
        let score = |(person, entry): &(usize, &Look)| Candidate {
            person: *person,
            score: crate::evaluate::cosine(&seen.embedding, &entry.embedding),
        };
        Some(watchlist.iter().map(score).collect())
    }
}

impl Job<'_> {
    fn person(&self, number: usize, person: &Person) -> Result<Made, String> {
        let references = person.files.iter().map(|file| {
            let seen = read_image(file).ok().and_then(|image| look(self.check, &image).ok().flatten());
            Ok(Reference { seen, file: absolute(file)? })
        });
        let mut made = Made { references: references.collect::<Result<_, String>>()?, walks: Vec::new() };
        let count = person.files.len();
        for round in (0..self.rounds).filter(|_| count > 1) {
            let (Some(probe), Some(close)) = (
                person.files.get((round + 1) % count),
                // Of two photographs the close one is made of the same as the probe, though not of the probe itself.
                person.files.get((round + if count > 2 { 2 } else { 1 }) % count),
            ) else {
                continue;
            };
            let name = u64::try_from(number * self.rounds + round).unwrap_or(u64::MAX);
            let close = match self.copy(close, Condition::ClosePhone, name) {
                Ok((file, _)) => file,
                Err(reason) => {
                    eprintln!("person {}, round {}: left out: {reason}", number + 1, round + 1);
                    continue;
                }
            };
            for condition in self.conditions {
                match self.copy(probe, *condition, name) {
                    Ok((file, bytes)) => made.walks.push(Walk {
                        person: number,
                        round,
                        condition: *condition,
                        probe: file,
                        close: close.clone(),
                        seen: look(self.check, &bytes).ok().flatten(),
                    }),
                    Err(reason) => {
                        eprintln!("person {}, round {}: left out: {reason}", number + 1, round + 1);
                    }
                }
            }
        }
        Ok(made)
    }

    /// Writes a degraded copy: its name relative to the folder, and its bytes.
    fn copy(&self, path: &Path, condition: Condition, number: u64) -> Result<(String, Vec<u8>), String> {
        let image = read_image(path).map_err(|error| format!("it cannot be read ({})", error.kind()))?;
        let seen = pixels(self.check, &image).map_err(|error| error.to_string())?;
        let landmarks = seen.landmarks.ok_or("no face was found")?;
        let [[right_x, right_y], [left_x, left_y], ..] = landmarks;
        let face = Face { landmarks, measure: (left_x - right_x).hypot(left_y - right_y).max(1.0) };
        let picture = Picture::new(seen.width, seen.height, seen.rgb).ok_or("it is empty")?;
        let made = degrade(condition, &picture, &face, self.seed, number).ok_or("it cannot be encoded")?;
        let name = format!("{}/{:06}.{}", condition.code(), number + 1, made.extension);
        let place: PathBuf = self.out.join(&name);
        std::fs::write(place, &made.bytes).map_err(|error| format!("it cannot be written ({})", error.kind()))?;
        Ok((name, made.bytes))
    }
}
