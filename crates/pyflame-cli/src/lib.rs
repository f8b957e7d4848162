//! The command line, and what every door shares: where a profile goes and what is said about it.
//!
//! You give the words that were typed; you get [`RunOptions`], which say what to run and how, with
//! everything checked that can be checked before the program runs. You give a finished profile;
//! it is saved ([`Destination`]) and summed up in a line ([`closing_line`]). Reading the words
//! ([`Typed`]) and understanding them ([`RunOptions`]) are two steps, so that no half-understood
//! option gets further than this crate.
//!
//! [`Drawing`] is the other half: it reads what was recorded before, and draws it (`render`,
//! `diff`).
//!
//! [`MagicRequest`] is the line of a magic in a notebook, [`cell_html`] what the notebook shows.
//!
//! What is not here: running the program. That is Python's work, done by the package around the
//! extension module. Nothing here prints but what is drawn; callers get text.
//!
//! ```
//! use pyflame_cli::{RunOptions, Target, Typed};
//!
//! let typed = Typed::parse(["-r", "500", "-m", "timeit", "-s", "x = 1"])?;
//! let Typed::Run(typed) = typed else { unreachable!("no --help was typed") };
//! // What follows the module belongs to it.
//! assert_eq!(typed.args, ["-s", "x = 1"]);
//! let options = RunOptions::new(*typed, std::env::temp_dir().as_path())?;
//! assert_eq!(options.target, Target::Module("timeit".into()));
//! assert_eq!(options.interval.as_micros(), 2000);
//! # Ok::<(), pyflame_cli::UsageError>(())
//! ```
#![forbid(unsafe_code)]

mod drawing;
mod error;
mod flamegraph_script;
mod format;
mod help;
mod interval;
mod magic;
mod notebook;
mod options;
mod output;
mod save;
mod summary;
mod supervised;
mod target;
mod typed;

pub use drawing::{CountUnit, Drawing, Drawn, Input, Subject, Widths};
pub use error::{DrawError, SaveError, ScriptError, UsageError};
pub use flamegraph_script::{FlamegraphScript, split_args};
pub use format::Format;
pub use help::{HELP, MAGIC_HELP, version_line};
pub use interval::{IntervalError, interval_from_rate, interval_from_seconds};
pub use magic::{Magic, MagicDefaults, MagicOptions, MagicRequest};
pub use notebook::{cell_html, cell_page, cell_text};
pub use options::{EngineChoice, RunOptions, ThreadChoice};
pub use output::{check_output, write_atomically};
pub use save::{Destination, Picture};
pub use summary::{closing_line, facts};
pub use supervised::{gathered_profile, supervised_line};
pub use target::Target;
pub use typed::{Typed, TypedDrawing, TypedRun};
