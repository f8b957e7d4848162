//! An external flamegraph.pl: folded text in on its standard input, the picture out on its
//! standard output (the interface of Brendan Gregg's script and all that imitate it).

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::{SaveError, ScriptError};

/// An external script that draws, and what it is told besides the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlamegraphScript {
    /// Where it is.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

/// Splits a string into arguments as a shell would; `None` where a quote is not closed.
///
/// ```
/// assert_eq!(pyflame_cli::split_args("--title 'My run'").unwrap(), ["--title", "My run"]);
/// assert_eq!(pyflame_cli::split_args("--title 'My"), None);
/// ```
pub fn split_args(text: &str) -> Option<Vec<String>> {
    shlex::split(text)
}

impl FlamegraphScript {
    /// Looks a script up: a bare name on PATH, everything else as a path from `cwd`.
    ///
    /// # Errors
    /// When there is no such script, or it can't be executed.
    pub fn find(name: &OsStr, cwd: &Path) -> Result<Self, ScriptError> {
        if let Ok(path) = which::which_in(name, std::env::var_os("PATH"), cwd) {
            return Ok(Self { path, args: Vec::new() });
        }
        let path = cwd.join(name);
        // A name without a slash is a command; a file here of that name is not what was meant,
        // but saying that it lacks the bit helps whoever did mean it.
        if !name.is_empty() && path.exists() {
            return Err(ScriptError::NotExecutable { path: name.into() });
        }
        Err(ScriptError::Missing { name: name.to_owned() })
    }

    /// Has the script draw folded text, whose counts are in `unit`.
    ///
    /// # Errors
    /// When it can't be run, fails, or draws nothing.
    pub fn draw(&self, folded: &str, unit: &str) -> Result<Vec<u8>, SaveError> {
        let mut child = Command::new(&self.path)
            // First, so that an argument of the user's wins.
            .args(["--countname", unit])
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| self.not_run(source))?;
        let (picture, message) = converse(&mut child, folded).map_err(|e| self.not_run(e))?;
        let status = child.wait().map_err(|source| self.not_run(source))?;
        if status.success() && !picture.is_empty() {
            return Ok(picture);
        }
        let message = String::from_utf8_lossy(&message).trim().to_owned();
        let message = if message.is_empty() { "it said nothing".to_owned() } else { message };
        let script = self.path.clone();
        let drew = if picture.is_empty() { " and drew nothing" } else { "" };
        Err(SaveError::ScriptFailed { script, status: format!("{status}{drew}"), message })
    }

    fn not_run(&self, source: io::Error) -> SaveError {
        SaveError::ScriptNotRun { script: self.path.clone(), source }
    }
}

/// Writes to and reads from the script at once: each of the three pipes may fill up first.
fn converse(child: &mut Child, folded: &str) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let writer = scope.spawn(move || match stdin {
            Some(mut stdin) => stdin.write_all(folded.as_bytes()),
            None => Ok(()),
        });
        let messages = scope.spawn(move || read_all(stderr));
        let picture = read_all(stdout)?;
        let message = messages.join().unwrap_or_else(|_| Ok(Vec::new()))?;
        match writer.join() {
            // A script that fails early does not read to the end; what it said matters more.
            Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok((picture, message)),
        }
    })
}

fn read_all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scripts are files of the repository: one that a test had just written could still be open
    /// for writing in a child that another test's thread has forked, and would not be run.
    fn script(name: &str) -> FlamegraphScript {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts").join(name);
        FlamegraphScript { path, args: vec!["--countname".into(), "mine".into()] }
    }

    #[test]
    fn the_script_gets_the_folded_text_and_the_users_arguments_last() {
        let picture = script("echo.sh").draw("a;b 1\n", "microseconds").unwrap();
        let text = String::from_utf8(picture).unwrap();
        assert_eq!(text, "--countname microseconds --countname mine\na;b 1\n");
    }

    #[test]
    fn a_script_that_fails_is_quoted() {
        let error = script("fails.sh").draw("a 1\n", "microseconds").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("exit status: 3") && text.contains("no such palette"), "{text}");
    }

    #[test]
    fn a_script_that_draws_nothing_has_failed() {
        let error =
            script("draws_nothing.sh").draw("a 1\n", "microseconds").unwrap_err().to_string();
        assert!(error.contains("drew nothing"), "{error}");
    }

    #[test]
    fn more_text_than_any_pipe_holds_comes_through() {
        let line = "a;b;c 1\n".repeat(200_000);
        let picture = script("echo.sh").draw(&line, "microseconds").unwrap();
        assert!(String::from_utf8(picture).unwrap().ends_with(&line));
    }
}
