//! Counts that are published without telling about single people (S46).
//!
//! Must never: leave a suppressed count to be had by subtraction: from its own table's total, or from the year's table
//! and those of the deployments. Always: zero counts as small, so that a mark does not say "somebody"; which counts are
//! marked tells no more than the marks say.

use std::fmt;

use serde::{Serialize, Serializer};

/// A count as it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The count itself.
    Count(u64),
    /// Kept back: too small, or it would give a small one away.
    Suppressed,
}

impl Shown {
    /// The count, where it is published.
    pub fn count(self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(count),
            Self::Suppressed => None,
        }
    }
}

/// A number, or "suppressed".
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Suppressed => f.write_str("suppressed"),
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Suppressed => serializer.serialize_str("suppressed"),
        }
    }
}

/// One row of counts whose total is known: what may be published of it, where counts below `least` may not.
///
/// A single suppressed count, or suppressed ones that can add up in one way alone, take the smallest published count
/// with them, and all that are equal to it: which of them went would tell. Where nothing was counted at all, there is
/// nothing to keep back.
pub fn suppress(counts: &[u64], least: u64) -> Vec<Shown> {
    suppress_with(counts, least, &[])
}

/// The same, where the counts at the marked places must not be published either.
fn suppress_with(counts: &[u64], least: u64, marked: &[bool]) -> Vec<Shown> {
    let total = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if total == 0 {
        return counts.iter().map(|count| Shown::Count(*count)).collect();
    }
    let is_marked = |place: usize| marked.get(place).copied().unwrap_or(false);
    let mut hidden: Vec<bool> = counts.iter().enumerate().map(|(at, count)| *count < least || is_marked(at)).collect();
    if tells_itself(counts, least, &hidden) {
        let smallest = counts.iter().zip(&hidden).filter(|(_, hidden)| !**hidden).map(|(count, _)| *count).min();
        for (mark, count) in hidden.iter_mut().zip(counts) {
            *mark |= Some(*count) == smallest;
        }
    }
    let pairs = counts.iter().zip(hidden);
    pairs.map(|(count, hidden)| if hidden { Shown::Suppressed } else { Shown::Count(*count) }).collect()
}

/// Whether the suppressed counts follow from their sum: there is one alone, or all are zero, or all as large as a small
/// count can be.
fn tells_itself(counts: &[u64], least: u64, hidden: &[bool]) -> bool {
    let kept = || counts.iter().zip(hidden).filter(|(_, hidden)| **hidden).map(|(count, _)| *count);
    let number = u64::try_from(kept().count()).unwrap_or(u64::MAX);
    let sum: u64 = kept().fold(0, u64::saturating_add);
    let all_small = kept().all(|count| count < least);
    number == 1 || (number > 0 && sum == 0) || (number > 0 && all_small && sum == number.saturating_mul(least - 1))
}

/// A row of counts of a part, such as a deployment's, as it was published; its total is known from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The counts.
    pub counts: Vec<u64>,
    /// What was published of each.
    pub shown: Vec<Shown>,
}

impl Part {
    /// As [`suppress`] publishes it.
    pub fn new(counts: Vec<u64>, least: u64) -> Self {
        Self { shown: suppress(&counts, least), counts }
    }
}

/// The sums of the parts' counts, published beside the parts: besides small sums, every sum is kept back from which a
/// suppressed count would follow, by whatever sums and differences of all that is published.
pub fn suppress_sums(parts: &[Part], sums: &[u64], least: u64) -> Vec<Shown> {
    let mut marked = vec![false; sums.len()];
    // Each round keeps one more sum back, or ends.
    for _ in 0..=sums.len() {
        let shown = suppress_with(sums, least, &marked);
        let Some(leak) = Network::new(parts, &shown).leak() else { return shown };
        let mut still = [leak].into_iter().chain(0..sums.len());
        let next = still.find(|at| shown.get(*at).is_some_and(|shown| *shown != Shown::Suppressed));
        match next.and_then(|at| marked.get_mut(at)) {
            Some(mark) => *mark = true,
            None => return shown,
        }
    }
    sums.iter().map(|_| Shown::Suppressed).collect()
}

/// What an outsider may shift among the suppressed counts without contradicting anything that is published: one more
/// here, one less there, along a closed way. A count that lies on no such way is known.
///
/// Nodes are the parts, then the groups, then one for all sums that are kept back. This is exact: whole numbers with
/// given sums along rows and columns are flows in a network (Gusfield, "A Graph Theoretic Approach to Statistical Data
/// Security", 1988).
struct Network<'a> {
    parts: &'a [Part],
    sums: &'a [Shown],
}

/// A suppressed count: part and group.
type Place = (usize, usize);

impl<'a> Network<'a> {
    fn new(parts: &'a [Part], sums: &'a [Shown]) -> Self {
        Self { parts, sums }
    }

    fn suppressed(&self) -> impl Iterator<Item = (Place, u64)> + '_ {
        self.parts.iter().enumerate().flat_map(|(row, part)| {
            let cells = part.counts.iter().zip(&part.shown).enumerate();
            cells
                .filter(|(_, (_, shown))| **shown == Shown::Suppressed)
                .map(move |(at, (count, _))| ((row, at), *count))
        })
    }

    fn hidden_sums(&self) -> impl Iterator<Item = usize> + '_ {
        let of = |(at, sum): (usize, &Shown)| (*sum == Shown::Suppressed).then_some(at);
        self.sums.iter().enumerate().filter_map(of)
    }

    /// Each way from node to node: one more of a count, one less of it where there is any, and between sums kept back.
    fn ways(&self) -> Vec<Vec<usize>> {
        let groups = self.parts.len();
        let rest = groups + self.sums.len();
        let mut ways = vec![Vec::new(); rest + 1];
        let mut add = |from: usize, to: usize| {
            if let Some(list) = ways.get_mut(from) {
                list.push(to);
            }
        };
        for ((row, at), count) in self.suppressed() {
            add(row, groups + at);
            if count > 0 {
                add(groups + at, row);
            }
        }
        for at in self.hidden_sums() {
            add(groups + at, rest);
            add(rest, groups + at);
        }
        ways
    }

    /// The group of a suppressed count that is known.
    fn leak(&self) -> Option<usize> {
        let ways = self.ways();
        let groups = self.parts.len();
        let is_known = |((row, at), count): &(Place, u64)| {
            let more = reaches(&ways, groups + at, *row);
            let less = *count > 0 && reaches(&ways, *row, groups + at);
            !more && !less
        };
        self.suppressed().find(is_known).map(|((_, at), _)| at)
    }
}

/// Whether there is a way other than the direct one.
fn reaches(ways: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; ways.len()];
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        for next in ways.get(node).into_iter().flatten() {
            if node == from && *next == to {
                continue;
            }
            if *next == to {
                return true;
            }
            if let Some(mark) = seen.get_mut(*next).filter(|mark| !**mark) {
                *mark = true;
                open.push(*next);
            }
        }
    }
    false
}
