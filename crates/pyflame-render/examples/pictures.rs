//! Draws one fixed profile a number of times, so that the instructions of one picture can be
//! counted: `python tests/cost` builds it and says how many there are.

use pyflame_profile::{Frame, Function, Profile, Sample, State, Thread, View};
use pyflame_render::{SvgOptions, svg};

const STACKS: u32 = 2_000;
const FUNCTIONS: u32 = 500;
const DEPTH: u32 = 30;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let times: u32 = std::env::args().nth(1).ok_or("how many times?")?.parse()?;
    let profile = profile();
    let tree = View::default().tree(&profile);
    let mut picture = Vec::new();
    for _ in 0..times {
        picture.clear();
        svg(&tree, &SvgOptions::default(), &mut picture)?;
    }
    assert!(times == 0 || picture.ends_with(b"</svg>\n"));
    Ok(())
}

/// Neighbours share their outer three quarters, as the stacks of real programs do.
fn profile() -> Profile {
    let mut profile = Profile::default();
    let thread = profile.add_thread(Thread::new("MainThread", 1));
    let frames: Vec<_> = (0..FUNCTIONS)
        .map(|number| {
            let file = format!("/srv/application/package/module_{}.py", number / 50);
            let name = format!("Class{}.method_{number}", number / 10);
            let function = profile.add_function(Function::new(&name, &file, number));
            profile.add_frame(Frame { function, line: number + 3 })
        })
        .collect();
    for number in 0..STACKS {
        let chosen = (0..DEPTH).filter_map(|depth| {
            let choice = if depth < DEPTH * 3 / 4 { number / 40 } else { number };
            frames.get((choice * 31 + depth * 7_919) as usize % frames.len()).copied()
        });
        let stack = profile.add_stack(chosen);
        let wall_ns = 1_000_000 * u64::from(1 + number % 17);
        profile.record(thread, stack, Sample { state: State::Running, wall_ns, cpu_ns: wall_ns });
    }
    profile
}
