//! Group commit: many jobs, one commit.
//!
//! Must never: answer before the commit, or let a failed job's writes into it.
//! Always: where the commit fails, or the engine gave the whole transaction up (as it may on a full disk), every job of
//! the group fails with it, whatever it was about to answer: its answer may rest on what is now undone.

use tokio::sync::oneshot;

use super::StoreError;
use super::db::AroundCommit;
use super::engine::{Access, Engine};
use super::tx::Tx;

/// Most jobs in one commit.
pub(super) const MOST_JOBS: usize = 128;

/// A job for the writer.
pub(super) trait Job: Send {
    /// Does the work; says whether what it wrote is to be kept.
    fn run(&mut self, tx: &Tx) -> bool;
    /// Makes the job's own result this error.
    fn fail(&mut self, error: StoreError);
    /// Answers the caller; told how the commit went.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// A closure as a job.
pub(super) struct Work<W, T, E> {
    run: Option<W>,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<W, T, E> Work<W, T, E> {
    pub(super) fn new(work: W, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self { run: Some(work), result: None, answer }
    }
}

impl<W, T, E> Job for Work<W, T, E>
where
    W: FnOnce(&Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &Tx) -> bool {
        self.result = self.run.take().map(|work| work(tx));
        matches!(self.result, Some(Ok(_)))
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let own = self.result.unwrap_or_else(|| Err(StoreError::Closed.into()));
        // A caller that went away does not undo what was committed.
        let _ = self.answer.send(commit.map_err(E::from).and(own));
    }
}

/// Runs one job behind a mark; whether something is to be committed.
fn run(tx: &Tx, engine: &dyn Engine, job: &mut dyn Job) -> Result<bool, StoreError> {
    engine.mark()?;
    let mut keep = job.run(tx);
    engine.still_in_transaction()?;
    if keep && let Err(error) = engine.keep() {
        // The job passed over an error of a statement, which some engines do not.
        job.fail(error);
        keep = false;
        engine.undo()?;
    } else if !keep {
        engine.undo()?;
    }
    Ok(keep)
}

/// Runs a job that is alone in its transaction, which is undone with it: nothing has to be marked.
fn run_alone(tx: &Tx, engine: &dyn Engine, job: &mut dyn Job) -> Result<bool, StoreError> {
    let keep = job.run(tx);
    engine.still_in_transaction()?;
    Ok(keep)
}

fn run_all(tx: &Tx, jobs: &mut [Box<dyn Job>], around: &AroundCommit) -> Result<(), StoreError> {
    let engine = tx.engine();
    engine.begin(Access::Write)?;
    let keeps = match jobs {
        [job] => run_alone(tx, engine, job.as_mut())?,
        jobs => {
            let mut keeps = false;
            for job in jobs {
                keeps |= run(tx, engine, job.as_mut())?;
            }
            keeps
        }
    };
    if keeps {
        (around.before)(tx)?;
        engine.commit()?;
        (around.after)(tx)
    } else {
        engine.roll_back();
        Ok(())
    }
}

/// Runs jobs in one transaction and answers them after its commit.
pub(super) fn commit(tx: &Tx, mut jobs: Vec<Box<dyn Job>>, around: &AroundCommit) {
    let done = run_all(tx, &mut jobs, around);
    if done.is_err() {
        tx.engine().roll_back();
    }
    for job in jobs {
        job.answer(done);
    }
}
