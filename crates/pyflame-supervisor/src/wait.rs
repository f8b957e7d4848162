//! Waits for the program, hands signals on to it, and takes what it and its children write.
//!
//! A terminal sends its signals (Ctrl-C, Ctrl-Z, a hang-up) to the whole process group, so the
//! program has them already; siginfo says that they are the kernel's (`SI_KERNEL`). Others can do
//! likewise, which a witness tells. What somebody sent to the command by its id was meant for the
//! program and is handed on.

use std::io;
use std::os::fd::AsFd as _;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::{Ending, Gathered, Inbox, Witness};

/// How long what is written may lie there: half of a lane is far more than is written meanwhile.
const TAKE_AFTER_MS: u16 = 50;

/// What has come while the program is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Something may have been written.
    Chunks,
    /// Somebody asks for what there is so far, by SIGURG.
    Asked,
}

/// Waits until the process `pid`, a child of this one, has ended. `heard` is called for all news.
///
/// All signals must be blocked in the calling thread, from before the child was made.
///
/// # Errors
/// When the process is no child of this one, or signals can't be waited for.
pub fn wait_for(
    pid: i32,
    inbox: &mut Inbox,
    witness: &mut Witness,
    gathered: &mut Gathered,
    mut heard: impl FnMut(News, &mut Gathered),
) -> io::Result<Ending> {
    let program = Pid::from_raw(pid);
    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    let signals = SignalFd::with_flags(&SigSet::all(), flags)?;
    let mut is_stopped = false;
    loop {
        if let Some(ending) = program_ending(program, &mut is_stopped)? {
            inbox.take(gathered);
            inbox.take(gathered); // Of whom nothing is left, it is seen whether they have ended.
            heard(News::Chunks, gathered);
            return Ok(ending);
        }
        inbox.take(gathered);
        heard(News::Chunks, gathered);
        let mut descriptors = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        match poll(&mut descriptors, PollTimeout::from(TAKE_AFTER_MS)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        // All that have come, before any is handed on: what that leads to must not be merged with one
        // that is still to be read, as equal signals are.
        let mut come = Vec::new();
        while let Some(info) = signals.read_signal()? {
            come.push(info);
        }
        for info in come {
            if info.ssi_signo == Signal::SIGURG as u32 {
                if !is_from_program(&info, program, inbox) {
                    heard(News::Asked, gathered);
                }
            } else if info.ssi_signo != Signal::SIGCHLD as u32 {
                let is_everybodys = witness.got(info.ssi_signo);
                hand_on(&info, program, inbox, (is_stopped, is_everybodys));
            }
        }
        witness.tidy();
    }
}

/// How the program has ended, if it has. Where it has been stopped, so is this process, for whoever
/// waits for it.
fn program_ending(program: Pid, is_stopped: &mut bool) -> io::Result<Option<Ending>> {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED;
    loop {
        match waitpid(program, Some(flags)) {
            Ok(WaitStatus::Exited(_, status)) => return Ok(Some(Ending::Exited(status))),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Some(Ending::Signaled(signal))),
            Ok(WaitStatus::Stopped(_, signal)) => {
                *is_stopped = true;
                stop(signal);
            }
            Ok(WaitStatus::Continued(_)) => *is_stopped = false,
            Ok(_) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Stops this process by the signal that has stopped the program.
fn stop(signal: Signal) {
    let mut set = SigSet::empty();
    set.add(signal);
    _ = raise(signal);
    _ = set.thread_unblock();
    _ = set.thread_block();
}

/// Hands a signal on that was sent to this process and meant for the program.
fn hand_on(info: &siginfo, program: Pid, inbox: &Inbox, (is_stopped, is_everybodys): (bool, bool)) {
    let number = i32::try_from(info.ssi_signo).unwrap_or(0);
    let Ok(signal) = Signal::try_from(number) else {
        return; // A real-time signal: nobody sends one to a command.
    };
    let is_sent = info.ssi_code <= 0; // SI_USER, SI_QUEUE, SI_TKILL; positive ones are the kernel's.
    let is_handed_on = match signal {
        // Whatever continues this process is to continue the program.
        Signal::SIGCONT => is_stopped,
        // That a terminal is gone, the kernel tells the leader of the session alone
        // (`tty_signal_session_leader` of drivers/tty/tty_jobctrl.c), which may be this process.
        Signal::SIGHUP if !is_sent => !is_everybodys,
        _ => is_sent && !is_everybodys && !is_from_program(info, program, inbox),
    };
    if is_handed_on {
        _ = kill(program, signal);
    }
}

/// Whether the program or one of its children has sent a signal.
fn is_from_program(info: &siginfo, program: Pid, inbox: &Inbox) -> bool {
    let sender = i32::try_from(info.ssi_pid).unwrap_or(0);
    sender == program.as_raw() || inbox.writes(sender)
}
