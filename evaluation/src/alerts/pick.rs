//! What the simulated engine picks of its watchlist.

/// One entry of the watchlist, as the engine scores it against a passer-by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The entry's person.
    pub person: usize,
    /// The engine's score.
    pub score: f32,
}

/// Whether the passer-by stands on the watchlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// With an entry of their own: a true alert, or a false one where somebody else looks more alike.
    Present,
    /// Without: whoever looks most alike, a false alert.
    Removed,
}

impl Entry {
    /// Its name in the column `entry`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Removed => "removed",
        }
    }
}

/// One alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picked {
    /// Whom the engine takes the passer-by for.
    pub person: usize,
    /// Whether that is the same person.
    pub mated: bool,
    /// On which watchlist.
    pub entry: Entry,
}

/// The alerts that one passer-by raises: of the whole watchlist, and of one without their own entry. The best candidate
/// counts if its score reaches the threshold; a pair that both lists give stands once. Of equal scores the first entry's
/// counts.
pub fn pick(passer_by: usize, watchlist: &[Candidate], threshold: f32) -> Vec<Picked> {
    let best = |own: bool| {
        let entries = watchlist.iter().filter(|candidate| own || candidate.person != passer_by);
        let best = entries.copied().reduce(|best, next| if next.score > best.score { next } else { best });
        best.filter(|best| best.score >= threshold)
    };
    let mut alerts: Vec<Picked> = Vec::new();
    for (entry, own) in [(Entry::Present, true), (Entry::Removed, false)] {
        if let Some(best) = best(own)
            && alerts.iter().all(|alert| alert.person != best.person)
        {
            alerts.push(Picked { person: best.person, mated: best.person == passer_by, entry });
        }
    }
    alerts
}
