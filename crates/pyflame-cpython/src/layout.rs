//! Where CPython keeps what we read: one table of offsets for each minor version.
//!
//! Source: the headers of each version, compiled with `offsetof` for 64-bit Linux
//! (Include/internal/pycore_{runtime,interp,gil,frame,interpframe_structs,code}.h, Include/cpython/
//! {pystate,code,unicodeobject,bytesobject,frameobject}.h of 3.9.18, 3.10.13, 3.11.7, 3.12.1,
//! 3.13.0, 3.14.8 and 3.15.0; default build with the GIL). These fields have not moved within a
//! minor version. From 3.13 on the interpreter tells most of them itself, and what it says wins
//! ([`Layout::with_debug_offsets`]).

/// The offsets of one minor version. All offsets are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Minor version: 13 for Python 3.13.
    pub minor: u8,
    /// `_PyRuntimeState.interpreters.head`.
    pub interpreters_head: u64,
    /// `PyInterpreterState`.
    pub interpreter: InterpreterLayout,
    /// Where the GIL is.
    pub gil: GilPlace,
    /// `PyThreadState`.
    pub thread: ThreadLayout,
    /// `_PyInterpreterFrame`, or `PyFrameObject` up to 3.10.
    pub frame: FrameLayout,
    /// `PyCodeObject`.
    pub code: CodeLayout,
    /// `PyASCIIObject` and `PyCompactUnicodeObject`.
    pub text: TextLayout,
    /// How line tables are written.
    pub lines: LineFormat,
}

/// Offsets in `PyInterpreterState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterpreterLayout {
    /// The next older interpreter.
    pub next: u64,
    /// The newest thread state.
    pub threads_head: u64,
}

/// Where the GIL is, a `struct _gil_runtime_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GilPlace {
    /// Up to 3.11 there is one, in `_PyRuntime`.
    Runtime {
        /// `_PyRuntimeState.ceval.gil`.
        gil: u64,
        /// `_PyRuntimeState.gilstate.tstate_current`.
        current: u64,
    },
    /// From 3.12 on interpreters point at the one that they use.
    Interpreter {
        /// `PyInterpreterState.ceval.gil`.
        pointer: u64,
    },
}

/// Offsets in `PyThreadState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadLayout {
    /// The next newer thread state. (The same in every version, as is `next`.)
    pub prev: u64,
    /// The next older thread state.
    pub next: u64,
    /// The interpreter it belongs to.
    pub interpreter: u64,
    /// How the innermost frame is found.
    pub top: TopFrame,
    /// `pthread_self()` of the thread.
    pub thread_id: u64,
    /// The kernel's id of the thread; not kept before 3.11.
    pub native_thread_id: Option<u64>,
    /// A number that no other thread state of the interpreter ever has.
    pub id: u64,
    /// The newest chunk of the data stack, followed by the end of its used part; from 3.11 on.
    pub datastack_chunk: Option<u64>,
    /// The `PyContext` that the thread is in; null until one is needed.
    pub context: u64,
    /// How many bytes from the start hold all of the above.
    pub size: usize,
}

impl ThreadLayout {
    /// How many bytes from the start on belong to a thread state for certain: what is read of it,
    /// and on 3.11 and 3.12 the `root_cframe` that it contains.
    pub fn extent(&self) -> u64 {
        let size = self.size as u64;
        match self.top {
            TopFrame::Direct(_) => size,
            TopFrame::CFrame { root, current_frame, previous, .. } => {
                size.max(root + current_frame.max(previous) + 8)
            }
        }
    }
}

/// How the innermost frame of a thread is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopFrame {
    /// A pointer in the thread state: `frame` up to 3.10, `current_frame` from 3.13 on.
    Direct(u64),
    /// 3.11 and 3.12: `cframe` points at a structure in the C frame of the running eval loop.
    CFrame {
        /// `PyThreadState.cframe`.
        cframe: u64,
        /// `PyThreadState.root_cframe`, where the chain of them ends.
        root: u64,
        /// `_PyCFrame.current_frame`.
        current_frame: u64,
        /// `_PyCFrame.previous`.
        previous: u64,
    },
}

/// Offsets in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLayout {
    /// The code object.
    pub code: u64,
    /// The caller's frame.
    pub previous: u64,
    /// Where the frame is in its code.
    pub instruction: Instruction,
    /// Who keeps the frame's memory (`enum _frameowner`); from 3.11 on.
    pub owner: Option<u64>,
    /// 3.11: set on the frame with which an eval loop was entered from C.
    pub is_entry: Option<u64>,
    /// How many bytes from the start hold all of the above.
    pub size: usize,
}

/// How a frame says where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Up to 3.10: `f_lasti`, an `int` in units of so many bytes.
    Index {
        /// `PyFrameObject.f_lasti`.
        offset: u64,
        /// Bytes that one unit stands for.
        unit: i32,
    },
    /// From 3.11 on: a pointer into the code object (`prev_instr`, then `instr_ptr`).
    Pointer(u64),
}

/// Offsets in `PyCodeObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeLayout {
    /// `co_filename`.
    pub filename: u64,
    /// `co_qualname`, or `co_name` up to 3.10.
    pub name: u64,
    /// `co_firstlineno`, an `int`.
    pub first_line: u64,
    /// `co_linetable`, or `co_lnotab` in 3.9.
    pub line_table: u64,
    /// `_co_firsttraceable`, an `int`, in code units; from 3.11 on.
    pub first_traceable: Option<u64>,
    /// The instructions, which follow the fixed part from 3.11 on (`co_code_adaptive`).
    pub instructions: Option<u64>,
    /// How many bytes from the start hold all of the above.
    pub size: usize,
}

/// Offsets in string objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLayout {
    /// Where the characters of a pure ASCII string start.
    pub ascii_data: u64,
    /// Where the characters of any other compact string start.
    pub compact_data: u64,
}

/// How line tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFormat {
    /// 3.9: `co_lnotab` (Objects/lnotab_notes.txt).
    Lnotab,
    /// 3.10: `co_linetable` of PEP 626 (Objects/lnotab_notes.txt).
    LineTable,
    /// From 3.11 on: the location table (Objects/locations.md, InternalDocs/code_objects.md).
    Locations,
}

/// Offset of `ob_type` in every object and of `ob_size` in those of variable size.
pub(crate) const OB_TYPE: usize = 8;
pub(crate) const OB_SIZE: usize = 16;

impl Layout {
    /// The layout of Python `major.minor`; `None` where it is not known.
    pub fn of(major: u8, minor: u8) -> Option<Self> {
        let index = usize::from(minor).checked_sub(9)?;
        (major == 3).then(|| LAYOUTS.get(index).copied()).flatten()
    }

    /// Whether executables of frames carry tag bits (`_PyStackRef`, from 3.14 on).
    pub(crate) fn code_mask(&self) -> u64 {
        if self.minor >= 14 { !3 } else { !0 }
    }

    /// The owner from which on a frame stands for an entry into the eval loop and not for Python
    /// code: `FRAME_OWNED_BY_CSTACK` or `..._INTERPRETER`. 3.11 has none.
    pub(crate) fn first_shim_owner(&self) -> u8 {
        if self.minor == 11 { u8::MAX } else { 3 }
    }

    /// Whether every frame that begins has a link to something: from 3.12 on, whatever enters the
    /// eval loop puts a marker before its first frame (`_PyEval_EvalFrameDefault`, Python/ceval.c).
    pub(crate) fn links_all_frames(&self) -> bool {
        self.minor >= 12
    }

    /// The largest owner that exists.
    pub(crate) fn last_owner(&self) -> u8 {
        match self.minor {
            11 => 2,
            14 => 4,
            _ => 3,
        }
    }
}

const LAYOUTS: [Layout; 7] = [PY39, PY310, PY311, PY312, PY313, PY314, PY315];

const PY39: Layout = Layout {
    minor: 9,
    interpreters_head: 32,
    interpreter: InterpreterLayout { next: 0, threads_head: 8 },
    gil: GilPlace::Runtime { gil: 352, current: 568 },
    thread: ThreadLayout {
        prev: 0,
        next: 8,
        interpreter: 16,
        top: TopFrame::Direct(24),
        thread_id: 176,
        native_thread_id: None,
        id: 256,
        datastack_chunk: None,
        context: 240,
        size: 264,
    },
    frame: FrameLayout {
        code: 32,
        previous: 24,
        instruction: Instruction::Index { offset: 104, unit: 1 },
        owner: None,
        is_entry: None,
        size: 112,
    },
    code: CodeLayout {
        filename: 104,
        name: 112,
        first_line: 40,
        line_table: 120,
        first_traceable: None,
        instructions: None,
        size: 128,
    },
    text: TextLayout { ascii_data: 48, compact_data: 72 },
    lines: LineFormat::Lnotab,
};

const PY310: Layout = Layout {
    minor: 10,
    frame: FrameLayout { instruction: Instruction::Index { offset: 96, unit: 2 }, ..PY39.frame },
    lines: LineFormat::LineTable,
    ..PY39
};

const PY311: Layout = Layout {
    minor: 11,
    interpreters_head: 40,
    interpreter: InterpreterLayout { next: 0, threads_head: 16 },
    gil: GilPlace::Runtime { gil: 360, current: 576 },
    thread: ThreadLayout {
        top: TopFrame::CFrame { cframe: 56, root: 336, current_frame: 8, previous: 16 },
        thread_id: 152,
        native_thread_id: Some(160),
        id: 240,
        datastack_chunk: Some(296),
        context: 224,
        size: 312,
        ..PY39.thread
    },
    frame: FrameLayout {
        code: 32,
        previous: 48,
        instruction: Instruction::Pointer(56),
        owner: Some(69),
        is_entry: Some(68),
        size: 72,
    },
    code: CodeLayout {
        filename: 112,
        name: 128,
        first_line: 72,
        line_table: 136,
        first_traceable: Some(168),
        instructions: Some(184),
        size: 208,
    },
    lines: LineFormat::Locations,
    ..PY39
};

const PY312: Layout = Layout {
    minor: 12,
    interpreter: InterpreterLayout { next: 0, threads_head: 72 },
    gil: GilPlace::Interpreter { pointer: 384 },
    thread: ThreadLayout {
        top: TopFrame::CFrame { cframe: 56, root: 272, current_frame: 0, previous: 8 },
        thread_id: 136,
        native_thread_id: Some(144),
        id: 224,
        datastack_chunk: Some(232),
        context: 208,
        size: 248,
        ..PY39.thread
    },
    frame: FrameLayout { code: 0, previous: 8, owner: Some(70), is_entry: None, ..PY311.frame },
    code: CodeLayout {
        first_line: 68,
        first_traceable: Some(176),
        instructions: Some(192),
        ..PY311.code
    },
    text: TextLayout { ascii_data: 40, compact_data: 56 },
    ..PY311
};

const PY313: Layout = Layout {
    minor: 13,
    interpreters_head: 632,
    interpreter: InterpreterLayout { next: 7264, threads_head: 7344 },
    gil: GilPlace::Interpreter { pointer: 16 },
    thread: ThreadLayout {
        top: TopFrame::Direct(72),
        thread_id: 152,
        native_thread_id: Some(160),
        ..PY312.thread
    },
    code: CodeLayout { first_traceable: Some(184), instructions: Some(200), ..PY312.code },
    ..PY312
};

const PY314: Layout = Layout {
    minor: 14,
    interpreters_head: 808,
    interpreter: InterpreterLayout { next: 7272, threads_head: 7344 },
    frame: FrameLayout { owner: Some(74), size: 80, ..PY313.frame },
    code: CodeLayout { first_traceable: Some(192), instructions: Some(208), ..PY313.code },
    ..PY313
};

const PY315: Layout = Layout {
    minor: 15,
    interpreters_head: 936,
    interpreter: InterpreterLayout { next: 7264, threads_head: 7336 },
    thread: ThreadLayout {
        thread_id: 176,
        native_thread_id: Some(184),
        id: 248,
        datastack_chunk: Some(256),
        context: 232,
        size: 272,
        ..PY314.thread
    },
    ..PY314
};
