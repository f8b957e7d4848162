//! What the command makes of the processes that it has waited for.

use std::path::Path;

use pyflame_profile::Profile;
use pyflame_supervisor::{Ending, Recorded};

use crate::summary::{closing_line, grouped};

/// All processes as one profile, called as the program is; `None` if there is none.
pub fn gathered_profile(recorded: &[Recorded], program: &str) -> Option<Profile> {
    let (first, others) = recorded.split_first()?;
    let mut profile = first.profile.clone();
    for other in others.iter().filter(|other| other.profile.totals().samples > 0) {
        profile.merge(&other.profile);
    }
    profile.meta.program = program.into();
    Some(profile)
}

/// The closing line, with what is missing; `ending` is `None` while the program runs.
pub fn supervised_line(
    profile: &Profile,
    recorded: &[Recorded],
    turned_away: u64,
    ending: Option<Ending>,
    path: &Path,
) -> String {
    let mut notes = Vec::new();
    match ending {
        None => notes.push("the program goes on".to_owned()),
        Some(Ending::Signaled(signal)) => notes.push(format!("ended by {signal}")),
        Some(Ending::Exited(_)) => {}
    }
    let is_cut_off = |process: &&Recorded| !process.is_whole && !process.lives && ending.is_some();
    let cut_off = recorded.iter().filter(is_cut_off).count() as u64;
    if cut_off > 0 {
        notes.push(match recorded.len() {
            1 => "its last moments are missing".to_owned(),
            _ => format!("the last moments of {} are missing", counted_processes(cut_off)),
        });
    }
    let alive = recorded.iter().skip(1).filter(|process| process.lives).count() as u64;
    if alive > 0 && ending.is_some() {
        notes.push(format!("{} still running", counted_processes(alive)));
    }
    if turned_away > 0 {
        notes.push(format!("{} not recorded", counted_processes(turned_away)));
    }
    let line = closing_line(profile, path);
    match line.rsplit_once(" -> ") {
        Some((facts, path)) if !notes.is_empty() => {
            format!("{facts} ({}) -> {path}", notes.join("; "))
        }
        _ => line,
    }
}

fn counted_processes(count: u64) -> String {
    match count {
        1 => "1 process".to_owned(),
        _ => format!("{} processes", grouped(count)),
    }
}
