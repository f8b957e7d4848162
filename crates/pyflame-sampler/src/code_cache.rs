//! From the address of a code object to what it says about itself.
//!
//! An address alone does not name a code object: memory is used again. An entry holds from the
//! moment it was read until the object's death is noted ([`crate::deaths`]), and a capture made
//! before that death finds what died.

use std::sync::Arc;

use indexmap::IndexMap;
use pyflame_cpython::CodeObject;
use rustc_hash::FxBuildHasher;

use crate::deaths::{self, Death};
use crate::own_memory::OwnMemory;
use crate::python::Python;

/// A code object with a number that no other one of the process's life has.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) number: u64,
    pub(crate) object: CodeObject,
}

/// What is known of code objects, living and recently dead.
#[derive(Debug)]
pub(crate) struct CodeCache {
    python: &'static Python,
    living: IndexMap<u64, Arc<Code>, FxBuildHasher>,
    dead: Vec<(u64, u64, Option<Arc<Code>>)>,
    numbers: u64,
    deaths: Vec<Death>,
}

impl CodeCache {
    pub(crate) fn new(python: &'static Python) -> Self {
        Self {
            python,
            living: IndexMap::default(),
            dead: Vec::new(),
            numbers: 0,
            deaths: Vec::new(),
        }
    }

    /// The code object that was at `address` when `deaths` code objects had died; `None` if there
    /// was none.
    pub(crate) fn at(&mut self, address: u64, deaths: u64) -> Option<Arc<Code>> {
        // A code object can die while it is read. Each turn of the loop needs one more death.
        loop {
            let settled = deaths::settled();
            self.absorb();
            // In order of death: the first to have died after the capture was there at the time.
            let mut dead = self.dead.iter();
            if let Some((.., code)) = dead.find(|dead| dead.0 == address && dead.1 >= deaths) {
                return code.clone();
            }
            if let Some(code) = self.living.get(&address) {
                return Some(Arc::clone(code));
            }
            let Python { stacks, code_type, .. } = self.python;
            let read = CodeObject::read(&mut OwnMemory, &stacks.layout, *code_type, address);
            if settled.is_some() && deaths::settled() == settled {
                let code = self.numbered(read.ok()?);
                self.living.insert(address, Arc::clone(&code));
                return Some(code);
            }
            std::thread::yield_now(); // Whoever is noting a death may need our CPU to finish.
        }
    }

    /// Learns of deaths. Entries of the dead stay until [`CodeCache::forget_dead`].
    pub(crate) fn absorb(&mut self) {
        let mut deaths = std::mem::take(&mut self.deaths);
        deaths::take(&mut deaths);
        for death in deaths.drain(..) {
            let known = self.living.swap_remove(&death.address);
            let code = known.or_else(|| death.code.map(|object| self.numbered(object)));
            self.dead.push((death.address, death.number, code));
        }
        self.deaths = deaths;
    }

    /// Forgets the first `deaths` dead: no capture from before then is still to be looked up.
    pub(crate) fn forget_dead(&mut self, deaths: u64) {
        self.dead.retain(|dead| dead.1 >= deaths);
    }

    fn numbered(&mut self, object: CodeObject) -> Arc<Code> {
        self.numbers += 1;
        Arc::new(Code { number: self.numbers, object })
    }
}
