//! The core's own threads, and the rule that what was begun is finished there.
//!
//! A future that a shell awaits only waits for a task of this runtime: dropping it cancels nothing.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use super::error::CoreError;
use crate::engine::{self, Engine, EngineError};

/// The engine with the runtime that it lives on.
pub(super) struct Home {
    engine: Arc<Engine>,
    runtime: Option<Runtime>,
}

impl Home {
    /// Starts the engine's own tasks.
    pub(super) fn new(engine: Engine) -> Result<Self, CoreError> {
        let no_threads = |_| CoreError::Internal { reason: "core.threads".to_owned() };
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("peel")
            .enable_all()
            .build()
            .map_err(no_threads)?;
        let engine = Arc::new(engine);
        engine::start(&engine, runtime.handle());
        Ok(Self { engine, runtime: Some(runtime) })
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(super) fn handle(&self) -> Result<&Handle, CoreError> {
        let gone = || CoreError::Internal { reason: "core.threads".to_owned() };
        self.runtime.as_ref().map(Runtime::handle).ok_or_else(gone)
    }

    /// Runs a future to its end, whether or not the caller waits.
    pub(super) async fn run<T, F>(&self, work: impl FnOnce(Arc<Engine>) -> F) -> Result<T, CoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        let task = self.handle()?.spawn(work(Arc::clone(&self.engine)));
        ended(task.await)
    }

    /// Runs blocking work to its end, whether or not the caller waits.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Engine>) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, CoreError> {
        let engine = Arc::clone(&self.engine);
        let task = self.handle()?.spawn_blocking(move || work(&engine));
        ended(task.await)
    }
}

fn ended<T>(result: Result<Result<T, EngineError>, tokio::task::JoinError>) -> Result<T, CoreError> {
    result.map_err(|_| CoreError::Internal { reason: "core.task".to_owned() })?.map_err(CoreError::from)
}

impl Drop for Home {
    fn drop(&mut self) {
        self.engine.close();
        if let Some(runtime) = self.runtime.take() {
            // Never blocks, also not on one of its own threads.
            runtime.shutdown_background();
        }
    }
}
