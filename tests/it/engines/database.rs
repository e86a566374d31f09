//! Engines and their clients: one interface to load SQL into and to ask.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

/// Whom PostgreSQL runs as where the tests run as root: it refuses that.
const NOBODY: u32 = 65534;

/// The directory into which `scripts/engines` installs what Debian does not have.
pub fn installed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/engines/bin").join(name)
}

/// A server of PostgreSQL on a socket in a directory of its own.
pub struct Server {
    dir: TempDir,
    process: Mutex<Child>,
}

fn serve(dir: &Path) -> Child {
    let mut postgres = unprivileged("postgres");
    postgres.arg("-D").arg(dir.join("data")).arg("-k").arg(dir);
    postgres.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
    postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Server {
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if is_root() {
            for path in [dir.path(), &data] {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let mut initdb = unprivileged("initdb");
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(&data);
        let made = initdb.stdout(Stdio::null()).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let server = Self { process: Mutex::new(serve(dir.path())), dir };
        server.wait();
        server
    }

    fn wait(&self) {
        while !self.psql("postgres").args(["-c", "SELECT 1"]).output().unwrap().status.success() {
            assert!(self.process.lock().unwrap().try_wait().unwrap().is_none(), "the server ended");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Has the server end at once, as if it were killed with all its processes, and starts it again.
    fn crash(&self) {
        self.signal("-QUIT");
        *self.process.lock().unwrap() = serve(self.dir.path());
        self.wait();
    }

    fn signal(&self, signal: &str) {
        let mut process = self.process.lock().unwrap();
        let _ = Command::new("kill").args([signal, &process.id().to_string()]).status();
        let _ = process.wait();
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.arg("-h").arg(self.dir.path()).args(["-U", "postgres", "-d", database, "-X", "-q"]);
        psql
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("-INT");
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// A program of the server, which Debian keeps out of `PATH`.
fn unprivileged(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest =
        versions.map(|version| version.unwrap().path().join("bin").join(name)).filter(|path| path.exists()).max();
    let mut command = Command::new(newest.unwrap_or_else(|| PathBuf::from(name)));
    command.current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Where databases come from.
pub enum Engine {
    Postgres(Server),
    Duckdb(TempDir),
}

impl Engine {
    pub fn postgres() -> Self {
        Self::Postgres(Server::start())
    }

    pub fn duckdb() -> Self {
        Self::Duckdb(tempfile::tempdir().unwrap())
    }

    /// A new, empty database.
    pub fn database(&self, name: &'static str) -> Database<'_> {
        if let Self::Postgres(server) = self {
            let made = server.psql("postgres").args(["-c", &format!("CREATE DATABASE {name}")]).output().unwrap();
            assert!(made.status.success(), "{made:?}");
        }
        Database { engine: self, name }
    }
}

/// One database.
pub struct Database<'e> {
    engine: &'e Engine,
    name: &'static str,
}

/// What became of a load.
#[derive(Debug)]
pub struct Loaded {
    pub ok: bool,
    pub said: String,
}

impl Database<'_> {
    pub fn dialect(&self) -> &'static str {
        match self.engine {
            Engine::Postgres(_) => "postgres",
            Engine::Duckdb(_) => "duckdb",
        }
    }

    /// The client as users pipe an export into it.
    pub fn client(&self) -> Command {
        match self.engine {
            Engine::Postgres(server) => {
                let mut psql = server.psql(self.name);
                psql.args(["-1", "-v", "ON_ERROR_STOP=1"]);
                psql
            }
            Engine::Duckdb(dir) => {
                let mut duckdb = Command::new(installed("duckdb"));
                duckdb.arg(dir.path().join(self.name)).env("HOME", dir.path());
                duckdb
            }
        }
    }

    /// Loads a part of an export, after which the client is killed, or the whole server where there is one.
    pub fn killed(&self, sql: &[u8], is_server: bool) {
        let mut client = self.client();
        let mut client = client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let _ = client.stdin.as_mut().unwrap().write_all(sql);
        match self.engine {
            Engine::Postgres(server) if is_server => server.crash(),
            _ => client.kill().unwrap(),
        }
        client.wait().unwrap();
    }

    pub fn load(&self, sql: &str) -> Loaded {
        let output = piped(self.client(), sql.as_bytes());
        Loaded { ok: output.status.success(), said: String::from_utf8(output.stderr).unwrap() }
    }

    /// Loads what must be taken in silence.
    #[track_caller]
    pub fn take(&self, sql: &str) {
        let loaded = self.load(sql);
        assert!(loaded.ok && loaded.said.is_empty(), "{}: {loaded:?}", self.dialect());
    }

    /// Asks; one line a row, tabs between the columns, nothing for null.
    #[track_caller]
    pub fn ask(&self, query: &str) -> Vec<String> {
        let mut client = self.client();
        match self.engine {
            Engine::Postgres(_) => client.args(["-A", "-t", "-F", "\t", "-c", query]),
            Engine::Duckdb(_) => client.args(["-noheader", "-list", "-separator", "\t", "-nullvalue", "", "-c", query]),
        };
        let output = client.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// A column of texts in hexadecimal digits.
    pub fn hex(&self, column: &str) -> String {
        match self.engine {
            Engine::Postgres(_) => format!("encode(convert_to({column}, 'UTF8'), 'hex')"),
            Engine::Duckdb(_) => format!("lower(hex({column}))"),
        }
    }

    /// A column of times in milliseconds since 1970.
    pub fn millis(&self, column: &str) -> String {
        match self.engine {
            Engine::Postgres(_) => format!("round(extract(epoch FROM {column}) * 1000)::bigint"),
            Engine::Duckdb(_) => format!("epoch_ms({column})"),
        }
    }

    /// A time as a literal.
    pub fn time(&self, time: &str) -> String {
        match self.engine {
            Engine::Postgres(_) => format!("timestamptz '{time}'"),
            Engine::Duckdb(_) => format!("timestamp '{time}'"),
        }
    }

    /// The present, in UTC.
    pub fn now(&self) -> &'static str {
        match self.engine {
            Engine::Postgres(_) => "now()",
            Engine::Duckdb(_) => "make_timestamp(epoch_us(now()))",
        }
    }

    /// All that is stored, without what loading again may change.
    pub fn dump(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for (table, key) in [("events", "id"), ("sync_metadata", "repo")] {
            let exists = format!("SELECT count(*) FROM information_schema.tables WHERE table_name = '{table}'");
            if self.ask(&exists) == ["1"] {
                rows.extend(self.ask(&format!("SELECT * FROM {table} ORDER BY {key}")));
            }
        }
        rows
    }
}

/// Runs a client that reads `input`, which it may stop reading.
pub fn piped(mut client: Command, input: &[u8]) -> Output {
    let mut child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    })
}
