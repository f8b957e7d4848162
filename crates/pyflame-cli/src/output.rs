//! Files that appear whole or not at all.
//!
//! A file is written under a temporary name in the folder where it belongs and renamed over its
//! name at the end; rename(2) is atomic within one file system. What is no regular file (a pipe, a
//! terminal) can't be replaced and is written to directly.
//!
//! Neither may what is open already be replaced, whatever it is: `/dev/stdout` and `/dev/fd/3` stand
//! for a descriptor of this process (proc(5): symbolic links below `/proc/self/fd`). Where it leads
//! to a file (`> log`), that has been written to by others and will be, so the output goes on where
//! they have stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd as _, RawFd};
use std::path::{Path, PathBuf};

use crate::UsageError;

/// Finds out now, before the program runs, whether `path` can be written at its end. Messages
/// call it `shown`, which is what the user typed.
///
/// # Errors
/// When it is a folder, when its folder does not exist, or when either can't be written to.
pub fn check_output(path: &Path, shown: &Path) -> Result<(), UsageError> {
    let unwritable = |reason| UsageError::OutputUnwritable { path: shown.to_owned(), reason };
    if let Some(number) = descriptor_of(path) {
        // Nothing is written, but a descriptor that is for reading refuses even that.
        let opened = open_stream(path, number).and_then(|mut stream| stream.write(&[]));
        return opened.map(drop).map_err(unwritable);
    }
    let (typed, path) = (path, final_path(path));
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
        // A symbolic link may lead to another folder than that which the user named.
        let named = shown.parent().filter(|_| folder == folder_of(typed));
        let shown = named.unwrap_or(folder);
        return Err(UsageError::OutputFolderMissing { path: shown.to_owned() });
    }
    // Trying is the only question that also a read-only file system answers truthfully.
    Temporary::beside(&path).map(drop).map_err(unwritable)
}

/// Writes `bytes` to `path`; nobody ever sees a part of them there, if it is a file.
///
/// # Errors
/// The system's own, for example when the disk is full. What was at `path` before is untouched
/// then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(number) = descriptor_of(path) {
        return open_stream(path, number)?.write_all(bytes);
    }
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

/// The descriptor of this process that `path` stands for, if it does, and if that is open.
pub(crate) fn descriptor_of(path: &Path) -> Option<RawFd> {
    // Links that lead in a circle lead to nothing: whatever is there has an end.
    fs::metadata(path).ok()?;
    let folder = fs::canonicalize(folder_of(path)).ok()?;
    // Of Linux, and of systems where it is no link to the former.
    let is_own = |own| fs::canonicalize(own).is_ok_and(|own| own == folder);
    if is_own("/proc/self/fd") || is_own("/dev/fd") {
        return path.file_name()?.to_str()?.parse().ok();
    }
    descriptor_of(&folder.join(fs::read_link(path).ok()?))
}

/// Opens what a descriptor leads to, for writing behind all that is there.
fn open_stream(path: &Path, number: RawFd) -> io::Result<File> {
    let is_file = fs::metadata(path)?.is_file();
    let standard = match number {
        1 => Some(io::stdout().as_fd().try_clone_to_owned()),
        2 => Some(io::stderr().as_fd().try_clone_to_owned()),
        _ => None,
    };
    match standard {
        // Its position is that of all who have it open, so they will go on behind the output.
        Some(copy) if is_file => copy.map(File::from),
        // A copy of a pipe's would not wait for its reader where the program has made it so. But a
        // socket can't be opened anew, nor can a terminal of another user.
        Some(copy) => OpenOptions::new().write(true).open(path).or_else(|_| copy.map(File::from)),
        // One that was not opened anew could only be had by `unsafe`.
        None => OpenOptions::new().append(true).open(path),
    }
}

/// Where symbolic links lead, also if nothing is there yet, so that the rename does not replace them.
fn final_path(path: &Path) -> PathBuf {
    match (fs::canonicalize(path), fs::read_link(path)) {
        (Ok(real), _) => real,
        // Links of `/proc` have targets that are no paths (`pipe:[1]`), and can be opened.
        (Err(error), Ok(target)) if error.kind() == io::ErrorKind::NotFound && !path.exists() => {
            final_path(&folder_of(path).join(target))
        }
        _ => path.to_owned(),
    }
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
    fn a_symbolic_link_to_nothing_yet_stays_and_its_file_is_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("runs")).unwrap();
        let link = folder.path().join("latest.svg");
        std::os::unix::fs::symlink("runs/1.svg", &link).unwrap();
        check_output(&link, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("runs/1.svg"));
        assert_eq!(fs::read(folder.path().join("runs/1.svg")).unwrap(), b"new");
    }

    #[test]
    fn a_symbolic_link_into_a_folder_that_is_not_there_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("latest.svg");
        std::os::unix::fs::symlink("runs/1.svg", &link).unwrap();
        let message = check_output(&link, Path::new("latest.svg")).unwrap_err().to_string();
        assert!(message.contains(&*folder.path().join("runs").to_string_lossy()), "{message}");
    }

    #[test]
    fn symbolic_links_in_a_circle_have_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("x.svg");
        std::os::unix::fs::symlink("x.svg", &link).unwrap();
        assert_eq!(descriptor_of(&link), None);
        assert_eq!(final_path(&link), link);
    }

    #[test]
    fn what_is_open_is_written_behind_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("log"), folder.path().join("link"));
        let mut file = File::create(&path).unwrap();
        file.write_all(b"old, ").unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&file);
        std::os::unix::fs::symlink(format!("/dev/fd/{number}"), &link).unwrap();
        assert_eq!(descriptor_of(&link), Some(number));
        check_output(&link, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old, new");
        // The same file by its own name is a file as any other.
        assert_eq!(descriptor_of(&path), None);
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
