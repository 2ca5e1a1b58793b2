//! Lays the generated code out as the Swift package in `ios/` expects it.
//!
//! `ios/Generated` holds nothing but generated files and is never committed: the C header with a
//! module map for the system library target, and the Swift file for the target over it.

use std::path::Path;

use crate::error::VerifyError;

/// The names that the generator gives its files.
const HEADER: &str = "PeelCoreFFI.h";
const SOURCE: &str = "PeelCore.swift";

/// Links the library by name; the generated map would pull in Apple's modules, which Linux lacks.
const MODULE_MAP: &str = "\
module PeelCoreFFI {
    header \"PeelCoreFFI.h\"
    link \"peel_companion\"
    export *
}
";

/// Copies the generated files from `bindings` to the package; unchanged files keep their times.
pub(crate) fn lay_out(bindings: &Path, package: &Path) -> Result<(), VerifyError> {
    let read = |name: &str| {
        let path = bindings.join(name);
        std::fs::read_to_string(&path).map_err(VerifyError::file(path))
    };
    let generated = package.join("Generated");
    write_if_changed(&generated.join("CoreFFI").join(HEADER), &read(HEADER)?)?;
    write_if_changed(&generated.join("CoreFFI").join("module.modulemap"), MODULE_MAP)?;
    write_if_changed(&generated.join("Core").join(SOURCE), &read(SOURCE)?)
}

fn write_if_changed(path: &Path, text: &str) -> Result<(), VerifyError> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(VerifyError::file(parent))?;
    }
    std::fs::write(path, text).map_err(VerifyError::file(path))
}
