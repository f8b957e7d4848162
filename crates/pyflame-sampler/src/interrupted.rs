//! What a signal has interrupted, by the registers that the kernel has saved.
//!
//! A signal is taken on the way out of the kernel: after an interrupt, wherever the thread was, or at
//! the end of a system call. Then the instruction pointer is behind the instruction that made the call,
//! or, where the call is going to be made again, before it (`handle_signal` of
//! arch/x86/kernel/signal.c, `do_signal` of arch/arm64/kernel/signal.c).
#![expect(unsafe_code, reason = "the kernel hands over a pointer to the registers")]

use std::ffi::c_void;

use pyflame_cpython::Memory as _;

use crate::own_memory::OwnMemory;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted {
    /// Where its C stack reached down to.
    pub(crate) stack_pointer: u64,
    instruction_pointer: u64,
}

impl Interrupted {
    /// What the handler was called for that has got this context.
    ///
    /// # Safety
    /// `context` is the third argument of a handler that was installed with `SA_SIGINFO`.
    pub(crate) unsafe fn by(context: *const c_void) -> Self {
        // SAFETY: with `SA_SIGINFO` the kernel passes a valid `ucontext_t`.
        let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
        #[cfg(target_arch = "x86_64")]
        let [stack_pointer, instruction_pointer] =
            [machine.gregs[libc::REG_RSP as usize], machine.gregs[libc::REG_RIP as usize]]
                .map(i64::cast_unsigned);
        #[cfg(target_arch = "aarch64")]
        let [stack_pointer, instruction_pointer] = [machine.sp, machine.pc];
        Self { stack_pointer, instruction_pointer }
    }

    /// Whether it was a system call. Async-signal-safe.
    pub(crate) fn is_system_call(self) -> bool {
        is_at_system_call(self.instruction_pointer)
    }
}

/// The instruction that makes a system call: `syscall`, and `svc #0`.
#[cfg(target_arch = "x86_64")]
const CALL: [u8; 2] = [0x0f, 0x05];
#[cfg(target_arch = "aarch64")]
const CALL: [u8; 4] = 0xd400_0001_u32.to_le_bytes();

/// Whether the instruction at an address makes a system call, or the one before it. Through the kernel,
/// as code need not be readable.
fn is_at_system_call(address: u64) -> bool {
    let is_call = |at| OwnMemory.bytes(at) == Ok(CALL);
    is_call(address.wrapping_sub(CALL.len() as u64)) || is_call(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_of_a_system_call_is_found_before_and_behind_it() {
        let mut code = [0x90_u8; 16];
        code[8..8 + CALL.len()].copy_from_slice(&CALL);
        let at = |offset: usize| is_at_system_call(std::ptr::from_ref(&code[offset]) as u64);
        assert!(at(8) && at(8 + CALL.len()));
        assert!(!at(4) && !at(15));
        assert!(!is_at_system_call(0));
    }
}
