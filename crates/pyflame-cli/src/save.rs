//! From a profile to a file: which way to draw, and what to keep when drawing fails.

use std::os::fd::RawFd;
use std::path::PathBuf;

use pyflame_profile::{Category, Measure, Profile, Tree, View};
use pyflame_render::{RenderError, SvgOptions, pdf, svg};

use crate::output::descriptor_of;
use crate::{FlamegraphScript, Format, SaveError, facts, write_atomically};

/// How a profile is drawn.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Picture {
    /// Which time, and how far stacks are merged.
    pub view: View,
    /// The heading, where neither [`Picture::style`] nor the program's name is wanted.
    pub title: Option<String>,
    /// What the built-in renderer is told.
    pub style: SvgOptions,
    /// An external script that draws instead of the built-in renderer.
    pub script: Option<FlamegraphScript>,
}

impl Picture {
    /// Arguments in the style of flamegraph.pl: for the external script where there is one, else
    /// for the built-in renderer, which understands them.
    ///
    /// # Errors
    /// When the built-in renderer can't do what they say.
    pub fn set_flamegraph_args(&mut self, args: Vec<String>) -> Result<(), RenderError> {
        match &mut self.script {
            Some(script) => script.args = args,
            None => self.style = SvgOptions::parse_flamegraph_args(&args)?,
        }
        Ok(())
    }

    /// The SVG, as bytes: an external script may write what it wants.
    ///
    /// # Errors
    /// When the external script can't be run or fails.
    pub fn draw(&self, profile: &Profile) -> Result<Vec<u8>, SaveError> {
        let tree = self.tree(profile);
        match &self.script {
            // An empty profile makes flamegraph.pl fail; ours says that there is nothing to see.
            Some(script) if !tree.is_empty() => script.draw(&tree.folded(), MICROSECONDS),
            _ => self.draw_built_in(profile, &tree),
        }
    }

    /// What is written of a profile.
    pub(crate) fn bytes(&self, profile: &Profile, format: Format) -> Result<Vec<u8>, SaveError> {
        match format {
            Format::Svg => self.draw(profile),
            Format::Pdf => self.draw_page(profile),
            Format::Folded => Ok(self.view.folded(profile).into_bytes()),
            Format::Recording => Ok(pyflame_recording_file::write(profile)),
        }
    }

    fn draw_page(&self, profile: &Profile) -> Result<Vec<u8>, SaveError> {
        let mut page = Vec::new();
        pdf(&self.tree(profile), &self.options(profile), &mut page)?;
        Ok(page)
    }

    fn draw_built_in(&self, profile: &Profile, tree: &Tree) -> Result<Vec<u8>, SaveError> {
        let mut picture = Vec::new();
        svg(tree, &self.options(profile), &mut picture)?;
        Ok(picture)
    }

    /// What is drawn of a profile. Of threads that wait there is CPU time between two samples, too
    /// little for one: drawn, these few microseconds would be all of the picture, and look like a
    /// loss.
    pub(crate) fn tree(&self, profile: &Profile) -> Tree {
        match self.view.measure {
            Measure::Cpu if is_below_a_sample(profile) => Tree::new(profile.meta.unit),
            _ => self.view.tree(profile),
        }
    }

    /// What the built-in renderer is told about this profile.
    pub(crate) fn options(&self, profile: &Profile) -> SvgOptions {
        let mut options = self.style.clone();
        if let Some(title) = &self.title {
            options.title.clone_from(title);
        } else if options.title.is_empty() {
            options.title = profile.meta.program.to_string();
        }
        if options.subtitle.is_empty() {
            options.subtitle = facts(profile, self.view.measure).join(" \u{b7} ");
        }
        if self.view.measure == Measure::Cpu && profile.totals().samples > 0 {
            options.nothing = NO_CPU_TIME;
        }
        options
    }
}

/// What stands in a picture of CPU time of threads that used none.
const NO_CPU_TIME: [&str; 2] =
    ["No CPU time to show", "Threads that only wait use none, or too little for a sample."];

/// Whether the CPU time of a profile is less than a sample of each thread, and of no known stack.
fn is_below_a_sample(profile: &Profile) -> bool {
    let threads = profile.sampled_threads() as u128;
    let samples_ns = profile.meta.interval.as_nanos().saturating_mul(threads);
    let is_known = |stack| {
        let innermost = profile.stacks().pop(stack).and_then(|(_, frame)| profile.frame(frame));
        innermost.is_none_or(|(function, _)| function.category != Category::Uncaptured)
    };
    let mut used = profile.samples().filter(|(_, totals)| totals.cpu_ns > 0);
    u128::from(profile.totals().cpu_ns) < samples_ns && !used.any(|(key, _)| is_known(key.stack))
}

/// The unit of a recording's folded text.
pub(crate) const MICROSECONDS: &str = "microseconds";

/// Where a profile goes.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The file, in full: the program may change its folder.
    pub path: PathBuf,
    /// The file as the user knows it.
    pub shown: PathBuf,
    /// What is written there.
    pub format: Format,
    /// How it is drawn, if it is.
    pub picture: Picture,
}

impl Destination {
    /// Whether this is, or becomes, a file of its own, and not a pipe, a device, or what is open
    /// already.
    pub fn is_file(&self) -> bool {
        self.descriptor().is_none() && self.path.metadata().map_or(true, |facts| facts.is_file())
    }

    /// The descriptor of this process that it stands for, as `/dev/stdout` does, if it is one.
    pub fn descriptor(&self) -> Option<RawFd> {
        descriptor_of(&self.path)
    }

    /// Writes the profile. When an external script fails, what was recorded is kept as folded
    /// text beside the place of the picture.
    ///
    /// # Errors
    /// When the file can't be written or an external script fails; the message says where the
    /// recording is then.
    pub fn save(&self, profile: &Profile) -> Result<(), SaveError> {
        let bytes = match self.picture.bytes(profile, self.format) {
            Ok(bytes) => bytes,
            Err(failure) => return Err(self.keep_folded(profile, failure)),
        };
        write_atomically(&self.path, &bytes)
            .map_err(|source| SaveError::Write { path: self.shown.clone(), source })
    }

    fn keep_folded(&self, profile: &Profile, failure: SaveError) -> SaveError {
        let extension = Format::Folded.extension();
        let folded = self.picture.view.folded(profile);
        match write_atomically(&self.path.with_extension(extension), folded.as_bytes()) {
            Ok(()) => SaveError::KeptFolded {
                failure: Box::new(failure),
                path: self.shown.with_extension(extension),
            },
            Err(_) => failure,
        }
    }
}
