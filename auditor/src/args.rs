//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Checks a force's records without any server.
///
/// Exit code: 0 good, 1 tampered, 2 wrong use, 3 incomplete (nothing failed, but something that should have been
/// checked could not be).
#[derive(Debug, Parser)]
#[command(name = "peel-audit", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a bundle: every file, every signature, every entry, every proof.
    Verify(VerifyArgs),
    /// Make a key pair for an auditor: records are sealed to its public half.
    Keygen(KeygenArgs),
}

#[derive(Debug, Parser)]
pub(crate) struct VerifyArgs {
    /// The bundle's folder.
    pub(crate) bundle: PathBuf,
    /// Whom you trust: keys, logs, witnesses. Get it from the force in person, never from the bundle.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// Your private key, to open what was sealed to you and check each alert and shift.
    #[arg(long, value_name = "KEY")]
    pub(crate) open: Option<PathBuf>,
    /// The force log's checkpoint from your last visit (logs/log/checkpoint of that bundle).
    #[arg(long, value_name = "FILE")]
    pub(crate) last_seen: Option<PathBuf>,
    /// How to print the findings.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Parser)]
pub(crate) struct KeygenArgs {
    /// Where to write the private key; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Which kind of key.
    #[arg(long, value_enum, default_value_t = Suite::X25519)]
    pub(crate) suite: Suite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// X25519 with ChaCha20-Poly1305.
    X25519,
    /// P-256 with AES-256-GCM.
    P256,
}
