//! The texts of `--help` and `--version`.

/// What `--help` shows.
pub const HELP: &str = include_str!("help.txt");

/// What `--version` shows.
pub fn version_line() -> &'static str {
    concat!("pyflame ", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::HELP;

    #[test]
    fn the_help_fits_a_terminal() {
        let widest = HELP.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{widest:?}");
    }
}
