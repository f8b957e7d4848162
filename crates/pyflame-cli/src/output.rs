//! Files that appear whole or not at all.
//!
//! A file is written under a temporary name in the folder where it belongs and renamed over its
//! name at the end; rename(2) is atomic within one file system. What is no regular file (a pipe,
//! `/dev/stdout`) can't be replaced and is written to directly.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::UsageError;

/// Finds out now, before the program runs, whether `path` can be written at its end. Messages
/// call it `shown`, which is what the user typed.
///
/// # Errors
/// When it is a folder, when its folder does not exist, or when either can't be written to.
pub fn check_output(path: &Path, shown: &Path) -> Result<(), UsageError> {
    let unwritable = |reason| UsageError::OutputUnwritable { path: shown.to_owned(), reason };
    let path = final_path(path);
    match fs::metadata(&path) {
        Ok(facts) if facts.is_dir() => {
            return Err(UsageError::OutputIsFolder { path: shown.to_owned() });
        }
        Ok(facts) if !facts.is_file() => return Ok(()),
        // The rename would overwrite a file that its owner has protected.
        Ok(_) => drop(OpenOptions::new().append(true).open(&path).map_err(unwritable)?),
        Err(_) => {}
    }
    let folder = folder_of(&path);
    if !folder.is_dir() {
        let shown = shown.parent().unwrap_or(folder);
        return Err(UsageError::OutputFolderMissing { path: shown.to_owned() });
    }
    // Trying is the only question that also a read-only file system answers truthfully.
    Temporary::beside(&path).map(drop).map_err(unwritable)
}

/// Writes `bytes` to `path`; nobody ever sees a part of them there.
///
/// # Errors
/// The system's own, for example when the disk is full. What was at `path` before is untouched
/// then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = final_path(path);
    let existing = fs::metadata(&path).ok();
    if existing.as_ref().is_some_and(|facts| !facts.is_file()) {
        return OpenOptions::new().write(true).open(&path)?.write_all(bytes);
    }
    let mut temporary = Temporary::beside(&path)?;
    temporary.file.write_all(bytes)?;
    if let Some(facts) = existing {
        temporary.file.set_permissions(facts.permissions())?;
    }
    temporary.rename(&path)
}

/// Where a symbolic link leads, so that the rename replaces the file and not the link.
fn final_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file that is gone when it is dropped, unless it was given its final name.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// Makes a file beside `path`. Not by a library: the usual ones hide the system's error.
    fn beside(path: &Path) -> io::Result<Self> {
        let process = std::process::id();
        for attempt in 0_u32.. {
            let temporary = folder_of(path).join(format!(".pyflame-{process}-{attempt}.tmp"));
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => return Ok(Self { path: temporary, file }),
                // Another thread's, or that of a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn rename(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.path = PathBuf::new();
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Fails where it was renamed, which is as it should be, or where nothing can be done.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_existing_file_is_replaced_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.svg");
        fs::write(&path, "old and longer").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_symbolic_link_keeps_leading_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real.svg"), folder.path().join("link.svg"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        write_atomically(Path::new("/dev/null"), b"new").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        check_output(Path::new("/dev/null"), Path::new("/dev/null")).unwrap();
    }

    #[test]
    fn looking_whether_an_output_can_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.svg");
        check_output(&path, &path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
