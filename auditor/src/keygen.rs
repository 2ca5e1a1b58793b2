//! Makes an auditor's key pair, or its shares. The private half goes to new files that only their owner reads; the
//! public half is printed, to be given to the force.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use peel_ledger::entry::CipherSuite;
use peel_ledger::seal::RecipientPrivateKey;
use zeroize::Zeroizing;

use crate::args::{JoinArgs, KeygenArgs, Suite};
use crate::error::AuditError;
use crate::keys::{KeyFile, Share, ShareError, join, split};
use crate::{EXIT_GOOD, print};

/// A share's file is a few lines; whatever is longer is none.
const MAX_KEY_FILE_BYTES: u64 = 4096;

pub(crate) fn run(options: &KeygenArgs) -> Result<u8, AuditError> {
    let suite = match options.suite {
        Suite::X25519 => CipherSuite::X25519ChaCha20Poly1305,
        Suite::P256 => CipherSuite::P256Aes256Gcm,
    };
    let mut rng = rand::rng();
    let key = RecipientPrivateKey::generate(suite, &mut rng).map_err(|_| AuditError::Key)?;
    let public = key.public_key().map_err(|_| AuditError::Key)?;
    if let (Some(period), Some(k_of_n)) = (options.period, options.split) {
        let shares = split(&key, period, k_of_n, &mut rng)?;
        let paths: Vec<PathBuf> = shares.iter().map(|share| numbered(&options.out, share.index)).collect();
        // All or none: a set that is partly of an earlier key would join to nothing.
        if paths.iter().any(|path| path.exists()) {
            return Err(AuditError::KeyNotWritten);
        }
        for (share, path) in shares.iter().zip(&paths) {
            write_new(path, &share.to_text())?;
        }
    } else {
        write_new(&options.out, &KeyFile { period: options.period, key }.to_text()?)?;
    }
    print(&format!("{public}\n"))?;
    Ok(EXIT_GOOD)
}

/// Says whether shares join, and to which key; writes nothing.
pub(crate) fn join_only(options: &JoinArgs) -> Result<u8, AuditError> {
    let shares = read_shares(&options.shares)?;
    let joined = join(&shares)?;
    let public = joined.key.public_key().map_err(|_| AuditError::Key)?;
    let period = joined.period.map(|period| period.to_string()).unwrap_or_default();
    let needed = shares.first().map_or(0, |share| share.split.needed);
    print(&format!(
        "These {} shares join to the key of {period}, of which {needed} are needed:\n{public}\n",
        shares.len()
    ))?;
    Ok(EXIT_GOOD)
}

/// A private key from its file.
pub(crate) fn read_key(path: &Path) -> Result<KeyFile, AuditError> {
    KeyFile::parse(&read_secret(path).ok_or(AuditError::Key)?)
}

/// Shares from their files.
pub(crate) fn read_shares(paths: &[PathBuf]) -> Result<Vec<Share>, AuditError> {
    let read = |path: &PathBuf| Share::parse(&read_secret(path).ok_or(ShareError::Form)?);
    Ok(paths.iter().map(read).collect::<Result<_, ShareError>>()?)
}

fn read_secret(path: &Path) -> Option<Zeroizing<String>> {
    if std::fs::metadata(path).ok()?.len() > MAX_KEY_FILE_BYTES {
        return None;
    }
    std::fs::read_to_string(path).ok().map(Zeroizing::new)
}

fn numbered(path: &Path, index: u8) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{index}"));
    name.into()
}

fn write_new(path: &Path, text: &str) -> Result<(), AuditError> {
    write_private(path, text.as_bytes()).map_err(|_| AuditError::KeyNotWritten)
}

/// Writes a new file that only its owner reads.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut open = OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let mut file = open.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
