//! Command lines as Perl's `Getopt::Long` reads them in its default configuration (version 2.52;
//! its documentation, "Configuring `Getopt::Long`", and its behaviour where that is silent).
//!
//! Options begin with `--`, `-` or `+` and have any case; a beginning that fits one option alone
//! stands for it. A value follows after `=` or as the next argument, whatever that looks like.
//! `--` ends the options; other arguments may stand between them.

use crate::RenderError;

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Flag,
    Integer,
    Number,
    Text,
}

/// An option that there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionSpec {
    name: &'static str,
    kind: Kind,
}

impl OptionSpec {
    #[cfg(test)]
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }
}

/// What an option was given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Flag,
    Integer(i64),
    Number(f64),
    Text(String),
}

/// The options that were given, in order, by their full names.
pub(crate) fn parse(
    options: &[OptionSpec],
    arguments: &[String],
) -> Result<Vec<(&'static str, Value)>, RenderError> {
    let mut given = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            break;
        }
        let Some(text) = without_prefix(argument) else {
            return Err(RenderError::UnexpectedArgument(argument.clone()));
        };
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let option = find(options, name, argument)?;
        given.push((option.name, value(option, attached, &mut rest)?));
    }
    match rest.next() {
        Some(argument) => Err(RenderError::UnexpectedArgument(argument.clone())),
        None => Ok(given),
    }
}

fn without_prefix(argument: &str) -> Option<&str> {
    let text = argument.strip_prefix("--").or_else(|| argument.strip_prefix(['-', '+']))?;
    (!text.is_empty()).then_some(text)
}

fn find(options: &[OptionSpec], name: &str, argument: &str) -> Result<OptionSpec, RenderError> {
    let name = name.to_ascii_lowercase();
    if let Some(exact) = options.iter().find(|option| option.name == name) {
        return Ok(*exact);
    }
    let fitting: Vec<_> = options
        .iter()
        .filter(|option| !name.is_empty() && option.name.starts_with(&name))
        .collect();
    match fitting.as_slice() {
        [] => Err(RenderError::UnknownOption(argument.into())),
        [only] => Ok(**only),
        several => {
            let names: Vec<_> = several.iter().map(|option| option.name).collect();
            let (option, candidates) = (argument.into(), names.join(", "));
            Err(RenderError::AmbiguousOption { option, candidates })
        }
    }
}

fn value<'a>(
    option: OptionSpec,
    attached: Option<&'a str>,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<Value, RenderError> {
    let name = || format!("--{}", option.name);
    if option.kind == Kind::Flag {
        return match attached {
            Some(_) => Err(RenderError::UnexpectedValue(name())),
            None => Ok(Value::Flag),
        };
    }
    let text = match attached {
        // An empty value after `=` counts as none at all.
        Some("") => None,
        Some(text) => Some(text),
        None => rest.next().map(String::as_str),
    };
    let text = text.ok_or_else(|| RenderError::MissingValue(name()))?;
    let invalid =
        |expected| RenderError::InvalidValue { option: name(), expected, value: text.into() };
    match option.kind {
        Kind::Integer => integer(text).map(Value::Integer).ok_or_else(|| invalid("a whole number")),
        Kind::Number => number(text).map(Value::Number).ok_or_else(|| invalid("a number")),
        Kind::Flag | Kind::Text => Ok(Value::Text(text.into())),
    }
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.trim_start_matches('_').starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// A number as `Getopt::Long` takes it: no infinity, digits after a dot, underscores among digits.
pub(crate) fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let first = if whole.is_empty() { fraction } else { whole };
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if !first.starts_with(|c: char| c.is_ascii_digit())
        || fraction.is_empty()
        || exponent.is_empty()
        || ![whole, fraction, exponent].into_iter().all(digits)
    {
        return None;
    }
    text.replace('_', "").parse().ok()
}
