//! The four actors together, faults included: see `tests/`.
