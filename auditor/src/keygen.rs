//! Makes an auditor's key pair. The private half goes to a new file that only its owner reads; the public
//! half is printed, to be given to the force.

use std::fs::OpenOptions;
use std::io::Write as _;

use peel_ledger::entry::CipherSuite;
use peel_ledger::seal::RecipientPrivateKey;

use crate::EXIT_GOOD;
use crate::args::{KeygenArgs, Suite};
use crate::error::AuditError;

pub(crate) fn run(options: &KeygenArgs) -> Result<u8, AuditError> {
    let suite = match options.suite {
        Suite::X25519 => CipherSuite::X25519ChaCha20Poly1305,
        Suite::P256 => CipherSuite::P256Aes256Gcm,
    };
    let key = RecipientPrivateKey::generate(suite, &mut rand::rng()).map_err(|_| AuditError::Key)?;
    let public = key.public_key().map_err(|_| AuditError::Key)?;
    let mut open = OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let mut file = open.open(&options.out).map_err(|_| AuditError::KeyNotWritten)?;
    let text = key.expose_text();
    let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n"));
    written.and_then(|()| file.sync_all()).map_err(|_| AuditError::KeyNotWritten)?;
    println!("{public}");
    Ok(EXIT_GOOD)
}
