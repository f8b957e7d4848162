//! Draws folded text from standard input as an SVG on standard output; takes the arguments of
//! flamegraph.pl: `cargo run --example draw -- --title mine < profile.folded > profile.svg`
//!
//! With `--time` as the first argument, values are nanoseconds.

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
    if arguments.next_if(|argument| argument == "--time").is_some() {
        profile.meta.unit = Unit::Nanoseconds;
    }
    let options = SvgOptions::parse_flamegraph_args(&arguments.collect::<Vec<_>>())?;
    svg(&View::default().tree(&profile), &options, &mut std::io::stdout().lock())?;
    Ok(())
}
