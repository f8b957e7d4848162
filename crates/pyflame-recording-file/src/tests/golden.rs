//! Files that earlier versions wrote, which every later one must read.
//!
//! `version-1.pyflame` is `profiles::recording()` as the first pyflame with recordings wrote it.
//! It is never written anew: a format that can't read it is another version.

use super::profiles::{dump, example};
use crate::read;

#[test]
fn a_recording_of_the_first_version_is_read_as_it_was() {
    let reading = read(include_bytes!("golden/version-1.pyflame")).unwrap();
    assert!(reading.lost.is_empty(), "{}", reading.lost);
    assert_eq!(reading.parts.len(), 1);
    assert_eq!(dump(&reading.into_profile()), dump(&example(4)));
}
