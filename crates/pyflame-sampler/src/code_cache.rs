//! From the address of a code object to what it says about itself.
//!
//! An address alone does not name a code object: memory is used again. An entry holds from the
//! moment it was read until the object's death is noted ([`crate::deaths`]), and a capture made
//! before that death finds what died.

use std::sync::Arc;

use indexmap::IndexMap;
use pyflame_cpython::{CodeObject, RawCode};
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
    dead: Vec<Dead>,
    numbers: u64,
    deaths: Vec<Death>,
}

/// A code object that is no more.
#[derive(Debug)]
struct Dead {
    address: u64,
    /// How many had died before it.
    number: u64,
    code: Known,
}

/// What is known of it. Most are never asked for.
#[derive(Debug)]
enum Known {
    Nothing,
    Raw(RawCode),
    Code(Arc<Code>),
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
            let was_it = |dead: &Dead| dead.address == address && dead.number >= deaths;
            if let Some(position) = self.dead.iter().position(was_it) {
                return self.dead_code(position);
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
            let Death { address, number, code } = death;
            let known = self.living.swap_remove(&address);
            let raw = code.map_or(Known::Nothing, Known::Raw);
            self.dead.push(Dead { address, number, code: known.map_or(raw, Known::Code) });
        }
        self.deaths = deaths;
    }

    /// A code object that is dead by now.
    fn dead_code(&mut self, position: usize) -> Option<Arc<Code>> {
        let known = &mut self.dead.get_mut(position)?.code;
        let code = match std::mem::replace(known, Known::Nothing) {
            Known::Nothing => return None,
            Known::Raw(raw) => self.numbered(raw.decode(&self.python.stacks.layout)),
            Known::Code(code) => code,
        };
        self.dead.get_mut(position)?.code = Known::Code(Arc::clone(&code));
        Some(code)
    }

    /// Forgets the first `deaths` dead: no capture from before then is still to be looked up.
    pub(crate) fn forget_dead(&mut self, deaths: u64) {
        self.dead.retain(|dead| dead.number >= deaths);
    }

    fn numbered(&mut self, object: CodeObject) -> Arc<Code> {
        self.numbers += 1;
        Arc::new(Code { number: self.numbers, object })
    }
}
