//! How much memory a long recording takes: 10 million samples over 100,000 distinct stacks.
//!
//! Prints the peak resident set as the kernel counted it (`VmHWM` of `/proc/self/status`).
//! Run it with `cargo run --release -p pyflame-profile --example memory`.
#![allow(
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "this program's whole purpose is to print a figure"
)]

use std::error::Error;

use pyflame_profile::{Frame, FrameId, Function, Profile, Sample, State, Thread};

const SAMPLES: u32 = 10_000_000;
const STACKS: u32 = 100_000;
const FUNCTIONS: u32 = 5_000;
/// As deep as the stacks of a web application.
const DEPTH: u32 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let mut profile = Profile::default();
    let thread = profile.add_thread(Thread::new("MainThread", 1));
    let frames: Vec<FrameId> = (0..FUNCTIONS)
        .map(|number| {
            let file = format!("/srv/application/package/module_{}.py", number / 50);
            let name = format!("Class{}.method_{number}", number / 10);
            let function = profile.add_function(Function::new(&name, &file, number));
            profile.add_frame(Frame { function, line: number + 3 })
        })
        .collect();
    for sample in 0..SAMPLES {
        let stack = profile.add_stack(stack(sample % STACKS, &frames));
        let sample = Sample { state: State::Running, wall_ns: 1_000_000, cpu_ns: 900_000 };
        profile.record(thread, stack, sample);
    }
    let peak_kib = peak_kib()?;
    println!(
        "{} samples, {} stacks, peak {} MB",
        profile.totals().samples,
        profile.samples().count(),
        peak_kib * 1024 / 1_000_000
    );
    Ok(())
}

/// The frames of one of the distinct stacks. Neighbours share their outer three quarters, as the
/// stacks of real programs do.
fn stack(number: u32, frames: &[FrameId]) -> impl Iterator<Item = FrameId> + '_ {
    let shared = DEPTH * 3 / 4;
    (0..DEPTH).filter_map(move |depth| {
        let choice = if depth < shared { number / 100 } else { number };
        let index = choice.wrapping_mul(31).wrapping_add(depth.wrapping_mul(7_919)) % FUNCTIONS;
        frames.get(index as usize).copied()
    })
}

fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("the kernel tells no VmHWM")?.parse()?)
}
