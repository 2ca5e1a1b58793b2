//! Who belongs together: pairs of one person share that person's luck, so people are drawn, not pairs.
//!
//! Always: a person is what the columns `person1` and `person2` say; without them, the files that mated pairs join are
//! one person, and a file that no mated pair names is one of its own.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// People by number, learnt from the rows of a table.
///
/// Names are kept as hashes of 8 bytes: enough to tell some million files apart, and none of them is at hand here.
#[derive(Clone, Debug, Default)]
pub struct People {
    numbers: HashMap<u64, u32>,
    parents: Vec<u32>,
}

impl People {
    /// Learns the two names of a row; `joined` when both belong to one person.
    pub fn learn(&mut self, names: [&str; 2], joined: bool) {
        let [first, second] = names.map(|name| self.number(name));
        if joined {
            let (first, second) = (self.root(first), self.root(second));
            let (low, high) = (first.min(second), first.max(second));
            if let Some(parent) = usize::try_from(high).ok().and_then(|place| self.parents.get_mut(place)) {
                *parent = low;
            }
        }
    }

    /// Numbers the people from 0 on, each file's by its name.
    pub fn settle(self) -> Settled {
        let mut dense = HashMap::new();
        let mut people = HashMap::with_capacity(self.numbers.len());
        let mut known: Vec<(u64, u32)> = self.numbers.iter().map(|(hash, number)| (*hash, *number)).collect();
        known.sort_by_key(|(_, number)| *number);
        for (hash, number) in known {
            let next = dense.len();
            let person = *dense.entry(self.root(number)).or_insert(next);
            people.insert(hash, person);
        }
        Settled { people, count: dense.len() }
    }

    fn number(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(name_hash(name)).or_insert(next);
        if number == next {
            self.parents.push(next);
        }
        number
    }

    fn root(&self, mut number: u32) -> u32 {
        while let Some(parent) = usize::try_from(number).ok().and_then(|place| self.parents.get(place)) {
            if *parent == number {
                break;
            }
            number = *parent;
        }
        number
    }
}

/// People by number, all learnt.
#[derive(Clone, Debug)]
pub struct Settled {
    people: HashMap<u64, usize>,
    count: usize,
}

impl Settled {
    /// How many people there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The numbers of a row's two people.
    pub fn of(&self, names: [&str; 2]) -> Option<[usize; 2]> {
        let [first, second] = names.map(|name| self.people.get(&name_hash(name)).copied());
        Some([first?, second?])
    }
}

/// Eight bytes that stand for a name.
pub(crate) fn name_hash(name: &str) -> u64 {
    Sha256::digest(name).iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
