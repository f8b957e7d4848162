//! What is said about a recording: the facts under a picture's title, and the command's closing
//! line.

use std::path::Path;
use std::time::Duration;

use pyflame_profile::{Engine, Measure, Profile};

/// The facts of a recording, one phrase each: the CPU time, where that is what is shown of it,
/// samples, time, rate, processes where there is more than one, threads, what is missing.
///
/// ```
/// use pyflame_profile::Measure;
/// let (profile, _) = pyflame_profile::parse_folded("main;work 1234\n");
/// assert_eq!(pyflame_cli::facts(&profile, Measure::Wall), ["1,234 samples"]);
/// ```
pub fn facts(profile: &Profile, measure: Measure) -> Vec<String> {
    let meta = &profile.meta;
    let samples = profile.totals().samples;
    let mut facts = vec![counted(samples, "sample")];
    if measure == Measure::Cpu {
        facts.insert(0, cpu_time(profile));
    }
    if !meta.duration.is_zero() {
        if measure == Measure::Wall {
            facts.push(format!("{} wall", duration(meta.duration)));
        }
        facts.push(format!("{} Hz", rate(profile)));
    }
    facts.extend(processes(profile));
    if !profile.threads().iter().all(|thread| thread.native_id == 0) {
        facts.push(counted(profile.sampled_threads() as u64, "thread"));
    }
    if meta.uncaptured > 0 {
        facts.push(format!("{} uncaptured", grouped(meta.uncaptured)));
    }
    facts.extend(engine(profile));
    facts
}

/// The command's last line: what was recorded and where it went.
pub fn closing_line(profile: &Profile, path: &Path) -> String {
    let meta = &profile.meta;
    let samples = profile.totals().samples;
    let mut parts = Vec::new();
    if samples == 0 {
        parts.push(nothing(meta.duration));
    } else {
        let (count, time) = (counted(samples, "sample"), duration(meta.duration));
        parts.push(format!("{count} in {time} ({} Hz)", rate(profile)));
        parts.extend(processes(profile));
        parts.push(counted(profile.sampled_threads() as u64, "thread"));
    }
    if meta.uncaptured > 0 {
        parts.push(format!("{} uncaptured", grouped(meta.uncaptured)));
    }
    parts.extend(engine(profile));
    format!("pyflame: {} -> {}", parts.join(", "), path.display())
}

/// The program may be running still, or have run for long: what is before its first line and after
/// its last is Python's and ours, and not sampled as its own.
fn nothing(time: Duration) -> String {
    let time = if time.is_zero() { String::new() } else { format!(" in {}", duration(time)) };
    format!("nothing was sampled{time}: too short, or only Python's own work was seen")
}

/// Of several threads it can be more than the time that passed, so it is no part of that.
fn cpu_time(profile: &Profile) -> String {
    let time = duration(Duration::from_nanos(profile.totals().cpu_ns));
    match profile.meta.duration {
        Duration::ZERO => format!("CPU time: {time}"),
        wall => format!("CPU time: {time} in {} wall", duration(wall)),
    }
}

/// One process is what one expects.
fn processes(profile: &Profile) -> Option<String> {
    let count = profile.sampled_processes() as u64;
    (count > 1).then(|| format!("{} processes", grouped(count)))
}

/// Only what is not as one expects is said.
fn engine(profile: &Profile) -> Option<String> {
    match (profile.meta.engine, &*profile.meta.engine_note) {
        (Engine::Signal | Engine::Imported, _) => None,
        (Engine::Fallback, "") => Some("fallback engine".to_owned()),
        (Engine::Fallback, note) => Some(format!("fallback engine ({note})")),
    }
}

/// Looks at the threads for each second, rounded.
fn rate(profile: &Profile) -> String {
    let nanoseconds = profile.meta.duration.as_nanos().max(1);
    let ticks = u128::from(profile.meta.ticks);
    let rate = (ticks * 1_000_000_000 + nanoseconds / 2) / nanoseconds;
    grouped(u64::try_from(rate).unwrap_or(u64::MAX))
}

pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// `12034` as `12,034`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration with about three digits that matter.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 0.01 => format!("{:.2} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.2} s"),
        s if s < 100.0 => format!("{s:.1} s"),
        _ => format!("{} s", grouped(duration.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyflame_profile::{Process, Sample, StackId, State, Thread};

    fn profile(samples: u64, threads: u64) -> Profile {
        let mut profile = Profile::default();
        profile.meta.duration = Duration::from_millis(12_104);
        profile.meta.ticks = 12_034;
        for native_id in 1..=threads {
            let thread = profile.add_thread(Thread::new("t", native_id));
            for _ in 0..samples / threads {
                let sample = Sample { state: State::Running, wall_ns: 1, cpu_ns: 1 };
                profile.record(thread, StackId::EMPTY, sample);
            }
        }
        profile
    }

    #[test]
    fn a_recording_is_summed_up_in_a_line() {
        let mut profile = profile(12_030, 3);
        profile.meta.uncaptured = 2;
        assert_eq!(
            closing_line(&profile, "train.py.svg".as_ref()),
            "pyflame: 12,030 samples in 12.1 s (994 Hz), 3 threads, 2 uncaptured -> train.py.svg"
        );
    }

    #[test]
    fn processes_are_counted_where_there_is_more_than_one() {
        let of_process = |pid, threads| {
            let mut profile = profile(10, threads);
            profile.set_process(Process { name: "worker".into(), pid, parent_pid: 1 });
            profile
        };
        let mut profile = of_process(3, 2);
        assert!(facts(&profile, Measure::Wall).iter().all(|fact| !fact.contains("process")));
        profile.merge(&of_process(4, 1));
        let facts = facts(&profile, Measure::Wall);
        assert_eq!(facts[1..], ["12.1 s wall", "994 Hz", "2 processes", "3 threads"]);
        let line = closing_line(&profile, "x.svg".as_ref());
        assert!(line.contains("(994 Hz), 2 processes, 3 threads -> x.svg"), "{line}");
    }

    #[test]
    fn cpu_time_is_said_first_where_it_is_what_is_shown() {
        let mut profile = profile(2, 2);
        let facts_now = |profile: &Profile| facts(profile, Measure::Cpu);
        assert_eq!(
            facts_now(&profile),
            ["CPU time: 0.00 ms in 12.1 s wall", "2 samples", "994 Hz", "2 threads"]
        );
        let (thread, sample) = (profile.samples().next().unwrap().0.thread, State::Running);
        let sample = Sample { state: sample, wall_ns: 1, cpu_ns: 268_000_000 };
        profile.record(thread, StackId::EMPTY, sample);
        profile.meta.duration = Duration::ZERO;
        assert_eq!(facts_now(&profile)[..2], ["CPU time: 268 ms", "3 samples"]);
    }

    #[test]
    fn the_fallback_engine_is_named_with_its_reason() {
        let mut profile = profile(1, 1);
        profile.meta.engine = Engine::Fallback;
        profile.meta.engine_note = "signals are blocked".into();
        let line = closing_line(&profile, "x.svg".as_ref());
        assert!(
            line.contains("1 thread, fallback engine (signals are blocked) -> x.svg"),
            "{line}"
        );
    }

    #[test]
    fn what_has_no_sample_is_told_why_that_can_be() {
        let mut profile = Profile::default();
        let mut line = |micros| {
            profile.meta.duration = Duration::from_micros(micros);
            closing_line(&profile, "x.svg".as_ref())
        };
        let why = "too short, or only Python's own work was seen -> x.svg";
        assert_eq!(line(56_000), format!("pyflame: nothing was sampled in 56 ms: {why}"));
        assert_eq!(line(0), format!("pyflame: nothing was sampled: {why}"));
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}
