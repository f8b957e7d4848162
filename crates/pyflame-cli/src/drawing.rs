//! `render` and `diff`: from folded text that somebody recorded to a picture or to other text.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyflame_profile::{Reading, Report, Tree, read_tree};
use pyflame_render::svg;

use crate::options::{choose, split_all};
use crate::save::MICROSECONDS;
use crate::summary::counted;
use crate::typed::TypedDrawing;
use crate::{
    DrawError, FlamegraphScript, Format, Picture, SaveError, UsageError, check_output,
    write_atomically,
};

/// Everything about one drawing, ready to be carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Drawing {
    /// What is drawn.
    pub subject: Subject,
    /// Where it goes; standard output if `None`.
    pub output: Option<PathBuf>,
    /// What is written there.
    pub format: Format,
    /// How it is drawn, if it is.
    pub picture: Picture,
    /// What the counts of the input are.
    pub unit: CountUnit,
    /// Whether to say nothing at the end.
    pub quiet: bool,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All inputs as one.
    Sum(Vec<Input>),
    /// What is different in the second.
    Difference {
        /// The first and the second.
        inputs: [Input; 2],
        /// Totals are left as they are, instead of scaling one to the other.
        as_measured: bool,
        /// Whose widths the frames have.
        widths: Widths,
    },
}

/// Whose widths the frames of a difference have: the other's frames have no width of their own
/// where they are gone or not there yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Widths {
    /// The second's.
    #[default]
    After,
    /// The first's: shows what has gone.
    Before,
}

/// What counts in folded text stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CountUnit {
    /// Samples, or whatever else was counted.
    #[default]
    Samples,
    /// Microseconds, as in the folded text that we write.
    Microseconds,
}

/// Something to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// What came of a drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// What to say on standard error, a line each: what could not be read, and what was done.
    pub messages: Vec<String>,
}

/// How often somebody who waits is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

impl Drawing {
    /// Understands what was typed in the folder `cwd`. `is_terminal` says whether standard output
    /// is one, to which nothing is drawn.
    ///
    /// # Errors
    /// With the first thing that can't be carried out.
    pub fn new(typed: TypedDrawing, cwd: &Path, is_terminal: bool) -> Result<Self, UsageError> {
        let mut picture = Picture::default();
        if let Some(name) = typed.script {
            picture.script = Some(FlamegraphScript::find(&name, cwd)?);
        }
        picture.set_flamegraph_args(split_all(&typed.script_args)?)?;
        let widths = choose("--widths", typed.widths, "after or before", |name| match name {
            "after" => Some(Widths::After),
            "before" => Some(Widths::Before),
            _ => None,
        })?;
        let unit = choose("--unit", typed.unit, "samples or us", |name| match name {
            "samples" => Some(CountUnit::Samples),
            "us" | MICROSECONDS => Some(CountUnit::Microseconds),
            _ => None,
        })?;
        let inputs = inputs(typed.inputs)?;
        let subject = if typed.is_diff {
            let inputs: [Input; 2] = inputs
                .try_into()
                .map_err(|inputs: Vec<_>| UsageError::NotTwoInputs { count: inputs.len() })?;
            Subject::Difference { inputs, as_measured: typed.as_measured, widths }
        } else if inputs.is_empty() {
            return Err(UsageError::NothingToDraw);
        } else {
            Subject::Sum(inputs)
        };
        let format = choose("--format", typed.format, Format::NAMES, |name| {
            Format::of_name(name).map(Some)
        })?;
        let (output, format) = output(typed.output, format, is_terminal)?;
        if picture.script.is_some() && format != Format::Svg {
            return Err(UsageError::ScriptWithoutPicture { path: output.unwrap_or("-".into()) });
        }
        if let Some(path) = &output {
            check_output(&cwd.join(path), path)?;
        }
        Ok(Self { subject, output, format, picture, unit, quiet: typed.quiet })
    }

    /// Reads, draws and writes. While that lasts, `tell` is called with the number of bytes read
    /// so far, a few times a second.
    ///
    /// # Errors
    /// When an input can't be read or holds no stack, or when the output can't be written; there
    /// is no new file then.
    pub fn run(&self, mut tell: impl FnMut(u64)) -> Result<Drawn, DrawError> {
        let count = Arc::new(AtomicU64::new(0));
        let mut messages = Vec::new();
        let (bytes, lines) = thread::scope(|scope| {
            let (done, wait) = channel::<()>();
            let work = scope.spawn(|| {
                let _done = done; // Dropped at the end, which ends the wait.
                self.draw(&count, &mut messages)
            });
            while wait.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
                tell(count.load(Ordering::Relaxed));
            }
            work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        match &self.output {
            Some(path) => {
                write_atomically(path, &bytes)
                    .map_err(|source| SaveError::Write { path: path.clone(), source })?;
                if !self.quiet {
                    let lines = counted(lines, "line");
                    messages.push(format!("pyflame: {lines} -> {}", path.display()));
                }
            }
            None => write_to_stdout(&bytes)?,
        }
        Ok(Drawn { messages })
    }

    /// Also returns how many lines were stacks.
    fn draw(
        &self,
        count: &Arc<AtomicU64>,
        messages: &mut Vec<String>,
    ) -> Result<(Vec<u8>, u64), DrawError> {
        let mut style = self.picture.style.clone();
        let built_in = self.format == Format::Svg && self.picture.script.is_none();
        let mut reading = Reading::default();
        reading.microseconds = self.unit == CountUnit::Microseconds;
        let (tree, lines) = match &self.subject {
            Subject::Sum(inputs) => {
                if built_in {
                    reading.min_share = style.min_share();
                    reading.in_time_order = style.flame_chart;
                    // Stacks are turned round where they are read: the tree then lacks nothing.
                    reading.reverse = std::mem::take(&mut style.reverse);
                }
                read(inputs, &reading, count, messages)?
            }
            Subject::Difference { inputs: [before, after], as_measured, widths } => {
                let mut read_one =
                    |input: &Input| read(std::slice::from_ref(input), &reading, count, messages);
                let ((before, lines), (after, more)) = (read_one(before)?, read_one(after)?);
                let tree = match widths {
                    Widths::After => Tree::difference(&before, &after, *as_measured),
                    Widths::Before => {
                        let mut tree = Tree::difference(&after, &before, *as_measured);
                        tree.backwards = true;
                        tree
                    }
                };
                (tree, lines + more)
            }
        };
        if self.format == Format::Folded {
            return Ok((tree.folded().into_bytes(), lines));
        }
        if let Some(script) = &self.picture.script {
            let unit = if reading.microseconds { MICROSECONDS } else { "samples" };
            return Ok((script.draw(&tree.folded(), unit)?, lines));
        }
        if style.title.is_empty() {
            style.title = self.subject.title();
        }
        if style.subtitle.is_empty() {
            style.subtitle = counted(lines, "line");
        }
        let mut picture = Vec::new();
        svg(&tree, &style, &mut picture).map_err(SaveError::from)?;
        Ok((picture, lines))
    }
}

impl Subject {
    /// The heading of the picture, unless somebody wants another.
    fn title(&self) -> String {
        match self {
            Self::Sum(inputs) => match inputs.as_slice() {
                [only] => only.name(),
                [first, rest @ ..] => format!("{} and {} more", first.name(), rest.len()),
                [] => String::new(),
            },
            Self::Difference { inputs: [before, after], .. } => {
                format!("{} \u{2192} {}", before.name(), after.name())
            }
        }
    }
}

impl Input {
    fn open(&self, count: &Arc<AtomicU64>) -> io::Result<Box<dyn Read + Send>> {
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
        Ok(Box::new(Counted { inner, count: Arc::clone(count) }))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Stdin => Path::new("-"),
            Self::File(path) => path,
        }
    }

    /// A short name for headings.
    fn name(&self) -> String {
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

/// Reads all inputs into one tree; also returns how many of their lines were stacks.
fn read(
    inputs: &[Input],
    reading: &Reading,
    count: &Arc<AtomicU64>,
    messages: &mut Vec<String>,
) -> Result<(Tree, u64), DrawError> {
    let open = |input: &Input| {
        let path = || input.path().to_owned();
        input.open(count).map_err(|source| DrawError::Read { path: path(), source })
    };
    let readers = inputs.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<_> = inputs.iter().map(|input| input.path().display().to_string()).collect();
    let names = names.join("`, `");
    let (tree, report) = read_tree(readers, reading).map_err(|error| DrawError::Read {
        path: PathBuf::from(&names),
        source: io::Error::other(error.to_string()),
    })?;
    if report.stacks == 0 {
        let reason = match report.first_unreadable.first() {
            Some(first) => first.to_string(),
            None => "there is no line with a stack in it".to_owned(),
        };
        return Err(DrawError::NothingReadable { inputs: names, reason });
    }
    messages.extend(complaints(inputs, &report));
    Ok((tree, report.stacks))
}

/// What could not be read: the first lines by name, the others by number.
fn complaints(inputs: &[Input], report: &Report) -> Vec<String> {
    let name = |input: usize| {
        inputs.get(input).map_or_else(String::new, |input| input.path().display().to_string())
    };
    let mut complaints: Vec<String> = report
        .first_unreadable
        .iter()
        .map(|line| format!("pyflame: warning: {}: {line}", name(line.input)))
        .collect();
    let unnamed = report.unreadable - complaints.len() as u64;
    if unnamed > 0 {
        let lines = counted(unnamed, "more line");
        complaints.push(format!("pyflame: warning: {lines} could not be read"));
    }
    complaints
}

fn inputs(words: Vec<OsString>) -> Result<Vec<Input>, UsageError> {
    let input = |word: OsString| if word == "-" { Input::Stdin } else { Input::File(word.into()) };
    let inputs: Vec<Input> = words.into_iter().map(input).collect();
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(UsageError::StdinTwice);
    }
    Ok(inputs)
}

fn output(
    typed: Option<OsString>,
    format: Option<Format>,
    is_terminal: bool,
) -> Result<(Option<PathBuf>, Format), UsageError> {
    match typed {
        Some(path) if path != "-" => {
            let path = PathBuf::from(path);
            match format.or_else(|| Format::of_path(&path)) {
                Some(format) => Ok((Some(path), format)),
                None => Err(UsageError::UnknownFormat { path }),
            }
        }
        // Text is for terminals, too, and whoever types `-` means it.
        None if is_terminal && format != Some(Format::Folded) => Err(UsageError::OutputIsTerminal),
        _ => Ok((None, format.unwrap_or_default())),
    }
}

/// Whoever reads our output may stop when he has seen enough (`| head`).
fn write_to_stdout(bytes: &[u8]) -> Result<(), DrawError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(DrawError::Stdout { source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
