//! The signal by which a thread is asked for its own stack, and its handler.
//!
//! We use `SIGURG` where the program has no handler for it, else a real-time signal that nobody
//! uses. `SIGURG` is special in that its default action is to be ignored (signal(7)): a signal of
//! ours that is still pending when the process calls `exec`, which takes handlers away but leaves
//! pending signals, is forgotten instead of ending the new program; the same holds where a
//! program sets all signals back to their default. The Go runtime preempts its threads with it
//! for the same reason.
//!
//! Signals go to one thread and carry the number of its slot (`rt_tgsigqueueinfo`). The handler
//! is async-signal-safe: it allocates nothing, takes no lock, loads only from memory that is known to
//! be there (`live_memory`; the rest is read through a system call), and keeps `errno`.
#![expect(unsafe_code, reason = "installing and sending signals are calls into libc")]

use std::ffi::{c_int, c_void};

use crate::interrupted::Interrupted;
use crate::python::Python;
use crate::slot::Slot;
use crate::{slot, wake};

/// A signal that has our handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal(c_int);

/// What came of sending a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The thread will run the handler.
    OnItsWay,
    /// There is no such thread any more.
    Gone,
    /// The kernel refused.
    Refused,
    /// It was not the time.
    Withheld,
}

impl Signal {
    /// Installs our handler for a signal that the program does not use; `None` if it uses all.
    pub(crate) fn install() -> Option<Self> {
        // Ours may be there already: a forked child inherits it.
        let is_free = |signal: &c_int| match handler_of(*signal) {
            Some(libc::SIG_DFL) => set_handler(*signal),
            handler => handler == Some(our_handler()),
        };
        std::iter::once(libc::SIGURG)
            .chain((libc::SIGRTMIN()..=libc::SIGRTMAX()).rev())
            .find(is_free)
            .map(Self)
    }

    /// Whether the handler is still ours; the program may have set its own, or the default.
    pub(crate) fn is_ours(self) -> bool {
        handler_of(self.0) == Some(our_handler())
    }

    /// Takes our handler away again, where that can't turn a late signal into an end.
    pub(crate) fn uninstall(self) {
        if self.0 == libc::SIGURG && self.is_ours() {
            // SAFETY: all-zero is a valid `sigaction` and means the default action.
            let default: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: `default` is valid; the old action is not asked for.
            _ = unsafe { libc::sigaction(self.0, &raw const default, std::ptr::null_mut()) };
        }
    }

    /// Asks the thread `native_id` of this process to capture its stack into `slot`, if it is
    /// time for that by the very moment before.
    pub(crate) fn send(self, native_id: u32, slot: &Slot, is_time: impl FnOnce() -> bool) -> Sent {
        let info = SigInfo::of(self, slot);
        let pid = info.pid;
        if !is_time() {
            return Sent::Withheld;
        }
        // SAFETY: `info` has the size of a `siginfo_t` (asserted below its definition) and outlives
        // the call. The kernel takes its bytes as they are, and reads nothing that they point to; that
        // they come out as `si_value` is what the self-check finds out.
        let status = unsafe {
            libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, native_id, self.0, &raw const info)
        };
        if status == 0 {
            return Sent::OnItsWay;
        }
        match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::ESRCH) => Sent::Gone,
            _ => Sent::Refused,
        }
    }

    /// Runs the handler as the kernel does in a thread that has sent itself the signal.
    #[cfg(feature = "measure")]
    pub(crate) fn handle(self, slot: &Slot) {
        let mut info = SigInfo::of(self, slot);
        // SAFETY: all-zero is a valid `ucontext_t`; it is filled before it is used.
        let mut context: libc::ucontext_t = unsafe { std::mem::zeroed() };
        // SAFETY: `context` is a valid place for a context.
        unsafe { libc::getcontext(&raw mut context) };
        // Through a pointer, as the kernel calls it, so that it is a function of its own.
        let handler = std::hint::black_box(
            on_signal as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void),
        );
        handler(self.0, (&raw mut info).cast(), (&raw mut context).cast());
    }

    /// The signal's number.
    pub(crate) fn number(self) -> c_int {
        self.0
    }
}

/// Tells our signals from somebody else's; the low half is a slot's name.
const COOKIE: u64 = 0x7079_666c << 32;

/// `siginfo_t` of a queued signal.
#[repr(C)]
struct SigInfo {
    signal: c_int,
    error: c_int,
    code: c_int,
    padding: c_int,
    pid: libc::pid_t,
    uid: libc::uid_t,
    value: u64,
    rest: [u64; 12],
}

impl SigInfo {
    fn of(signal: Signal, slot: &Slot) -> Self {
        // SAFETY: `getpid` and `getuid` have no preconditions.
        let (pid, uid) = unsafe { (libc::getpid(), libc::getuid()) };
        let value = COOKIE | u64::from(slot.name());
        let (signal, code) = (signal.0, libc::SI_QUEUE);
        Self { signal, error: 0, code, padding: 0, pid, uid, value, rest: [0; 12] }
    }
}

const _: () = assert!(size_of::<SigInfo>() == size_of::<libc::siginfo_t>());

fn our_handler() -> usize {
    on_signal as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize
}

fn handler_of(signal: c_int) -> Option<usize> {
    // SAFETY: all-zero is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: `action` is a valid place for the answer; nothing is changed.
    let status = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    (status == 0).then_some(action.sa_sigaction)
}

fn set_handler(signal: c_int) -> bool {
    // SAFETY: all-zero is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = our_handler();
    action.sa_mask = all_but_faults();
    // Calls that can be restarted are, and a program's alternate stack is used where it has one.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: `action` is complete, and the handler has the form that `SA_SIGINFO` asks for.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) == 0 }
}

/// The signals that wait while our handler runs: a handler of the program's that leaves by
/// `siglongjmp` would take ours with it. Not those of faults, which can't wait.
fn all_but_faults() -> libc::sigset_t {
    // SAFETY: all-zero is a valid set; it is filled before it is used.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is a valid place for a set.
    unsafe { libc::sigfillset(&raw mut set) };
    for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
        // SAFETY: `set` is a set, and `fault` the number of a signal.
        unsafe { libc::sigdelset(&raw mut set, fault) };
    }
    set
}

extern "C" fn on_signal(_signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: `errno` is this thread's own and always there.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: with `SA_SIGINFO` the kernel passes a valid `siginfo_t`.
    let info = unsafe { &*info };
    // SAFETY: this is the third argument of such a handler.
    let interrupted = unsafe { Interrupted::by(context) };
    if let (Some(python), Some(slot)) = (Python::found(), slot_of(info))
        && !slot.capture(python, interrupted)
    {
        wake::call(); // Late or not believed: have it taken again, a few microseconds from now.
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// The slot that a signal names, if it is one of ours.
fn slot_of(info: &libc::siginfo_t) -> Option<&'static Slot> {
    if info.si_code != libc::SI_QUEUE {
        return None;
    }
    // SAFETY: signals with the code `SI_QUEUE` carry a value.
    let value = unsafe { info.si_value() }.sival_ptr as u64;
    let name = u32::try_from(value ^ COOKIE).ok()?; // None where the upper half is another one.
    slot::named(name)
}
