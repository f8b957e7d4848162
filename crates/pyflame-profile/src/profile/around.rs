//! Takes out of the stacks what is around a piece of work: the tool that looks at it, and the
//! server and framework that call it.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::{
    Category, FrameId, Function, LabelsId, ProcessId, Profile, SampleKey, StackId, StackTable,
    State, Thread, ThreadId, Totals,
};

/// For each stack what has become of it; callers come before what they call.
type Map<T> = IndexMap<StackId, T, FxBuildHasher>;

/// Where the innermost function of a stack is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    InBridge,
    InWork,
}

impl Profile {
    /// Takes all frames of a tool out of the stacks. Samples of the tool's own work go: those
    /// whose innermost frame is the tool's, or of the standard library and called by it. Returns
    /// what went.
    pub fn drop_tool(&mut self, is_tool: impl Fn(&Function) -> bool) -> Totals {
        let mut stacks = StackTable::default();
        let mut map: Map<(StackId, bool)> = IndexMap::default();
        map.insert(StackId::EMPTY, (StackId::EMPTY, false));
        for (stack, caller, frame) in self.stacks.iter() {
            let (caller, is_own_work) = map[&caller];
            let function = self.frame(frame).map(|(function, _)| function);
            let to = if function.is_some_and(&is_tool) {
                (caller, true)
            } else {
                (stacks.push(caller, frame), is_own_work && function.is_some_and(is_library))
            };
            map.insert(stack, to);
        }
        self.stacks = stacks;
        let mut gone = Totals::default();
        for (key, totals) in std::mem::take(&mut self.samples) {
            let (stack, is_own_work) = map[&key.stack];
            if is_own_work {
                gone.add(totals);
            } else {
                self.record_totals(SampleKey { stack, ..key }, totals);
            }
        }
        gone
    }

    /// The same samples without the server and the framework around the work. A stack begins with
    /// the outermost function that `is_work`, or, where there is none, with the outermost one of
    /// the program's own. What is left of the others is one frame, as far as they ran: where they
    /// waited, they waited for the work. So does what is outside the work and waits in a bridge,
    /// a function that has another thread go on; as far as no other thread did, the work itself
    /// awaited something.
    #[must_use]
    pub fn within(
        &self,
        is_work: impl Fn(&Function) -> bool,
        is_bridge: impl Fn(&Function) -> bool,
    ) -> Self {
        let mut kept = self.clone();
        kept.stacks = StackTable::default();
        kept.samples.clear();
        let mut map: Map<(StackId, Place)> = IndexMap::default();
        map.insert(StackId::EMPTY, (StackId::EMPTY, Place::Outside));
        for (stack, caller, frame) in self.stacks.iter() {
            let (caller, place) = map[&caller];
            let Some((function, _)) = self.frame(frame) else { continue };
            let to = match place {
                Place::InWork => (kept.stacks.push(caller, frame), Place::InWork),
                _ if is_work(function) => (kept.stacks.push(StackId::EMPTY, frame), Place::InWork),
                _ if is_bridge(function) && caller == StackId::EMPTY => (caller, Place::InBridge),
                _ if is_bridge(function) => (kept.stacks.push(caller, frame), Place::InBridge),
                // What a bridge calls begins anew, as it would in another thread.
                Place::InBridge if !is_around(function) => {
                    (kept.stacks.push(StackId::EMPTY, frame), Place::Outside)
                }
                _ if caller == StackId::EMPTY && is_around(function) => (caller, place),
                _ => (kept.stacks.push(caller, frame), place),
            };
            map.insert(stack, to);
        }
        let marker = kept.add_marker("[server and framework]", Category::Package);
        let around = kept.push_frame(StackId::EMPTY, marker);
        let mut bridged_ns: IndexMap<ThreadId, u64, FxBuildHasher> = IndexMap::default();
        for (key, totals) in self.samples() {
            let Some(&(stack, place)) = map.get(&key.stack) else { continue };
            let is_outside = stack == StackId::EMPTY || place == Place::InBridge;
            if is_outside && key.state == State::Waiting {
                if place == Place::InBridge {
                    *bridged_ns.entry(key.thread).or_default() += totals.wall_ns;
                }
            } else {
                let stack = if stack == StackId::EMPTY { around } else { stack };
                kept.record_totals(SampleKey { stack, ..key }, totals);
            }
        }
        let elsewhere = kept.samples().filter(|(key, _)| !bridged_ns.contains_key(&key.thread));
        let elsewhere_ns: u64 = elsewhere.map(|(_, totals)| totals.wall_ns).sum();
        let awaited_ns = bridged_ns.values().sum::<u64>().saturating_sub(elsewhere_ns);
        if u128::from(awaited_ns) > 2 * self.meta.interval.as_nanos() {
            kept.add_absence("[awaiting]", awaited_ns);
        }
        kept
    }

    /// Adds time in which no thread worked on what the profile is about, for example because it
    /// awaited something.
    pub fn add_absence(&mut self, name: &str, wall_ns: u64) {
        let marker: FrameId = self.add_marker(name, Category::Waiting);
        let stack = self.push_frame(StackId::EMPTY, marker);
        let process = (self.processes.len() == 1).then_some(ProcessId(0));
        let thread = self.add_thread(Thread { process, ..Thread::default() });
        let key = SampleKey { thread, stack, state: State::Running, labels: LabelsId::NONE };
        self.record_totals(key, Totals { samples: 0, wall_ns, cpu_ns: 0 });
    }
}

fn is_library(function: &Function) -> bool {
    matches!(function.category, Category::Stdlib | Category::Import)
}

fn is_around(function: &Function) -> bool {
    is_library(function) || function.category == Category::Package
}

#[cfg(test)]
mod tests;
