//! What was typed: the words of the command line, sorted but not yet understood.
//!
//! The grammar is Python's own: options up to the first word that says what to run (a script, `-`,
//! `-m module` or `-c code`), and everything after it belongs to the program, options included
//! (Python/getopt.c stops in the same place). If the first word of all is `render` or `diff`, the
//! line is for that command; a script of that name is run as `./render`.
//!
//! IPython's magics have the same options, and code instead of a program behind them
//! ([`Typed::parse_magic`]).

use std::ffi::OsString;

use lexopt::Arg::{Long, Short, Value};

use crate::UsageError;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// To run something.
    Run(Box<TypedRun>),
    /// To draw what has been recorded.
    Draw(Box<TypedDrawing>),
}

/// The options of `render` and `diff` as they were typed; `None` where one was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct TypedDrawing {
    /// `diff`, not `render`.
    pub is_diff: bool,
    /// The files, in order.
    pub inputs: Vec<OsString>,
    /// `-o`.
    pub output: Option<OsString>,
    /// `-p`.
    pub script: Option<OsString>,
    /// `-a`; given twice, both count.
    pub script_args: Vec<OsString>,
    /// `--format`.
    pub format: Option<OsString>,
    /// `--unit`.
    pub unit: Option<OsString>,
    /// `--widths`.
    pub widths: Option<OsString>,
    /// `--threads`.
    pub threads: Option<OsString>,
    /// `--mode`.
    pub mode: Option<OsString>,
    /// `--by-line`.
    pub by_line: bool,
    /// `--as-measured`.
    pub as_measured: bool,
    /// `-q`.
    pub quiet: bool,
}

/// The options as they were typed; `None` where one was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedRun {
    /// The word that says what to run, and in which way.
    pub target: Option<TypedTarget>,
    /// Everything after it.
    pub args: Vec<OsString>,
    /// `-o`.
    pub output: Option<OsString>,
    /// `-s`.
    pub interval: Option<OsString>,
    /// `-r`.
    pub rate: Option<OsString>,
    /// `-p`.
    pub script: Option<OsString>,
    /// `-a`; given twice, both count.
    pub script_args: Vec<OsString>,
    /// `--threads`.
    pub threads: Option<OsString>,
    /// `--mode`.
    pub mode: Option<OsString>,
    /// `--by-line`.
    pub by_line: bool,
    /// `--format`.
    pub format: Option<OsString>,
    /// `--engine`.
    pub engine: Option<OsString>,
    /// `--no-children`.
    pub no_children: bool,
    /// `-d`.
    pub duration: Option<OsString>,
    /// `--delay`.
    pub delay: Option<OsString>,
    /// `-q`.
    pub quiet: bool,
}

/// A word that says what to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedTarget {
    /// A path, or `-`.
    Path(OsString),
    /// `-m`.
    Module(OsString),
    /// `-c`.
    Code(OsString),
}

impl Typed {
    /// Sorts the words after the command's name.
    ///
    /// # Errors
    /// When an option is not known, or lacks its value.
    pub fn parse<I>(words: I) -> Result<Self, UsageError>
    where
        I: IntoIterator<Item: Into<OsString>>,
    {
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        if let Some((first, rest)) = words.split_first()
            && (first == "render" || first == "diff")
        {
            return TypedDrawing::parse(first == "diff", rest);
        }
        parse_run(words, true)
    }

    /// Sorts the words of a magic's line. There, neither `-m` nor `-c` say what to run, and every
    /// word that is no option begins the code.
    ///
    /// # Errors
    /// When an option is not known, or lacks its value.
    pub fn parse_magic<I>(words: I) -> Result<Self, UsageError>
    where
        I: IntoIterator<Item: Into<OsString>>,
    {
        parse_run(words.into_iter().map(Into::into).collect(), false)
    }
}

fn parse_run(words: Vec<OsString>, has_modules: bool) -> Result<Typed, UsageError> {
    let mut parser = lexopt::Parser::from_args(words);
    let mut typed = TypedRun::default();
    while let Some(argument) = parser.next().map_err(usage)? {
        let value = match argument {
            Short('h') | Long("help") => return Ok(Typed::Help),
            Short('V') | Long("version") => return Ok(Typed::Version),
            Short('q') | Long("quiet") => {
                typed.quiet = true;
                continue;
            }
            Long("by-line") => {
                typed.by_line = true;
                continue;
            }
            Long(word @ ("children" | "no-children")) if has_modules => {
                typed.no_children = word == "no-children";
                continue;
            }
            Short('a') | Long("flamegraph-extra-args") => {
                typed.script_args.push(parser.value().map_err(usage)?);
                continue;
            }
            Short('m') if has_modules => Some(TypedTarget::Module(parser.value().map_err(usage)?)),
            Short('c') if has_modules => Some(TypedTarget::Code(parser.value().map_err(usage)?)),
            Value(path) => Some(TypedTarget::Path(path)),
            option => {
                let place = typed.valued(option)?;
                *place = Some(parser.value().map_err(usage)?);
                None
            }
        };
        if let Some(target) = value {
            typed.target = Some(target);
            typed.args = parser.raw_args().map_err(usage)?.collect();
            break;
        }
    }
    Ok(Typed::Run(Box::new(typed)))
}

impl TypedRun {
    /// The place for the value of an option that takes one; the last one typed wins.
    fn valued(&mut self, option: lexopt::Arg<'_>) -> Result<&mut Option<OsString>, UsageError> {
        Ok(match option {
            Short('o') | Long("output-file" | "output-path") => &mut self.output,
            Short('s') | Long("sample-interval") => &mut self.interval,
            Short('r') | Long("rate") => &mut self.rate,
            Short('p') | Long("flamegraph-script-path") => &mut self.script,
            Short('d') | Long("duration") => &mut self.duration,
            Long("delay") => &mut self.delay,
            Long("threads") => &mut self.threads,
            Long("mode") => &mut self.mode,
            Long("format") => &mut self.format,
            Long("engine") => &mut self.engine,
            unknown => return Err(usage(unknown.unexpected())),
        })
    }
}

impl TypedDrawing {
    fn parse(is_diff: bool, words: &[OsString]) -> Result<Typed, UsageError> {
        let mut parser = lexopt::Parser::from_args(words);
        let mut typed = Self { is_diff, ..Self::default() };
        while let Some(argument) = parser.next().map_err(usage)? {
            let place = match argument {
                Short('h') | Long("help") => return Ok(Typed::Help),
                Short('V') | Long("version") => return Ok(Typed::Version),
                Short('q') | Long("quiet") => {
                    typed.quiet = true;
                    continue;
                }
                Long("by-line") => {
                    typed.by_line = true;
                    continue;
                }
                Long("as-measured") if is_diff => {
                    typed.as_measured = true;
                    continue;
                }
                Short('a') | Long("flamegraph-extra-args") => {
                    typed.script_args.push(parser.value().map_err(usage)?);
                    continue;
                }
                Value(path) => {
                    typed.inputs.push(path);
                    continue;
                }
                Short('o') | Long("output-file" | "output-path") => &mut typed.output,
                Short('p') | Long("flamegraph-script-path") => &mut typed.script,
                Long("format") => &mut typed.format,
                Long("unit") => &mut typed.unit,
                Long("threads") => &mut typed.threads,
                Long("mode") => &mut typed.mode,
                Long("widths") if is_diff => &mut typed.widths,
                unknown => return Err(usage(unknown.unexpected())),
            };
            *place = Some(parser.value().map_err(usage)?);
        }
        Ok(Typed::Draw(Box::new(typed)))
    }
}

fn usage(error: lexopt::Error) -> UsageError {
    match error {
        lexopt::Error::MissingValue { option } => {
            UsageError::MissingValue { option: option.unwrap_or_default() }
        }
        lexopt::Error::UnexpectedValue { option, .. } => UsageError::UnexpectedValue { option },
        lexopt::Error::UnexpectedOption(option) => UsageError::UnknownOption { option },
        other => UsageError::UnknownOption { option: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> TypedRun {
        match Typed::parse(words).unwrap() {
            Typed::Run(typed) => *typed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_after_the_script_belongs_to_it() {
        let typed = run(&["-q", "s.py", "-o", "zz", "--", "-q", "--help", "-"]);
        assert_eq!(typed.target, Some(TypedTarget::Path("s.py".into())));
        assert_eq!(typed.args, ["-o", "zz", "--", "-q", "--help", "-"]);
        assert_eq!(typed.output, None);
    }

    #[test]
    fn everything_after_module_code_and_dash_belongs_to_the_program() {
        let module = run(&["-m", "m", "-m", "x", "--mode=cpu"]);
        assert_eq!(module.target, Some(TypedTarget::Module("m".into())));
        assert_eq!(module.args, ["-m", "x", "--mode=cpu"]);
        let code = run(&["-cpass", "-c", "1"]);
        assert_eq!(code.target, Some(TypedTarget::Code("pass".into())));
        assert_eq!(code.args, ["-c", "1"]);
        let stdin = run(&["-", "--", "-s"]);
        assert_eq!(stdin.target, Some(TypedTarget::Path("-".into())));
        assert_eq!(stdin.args, ["--", "-s"]);
    }

    #[test]
    fn two_dashes_make_a_script_of_what_looks_like_an_option() {
        let typed = run(&["-q", "--", "-odd.py", "--", "x"]);
        assert_eq!(typed.target, Some(TypedTarget::Path("-odd.py".into())));
        assert_eq!(typed.args, ["--", "x"]);
    }

    #[test]
    fn values_may_stand_apart_or_behind_an_equals_sign() {
        for words in [
            &["-o", "x.svg"][..],
            &["-ox.svg"],
            &["--output-file", "x.svg"],
            &["--output-path=x.svg"],
        ] {
            assert_eq!(run(words).output, Some("x.svg".into()), "{words:?}");
        }
    }

    #[test]
    fn the_first_word_can_be_a_command_and_later_ones_can_not() {
        let Typed::Draw(typed) = Typed::parse(["diff", "a", "-", "-o", "-", "b"]).unwrap() else {
            panic!("diff is a command");
        };
        assert!(typed.is_diff);
        assert_eq!(typed.inputs, ["a", "-", "b"]);
        assert_eq!(typed.output, Some("-".into()));
        assert!(Typed::parse(["render", "--widths", "before", "a"]).is_err(), "only diff has it");
        assert_eq!(run(&["-q", "render"]).target, Some(TypedTarget::Path("render".into())));
    }

    #[test]
    fn mistakes_are_named_as_they_were_typed() {
        let message = |words: &[&str]| Typed::parse(words).unwrap_err().to_string();
        assert!(message(&["--frobnicate", "s.py"]).starts_with("unknown option `--frobnicate`"));
        assert!(message(&["-x", "s.py"]).starts_with("unknown option `-x`"));
        assert!(message(&["-o"]).starts_with("option `-o` needs a value"));
        assert!(message(&["--quiet=1", "s.py"]).starts_with("option `--quiet` takes no value"));
    }
}
