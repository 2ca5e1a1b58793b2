//! A real PostgreSQL server of the test's own: one a test process, in a temporary folder, reached by a socket there.
//!
//! Always: it stops and its folder goes when the test process ends, however it ends: the shell that runs it waits for
//! the end of a pipe whose other end only this process holds.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postgres::{Client, NoTls};

/// What is printed where there is none.
pub(crate) const ABSENT: &str = "not run: no PostgreSQL server here (package postgresql)";

const RUN: &str = r#"
trap : TERM INT HUP
bin=$1 folder=$2
shift 2
cd "$folder"
"$bin/initdb" -D data -U peel -A trust -E UTF8 --locale=C >initdb.log 2>&1 &&
"$bin/postgres" -D data -k "$folder" -c max_connections=200 -c max_wal_size=128MB "$@" >server.log 2>&1 &
read end
kill -QUIT "$(head -n 1 data/postmaster.pid)" 2>/dev/null
wait
cd /
rm -rf "$folder"
"#;

/// Whether the server's folder must be on a disk: for those who measure what a durable commit costs.
pub(crate) static ON_DISK: AtomicBool = AtomicBool::new(false);

/// The server of this test process.
pub(crate) struct Server {
    folder: PathBuf,
    port: u16,
    /// Held by whoever started it: the pipe's end is in here.
    _shell: Option<Child>,
}

/// The folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let bin = entry.path().join("bin");
            let both = bin.join("initdb").is_file() && bin.join("postgres").is_file();
            both.then_some((entry.file_name().to_str()?.parse().ok()?, bin))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

/// This process's folder: in memory where the system has a place for that, because a new database asks a disk for some
/// hundred synchronous writes. A socket's path is at most 107 bytes long, so it is a short one, whatever TMPDIR says.
fn folder() -> PathBuf {
    let about = std::fs::read_to_string("/proc/self/stat").unwrap();
    let in_memory = Path::new("/dev/shm").is_dir() && !ON_DISK.load(Ordering::Relaxed);
    let parent = if in_memory { "/dev/shm" } else { "/tmp" };
    let started = about.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().to_owned();
    PathBuf::from(format!("{parent}/peel-pg-{}-{started}", std::process::id()))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

/// The server refuses to run as root: then it runs as the packages' own user.
fn shell(folder: &Path) -> Command {
    if !is_root() {
        return Command::new("sh");
    }
    let known = Command::new("id").arg("postgres").output().unwrap().status.success();
    let user = if known { "postgres" } else { "nobody" };
    assert!(Command::new("chown").args(["-R", user]).arg(folder).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", if known { "postgres" } else { "nogroup" }, "--clear-groups", "sh"]);
    command
}

impl Server {
    fn start() -> Option<Self> {
        Self::start_in(folder(), 5432, &[], &["-c", "listen_addresses="])
    }

    /// A server on a port of the loopback that has this certificate and key, and offers no TLS before `ssl` is set.
    pub(crate) fn with_tls(certificate: &str, key: &str) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut folder = folder().into_os_string();
        folder.push("-tls");
        let port = free.to_string();
        let settings = ["listen_addresses=127.0.0.1", "ssl_cert_file=../server.crt", "ssl_key_file=../server.key"];
        let mut arguments = vec!["-p", &port];
        arguments.extend(settings.iter().flat_map(|setting| ["-c", setting]));
        Self::start_in(folder.into(), free, &[("server.crt", certificate), ("server.key", key)], &arguments)
    }

    /// The address of a database of this server by network.
    pub(crate) fn network_url(&self, host: &str, database: &str) -> String {
        format!("postgresql://peel@{host}:{}/{database}", self.port)
    }

    fn start_in(folder: PathBuf, port: u16, files: &[(&str, &str)], arguments: &[&str]) -> Option<Self> {
        let bin = programs()?;
        // Where these helpers are in the process more than once, the first makes the folder and starts the server.
        let shell = std::fs::DirBuilder::new().mode(0o700).create(&folder).is_ok().then(|| {
            for (name, content) in files {
                let path = folder.join(name);
                std::fs::write(&path, content).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            shell(&folder)
                .args(["-c", RUN, "sh"])
                .args([&bin, &folder])
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        });
        let server = Self { folder, port, _shell: shell };
        for _ in 0..600 {
            if server.try_say("postgres", "") {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = |name: &str| std::fs::read_to_string(server.folder.join(name)).unwrap_or_default();
        panic!("the server does not start: {} {}", log("initdb.log"), log("server.log"));
    }

    /// The address of a database of this server.
    pub(crate) fn url(&self, database: &str) -> String {
        let host = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgresql://peel@{host}:{}/{database}", self.port)
    }

    /// Says something to a database, as an administrator would; false where it cannot be reached.
    fn try_say(&self, database: &str, sql: &str) -> bool {
        let (url, sql) = (self.url(database), sql.to_owned());
        // On a thread of its own: a connection must not be waited for, nor dropped, on an asynchronous one.
        let said = std::thread::spawn(move || match Client::connect(&url, NoTls) {
            Ok(mut client) => client.batch_execute(&sql).map(|()| true),
            Err(_) => Ok(false),
        });
        said.join().unwrap().unwrap()
    }

    /// Says something to a database.
    pub(crate) fn say(&self, database: &str, sql: &str) {
        assert!(self.try_say(database, sql));
    }

    /// Makes a new database and gives its name.
    pub(crate) fn database(&self) -> String {
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        self.say("postgres", &format!("create database {name}"));
        name
    }
}

/// The server of this test process, where there can be one.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref()
}
