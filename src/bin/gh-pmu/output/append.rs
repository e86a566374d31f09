//! Appending short texts to a buffer, without a call for each: long lists are made of millions of them.

/// Appends the bytes.
#[inline]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        0 => {}
        1..4 => out.extend(bytes),
        4..8 => ends::<4>(out, bytes),
        8..16 => ends::<8>(out, bytes),
        16..32 => ends::<16>(out, bytes),
        32..=64 => ends::<32>(out, bytes),
        _ => out.extend_from_slice(bytes),
    }
}

/// Two pieces of a length that the compiler knows: the first and the last `N` bytes, which overlap.
#[inline]
fn ends<const N: usize>(out: &mut Vec<u8>, bytes: &[u8]) {
    let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else { return };
    let end = out.len() + bytes.len();
    out.extend_from_slice(first);
    out.truncate(end - N);
    out.extend_from_slice(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_appended_whole() {
        let bytes: Vec<u8> = (0..=255).collect();
        for start in [0, 7] {
            for len in 0..=130 {
                let mut out = b"before".to_vec();
                append(&mut out, &bytes[start..start + len]);
                assert_eq!(out, [b"before", &bytes[start..start + len]].concat(), "{len}");
            }
        }
    }
}
