//! `cargo face keygen` and `cargo face sign`: two people's keys, and the calibration that both sign.
//!
//! Must never: print a private key, write over a file, or sign what contradicts itself.
//! Always: a private key is read by its owner alone; what was signed is read back as the check reads it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use peel_domain::calibration::{
    Calibration, CalibrationSigner, CalibrationTrust, sign_calibration, verify_calibration,
};
use rand::TryRng as _;
use zeroize::Zeroizing;

/// Makes a signer's key and prints its public half, as `models/manifest.toml` lists it.
#[derive(Args)]
pub(crate) struct Keygen {
    /// The new key: PKCS #8, PEM, read by its owner alone.
    #[arg(long, value_name = "KEY.pem")]
    out: PathBuf,
}

impl Keygen {
    /// Makes it.
    pub(crate) fn run(self) -> Result<(), String> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        let no_random = || "there are no random numbers".to_owned();
        rand::rngs::SysRng.try_fill_bytes(seed.as_mut_slice()).map_err(|_| no_random())?;
        // A random scalar is out of range about once in 2^32 draws.
        let key = SigningKey::from_slice(seed.as_slice()).map_err(|_| no_random())?;
        let text = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| "the key cannot be encoded".to_owned())?;
        write_private(&self.out, text.as_bytes())?;
        println!("{}", hex::encode(public(&key)?));
        Ok(())
    }
}

/// Signs a calibration with two different people's keys.
#[derive(Args)]
pub(crate) struct Sign {
    /// The calibration as people write it.
    calibration: PathBuf,
    /// The signers' keys; two.
    #[arg(long = "key", value_name = "KEY.pem", required = true)]
    keys: Vec<PathBuf>,
    /// The new signed calibration.
    #[arg(long, value_name = "FILE.cose")]
    out: PathBuf,
}

impl Sign {
    /// Signs, and reads back what was signed.
    pub(crate) fn run(self) -> Result<(), String> {
        let [first, second] = self.keys.as_slice() else { return Err("two people sign: give two keys".to_owned()) };
        let calibration = read(&self.calibration)?;
        let keys = [key(first)?, key(second)?];
        let publics = [public(&keys[0])?, public(&keys[1])?];
        let signs = keys.each_ref().map(|key| {
            move |message: &[u8]| -> [u8; 64] {
                let signature: Signature = key.sign(message);
                signature.to_bytes().into()
            }
        });
        let signers = [
            CalibrationSigner { spki: &publics[0], sign: &signs[0] },
            CalibrationSigner { spki: &publics[1], sign: &signs[1] },
        ];
        let words = |error: peel_domain::calibration::CalibrationError| error.to_string();
        let signed = sign_calibration(&calibration, &signers).map_err(words)?;
        let trust = CalibrationTrust { signers: &publics, models: &calibration.models, least_version: 1 };
        let back = verify_calibration(&signed, trust).map_err(words)?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(&self.out).map_err(|error| unwritten(&error))?;
        file.write_all(&signed).and_then(|()| file.sync_all()).map_err(|error| unwritten(&error))?;
        println!("version {}, sha256 {}", back.calibration.version, hex::encode(back.sha256));
        for public in &publics {
            println!("signer  {}", hex::encode(public));
        }
        Ok(())
    }
}

/// Reads a calibration as people write it.
pub(crate) fn read(path: &Path) -> Result<Calibration, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("it cannot be read ({})", error.kind()))?;
    Calibration::from_toml(&text).map_err(|error| match error {
        peel_domain::calibration::CalibrationError::Malformed { line: Some(line) } => format!("line {line}: {error}"),
        error => error.to_string(),
    })
}

fn key(path: &Path) -> Result<SigningKey, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("a key cannot be read ({})", error.kind()))?;
    SigningKey::from_pkcs8_pem(&Zeroizing::new(text)).map_err(|_| "a key is not a P-256 key in PKCS #8".to_owned())
}

fn public(key: &SigningKey) -> Result<Vec<u8>, String> {
    let spki = key.verifying_key().to_public_key_der().map_err(|_| "a key has no public half".to_owned())?;
    Ok(spki.as_bytes().to_vec())
}

fn unwritten(error: &std::io::Error) -> String {
    format!("the file cannot be written ({})", error.kind())
}

/// Writes a new file that only its owner reads.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let mut open = OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let mut file = open.open(path).map_err(|error| unwritten(&error))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| unwritten(&error))
}
