"""What the C library's allocator has handed out in this process: also the memory of Rust code."""

import ctypes


class AllocatorState(ctypes.Structure):
    """``struct mallinfo2`` (malloc.h of glibc 2.33 and newer)."""

    _fields_ = (
        ("before", ctypes.c_size_t * 4),
        ("hblkhd", ctypes.c_size_t),
        ("between", ctypes.c_size_t * 2),
        ("uordblks", ctypes.c_size_t),
        ("after", ctypes.c_size_t * 2),
    )


def bytes_in_use() -> int:
    """How many bytes that are, in heaps and in mappings of their own; 0 where it does not say."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0
    mallinfo.restype = AllocatorState
    state = mallinfo()
    return state.uordblks + state.hblkhd
