//! The interpreter of this process, found through its exported symbols.
//!
//! `_PyRuntime` and `PyCode_Type` are data that every build exports; `Py_GetVersion` and
//! `PyGILState_GetThisThreadState` are functions of the stable ABI. The latter reads a
//! thread-local variable and nothing else (Python/pystate.c), also while the thread has released
//! the GIL, which is what lets a signal handler call it.
#![expect(unsafe_code, reason = "dlsym, and calling what it finds")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use pyflame_cpython::{Layout, Memory as _, StackReader};

use crate::StartError;
use crate::own_memory::OwnMemory;

/// The interpreter of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Python {
    /// Walks its stacks.
    pub(crate) stacks: StackReader,
    /// Address of `PyCode_Type`.
    pub(crate) code_type: u64,
    /// Address of `_PyRuntime`.
    pub(crate) runtime: u64,
    /// `PyGILState_GetThisThreadState`.
    pub(crate) this_thread_state: ThisThreadState,
}

pub(crate) type ThisThreadState = extern "C" fn() -> *mut c_void;

/// A process has one CPython, and it does not go away.
static PYTHON: OnceLock<Python> = OnceLock::new();

impl Python {
    /// Finds the interpreter.
    pub(crate) fn find() -> Result<&'static Self, StartError> {
        match PYTHON.get() {
            Some(python) => Ok(python),
            None => Self::search().map(|python| PYTHON.get_or_init(|| python)),
        }
    }

    /// The interpreter, once it has been found. Async-signal-safe: one atomic load.
    pub(crate) fn found() -> Option<&'static Self> {
        PYTHON.get()
    }

    fn search() -> Result<Self, StartError> {
        let (major, minor) = version()?;
        let layout = Layout::of(major, minor).ok_or(StartError::UnknownVersion(major, minor))?;
        let runtime = symbol(c"_PyRuntime")?;
        // The first thing ever read this way, and so the test whether it may be.
        OwnMemory.bytes::<8>(runtime).map_err(|_| StartError::MemoryForbidden)?;
        let layout = layout.with_debug_offsets(&mut OwnMemory, runtime)?;
        let code_type = symbol(c"PyCode_Type")?;
        let function = pointer(c"PyGILState_GetThisThreadState")?;
        // SAFETY: the symbol is this function of the stable ABI in every CPython.
        let this_thread_state =
            unsafe { std::mem::transmute::<*mut c_void, ThisThreadState>(function) };
        Ok(Self { stacks: StackReader { layout }, code_type, runtime, this_thread_state })
    }

    /// Address of the calling thread's `PyThreadState`; 0 where it has none. Async-signal-safe.
    pub(crate) fn current_thread(&self) -> u64 {
        (self.this_thread_state)() as u64
    }

    /// What the interpreter says is the id of the calling thread's state, which is at `thread`.
    pub(crate) fn id_of_current_thread(&self, thread: u64) -> Option<u64> {
        type GetId = extern "C" fn(*mut c_void) -> u64;
        let function = pointer(c"PyThreadState_GetID").ok()?;
        // SAFETY: the symbol is this function in every CPython from 3.7 on.
        let get_id = unsafe { std::mem::transmute::<*mut c_void, GetId>(function) };
        (thread == self.current_thread() && thread != 0).then(|| get_id(thread as *mut c_void))
    }

    /// What the interpreter says is the `tp_dealloc` of code objects. The caller holds the GIL.
    pub(crate) fn deallocator_of_code(&self) -> Option<usize> {
        /// `Py_tp_dealloc` (Include/typeslots.h).
        const TP_DEALLOC: c_int = 52;
        type GetSlot = extern "C" fn(*mut c_void, c_int) -> *mut c_void;
        let function = pointer(c"PyType_GetSlot").ok()?;
        // SAFETY: the symbol is this function of the stable ABI in every CPython.
        let get_slot = unsafe { std::mem::transmute::<*mut c_void, GetSlot>(function) };
        Some(get_slot(self.code_type as *mut c_void, TP_DEALLOC) as usize)
    }
}

/// The first words of `Py_GetVersion()`, for example `3.13.0 (main, …)`.
fn version() -> Result<(u8, u8), StartError> {
    let function = pointer(c"Py_GetVersion")?;
    // SAFETY: the symbol is this function of the stable ABI in every CPython.
    let get_version =
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> *const c_char>(function) };
    // SAFETY: it returns a static string that ends with a zero byte.
    let text = unsafe { CStr::from_ptr(get_version()) }.to_string_lossy();
    let mut parts = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => Err(StartError::NotCPython),
    }
}

fn symbol(name: &CStr) -> Result<u64, StartError> {
    pointer(name).map(|pointer| pointer as u64)
}

fn pointer(name: &CStr) -> Result<*mut c_void, StartError> {
    // SAFETY: `name` ends with a zero byte.
    let pointer = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if pointer.is_null() { Err(StartError::NotCPython) } else { Ok(pointer) }
}
