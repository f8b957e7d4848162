//! Draws folded text from standard input as an SVG on standard output:
//! `cargo run --release --example draw -- TITLE < profile.folded > profile.svg`
//! With `--microseconds` as the first argument the values are times.

use std::io::{Read, Write};

use pyflame_profile::{Unit, View, parse_folded};
use pyflame_render::{SvgOptions, svg};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let (mut profile, errors) = parse_folded(&text);
    for error in errors {
        writeln!(std::io::stderr(), "{error}")?;
    }
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == "--microseconds").is_some() {
        profile.meta.unit = Unit::Nanoseconds;
    }
    let mut options = SvgOptions::default();
    options.title = arguments.next().unwrap_or_default();
    options.subtitle = arguments.next().unwrap_or_default();
    svg(&View::default().tree(&profile), &options, &mut std::io::stdout().lock())?;
    Ok(())
}
