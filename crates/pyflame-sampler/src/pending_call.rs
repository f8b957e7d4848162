//! Something to be done by the main thread as soon as it is back at executing bytecode.
//!
//! `Py_AddPendingCall` (Python/ceval_gil.c; part of the stable ABI) is what signal handlers use:
//! the function is called with the GIL held, between two bytecodes of the main thread.
#![expect(unsafe_code, reason = "a function of the interpreter is called")]

use std::ffi::{c_int, c_void};

type Pending = extern "C" fn(*mut c_void) -> c_int;
type AddPendingCall = unsafe extern "C" fn(Pending, *mut c_void) -> c_int;

/// Has `call` called by the main thread between two bytecodes; returns whether it will be.
pub(crate) fn add(call: Pending) -> bool {
    // SAFETY: the name is a C string.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"Py_AddPendingCall".as_ptr()) };
    if found.is_null() {
        return false;
    }
    // SAFETY: a function of that name has had this type since Python 2.
    let add: AddPendingCall = unsafe { std::mem::transmute(found) };
    // SAFETY: may be called at any time by any thread; `call` takes no argument from us.
    unsafe { add(call, std::ptr::null_mut()) == 0 }
}
