//! The way to the gateway: HTTPS to one place that the enrolment code names.
//!
//! Must never: log a token or a body, take an unbounded reply, or follow a redirect. Always: explicit root and pins,
//! typed errors, an access token that is renewed once when it is refused.

mod backoff;
mod client;
mod error;
mod pins;

#[cfg(test)]
mod tests;

pub(crate) use backoff::BackOff;
pub(crate) use client::{Authenticator, GatewayClient};
pub(crate) use error::TransportError;
