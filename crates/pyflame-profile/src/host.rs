//! Takes away what a host program is to the code that it runs: the kernel around a notebook's cell.
//!
//! A thread that runs a cell has the kernel's frames at the outer end of its stacks, and other
//! threads of the kernel do nothing for the cell at all. Both are told by their files. Five things
//! are not as simple:
//!
//! - Python's own frames at the start of a thread (Lib/threading.py) stand outside of the host's.
//!   They go with those, and stay where the program's follow at once.
//! - A frame that stands for what could not be captured says nothing about whose the thread is.
//! - What the host calls of the standard library is the host's, unless that calls the program in
//!   turn; then it is a part of the way there, and stays.
//! - What the program calls of the host (to show a value, to run a magic) is one frame in the
//!   picture, whatever the host does in there, and so is the way back to the program.
//! - A cell that awaits leaves its thread to the event loop. That the loop waits, and what it does
//!   between two steps, is the cell's time, although not one frame of the cell is there.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::{Category, Function, Profile, StackId, StackTable, ThreadId};

/// How the parts of a host are told.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "closures have none")]
pub struct Host<'a> {
    /// Whether a function is the host's.
    pub is_host: &'a dyn Fn(&Function) -> bool,
    /// Whether a function of the host does it for the program that calls it, so that nobody needs
    /// to know what is in it.
    pub is_service: &'a dyn Fn(&Function) -> bool,
    /// Whether a function of the host is its event loop's.
    pub is_loop: &'a dyn Fn(&Function) -> bool,
    /// Whether a function is what Python starts a thread with.
    pub is_thread_start: &'a dyn Fn(&Function) -> bool,
    /// The kernel's id of the thread whose event loop the program shares.
    pub loop_thread: u64,
}

/// What the frames of a stack are, from the outermost in; the stack is what is kept of them.
#[derive(Clone, Copy)]
enum Part {
    /// Nothing so far that tells whose it is.
    Start(StackId),
    /// The host's, and the last one its event loop's or not.
    Host { in_loop: bool },
    /// What the host called of the standard library.
    Library(StackId),
    /// The program's.
    Program(StackId),
    /// What the host does for the program.
    Service(StackId),
}

/// What stands for the time of the event loop.
const EVENT_LOOP: &str = "[event loop]";

impl Profile {
    /// Takes the frames of a host off the outer end of all stacks. Samples of the host alone go.
    pub fn drop_host(&mut self, host: &Host<'_>) {
        let marker = self.add_marker(EVENT_LOOP, Category::Thread);
        let mut kept = StackTable::default();
        let event_loop = kept.push(StackId::EMPTY, marker);
        let is_start =
            |function: &Function| function.file.is_empty() || (host.is_thread_start)(function);
        let mut parts: IndexMap<StackId, Part, FxBuildHasher> = IndexMap::default();
        parts.insert(StackId::EMPTY, Part::Start(StackId::EMPTY));
        for (stack, caller, frame) in self.stacks().iter() {
            let Some((function, _)) = self.frame(frame) else { continue };
            let mut keep = |stack| kept.push(stack, frame);
            let is_host = (host.is_host)(function);
            let part = match parts[&caller] {
                Part::Program(outer) if (host.is_service)(function) => Part::Service(keep(outer)),
                part @ Part::Service(_) if is_host || is_library(function) => part,
                Part::Program(outer) | Part::Service(outer) => Part::Program(keep(outer)),
                _ if is_host => Part::Host { in_loop: (host.is_loop)(function) },
                Part::Start(outer) if is_start(function) => Part::Start(keep(outer)),
                Part::Host { .. } if is_library(function) => Part::Library(keep(StackId::EMPTY)),
                Part::Library(outer) if is_library(function) => Part::Library(keep(outer)),
                Part::Host { .. } => Part::Program(keep(StackId::EMPTY)),
                Part::Start(outer) | Part::Library(outer) => Part::Program(keep(outer)),
            };
            parts.insert(stack, part);
        }
        let shares_loop: Vec<bool> =
            self.threads().iter().map(|thread| thread.native_id == host.loop_thread).collect();
        let is_hosts = self.threads_of_host(&parts);
        let place = |thread: ThreadId, stack: StackId| match parts[&stack] {
            Part::Start(stack) | Part::Program(stack) | Part::Service(stack)
                if !is_hosts[thread.index()] =>
            {
                Some(stack)
            }
            Part::Host { in_loop: true } if shares_loop[thread.index()] => Some(event_loop),
            _ => None,
        };
        self.move_samples(kept, place);
    }

    /// Whether of each thread something was seen of the host, and nothing of the program.
    fn threads_of_host(&self, parts: &IndexMap<StackId, Part, FxBuildHasher>) -> Vec<bool> {
        let mut of_host = vec![false; self.threads().len()];
        let mut of_program = of_host.clone();
        for (key, _) in self.samples() {
            let thread = key.thread.index();
            match parts[&key.stack] {
                Part::Start(_) => {}
                Part::Host { .. } | Part::Library(_) => of_host[thread] = true,
                Part::Program(_) | Part::Service(_) => of_program[thread] = true,
            }
        }
        of_host.iter().zip(of_program).map(|(host, program)| *host && !program).collect()
    }
}

fn is_library(function: &Function) -> bool {
    // Where the file is missing, it is no function. Named tuples compile their constructors as this (Lib/collections/__init__.py).
    let is_made = matches!(&*function.file, "" | "<string>");
    is_made || matches!(function.category, Category::Stdlib | Category::Import)
}

#[cfg(test)]
mod tests {
    use super::Host;
    use crate::{Frame, Function, Profile, Sample, State, Thread, View};

    const CELL_THREAD: u64 = 7;

    /// A profile in which each stack, given as files, was seen once in a thread.
    fn kept(thread: u64, stacks: &[&[&str]]) -> String {
        let mut profile = Profile::default();
        let thread = profile.add_thread(Thread::new("t", thread));
        for stack in stacks {
            let frames: Vec<_> = stack
                .iter()
                .map(|file| {
                    let function = profile.add_function(Function::new("f", file, 0));
                    profile.add_frame(Frame { function, line: 0 })
                })
                .collect();
            let stack = profile.add_stack(frames);
            let sample = Sample { state: State::Running, wall_ns: 1000, cpu_ns: 0 };
            profile.record(thread, stack, sample);
        }
        let host = Host {
            is_host: &|function| function.file.starts_with("kernel"),
            is_service: &|function| function.file.starts_with("kernel/s"),
            is_loop: &|function| &*function.file == "kernel/loop.py",
            is_thread_start: &|function| &*function.file == THREADING,
            loop_thread: CELL_THREAD,
        };
        profile.drop_host(&host);
        View::default().folded(&profile)
    }

    const THREADING: &str = "/lib/python3.9/threading.py";
    const LIBRARY: &str = "/lib/python3.9/json.py";

    #[test]
    fn the_cell_is_outermost_and_calls_what_it_calls() {
        let text = kept(CELL_THREAD, &[&["kernel/a.py", "kernel/b.py", "cell", "kernel/a.py"]]);
        assert_eq!(text, "f (cell);f (kernel/a.py) 1\n");
    }

    #[test]
    fn what_the_cell_has_the_host_do_is_one_frame() {
        let text = kept(1, &[&["kernel/a.py", "cell", "kernel/show.py", "kernel/b.py", LIBRARY]]);
        assert_eq!(text, "f (cell);f (kernel/show.py) 1\n");
        let text = kept(1, &[&["cell", "kernel/show.py", LIBRARY, "pandas", "kernel/show.py"]]);
        assert_eq!(text, "f (cell);f (kernel/show.py);f (pandas);f (kernel/show.py) 1\n");
    }

    #[test]
    fn threads_of_the_host_go_with_what_starts_them_and_what_they_call() {
        let stacks: &[&[&str]] =
            &[&[THREADING, "kernel/a.py"], &[THREADING, "kernel/a.py", LIBRARY, LIBRARY]];
        assert_eq!(kept(1, stacks), "");
        assert_eq!(kept(1, &[&["kernel/a.py", LIBRARY, "<string>"]]), "");
        // Looked at before its first frame, and while it did not run Python.
        assert_eq!(kept(1, &[&[THREADING], &[THREADING, "kernel/a.py"], &[], &[""]]), "");
    }

    #[test]
    fn threads_of_the_program_keep_their_start() {
        let text = kept(1, &[&[THREADING, LIBRARY, "cell"], &[THREADING]]);
        let start = format!("f ({THREADING})");
        assert_eq!(text, format!("{start} 1\n{start};f ({LIBRARY});f (cell) 1\n"));
    }

    #[test]
    fn what_leads_from_the_host_to_the_program_stays() {
        let text = kept(1, &[&[THREADING, "kernel/hook.py", THREADING, LIBRARY, "cell"]]);
        assert_eq!(text, format!("f ({THREADING});f ({LIBRARY});f (cell) 1\n"));
    }

    #[test]
    fn the_event_loop_counts_in_the_thread_of_the_cell_only() {
        let stack: &[&[&str]] = &[&["kernel/a.py", "kernel/loop.py"]];
        assert_eq!(kept(CELL_THREAD, stack), "[event loop] 1\n");
        assert_eq!(kept(1, stack), "");
        assert_eq!(kept(CELL_THREAD, &[&["kernel/loop.py", "kernel/a.py"]]), "");
    }

    #[test]
    fn a_sample_without_frames_is_no_hosts() {
        assert_eq!(kept(1, &[&[]]), "[no Python frames] 1\n");
    }
}
