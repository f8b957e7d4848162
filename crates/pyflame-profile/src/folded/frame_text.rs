//! A frame as folded text has it.
//!
//! The format has no escape of its own, so a `;` or a line break inside a name would split it.
//! We write them as `%3B`, `%0A` and `%0D`, and a `%` as `%25` where it would be read as one of
//! these; everything else stays as it is, so that ordinary names look ordinary.
//!
//! Tools put file and line beside the name in two ways, and name threads and processes in more:
//! ours and py-spy's `name (file:line)`; `file:name:line` as Python 3.15's `--collapsed` and
//! austin write it, and `name:file:line` as pyflame 0.3 did.

use std::borrow::Cow;

use crate::{Category, Function, Label};

/// Takes a frame apart; what has no place that we know becomes a name without a file.
pub(super) fn parse_frame(text: &str) -> Function {
    in_brackets(text)
        .or_else(|| between_colons(text))
        .unwrap_or_else(|| Function::marker(text, category_of_name(text)))
}

/// `name (file:line)` or `name (file)`.
fn in_brackets(text: &str) -> Option<Function> {
    let inner = text.strip_suffix(')')?;
    // A file can be called `copy (1).py`, and a name end in `(int)`.
    let (name, place) = around_last_bracket(inner).or_else(|| inner.rsplit_once(" ("))?;
    if place.is_empty() || category_of_name(text) == Category::Thread {
        return None;
    }
    Some(match place.rsplit_once(':').map(|(file, line)| (file, parse_line(line))) {
        Some((file, Some(line))) if !file.is_empty() && line > 0 => Function::new(name, file, line),
        _ => Function::new(name, place, 0),
    })
}

/// What is before the ` (` to which a `)` at the end would belong, and what is after it.
fn around_last_bracket(text: &str) -> Option<(&str, &str)> {
    let mut closed = 0_usize;
    for (index, byte) in text.bytes().enumerate().rev() {
        match (byte, closed) {
            (b')', _) => closed += 1,
            (b'(', 0) => return Some((text.get(..index)?.strip_suffix(' ')?, &text[index + 1..])),
            (b'(', _) => closed -= 1,
            _ => {}
        }
    }
    None
}

/// `file:name:line` or `name:file:line`; only where one of them is clearly a Python file.
fn between_colons(text: &str) -> Option<Function> {
    let (rest, line) = text.rsplit_once(':')?;
    let line = parse_line(line)?;
    let is_python = |file: &str| file.rsplit_once('.').is_some_and(|(_, kind)| kind == "py");
    let is_file = |file: &str| is_python(file) || (file.starts_with('<') && file.len() > 2);
    let (first, last) = rest.rsplit_once(':')?;
    if is_file(first) && !last.is_empty() {
        return Some(Function::new(last, first, line));
    }
    let (name, file) = rest.split_once(':')?;
    (is_file(file) && !name.is_empty()).then(|| Function::new(name, file, line))
}

/// A number that would be written just so: what would not is part of a name.
fn parse_line(text: &str) -> Option<u32> {
    let padded = text.len() > 1 && text.starts_with('0');
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !padded).then(|| text.parse().ok()).flatten()
}

fn category_of_name(text: &str) -> Category {
    match text {
        "[waiting]" | "[waiting for a CPU]" => Category::Waiting,
        _ if text.starts_with("[uncaptured") => Category::Uncaptured,
        _ if text.ends_with("_[k]") => Category::Native,
        _ if is_thread(text) => Category::Thread,
        _ => Category::Own,
    }
}

/// Roots that stand for threads: `tid:12` (Python 3.15), `T0:12` (austin), `thread (0x1F)` and
/// `process 12:"cmd"` (py-spy), `cmd (pid 12)` (ours), `Thread-1 (run)` (Python's own names).
fn is_thread(text: &str) -> bool {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let numbered = ["tid:", "process ", "thread "].into_iter();
    let mut numbered = numbered.filter_map(|prefix| text.strip_prefix(prefix));
    let austin = text.strip_prefix('T').and_then(|rest| rest.split_once(':'));
    numbered.any(digit)
        || text.starts_with("thread (0x")
        || is_process(text)
        || is_named_by_target(text)
        || austin.is_some_and(|(interpreter, id)| digit(interpreter) && digit(id))
}

fn is_process(text: &str) -> bool {
    let pid = text.strip_suffix(')').and_then(|text| text.rsplit_once("(pid "));
    pid.is_some_and(|(_, pid)| !pid.is_empty() && parse_line(pid).is_some())
}

/// The name that a thread has from Python 3.10 on where the program gives it none: a number, and the
/// function that it runs, which is no place (Lib/threading.py, `Thread.__init__`).
fn is_named_by_target(text: &str) -> bool {
    let numbered = text.strip_prefix("Thread-").and_then(|rest| rest.strip_suffix(')'));
    let parts = numbered.and_then(|rest| rest.split_once(" ("));
    parts.is_some_and(|(number, target)| {
        let is_place = target.is_empty() || target.contains(['.', ':', '/']);
        parse_line(number).is_some() && !is_place
    })
}

impl From<&Function> for Label {
    fn from(function: &Function) -> Self {
        Self {
            name: function.name.clone(),
            file: function.file.clone(),
            line: function.first_line,
            category: function.category,
        }
    }
}

const ESCAPES: [(char, &str); 4] = [(';', "%3B"), ('\n', "%0A"), ('\r', "%0D"), ('%', "%25")];

/// Writes a frame so that it can stand in a folded line; [`unescape_frame`] gives it back.
///
/// ```
/// use pyflame_profile::{escape_frame, unescape_frame};
/// assert_eq!(escape_frame("f (a;b.py:1)"), "f (a%3Bb.py:1)");
/// assert_eq!(escape_frame("100%"), "100%");
/// let escaped = escape_frame("%3B;\n").into_owned();
/// assert_eq!(unescape_frame(&escaped), "%3B;\n");
/// ```
pub fn escape_frame(frame: &str) -> Cow<'_, str> {
    if !frame.contains([';', '\n', '\r', '%']) {
        return Cow::Borrowed(frame);
    }
    let mut escaped = String::with_capacity(frame.len() + 8);
    for (index, character) in frame.char_indices() {
        let rest = frame.get(index..).unwrap_or_default();
        match ESCAPES.iter().find(|escape| escape.0 == character) {
            Some((_, code)) if character != '%' || code_at(rest).is_some() => {
                escaped.push_str(code);
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Undoes [`escape_frame`].
pub fn unescape_frame(frame: &str) -> Cow<'_, str> {
    if !frame.contains('%') {
        return Cow::Borrowed(frame);
    }
    let mut plain = String::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(character) = rest.chars().next() {
        let escaped = code_at(rest);
        plain.push(escaped.unwrap_or(character));
        let length = if escaped.is_some() { 3 } else { character.len_utf8() };
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(plain)
}

fn code_at(text: &str) -> Option<char> {
    ESCAPES.iter().find(|(_, code)| text.starts_with(code)).map(|(character, _)| *character)
}

#[cfg(test)]
mod tests {
    use super::parse_frame;
    use crate::{Category, Function};

    #[test]
    fn the_dialects_of_other_tools_are_understood() {
        let cases = [
            ("busy (s.py:4)", ("busy", "s.py", 4)),
            ("<module> (/a b/s.py:11)", ("<module>", "/a b/s.py", 11)),
            (
                "<frozen runpy>:_run_module_as_main:201",
                ("_run_module_as_main", "<frozen runpy>", 201),
            ),
            ("/usr/lib/threading.py:Thread.run:884", ("Thread.run", "/usr/lib/threading.py", 884)),
            ("C:\\app\\s.py:main:6", ("main", "C:\\app\\s.py", 6)),
            ("main:~/s.py:3", ("main", "~/s.py", 3)),
            ("g:<pyflame-ipython-cell>:1", ("g", "<pyflame-ipython-cell>", 1)),
            ("~:<native>:0", ("~", "<native>", 0)),
            ("malloc (libc.so.6)", ("malloc", "libc.so.6", 0)),
            ("main (/a/copy (1).py:3)", ("main", "/a/copy (1).py", 3)),
            ("f (int) (libx.so)", ("f (int)", "libx.so", 0)),
            ("f (/a :).py)", ("f", "/a :).py", 0)),
            ("f (/a (b.py)", ("f (/a", "b.py", 0)),
        ];
        for (text, (name, file, line)) in cases {
            assert_eq!(parse_frame(text), Function::new(name, file, line), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_place_stays_a_name() {
        for text in ["std::vector<int>::push:12", "f ()", "f (", "a:b:c", "java/lang/x:1", "f:1"] {
            assert_eq!(parse_frame(text).name.as_ref(), text);
        }
    }

    #[test]
    fn roots_of_other_tools_are_threads() {
        for text in ["tid:31546", "T0:4242", "thread (0x7F12)", "process 12:\"python s.py\""] {
            assert_eq!(parse_frame(text).category, Category::Thread, "{text}");
        }
        assert_eq!(parse_frame("TextIO:x").category, Category::Own);
    }

    #[test]
    fn what_a_thread_runs_is_no_file() {
        for text in ["Thread-1 (run)", "Thread-12 (<lambda>)"] {
            assert_eq!(parse_frame(text), Function::marker(text, Category::Thread));
        }
        for text in ["Thread-1 (s.py:4)", "Thread-x (run)", "Threads (run)"] {
            assert_ne!(parse_frame(text).category, Category::Thread, "{text}");
        }
    }
}
