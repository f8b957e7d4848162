//! Which pairs the numbers of labels stand for.
//!
//! The engine reads numbers; what they mean is looked up when a recording is handed over. Equal
//! labels of one scope have one number, and what nobody uses any more is forgotten as soon as no
//! recording can have seen it.

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
    recordings: usize,
}

#[derive(Debug)]
struct Entry {
    scope: u64,
    pairs: Arc<Labels>,
    uses: usize,
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
        let entry = self.sets.entry(number).or_insert(Entry { scope, pairs, uses: 0 });
        entry.uses += 1;
        (LabelIds { number, scope }, Arc::clone(&entry.pairs))
    }

    /// Gives labels up again.
    pub(crate) fn leave(&mut self, number: u64) {
        let Some(entry) = self.sets.get_mut(&number) else { return };
        entry.uses -= 1;
        if entry.uses == 0 && self.recordings == 0 {
            self.numbers.remove(&(entry.scope, Arc::clone(&entry.pairs)));
            self.sets.remove(&number);
        }
    }

    /// What a number stands for.
    pub(crate) fn pairs(&self, number: u64) -> Labels {
        self.sets.get(&number).map(|entry| Labels::clone(&entry.pairs)).unwrap_or_default()
    }

    fn forget_unused(&mut self) {
        self.sets.retain(|_, entry| entry.uses > 0);
        let sets = &self.sets;
        self.numbers.retain(|_, number| sets.contains_key(number));
    }
}

/// While it lives, no labels are forgotten.
#[derive(Debug)]
pub(crate) struct KeptLabels(());

impl KeptLabels {
    pub(crate) fn new() -> Self {
        registry().recordings += 1;
        Self(())
    }
}

impl Drop for KeptLabels {
    fn drop(&mut self) {
        let mut registry = registry();
        registry.recordings -= 1;
        if registry.recordings == 0 {
            registry.forget_unused();
        }
    }
}
