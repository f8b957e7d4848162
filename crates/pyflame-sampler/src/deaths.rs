//! Code objects that die while their addresses wait to be looked up.
//!
//! A captured stack is a list of addresses; names are read a moment later. A module's code, an
//! `exec`'s or a dropped function's can be gone by then, and its memory another code object's. So
//! while anything is recorded, `PyCode_Type.tp_dealloc` is wrapped: before a code object goes,
//! what it says about itself is noted. (`PyCode_AddWatcher` would tell the same from 3.12 on, but
//! for one interpreter only; the type is one for all interpreters and versions.)
//!
//! The wrapper runs on whichever thread drops the last reference, and calls the original. Deaths
//! are numbered, and a capture says how many there had been by then: what stands at an address
//! after that many deaths is what died there next, or what lives there now. Memory is used again
//! only after its owner's death has been counted, so whoever runs a new code object at an old
//! address sees that count.
#![expect(unsafe_code, reason = "replaces a function pointer in PyCode_Type")]

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use pyflame_cpython::RawCode;

use crate::held_memory::HeldMemory;
use crate::python::Python;
use crate::reserve;

/// A code object that is no more.
#[derive(Debug)]
pub(crate) struct Death {
    /// Where it was.
    pub(crate) address: u64,
    /// How many had died before it.
    pub(crate) number: u64,
    /// What it said about itself.
    pub(crate) code: Option<RawCode>,
}

/// A link of the list of what was noted, newest first. A list without a lock, because a child
/// that is forked while the sampling thread holds a lock would find it held for ever.
#[derive(Debug)]
struct Noted {
    death: Death,
    before: *mut Self,
}

type Dealloc = unsafe extern "C" fn(*mut c_void);

/// `tp_dealloc` in a type object: behind the 24 bytes of an object of variable size come
/// `tp_name`, `tp_basicsize` and `tp_itemsize` (Include/cpython/object.h, every version).
const TP_DEALLOC: u64 = 48;

static IS_NOTING: AtomicBool = AtomicBool::new(false);
/// How many deaths have begun to be noted; up to which number they count; and how many are noted,
/// which of two threads in interpreters with a GIL of their own may be out of order.
static BEGUN: AtomicU64 = AtomicU64::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);
static DONE: AtomicU64 = AtomicU64::new(0);
static NOTED: AtomicPtr<Noted> = AtomicPtr::new(std::ptr::null_mut());
static ORIGINAL: AtomicUsize = AtomicUsize::new(0);

/// Whether the type has its deallocator where we look for it: `PyType_GetSlot` of the stable ABI
/// knows. (It refuses static types up to 3.9, whose layout is not going to change any more.) The caller
/// holds the GIL.
pub(crate) fn is_at_its_place(python: &Python) -> bool {
    python.stacks.layout.minor <= 9
        || python.deallocator_of_code() == Some(slot(python).load(Ordering::Acquire))
}

/// Starts noting. No other recording starts or ends meanwhile, as the caller holds the GIL; a code
/// object that dies in an interpreter with a GIL of its own is noted or not, and no capture is older.
pub(crate) fn start(python: &Python) {
    let slot = slot(python);
    let ours = on_death as Dealloc as usize;
    let current = slot.load(Ordering::Acquire);
    let original = ORIGINAL.load(Ordering::Acquire);
    // If somebody has wrapped ours meanwhile, it is called through theirs and must not be put in
    // front again: it would then call itself for ever.
    if current != ours && (original == 0 || original == current) {
        ORIGINAL.store(current, Ordering::Release);
        slot.store(ours, Ordering::Release);
    }
    IS_NOTING.store(true, Ordering::Release);
}

/// Stops noting and puts the original back, unless somebody has put theirs in front of ours.
pub(crate) fn stop(python: &Python) {
    IS_NOTING.store(false, Ordering::Release);
    let slot = slot(python);
    let ours = on_death as Dealloc as usize;
    let original = ORIGINAL.load(Ordering::Acquire);
    let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
    if original != 0 {
        // `ORIGINAL` stays, for a thread that is inside our function and about to read it.
        _ = slot.compare_exchange(ours, original, success, failure);
    }
    take(&mut Vec::new());
}

/// Stops noting in the child of a fork. Deaths that other threads were noting will never be done.
pub(crate) fn forget_other_threads() {
    IS_NOTING.store(false, Ordering::Release);
    let begun = BEGUN.load(Ordering::Acquire);
    COUNT.store(begun, Ordering::Release);
    DONE.store(begun, Ordering::Release);
}

/// How many have died so far. Async-signal-safe: one load.
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Acquire)
}

/// How many have died so far, where each of them is noted by now.
pub(crate) fn settled() -> Option<u64> {
    let done = DONE.load(Ordering::Acquire);
    (BEGUN.load(Ordering::Acquire) == done).then_some(done)
}

/// Moves what was noted into `into`, in order of death. Only for the sampling thread.
pub(crate) fn take(into: &mut Vec<Death>) {
    // Mostly there is none, and writing would take the line from the thread that runs: its handler
    // and its deallocations load from it.
    if NOTED.load(Ordering::Relaxed).is_null() {
        return;
    }
    let first = into.len();
    let mut next = NOTED.swap(std::ptr::null_mut(), Ordering::AcqRel);
    while !next.is_null() {
        // SAFETY: `note` made it with `Box::into_raw`, and the swap has made it ours alone.
        let noted = unsafe { Box::from_raw(next) };
        into.push(noted.death);
        next = noted.before;
    }
    if let Some(new) = into.get_mut(first..) {
        new.reverse();
    }
}

fn slot(python: &Python) -> &'static AtomicUsize {
    let address = python.code_type + TP_DEALLOC;
    // SAFETY: `PyCode_Type` is a static of the interpreter, which never goes away; the field is
    // an aligned pointer, and the interpreter reads it in one load. That it is this field, the
    // self-check has found out (`is_at_its_place`).
    unsafe { AtomicUsize::from_ptr(address as *mut usize) }
}

unsafe extern "C" fn on_death(code: *mut c_void) {
    if IS_NOTING.load(Ordering::Acquire) {
        note(code as u64);
    }
    let original = ORIGINAL.load(Ordering::Acquire);
    // SAFETY: `start` stores the type's own `tp_dealloc` before it puts this function there.
    let original = unsafe { std::mem::transmute::<usize, Dealloc>(original) };
    // SAFETY: the interpreter called us as the `tp_dealloc` of `code`, which is what this is.
    unsafe { original(code) };
}

fn note(address: u64) {
    let Some(python) = Python::found() else { return };
    let number = BEGUN.fetch_add(1, Ordering::AcqRel);
    // What a code object says takes memory; without it, stacks show the frame as unknown code.
    let read = || {
        // SAFETY: the object at `address` is being deallocated by this thread, which has not let go
        // of anything that it refers to yet. That the layout is this interpreter's, the self-check
        // has found out for code objects, their names, files and line tables.
        let mut memory = unsafe { HeldMemory::new() };
        RawCode::read(&mut memory, &python.stacks.layout, python.code_type, address)
    };
    let code = if reserve::is_scarce() { None } else { read().ok() };
    let death = Death { address, number, code };
    let mut before = NOTED.load(Ordering::Relaxed);
    let noted = Box::into_raw(Box::new(Noted { death, before }));
    let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
    while let Err(now) = NOTED.compare_exchange_weak(before, noted, success, failure) {
        before = now;
        // SAFETY: nobody else has `noted` before the exchange succeeds.
        unsafe { (*noted).before = before };
    }
    // Two interpreters, each with a GIL of its own, can note a death at the same time; the later
    // number may then be done first.
    COUNT.fetch_max(number + 1, Ordering::AcqRel);
    DONE.fetch_add(1, Ordering::AcqRel);
}
