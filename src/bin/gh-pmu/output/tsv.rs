//! Tab-separated lines for scripts: nothing cut, nothing coloured. Owns their bytes; must not know the columns' order.

use gh_pmu::model::UnixMillis;

/// Appends the number in decimal.
pub fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        // The cast keeps the value: it is 0 to 9.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends the text; what would break the line or the column becomes a space.
pub fn text(out: &mut Vec<u8>, text: &str, plain: bool) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    if !plain {
        for c in &mut out[start..] {
            if matches!(c, b'\t' | b'\n' | b'\r') {
                *c = b' ';
            }
        }
    }
}

/// Writes times, remembering the last day: neighbours in a list are often of one day.
pub struct Times {
    day: i64,
    date: [u8; 11],
}

const DAY: i64 = 86_400_000;

impl Times {
    /// No day yet.
    pub fn new() -> Self {
        Self { day: i64::MIN, date: [0; 11] }
    }

    /// Appends the time in RFC 3339, or nothing where there is none.
    #[inline]
    pub fn write(&mut self, out: &mut Vec<u8>, time: Option<UnixMillis>) {
        let Some(time) = time else { return };
        let (day, of_day) = (time.get().div_euclid(DAY), time.get().rem_euclid(DAY));
        if day != self.day || of_day % 1000 != 0 {
            return self.write_new(out, time, day);
        }
        // Casts keep the values: all are below 86,400.
        let seconds = (of_day / 1000) as u32;
        let two = |value: u32| [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        let ([h, i], [m, j], [s, k]) = (two(seconds / 3600), two(seconds / 60 % 60), two(seconds % 60));
        let mut text = [0; 20];
        text[..11].copy_from_slice(&self.date);
        text[11..].copy_from_slice(&[h, i, b':', m, j, b':', s, k, b'Z']);
        out.extend_from_slice(&text);
    }

    fn write_new(&mut self, out: &mut Vec<u8>, time: UnixMillis, day: i64) {
        let start = out.len();
        time.write_rfc3339(out);
        self.date.copy_from_slice(&out[start..start + 11]);
        self.day = day;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for value in [0, 1, 9, 10, 430, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
        }
    }

    #[test]
    fn a_title_cannot_break_its_line() {
        let mut out = Vec::new();
        text(&mut out, "a\tb\r\nc\u{202e}", false);
        assert_eq!(out, "a b  c\u{202e}".as_bytes());
    }

    #[test]
    fn times_are_written_as_the_model_writes_them() {
        let mut times = Times::new();
        let base = UnixMillis::parse_rfc3339("2024-12-24T00:00:00Z").unwrap().get();
        for offset in [0, 1000, 86_399_000, 86_399_999, 1, 500, 3_600_000, -1000, -1, 86_400_000, -4_000_000_000_000] {
            let time = UnixMillis::new(base + offset).unwrap();
            let mut out = Vec::new();
            times.write(&mut out, Some(time));
            assert_eq!(String::from_utf8(out).unwrap(), time.to_string(), "{offset}");
        }
        let mut out = Vec::new();
        times.write(&mut out, None);
        assert!(out.is_empty());
    }
}
