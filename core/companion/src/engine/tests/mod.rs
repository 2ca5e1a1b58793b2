//! The engine on its own: a force made here, no gateway, messages signed by the force's own keys.

mod force_log;
mod gone;
mod house;
mod inbound;
mod keeping;
mod keys;
mod lapse;
mod photograph;
mod policy;
mod reference;
mod support;
