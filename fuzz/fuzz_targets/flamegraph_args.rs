//! Any argument list: it is taken or refused with a message, and never read from files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyflame_render::SvgOptions;

fuzz_target!(|text: &str| {
    let arguments: Vec<String> = text.lines().map(str::to_owned).collect();
    // Name attributes are the one option that reads a file at once.
    if arguments.iter().any(|argument| argument.to_lowercase().contains("nam")) {
        return;
    }
    if let Err(error) = SvgOptions::parse_flamegraph_args(&arguments) {
        assert!(!error.to_string().is_empty());
    }
});
