//! Numbers in as few bytes as they need: LEB128, seven bits a byte, the lowest first; the eighth
//! bit says that more follow. Numbers with a sign alternate (0, -1, 1, -2, …), so that small ones
//! of either sign are short.

/// Appends a number.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [lowest, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(lowest);
        }
        out.push(lowest | 0x80);
    }
}

/// Appends by how much `value` is more than `from`.
pub(crate) fn put_difference(out: &mut Vec<u8>, from: u32, value: u32) {
    let difference = i64::from(value) - i64::from(from);
    put(out, ((difference << 1) ^ (difference >> 63)).cast_unsigned());
}

/// Appends a text: its length in bytes, then UTF-8.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}
