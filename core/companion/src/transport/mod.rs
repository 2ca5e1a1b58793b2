//! The way to the gateway: HTTPS to one place that the enrolment code names.
//!
//! Must never: log a token or a body, take an unbounded reply, or follow a redirect. Always: explicit root and pins,
//! typed errors, a token that is renewed once when it is refused, and a proof of possession with every request.

mod backoff;
mod client;
mod error;
mod pins;
mod prover;

#[cfg(test)]
mod tests;

pub(crate) use backoff::BackOff;
pub(crate) use client::{ForceRoot, GatewayClient};
pub(crate) use error::TransportError;
pub(crate) use prover::Authenticator;
