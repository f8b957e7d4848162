//! The texts of `--help` and `--version`.

/// What `--help` shows.
pub const HELP: &str = include_str!("help.txt");

/// What `--help` shows of the magics.
pub const MAGIC_HELP: &str = include_str!("magic_help.txt");

/// What `--version` shows.
pub fn version_line() -> &'static str {
    concat!("pyflame ", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::{HELP, MAGIC_HELP};

    #[test]
    fn the_help_fits_a_terminal() {
        for help in [HELP, MAGIC_HELP] {
            let widest = help.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{widest:?}");
        }
    }
}
