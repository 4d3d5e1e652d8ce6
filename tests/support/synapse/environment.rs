//! The virtual environment with Synapse and matrix-nio: made on first use under the target folder, shared by all tests.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What is installed, each file with its hash.
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// What to do where it cannot be.
const REMEDY: &str = "these tests need Python 3.11 or newer with venv, and once the network; RAPPORTEUR_SKIP_SYNAPSE=1 leaves them out";

/// Whether the tests with a homeserver are to be left out; says so.
pub fn is_skipped() -> bool {
    let skipped = std::env::var("RAPPORTEUR_SKIP_SYNAPSE").is_ok_and(|value| value == "1");
    if skipped {
        eprintln!("left out: RAPPORTEUR_SKIP_SYNAPSE is set, so there is no homeserver");
    }
    skipped
}

/// Where homeservers and the environment lie.
pub(super) fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target folder");
    target.join("synapse")
}

/// The Python of the environment, which is made if need be.
pub(super) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        std::fs::create_dir_all(folder()).expect("a folder for the environment");
        let lock = File::create(folder().join("lock")).expect("a lock for the environment");
        // Other test programs may be at it; the lock goes with the file.
        lock.lock().expect("the lock can be waited for");
        let hash = blake3::hash(REQUIREMENTS.as_bytes()).to_hex();
        let environment = folder().join(format!("venv-{}", &hash[..12]));
        let complete = environment.join("complete");
        if !complete.exists() {
            make(&environment);
            File::create(complete).expect("the environment is marked complete");
        }
        environment.join("bin/python")
    })
}

fn make(environment: &Path) {
    eprintln!("installing Synapse into {}; this takes a minute, once", environment.display());
    let _ = std::fs::remove_dir_all(environment);
    run(Command::new("python3").args(["-m", "venv"]).arg(environment));
    let requirements = environment.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS).expect("the requirements can be written");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:", "-r"];
    run(Command::new(environment.join("bin/python")).args(pip).arg(requirements));
}

fn run(command: &mut Command) {
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => panic!("{command:?}: {error}\n{REMEDY}"),
    };
    let said = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{REMEDY}", output.status);
}
