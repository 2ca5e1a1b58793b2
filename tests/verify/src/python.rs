//! A Python environment of its own for each referee, so that their pins never meet.
//!
//! It is made anew only when its requirements change. What declares a newer Python than it needs stands in a file of its
//! own, `newer-python.txt`, and is installed without that check and without its dependencies.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::VerifyError;
use crate::process::Job;

/// Makes the environment for `requirements` and gives its interpreter.
pub(crate) fn environment(context: &Context, name: &str, requirements: &Path) -> Result<PathBuf, VerifyError> {
    let folder = context.target().join("venv").join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements.done");
    let mut wanted = std::fs::read_to_string(requirements).map_err(VerifyError::file(requirements))?;
    let newer = requirements.with_file_name("newer-python.txt");
    if newer.is_file() {
        wanted.push_str(&std::fs::read_to_string(&newer).map_err(VerifyError::file(&newer))?);
    }
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    let _ = std::fs::remove_dir_all(&folder);
    Job::new(&format!("making a Python environment for {name}"), "python3")
        .args(["-m", "venv"])
        .args([folder.as_os_str()])
        .must(context)?;
    let pip = |file: &Path| {
        Job::new(&format!("installing what {name} needs"), python.as_os_str())
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--retries", "5", "--requirement"])
            .args([file.as_os_str()])
    };
    let mut installs = vec![pip(requirements)];
    if newer.is_file() {
        installs.push(pip(&newer).args(["--no-deps", "--ignore-requires-python"]));
    }
    for install in installs {
        // One more try whatever the reason was: an index that answers badly looks like a missing package.
        if !install.run(context)?.ok {
            install.must(context)?;
        }
    }
    std::fs::write(&stamp, wanted).map_err(VerifyError::file(stamp))?;
    Ok(python)
}
