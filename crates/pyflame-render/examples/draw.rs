//! Draws folded text as an SVG on standard output, with the arguments of flamegraph.pl:
//! `cargo run --example draw -- --title mine < profile.folded > profile.svg`
//!
//! `--time` as the first argument says that counts are microseconds.

use std::io::Write;

use pyflame_profile::{Reading, read_tree};
use pyflame_render::{SvgOptions, svg};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut reading = Reading::default();
    reading.microseconds = arguments.next_if(|argument| argument == "--time").is_some();
    let mut options = SvgOptions::parse_flamegraph_args(&arguments.collect::<Vec<_>>())?;
    reading.min_share = options.min_share();
    reading.in_time_order = options.flame_chart;
    // Stacks are turned round where they are read: the tree then lacks nothing.
    reading.reverse = std::mem::take(&mut options.reverse);
    let (tree, report) = read_tree(vec![Box::new(std::io::stdin())], &reading)?;
    for unreadable in &report.first_unreadable {
        writeln!(std::io::stderr(), "{unreadable}")?;
    }
    svg(&tree, &options, &mut std::io::stdout().lock())?;
    Ok(())
}
