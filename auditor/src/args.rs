//! The command line.

use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::keys::{Period, Split};

/// Checks a force's records without any server.
///
/// Exit code: 0 good, 1 tampered (or rolled back, forked, gone), 2 wrong use or not readable, 3 incomplete (nothing
/// failed, but something that should have been checked could not be).
#[derive(Debug, Parser)]
#[command(name = "peel-audit", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// What was given; its help names the program as it was called.
    pub(crate) fn given() -> Self {
        // Cargo says so to what it runs: then it was the repository's own command.
        let name = if std::env::var_os("CARGO").is_some() { "cargo auditor" } else { "peel-audit" };
        let matches = Self::command().bin_name(name).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a bundle: every file, every signature, every entry, every proof.
    Verify(VerifyArgs),
    /// Compare two bundles of one force: has each log only grown?
    Diff(DiffArgs),
    /// Check a person's receipt.
    Receipt(ReceiptArgs),
    /// Open an image that a supervisor holds, with the evidence system's key, and check it against the records.
    Evidence(EvidenceArgs),
    /// Make a key pair for an auditor or an evidence system: records or images are sealed to its public half.
    Keygen(KeygenArgs),
    /// Check that shares of a key belong together, without writing the key.
    Join(JoinArgs),
}

#[derive(Debug, Parser)]
pub(crate) struct VerifyArgs {
    /// The bundle's folder.
    pub(crate) bundle: PathBuf,
    /// Whom you trust: keys, logs, witnesses. Get it from the force in person, never from the bundle.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// Your private key, to open what was sealed to you and check each alert and shift. Once for each period.
    #[arg(long, value_name = "KEY")]
    pub(crate) open: Vec<PathBuf>,
    /// Shares of a private key, instead of the key: joined in memory for this one run. Shares of several periods may be
    /// given together.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) shares: Vec<PathBuf>,
    /// The force log's checkpoint from your last visit (logs/log/checkpoint of that bundle).
    #[arg(long, value_name = "CHECKPOINT")]
    pub(crate) since: Option<PathBuf>,
    /// How to print the findings.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Parser)]
pub(crate) struct DiffArgs {
    /// The older bundle's folder.
    pub(crate) older: PathBuf,
    /// The newer bundle's folder.
    pub(crate) newer: PathBuf,
    /// Whom you trust.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// How to print the findings.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Parser)]
pub(crate) struct ReceiptArgs {
    /// The code's text (peel-receipt:1:...), or a file with that text, with the code's bytes, or with what the force
    /// serves under the paper code (JSON).
    pub(crate) receipt: String,
    /// Whom you trust.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: PathBuf,
    /// What the force serves under the paper code (JSON), to be checked together with the code.
    #[arg(long, value_name = "FILE")]
    pub(crate) on_record: Option<PathBuf>,
    /// How to print the findings.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Parser)]
pub(crate) struct EvidenceArgs {
    /// The sealed image (peel-gateway evidence export).
    pub(crate) sealed: PathBuf,
    /// The evidence system's private key.
    #[arg(long, value_name = "KEY")]
    pub(crate) open: PathBuf,
    /// Where to write the image; an existing file is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// A bundle, to find the hold on the force's record. It needs --trust and an auditor's key (--records).
    #[arg(long, value_name = "FOLDER", requires_all = ["trust", "records"])]
    pub(crate) bundle: Option<PathBuf>,
    /// Whom you trust.
    #[arg(long, value_name = "FILE", requires = "bundle")]
    pub(crate) trust: Option<PathBuf>,
    /// The auditor's private key. Once for each period.
    #[arg(long, value_name = "KEY", requires = "bundle")]
    pub(crate) records: Vec<PathBuf>,
    /// How to print the findings.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Parser)]
pub(crate) struct KeygenArgs {
    /// Where to write the private key, or with --split the shares (FILE.1, FILE.2, ...); an existing file is never
    /// overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Which kind of key.
    #[arg(long, value_enum, default_value_t = Suite::X25519)]
    pub(crate) suite: Suite,
    /// The month this key is for, such as 2026-11. When all copies of a period's key are destroyed, nobody opens that
    /// period's records again, and every proof still holds.
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) period: Option<Period>,
    /// Split the private half for custody: 3of5 makes five shares of which any three open. The whole key is not written.
    #[arg(long, value_name = "KofN", requires = "period")]
    pub(crate) split: Option<Split>,
}

#[derive(Debug, Parser)]
pub(crate) struct JoinArgs {
    /// The shares, as many as are needed or more.
    #[arg(required = true, value_name = "SHARE")]
    pub(crate) shares: Vec<PathBuf>,
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
