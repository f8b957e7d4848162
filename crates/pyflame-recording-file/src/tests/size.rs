//! How small recordings are.

use pyflame_profile::{Frame, Function, Profile, Sample, State, Thread};

/// A web request as a profiler sees it: 200 samples, stacks some 60 deep, of which the outer half
/// is always the same framework, and 500 functions in 80 files of a usual length.
fn request() -> Profile {
    let mut random = 7_u64;
    let mut next = |below: u64| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut profile = Profile::default();
    let thread = profile.add_thread(Thread::new("Thread-1", 4100));
    let functions: Vec<_> = (0..500)
        .map(|index| {
            let (module, class, name) = (index % 80, next(40), next(1_000_000));
            let root = "/srv/app/venv/lib/python3.13/site-packages/framework";
            let file = format!("{root}/part_{}/module_{module}.py", module % 9);
            let name = format!("Class{class}.some_method_{name}");
            let first_line = 10 + 15 * u32::try_from(index / 80).unwrap();
            profile.add_function(Function::new(&name, &file, first_line))
        })
        .collect();
    for _ in 0..200 {
        let frames: Vec<_> = (0..60)
            .map(|depth| {
                let choice = if depth < 30 { depth } else { 30 + (depth - 30) * 15 + next(15) };
                let line = 10 + 15 * u32::try_from(choice / 80).unwrap() + 3;
                Frame { function: functions[usize::try_from(choice).unwrap()], line }
            })
            .collect();
        // Most samples share all but the last few frames with another.
        let keep = 45 + next(15);
        let shared = frames.len().min(usize::try_from(keep).unwrap());
        let frames: Vec<_> =
            frames[..shared].iter().map(|frame| profile.add_frame(*frame)).collect();
        let stack = profile.add_stack(frames);
        let (wall_ns, cpu_ns) = (900_000 + next(200_000), 850_000 + next(200_000));
        profile.record(thread, stack, Sample { state: State::Running, wall_ns, cpu_ns });
    }
    profile
}

#[test]
fn the_recording_of_a_web_request_is_small() {
    let profile = request();
    let size = crate::write(&profile).len();
    assert!(size < 15_000, "{size}");
}
