//! Walks the frames of one thread, innermost first, and refuses what can't be true.
//!
//! Up to 3.10 frames are `PyFrameObject`s linked by `f_back`. From 3.11 on they are
//! `_PyInterpreterFrame`s in the thread's data stack, in generators, or, as markers of an entry
//! into the eval loop, on the C stack (Include/internal/pycore_frame.h,
//! pycore_interpframe_structs.h).
//!
//! A thread can be looked at between any two of its instructions, so what hangs on the newest
//! link may be half made: on 3.11 and 3.12 `_PyEval_EvalFrameDefault` publishes its `_PyCFrame`
//! before it has filled it, and 3.11 takes a frame off the data stack before it unlinks it
//! (Python/ceval.c). From 3.12 on a call within one eval loop links the new frame to its caller and
//! makes it the newest in two stores (`DISPATCH_INLINED` of Python/ceval_macros.h), which a compiler
//! may exchange. Four facts tell such a moment, and a stack that breaks one is refused:
//!
//! 1. The newest frame that the thread owns lies in the newest chunk of its data stack, below
//!    the chunk's top.
//! 2. 3.11 and 3.12: the frames of the running eval loop end at its entry frame, whose caller is
//!    the current frame of the eval loop around it. Only the outermost has no frame at times: a
//!    greenlet has one of its own, also before its first frame and after its last. And on 3.12 the
//!    frames of a greenlet that is about to give way have no entry: greenlet takes the markers out
//!    of the chain (`expose_frames` of its TGreenlet.cpp). What is read of an unfilled `_PyCFrame`
//!    then is old: another greenlet's frame, which fact 1 tells, or one of this, whose entry is not
//!    that of the running loop.
//! 3. Every stack ends: with a null link. From 3.12 on, a generator with a null link has just
//!    yielded. (Whatever enters the eval loop puts a marker before its first frame; but greenlet
//!    passes over markers while it switches, so others may end a stack. For the same reason the base
//!    frame that a thread has from 3.15 on tells nothing: a greenlet's stack does not reach it.)
//! 4. From 3.12 on, a frame that has not begun has a link: to a marker or to its caller. (A greenlet
//!    that gives way has begun.)
//!
//! Whether a frame's code object is one is for the reader of it to find out
//! ([`crate::CodeObject::read`]).

use thiserror::Error;

use crate::{Instruction, Layout, Memory, TopFrame, Unreadable};

/// Why a stack is not believed. All of them are passing: a little later the same thread's stack
/// will read well.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum StackError {
    /// A link leads to memory that is not there.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The newest frame is not on the data stack (fact 1).
    #[error("the newest frame {0:#x} is not on the thread's data stack")]
    OffTheDataStack(u64),
    /// The running eval loop is being entered or left (fact 2).
    #[error("the eval loop is being entered or left")]
    HalfEntered,
    /// The newest frame is not linked to its caller yet (fact 4).
    #[error("the frame at {0:#x} has no caller yet")]
    NotLinked(u64),
    /// A frame has an owner that does not exist.
    #[error("the frame at {0:#x} is none")]
    NotAFrame(u64),
    /// A frame's instruction is not inside its code.
    #[error("the frame at {0:#x} is outside its code")]
    OutsideCode(u64),
    /// The chain of frames does not end where it must (fact 3).
    #[error("the stack does not end where stacks end")]
    Endless,
}

/// A frame as it was found: a code object and a place in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RawFrame {
    /// Address of the `PyCodeObject`.
    pub code: u64,
    /// Offset in bytes from the first instruction; negative before the first one has run.
    pub offset: i32,
    /// Whether the frame belongs to a generator or coroutine.
    pub is_generator: bool,
}

/// Walks stacks of one interpreter.
#[derive(Clone, Copy, Debug)]
pub struct StackReader {
    /// Where things are.
    pub layout: Layout,
}

/// Deeper stacks don't exist: a frame takes at least 88 bytes, so this many take 6 GB.
const MAX_FRAMES: usize = 1 << 26;

impl StackReader {
    /// Calls `found` with each frame of the thread whose state is at `thread`, innermost first.
    ///
    /// The thread must not run while it is read: the caller is the thread itself or knows that
    /// the thread is off the CPU.
    ///
    /// # Errors
    /// When the stack is not to be believed; frames found until then mean nothing.
    pub fn walk(
        &self,
        memory: &mut impl Memory,
        thread: u64,
        mut found: impl FnMut(RawFrame),
    ) -> Result<(), StackError> {
        let mut top = self.top(memory, thread)?;
        let mut address = top.frame;
        let mut last_owner = THREAD;
        let mut circle = Circle::default();
        for _ in 0..MAX_FRAMES {
            if address == 0 {
                return self.ended_at(last_owner);
            }
            if circle.is_closed_by(address) {
                return Err(StackError::Endless);
            }
            let frame = self.frame(memory, address)?;
            self.check_newest(&mut top, address, &frame)?;
            if !frame.is_shim {
                found(frame.raw);
            }
            last_owner = frame.owner;
            address = frame.previous;
        }
        Err(StackError::Endless)
    }

    fn top(&self, memory: &mut impl Memory, thread: u64) -> Result<Top, StackError> {
        let field = |memory: &mut _, offset| Memory::word(memory, thread.wrapping_add(offset));
        let data_stack = match self.layout.thread.datastack_chunk {
            Some(chunk) => Some((field(memory, chunk)?, field(memory, chunk + 8)?)),
            None => None,
        };
        match self.layout.thread.top {
            TopFrame::Direct(offset) => {
                Ok(Top { frame: field(memory, offset)?, caller: None, data_stack })
            }
            TopFrame::CFrame { cframe, root, current_frame, previous } => {
                let cframe = field(memory, cframe)?;
                let frame = memory.word(cframe.wrapping_add(current_frame))?;
                let root = thread.wrapping_add(root);
                if cframe == root {
                    return Ok(Top { frame, caller: None, data_stack });
                }
                let outer = memory.word(cframe.wrapping_add(previous))?;
                if frame == 0 {
                    let is_outermost = outer == root;
                    let top = Top { frame, caller: None, data_stack };
                    return if is_outermost { Ok(top) } else { Err(StackError::HalfEntered) };
                }
                let caller = Some(memory.word(outer.wrapping_add(current_frame))?);
                Ok(Top { frame, caller, data_stack })
            }
        }
    }

    fn frame(&self, memory: &mut impl Memory, address: u64) -> Result<Frame, StackError> {
        let offsets = &self.layout.frame;
        let (Instruction::Index { offset: instruction, .. } | Instruction::Pointer(instruction)) =
            offsets.instruction;
        // The owner is the byte at its offset, and so is what tells an entry.
        let owner = offsets.owner.unwrap_or(0);
        let is_entry = offsets.is_entry.unwrap_or(0);
        let wanted = [offsets.code, offsets.previous, instruction, owner & !7, is_entry & !7];
        let [code, previous, instruction, owner_word, entry_word] =
            memory.words(address, offsets.size, wanted)?;
        let byte = |word: u64, offset: u64| (word >> (offset % 8 * 8)).to_le_bytes()[0];
        let owner = offsets.owner.map_or(THREAD, |offset| byte(owner_word, offset));
        if owner > self.layout.last_owner() || owner == FRAME_OBJECT {
            return Err(StackError::NotAFrame(address));
        }
        let is_shim = owner >= self.layout.first_shim_owner();
        let mut raw =
            if is_shim { RawFrame::default() } else { self.place(address, code, instruction)? };
        raw.is_generator = owner == GENERATOR;
        let is_entry =
            is_shim || offsets.is_entry.is_some_and(|offset| byte(entry_word, offset) != 0);
        Ok(Frame { raw, previous, owner, is_shim, is_entry })
    }

    /// The code object of a frame and the place in it.
    fn place(&self, address: u64, code: u64, instruction: u64) -> Result<RawFrame, StackError> {
        let code = code & self.layout.code_mask();
        let offset = match self.layout.frame.instruction {
            Instruction::Index { unit, .. } => {
                // The number has 32 bits; what is beside it belongs to another field.
                let index = u32::try_from(instruction & 0xffff_ffff).unwrap_or(0).cast_signed();
                i64::from(index) * i64::from(unit)
            }
            Instruction::Pointer(_) => {
                let start = code.wrapping_add(self.layout.code.instructions.unwrap_or(0));
                instruction.wrapping_sub(start).cast_signed()
            }
        };
        // Before its first instruction a frame is one code unit, or one index, before its code.
        match i32::try_from(offset) {
            Ok(offset) if code != 0 && offset >= -2 => {
                Ok(RawFrame { code, offset, is_generator: false })
            }
            _ => Err(StackError::OutsideCode(address)),
        }
    }

    /// Facts 1, 2 and 4, for as long as they have something to say.
    fn check_newest(&self, top: &mut Top, address: u64, frame: &Frame) -> Result<(), StackError> {
        if frame.owner == THREAD
            && let Some((chunk, end)) = top.data_stack.take()
            && !(chunk..end).contains(&address)
        {
            return Err(StackError::OffTheDataStack(address));
        }
        if frame.is_entry
            && let Some(caller) = top.caller.take()
            && caller != frame.previous
        {
            return Err(StackError::HalfEntered);
        }
        let has_begun = frame.is_shim || frame.raw.offset > 0;
        if frame.previous == 0 && !has_begun && self.layout.links_all_frames() {
            return Err(StackError::NotLinked(address));
        }
        let has_markers = self.layout.frame.is_entry.is_none();
        if frame.previous == 0 && top.caller.is_some() && !has_markers {
            return Err(StackError::HalfEntered);
        }
        Ok(())
    }

    /// Fact 3.
    fn ended_at(&self, owner: u8) -> Result<(), StackError> {
        if self.layout.links_all_frames() && owner == GENERATOR {
            return Err(StackError::Endless);
        }
        Ok(())
    }
}

/// `FRAME_OWNED_BY_THREAD`, `..._GENERATOR` and `..._FRAME_OBJECT`; the last is for frames that
/// have ended, which no chain contains.
const THREAD: u8 = 0;
const GENERATOR: u8 = 1;
const FRAME_OBJECT: u8 = 2;

/// Where a walk starts, and what remains to be checked about its newest frames.
struct Top {
    frame: u64,
    /// 3.11 and 3.12: the frame that called the running eval loop.
    caller: Option<u64>,
    /// The newest chunk of the data stack and the end of its used part.
    data_stack: Option<(u64, u64)>,
}

/// Finds out whether a walk goes round in circles (Brent 1980): one frame is remembered, and
/// after each doubling of the way another one, so a circle is noticed in its second round.
#[derive(Default)]
struct Circle {
    remembered: u64,
    steps: u64,
}

impl Circle {
    fn is_closed_by(&mut self, address: u64) -> bool {
        if address == self.remembered {
            return true;
        }
        self.steps += 1;
        if self.steps.is_power_of_two() {
            self.remembered = address;
        }
        false
    }
}

/// What is read of a frame.
struct Frame {
    raw: RawFrame,
    previous: u64,
    owner: u8,
    /// It marks an entry into the eval loop and has no code of the program.
    is_shim: bool,
    /// The running eval loop was entered with it.
    is_entry: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREAD_STATE: u64 = 0x1000;
    const YIELDED: u64 = 0x2000;
    const MARKER: u64 = 0x3000;
    const CFRAME: u64 = 0x4000;
    const CODE: u64 = 0x8000;

    /// Zeros with words in them, laid out by hand.
    struct Words(Vec<(u64, u64)>);

    impl Memory for Words {
        fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
            into.fill(0);
            for (place, word) in &self.0 {
                let Some(start) = place.checked_sub(address) else { continue };
                let start = usize::try_from(start).map_err(|_| Unreadable { address })?;
                if let Some(part) = into.get_mut(start..start + 8) {
                    part.copy_from_slice(&word.to_le_bytes());
                }
            }
            Ok(())
        }
    }

    /// Walks a stack of one generator, whose caller is at `previous`, on 3.`minor`.
    fn walked(minor: u8, previous: u64) -> Result<usize, StackError> {
        walked_from(minor, previous, GENERATOR, 8)
    }

    /// Walks a stack of one frame with that owner, so far into its code.
    fn walked_from(
        minor: u8,
        previous: u64,
        owner_is: u8,
        offset: u64,
    ) -> Result<usize, StackError> {
        const CHUNK: u64 = 0x1800;
        let layout = Layout::of(3, minor).expect("is known");
        let (TopFrame::Direct(top), Instruction::Pointer(instruction), Some(owner)) =
            (layout.thread.top, layout.frame.instruction, layout.frame.owner)
        else {
            unreachable!("so it is on 3.13")
        };
        let chunk = layout.thread.datastack_chunk.expect("from 3.11 on");
        let owned_by = |owner_is: u8| u64::from(owner_is) << (owner % 8 * 8);
        let start = CODE + layout.code.instructions.expect("from 3.12 on");
        let mut memory = Words(vec![
            (THREAD_STATE + top, YIELDED),
            (THREAD_STATE + chunk, CHUNK),
            (THREAD_STATE + chunk + 8, MARKER),
            (YIELDED + layout.frame.code, CODE),
            (YIELDED + instruction, start + offset),
            (YIELDED + layout.frame.previous, previous),
            (YIELDED + (owner & !7), owned_by(owner_is)),
            (MARKER + (owner & !7), owned_by(layout.first_shim_owner())),
        ]);
        let mut frames = 0;
        StackReader { layout }.walk(&mut memory, THREAD_STATE, |_| frames += 1)?;
        Ok(frames)
    }

    #[test]
    fn a_stack_that_ends_at_a_marker_is_whole() {
        for minor in 13..=15 {
            assert_eq!(walked(minor, MARKER), Ok(1), "3.{minor}");
        }
    }

    /// Walks the stack of a thread on 3.`minor` whose eval loop has no frame and is the one within
    /// that at `outer`.
    fn walked_without_frame(minor: u8, outer: u64) -> Result<usize, StackError> {
        let layout = Layout::of(3, minor).expect("is known");
        let TopFrame::CFrame { cframe, previous, .. } = layout.thread.top else {
            unreachable!("so it is on 3.11 and 3.12")
        };
        let words = vec![(THREAD_STATE + cframe, CFRAME), (CFRAME + previous, outer)];
        let mut frames = 0;
        StackReader { layout }.walk(&mut Words(words), THREAD_STATE, |_| frames += 1)?;
        Ok(frames)
    }

    /// A greenlet begins and ends without a frame, in a `_PyCFrame` of its own whose outer one is the
    /// thread's (`set_new_cframe` of greenlet's TPythonState.cpp).
    #[test]
    fn only_the_outermost_eval_loop_may_have_no_frame() {
        for minor in 11..=12 {
            let layout = Layout::of(3, minor).expect("is known");
            let TopFrame::CFrame { root, .. } = layout.thread.top else { unreachable!() };
            assert_eq!(walked_without_frame(minor, THREAD_STATE + root), Ok(0));
            assert_eq!(walked_without_frame(minor, MARKER), Err(StackError::HalfEntered));
        }
    }

    /// The interpreter clears the link of a generator as it yields; who reads the thread state before
    /// and the generator after sees a stack that was never there.
    #[test]
    fn a_stack_that_ends_at_a_generator_is_refused() {
        for minor in 13..=15 {
            assert_eq!(walked(minor, 0), Err(StackError::Endless), "3.{minor}");
        }
    }

    #[test]
    fn a_frame_that_has_not_begun_and_has_no_caller_yet_is_refused() {
        for minor in 13..=15 {
            let refused = Err(StackError::NotLinked(YIELDED));
            assert_eq!(walked_from(minor, 0, THREAD, 0), refused, "3.{minor}");
            assert_eq!(walked_from(minor, MARKER, THREAD, 0), Ok(1), "3.{minor}");
            // The first frame of a greenlet that gives way.
            assert_eq!(walked_from(minor, 0, THREAD, 8), Ok(1), "3.{minor}");
        }
    }
}
