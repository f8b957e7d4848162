//! What can be run, in Python's four ways: a script (or a folder or archive with a `__main__.py`),
//! a module, code, standard input.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::UsageError;
use crate::typed::TypedTarget;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A script, or a folder or archive that holds a `__main__.py`.
    Script(PathBuf),
    /// A module, as `python -m` runs it.
    Module(String),
    /// Code, as `python -c` runs it.
    Code(OsString),
    /// What comes in on standard input.
    Stdin,
}

impl Target {
    /// What a typed word means.
    ///
    /// # Errors
    /// When `-m` was given something that is no text.
    pub fn new(typed: &TypedTarget) -> Result<Self, UsageError> {
        Ok(match typed {
            TypedTarget::Path(path) if path == "-" => Self::Stdin,
            TypedTarget::Path(path) => Self::Script(path.into()),
            TypedTarget::Module(name) => match name.to_str() {
                Some(name) if !name.is_empty() => Self::Module(name.to_owned()),
                _ => return Err(UsageError::BadModule { value: name.clone() }),
            },
            TypedTarget::Code(code) => Self::Code(code.clone()),
        })
    }

    /// Whether it is there. Modules are left to Python, which may have to import to find out.
    ///
    /// # Errors
    /// When there is no such script, when it can't be read, or when it is a folder that Python
    /// could not run.
    pub fn check(&self) -> Result<(), UsageError> {
        let Self::Script(path) = self else { return Ok(()) };
        let unreadable = |reason| UsageError::ScriptUnreadable { path: path.clone(), reason };
        let facts = match fs::metadata(path) {
            Ok(facts) => facts,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(UsageError::ScriptMissing { path: path.clone() });
            }
            Err(error) => return Err(unreadable(error)),
        };
        if facts.is_dir() {
            return if has_main(path) {
                Ok(())
            } else {
                Err(UsageError::FolderWithoutMain { path: path.clone() })
            };
        }
        // A pipe (`<(…)` in a shell) can be opened only once, and that is the program's turn.
        if facts.is_file() {
            fs::File::open(path).map_err(unreadable)?;
        }
        Ok(())
    }

    /// What it is called in titles: `train.py`, `-m http.server`.
    pub fn program(&self) -> String {
        match self {
            Self::Module(name) => format!("-m {name}"),
            Self::Code(_) => "-c".to_owned(),
            Self::Script(_) | Self::Stdin => self.base_name().to_string_lossy().into_owned(),
        }
    }

    /// The file name that its output has by default, without the extension.
    pub fn base_name(&self) -> OsString {
        match self {
            // Only paths such as `..` have no last part.
            Self::Script(path) => path.file_name().unwrap_or("script".as_ref()).to_owned(),
            Self::Module(name) => name.into(),
            Self::Code(_) => "command".into(),
            Self::Stdin => "stdin".into(),
        }
    }
}

/// Python runs a folder's compiled `__main__` as well.
fn has_main(folder: &Path) -> bool {
    ["__main__.py", "__main__.pyc"].iter().any(|name| folder.join(name).is_file())
}
