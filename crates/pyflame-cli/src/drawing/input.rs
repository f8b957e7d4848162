//! Where something to draw comes from, and what it is: a recording says so in its first bytes,
//! whatever its name, and all else is folded text.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pyflame_profile::Profile;
use pyflame_recording_file::{HEADER, is_recording};

use crate::DrawError;

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// What inputs are.
pub(super) enum Source {
    /// Folded text. It is not read yet: how depends on what is drawn.
    Text(Vec<Box<dyn Read + Send>>),
    /// Recordings, summed up as runs one after the other.
    Recording(Box<Profile>),
}

/// One input, open.
enum Opened {
    Text(Box<dyn Read + Send>),
    Recording(Vec<u8>),
}

impl Source {
    /// Opens inputs, and reads those that are recordings. `count` is told how many bytes have been
    /// read, and `messages` get what can't be.
    pub(super) fn open(
        inputs: &[Input],
        count: &Arc<AtomicU64>,
        messages: &mut Vec<String>,
    ) -> Result<Self, DrawError> {
        let (mut texts, mut sum) = (Vec::new(), None);
        let (mut text, mut recording) = (None, None);
        for input in inputs {
            match input.open(count)? {
                Opened::Text(reader) => {
                    texts.push(reader);
                    text.get_or_insert(input);
                }
                Opened::Recording(bytes) => {
                    let profile = input.read(&bytes, messages)?;
                    add(&mut sum, profile, recording.get_or_insert(input), input)?;
                }
            }
        }
        match (sum, text, recording) {
            (None, ..) => Ok(Self::Text(texts)),
            (Some(_), Some(text), Some(recording)) => Err(DrawError::Mixed {
                text: text.path().to_owned(),
                recording: recording.path().to_owned(),
            }),
            (Some(profile), ..) => Ok(Self::Recording(Box::new(profile))),
        }
    }
}

fn add(
    sum: &mut Option<Profile>,
    profile: Profile,
    first: &Input,
    input: &Input,
) -> Result<(), DrawError> {
    match sum {
        None => *sum = Some(profile),
        Some(sum) if sum.meta.unit == profile.meta.unit => sum.merge_run(&profile),
        Some(_) => {
            let (first, second) = (first.shown(), input.shown());
            return Err(DrawError::UnitsDiffer { first, second });
        }
    }
    Ok(())
}

impl Input {
    fn open(&self, count: &Arc<AtomicU64>) -> Result<Opened, DrawError> {
        self.sniff(count).map_err(|source| DrawError::Read { path: self.path().to_owned(), source })
    }

    fn sniff(&self, count: &Arc<AtomicU64>) -> io::Result<Opened> {
        let inner: Box<dyn Read + Send> = match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File(path) => {
                let file = File::open(path)?;
                if file.metadata()?.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                Box::new(file)
            }
        };
        let mut reader = Counted { inner, count: Arc::clone(count) };
        let mut bytes = Vec::new();
        reader.by_ref().take(HEADER.len() as u64).read_to_end(&mut bytes)?;
        if is_recording(&bytes) {
            reader.read_to_end(&mut bytes)?;
            return Ok(Opened::Recording(bytes));
        }
        Ok(Opened::Text(Box::new(Cursor::new(bytes).chain(reader))))
    }

    /// Reads a recording.
    fn read(&self, bytes: &[u8], messages: &mut Vec<String>) -> Result<Profile, DrawError> {
        let path = || self.path().to_owned();
        let reading = pyflame_recording_file::read(bytes)
            .map_err(|source| DrawError::Recording { path: path(), source })?;
        let lost = reading.lost.clone();
        let profile = reading.into_profile();
        if !lost.is_empty() {
            if profile.totals().samples == 0 {
                return Err(DrawError::NothingLeft { path: path(), lost });
            }
            messages.push(format!("pyflame: warning: {} is damaged: {lost}", self.shown()));
        }
        Ok(profile)
    }

    fn path(&self) -> &Path {
        match self {
            Self::Stdin => Path::new("-"),
            Self::File(path) => path,
        }
    }

    /// As it was typed, for messages.
    pub(super) fn shown(&self) -> String {
        self.path().display().to_string()
    }

    /// A short name for headings.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

/// A reader that says how far it is.
struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
