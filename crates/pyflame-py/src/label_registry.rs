//! Which pairs the numbers of labels stand for.
//!
//! The engine reads numbers; what they mean is looked up when a recording is handed over. Equal
//! labels of one scope have one number. What nobody uses any more is forgotten as soon as no
//! recording can have seen it, each recording by itself: on a busy server there is always one that
//! is open, and a scope can be one that hardly ends.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use pyflame_profile::Labels;
use pyflame_sampler::LabelIds;
use rustc_hash::FxHashMap;

/// The pairs of all labels that are in use, or were while something was recorded.
#[derive(Debug, Default)]
pub(crate) struct LabelRegistry {
    last: u64,
    numbers: FxHashMap<(u64, Arc<Labels>), u64>,
    sets: FxHashMap<u64, Entry>,
    /// The scopes that are recorded, with what may be forgotten at their end.
    scopes: FxHashMap<u64, Kept>,
    /// The recordings of everything that are open, numbered as they were begun.
    recordings: BTreeSet<u64>,
    begun: u64,
}

#[derive(Debug)]
struct Entry {
    scope: u64,
    pairs: Arc<Labels>,
    uses: usize,
    /// How many recordings of everything had been begun when it was last given up.
    left_after: u64,
    /// Whether its scope looks at it in the end.
    is_noted: bool,
}

#[derive(Debug, Default)]
struct Kept {
    recordings: usize,
    /// Labels that have been given up meanwhile.
    left: Vec<u64>,
}

/// Locked with the GIL held only, and never while Python runs.
static REGISTRY: LazyLock<Mutex<LabelRegistry>> = LazyLock::new(Mutex::default);

/// The registry of this process.
pub(crate) fn registry() -> MutexGuard<'static, LabelRegistry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LabelRegistry {
    /// Takes labels into use that are set within a scope; `None` makes them one.
    pub(crate) fn enter(&mut self, pairs: Labels, scope: Option<u64>) -> (LabelIds, Arc<Labels>) {
        let pairs = Arc::new(pairs);
        let next = self.last + 1;
        let scope = scope.unwrap_or(next);
        let number = *self.numbers.entry((scope, Arc::clone(&pairs))).or_insert(next);
        self.last = self.last.max(number);
        let new = Entry { scope, pairs, uses: 0, left_after: 0, is_noted: false };
        let entry = self.sets.entry(number).or_insert(new);
        entry.uses += 1;
        (LabelIds { number, scope }, Arc::clone(&entry.pairs))
    }

    /// Gives labels up again.
    pub(crate) fn leave(&mut self, number: u64) {
        let Some(entry) = self.sets.get_mut(&number) else { return };
        entry.uses -= 1;
        if entry.uses > 0 {
            return;
        }
        entry.left_after = self.begun;
        match self.scopes.get_mut(&entry.scope) {
            Some(_) if entry.is_noted => {}
            Some(kept) => {
                entry.is_noted = true;
                kept.left.push(number);
            }
            None => self.forget_unless_wanted(number),
        }
    }

    /// What a number stands for.
    pub(crate) fn pairs(&self, number: u64) -> Labels {
        self.sets.get(&number).map(|entry| Labels::clone(&entry.pairs)).unwrap_or_default()
    }

    /// How many sets of labels are known.
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    fn end_scope(&mut self, scope: u64) {
        let Some(kept) = self.scopes.get_mut(&scope) else { return };
        kept.recordings -= 1;
        if kept.recordings > 0 {
            return;
        }
        for number in self.scopes.remove(&scope).unwrap_or_default().left {
            if let Some(entry) = self.sets.get_mut(&number) {
                entry.is_noted = false;
            }
            self.forget_unless_wanted(number);
        }
    }

    fn end_recording(&mut self, number: u64) {
        let was_oldest = self.recordings.first() == Some(&number);
        self.recordings.remove(&number);
        if !was_oldest {
            return; // What it may have seen, the oldest may have seen as well.
        }
        let (scopes, oldest) = (&self.scopes, self.recordings.first().copied());
        self.sets.retain(|_, entry| is_wanted(entry, scopes, oldest));
        let sets = &self.sets;
        self.numbers.retain(|_, number| sets.contains_key(number));
        self.sets.shrink_to_fit();
        self.numbers.shrink_to_fit();
    }

    fn forget_unless_wanted(&mut self, number: u64) {
        let Some(entry) = self.sets.get(&number) else { return };
        if !is_wanted(entry, &self.scopes, self.recordings.first().copied()) {
            self.numbers.remove(&(entry.scope, Arc::clone(&entry.pairs)));
            self.sets.remove(&number);
        }
    }
}

/// Whether somebody uses the labels, or a recording is open that may have seen them.
fn is_wanted(entry: &Entry, scopes: &FxHashMap<u64, Kept>, oldest_recording: Option<u64>) -> bool {
    entry.uses > 0
        || scopes.contains_key(&entry.scope)
        || oldest_recording.is_some_and(|oldest| oldest <= entry.left_after)
}

/// While it lives, no labels are forgotten that were in use at any time since it was made.
#[derive(Debug)]
pub(crate) struct KeptLabels(u64);

impl KeptLabels {
    pub(crate) fn new() -> Self {
        let mut registry = registry();
        registry.begun += 1;
        let number = registry.begun;
        registry.recordings.insert(number);
        Self(number)
    }
}

impl Drop for KeptLabels {
    fn drop(&mut self) {
        registry().end_recording(self.0);
    }
}

/// While it lives, no labels of the scope are forgotten.
#[derive(Debug)]
pub(crate) struct KeptScope(u64);

impl KeptScope {
    pub(crate) fn new(scope: u64) -> Self {
        registry().scopes.entry(scope).or_default().recordings += 1;
        Self(scope)
    }
}

impl Drop for KeptScope {
    fn drop(&mut self) {
        registry().end_scope(self.0);
    }
}
