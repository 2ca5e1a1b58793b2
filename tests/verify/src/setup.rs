//! The system packages that checks need, on Debian and Ubuntu.
//!
//! As root, what is missing is installed and named; otherwise the one line that installs it is given.
//! Nothing is installed that is there already, and nothing but system packages by `apt-get`.

use std::path::Path;

use crate::context::Context;
use crate::error::VerifyError;
use crate::process::Job;

/// How it is seen that something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A program on the path.
    Program(&'static str),
    /// A shared library that the loader knows.
    Library(&'static str),
    /// A file.
    File(&'static str),
    /// A file under any of a folder's folders, such as one for each version.
    FileIn {
        /// The folder.
        folder: &'static str,
        /// The file's path from each of its folders.
        rest: &'static str,
    },
    /// A module of the Python that is on the path.
    PythonModule(&'static str),
}

/// Something a part needs, and the package that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    /// How it is seen.
    pub(crate) probe: Probe,
    /// The system package.
    pub(crate) package: &'static str,
}

const fn need(probe: Probe, package: &'static str) -> Need {
    Need { probe, package }
}

/// A C compiler: for the bundled `SQLite` and ring.
pub(crate) const C_COMPILER: Need = need(Probe::Program("cc"), "build-essential");

/// What the Python referees need.
pub(crate) const PYTHON: &[Need] = &[
    C_COMPILER,
    need(Probe::Program("python3"), "python3"),
    need(Probe::PythonModule("venv"), "python3-venv"),
    need(Probe::PythonModule("ensurepip"), "python3-venv"),
    need(Probe::Program("openssl"), "openssl"),
    need(Probe::Program("ffprobe"), "ffmpeg"),
    need(Probe::Program("go"), "golang-go"),
];

/// What the auditor's page needs: a browser and its driver.
pub(crate) const PAGE: &[Need] = &[
    C_COMPILER,
    need(Probe::Program("python3"), "python3"),
    need(Probe::Program("chromium"), "chromium"),
    need(Probe::Program("chromedriver"), "chromium-driver"),
];

/// What the Kotlin part needs: a JDK, Maven, and what drawing a picture without a screen takes.
pub(crate) const KOTLIN: &[Need] = &[
    C_COMPILER,
    need(Probe::Program("javac"), "default-jdk"),
    need(Probe::Program("mvn"), "maven"),
    need(Probe::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"), "fonts-dejavu-core"),
    need(Probe::Library("libGL.so.1"), "libgl1"),
    need(Probe::Library("libX11.so.6"), "libx11-6"),
    need(Probe::Library("libfontconfig.so.1"), "libfontconfig1"),
];

/// What unpacking the Swift toolchain needs, where no `swift` is on the path.
pub(crate) const SWIFT: &[Need] = &[
    C_COMPILER,
    need(Probe::Program("dpkg-deb"), "dpkg"),
    need(Probe::Program("unshare"), "util-linux"),
    need(Probe::Program("tar"), "tar"),
    need(Probe::File("/usr/share/keyrings/debian-archive-keyring.gpg"), "debian-archive-keyring"),
];

/// What the end-to-end part needs: outsiders' tools in Go and in Python read what the demo leaves.
pub(crate) const END_TO_END: &[Need] = &[
    C_COMPILER,
    need(Probe::Program("python3"), "python3"),
    need(Probe::PythonModule("venv"), "python3-venv"),
    need(Probe::PythonModule("ensurepip"), "python3-venv"),
    need(Probe::Program("openssl"), "openssl"),
    need(Probe::Program("go"), "golang-go"),
];

/// What the fuzz targets need: their library is C++.
pub(crate) const FUZZ: &[Need] = &[C_COMPILER, need(Probe::Program("c++"), "build-essential")];

/// What building our crates needs.
pub(crate) const BUILD: &[Need] = &[C_COMPILER];

/// What the Rust tests need: an independent decoder of the street's video, and a database server that the gateway's
/// tests start in a folder of their own.
pub(crate) const RUST: &[Need] = &[
    C_COMPILER,
    need(Probe::Program("ffprobe"), "ffmpeg"),
    need(Probe::FileIn { folder: "/usr/lib/postgresql", rest: "bin/postgres" }, "postgresql"),
    need(Probe::Program("setpriv"), "util-linux"),
];

/// Makes sure that all of it is there.
pub(crate) fn ensure(context: &Context, needs: &[Need]) -> Result<(), VerifyError> {
    let packages = missing(needs, is_there);
    if packages.is_empty() {
        return Ok(());
    }
    if !program_exists("apt-get") {
        return Err(VerifyError::NoPackageManager { programs: packages.join(", ") });
    }
    if !is_root() {
        return Err(VerifyError::PackagesMissing { command: install_line(&packages) });
    }
    context.say(&format!("== setup: installing {} with apt-get", packages.join(", ")));
    update(context)?;
    Job::new("apt-get install", "apt-get")
        .args(["-o", "Acquire::Retries=3", "install", "--yes", "--no-install-recommends"])
        .args(&packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .must(context)?;
    let still = missing(needs, is_there);
    if still.is_empty() {
        return Ok(());
    }
    Err(VerifyError::Unreadable {
        what: "the installed packages".to_owned(),
        why: format!("{} did not bring what is needed", still.join(", ")),
    })
}

/// Brings the package lists up to date; mirrors fail now and then, so up to three times.
fn update(context: &Context) -> Result<(), VerifyError> {
    let job = Job::new("apt-get update", "apt-get").args(["-o", "Acquire::Retries=3", "update"]);
    for _ in 0..2 {
        if job.run(context)?.ok {
            return Ok(());
        }
    }
    job.must(context).map(drop)
}

/// The packages of what is missing, each once, in the order of the table.
fn missing(needs: &[Need], there: impl Fn(Probe) -> bool) -> Vec<&'static str> {
    let mut packages = Vec::new();
    for need in needs {
        if !packages.contains(&need.package) && !there(need.probe) {
            packages.push(need.package);
        }
    }
    packages
}

fn install_line(packages: &[&str]) -> String {
    format!("sudo apt-get update && sudo apt-get install --yes --no-install-recommends {}", packages.join(" "))
}

fn is_there(probe: Probe) -> bool {
    match probe {
        Probe::Program(name) => program_exists(name),
        Probe::File(path) => Path::new(path).exists(),
        Probe::FileIn { folder, rest } => is_in_any(Path::new(folder), rest),
        Probe::Library(name) => succeeds("sh", &["-c", &format!("ldconfig -p | grep -q -F '{name} '")]),
        Probe::PythonModule(name) => succeeds("python3", &["-c", &format!("import {name}")]),
    }
}

fn is_in_any(folder: &Path, rest: &str) -> bool {
    std::fs::read_dir(folder)
        .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.path().join(rest).is_file())))
}

/// True when a program of this name is on the path.
pub(crate) fn program_exists(name: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).any(|folder| folder.join(name).is_file())
}

/// True for the superuser.
pub(crate) fn is_root() -> bool {
    std::process::Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    std::process::Command::new(program)
        .args(arguments)
        .env("PATH", path_with_sbin())
        .output()
        .is_ok_and(|output| output.status.success())
}

fn path_with_sbin() -> std::ffi::OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_each_missing_package_once() {
        let packages = missing(PYTHON, |probe| matches!(probe, Probe::Program(_)));
        assert_eq!(packages, ["python3-venv"]);
        assert!(missing(PYTHON, |_| true).is_empty());
    }

    #[test]
    fn a_file_is_found_whatever_its_version() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_in_any(folder.path(), "bin/postgres"));
        std::fs::create_dir_all(folder.path().join("17/bin")).unwrap();
        std::fs::write(folder.path().join("17/bin/postgres"), "").unwrap();
        assert!(is_in_any(folder.path(), "bin/postgres") && !is_in_any(folder.path(), "bin/initdb"));
        assert!(!is_in_any(&folder.path().join("nowhere"), "bin/postgres"));
    }

    #[test]
    fn gives_one_line_to_run() {
        let line = install_line(&["maven", "libgl1"]);
        assert!(line.ends_with("maven libgl1") && !line.contains('\n'), "{line}");
    }
}
