//! Debian's Swift packages, unpacked into a folder and run in a mount namespace of their own.
//!
//! It uses an APT configuration of its own, so the machine's packages and lists are never touched;
//! signatures are checked against Debian's keyring. The mounts are private to each command and gone
//! with it. A stamp tells that the folder is whole; a second call is instant.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::VerifyError;
use crate::process::Job;
use crate::setup;
use crate::swift::mirror;

/// The Debian release whose Swift is used, and what of it.
const SUITE: &str = "trixie";
const PACKAGES: &[&str] = &[
    "base-files",
    "bash",
    "dash",
    "coreutils",
    "libc-bin",
    "swiftlang",
    "libswiftlang",
    "libc6-dev",
    "libstdc++-14-dev",
    "gcc",
];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Raised when the recipe changes, so that older folders are made anew.
const RECIPE: &str = "1";
/// Where Debian keeps Swift's programs.
const PATH: &str = "/usr/libexec/swift/bin:/usr/bin:/usr/sbin";

/// Unpacks every archive over a root whose top-level folders are links into `usr`.
const UNPACK: &str = r#"
root=$1; archives=$2
rm -rf "$root"
for name in bin sbin lib lib64; do mkdir -p "$root/usr/$name"; ln -s "usr/$name" "$root/$name"; done
for archive in "$archives"/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$root"
done
mkdir -p "$root/proc" "$root/dev" "$root/tmp"
chroot "$root" /usr/sbin/ldconfig
"#;

/// Mounts what a program needs, then becomes it. `/proc` is how Swift finds its own libraries.
const ENTER: &str = r#"
root=$1; work=$2; shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
for folder in $work; do mkdir -p "$root$folder"; mount --bind "$folder" "$root$folder"; done
# swift-format cannot open absolute paths from the top folder.
exec chroot "$root" /usr/bin/env -i -C "${work%% *}" "$@"
"#;

/// A Swift that can be run.
pub(crate) enum Toolchain {
    /// On the path.
    OnPath,
    /// Unpacked into this folder.
    Unpacked(PathBuf),
}

/// A Swift, or why there is none.
pub(crate) fn find(context: &Context) -> Result<Result<Toolchain, String>, VerifyError> {
    if swift_on_path() {
        return Ok(Ok(Toolchain::OnPath));
    }
    if !setup::is_root() {
        return Ok(Err("no Swift 6 on the path, and unpacking Debian's needs root".to_owned()));
    }
    let Some(mirror) = mirror::of_this_machine() else {
        return Ok(Err(
            "no Swift 6 on the path, and this machine's APT sources name no Debian mirror (PEEL_DEBIAN_MIRROR can)"
                .to_owned(),
        ));
    };
    let folder = context.target().join("toolchains");
    let root = folder.join("swift");
    let stamp = folder.join("swift.done");
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == RECIPE) && root.is_dir() {
        return Ok(Ok(Toolchain::Unpacked(root)));
    }
    unpack(context, &mirror, &folder, &root)?;
    std::fs::write(&stamp, RECIPE).map_err(VerifyError::file(stamp))?;
    Ok(Ok(Toolchain::Unpacked(root)))
}

impl Toolchain {
    /// A command of this toolchain, with these variables and no others where it has a root of its own.
    pub(crate) fn job(&self, context: &Context, what: &str, words: &[OsString], variables: &[(&str, OsString)]) -> Job {
        match self {
            Self::OnPath => {
                let mut words = words.iter().cloned();
                let job = Job::new(what, words.next().unwrap_or_default()).args(words);
                variables.iter().fold(job, |job, (name, value)| job.env(name, value))
            }
            Self::Unpacked(root) => {
                let home = context.target().join("swift").join("home");
                let job = Job::new(what, "unshare")
                    .args(["--mount", "--propagation", "private", "--", "sh", "-euc", ENTER, "enter"])
                    .args([root.as_os_str().to_owned(), bound_folders(context)])
                    .args([assign("HOME", home.as_os_str()), assign("PATH", PATH.as_ref())])
                    .args([assign("LANG", "C.UTF-8".as_ref())])
                    .args(variables.iter().map(|(name, value)| assign(name, value)));
                job.args(words)
            }
        }
    }
}

/// The repository, and the target folder where that is elsewhere; neither may hold a blank.
fn bound_folders(context: &Context) -> OsString {
    let mut folders = context.root().as_os_str().to_owned();
    if !context.target().starts_with(context.root()) {
        folders.push(" ");
        folders.push(context.target());
    }
    folders
}

fn assign(name: &str, value: &std::ffi::OsStr) -> OsString {
    let mut word = OsString::from(format!("{name}="));
    word.push(value);
    word
}

fn swift_on_path() -> bool {
    let Ok(output) = std::process::Command::new("swift").arg("--version").output() else { return false };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    major_version(&text).is_some_and(|major| major >= 6)
}

fn major_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("Swift version ")?;
    version.split('.').next()?.parse().ok()
}

fn unpack(context: &Context, mirror: &str, folder: &Path, root: &Path) -> Result<(), VerifyError> {
    let apt = folder.join("swift-apt");
    let _ = std::fs::remove_file(folder.join("swift.done"));
    let config = configure(&apt, mirror)?;
    let update = Job::new("reading the package lists of Debian's Swift", "apt-get")
        .args(["update"])
        .env("APT_CONFIG", config.as_os_str());
    if !update.run(context)?.ok {
        update.must(context)?;
    }
    let download = Job::new("downloading Debian's Swift (550 MB)", "apt-get")
        .args(["--download-only", "--yes", "install"])
        .args(PACKAGES)
        .env("APT_CONFIG", config.as_os_str());
    if !download.run(context)?.ok {
        download.must(context)?;
    }
    Job::new("unpacking it", "sh")
        .args(["-euc", UNPACK, "unpack"])
        .args([root.as_os_str(), apt.join("archives").as_os_str()])
        .must(context)?;
    // The archives have served; half a gigabyte is better given back.
    std::fs::remove_dir_all(&apt).map_err(VerifyError::file(apt))
}

/// Writes an APT configuration that knows nothing of the machine's packages and lists.
fn configure(apt: &Path, mirror: &str) -> Result<PathBuf, VerifyError> {
    for below in ["lists/partial", "archives/partial", "sources.d", "empty"] {
        let path = apt.join(below);
        std::fs::create_dir_all(&path).map_err(VerifyError::file(path))?;
    }
    let write = |name: &str, text: &str| {
        let path = apt.join(name);
        std::fs::write(&path, text).map_err(VerifyError::file(path))
    };
    write("status", "")?;
    write(
        "sources.d/debian.sources",
        &format!(
            "Types: deb\nURIs: {mirror}\nSuites: {SUITE}\nComponents: main\nTargets: Packages\nSigned-By: {KEYRING}\n"
        ),
    )?;
    write("apt.conf", &settings(apt))?;
    Ok(apt.join("apt.conf"))
}

fn settings(apt: &Path) -> String {
    let mut text = String::new();
    for (key, below) in [
        ("Dir::State", ""),
        ("Dir::State::Lists", "lists"),
        ("Dir::State::status", "status"),
        ("Dir::Cache", ""),
        ("Dir::Cache::archives", "archives"),
        ("Dir::Etc::SourceList", "none"),
        ("Dir::Etc::SourceParts", "sources.d"),
        ("Dir::Etc::Preferences", "none"),
        ("Dir::Etc::PreferencesParts", "empty"),
    ] {
        let _ = writeln!(text, "{key} \"{}\";", apt.join(below).display());
    }
    text.push_str("APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"root\";\n");
    text.push_str("Acquire::Languages \"none\";\nAcquire::Retries \"3\";\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_swift_6_counts() {
        assert_eq!(major_version("Swift version 6.0.3 (swift-6.0.3-RELEASE)"), Some(6));
        assert_eq!(major_version("Apple Swift version 5.10 (x)"), Some(5));
        assert_eq!(major_version("OpenStack swift client"), None);
    }

    #[test]
    fn every_folder_of_apt_is_our_own() {
        let text = settings(Path::new("/own"));
        assert!(text.lines().filter(|line| line.starts_with("Dir::")).all(|line| line.contains("\"/own")));
    }
}
