//! Tab-separated lines for scripts: nothing cut, nothing coloured. Owns their bytes; must not know the columns' order.

use gh_pmu::model::UnixMillis;

use super::append::append;

/// Appends the number in decimal.
#[inline]
pub fn number(out: &mut Vec<u8>, value: u64) {
    const DIGITS: usize = 20;
    let mut text = [0; DIGITS];
    let mut at = DIGITS;
    let mut rest = value;
    while rest >= 100 {
        at -= 2;
        text[at..at + 2].copy_from_slice(&two((rest % 100) as u32));
        rest /= 100;
    }
    at -= 2;
    text[at..at + 2].copy_from_slice(&two(rest as u32));
    at += usize::from(rest < 10);
    append(out, &text[at..]);
}

/// The two digits of a number below 100.
#[inline]
fn two(value: u32) -> [u8; 2] {
    const PAIRS: [[u8; 2]; 100] = {
        let mut pairs = [[0; 2]; 100];
        let mut value = 0;
        while value < 100 {
            pairs[value] = [b'0' + value as u8 / 10, b'0' + value as u8 % 10];
            value += 1;
        }
        pairs
    };
    PAIRS[value as usize % 100]
}

/// Appends the text; what would break the line or the column becomes a space, and another control character is in caret
/// notation, as gh has it.
pub fn text(out: &mut Vec<u8>, text: &str, plain: bool) {
    if plain || text.bytes().all(|c| c >= b' ') {
        return append(out, text.as_bytes());
    }
    for c in text.bytes() {
        match c {
            b'\t' | b'\n' | b'\r' => out.push(b' '),
            0..b' ' => out.extend([b'^', c + b'@']),
            c => out.push(c),
        }
    }
}

/// Writes times, remembering days: neighbours in a list are often of one day, or of a few weeks. A date costs as much as the
/// rest of its line.
pub struct Times {
    /// Each at the place that its number modulo theirs gives.
    days: [Day; DAYS],
    scratch: Vec<u8>,
}

/// A day's number since 1970, and its date up to the `T`.
#[derive(Clone, Copy)]
struct Day {
    number: i64,
    date: [u8; 11],
}

/// About two months; a power of two.
const DAYS: usize = 64;
const DAY: i64 = 86_400_000;
/// The longest time, with milliseconds.
const TIME_LEN: usize = 24;
/// Two times and the three bytes around them.
const PAIR_LEN: usize = 2 * TIME_LEN + 3;

impl Times {
    /// No day yet.
    pub fn new() -> Self {
        Self { days: [Day { number: i64::MIN, date: [0; 11] }; DAYS], scratch: Vec::new() }
    }

    /// Appends the time in RFC 3339, or nothing where there is none.
    pub fn write(&mut self, out: &mut Vec<u8>, time: Option<UnixMillis>) {
        let mut text = [0; TIME_LEN];
        let length = self.put(&mut text, time);
        append(out, &text[..length]);
    }

    /// The end of a line: a tab before each time, a line break behind them.
    #[inline]
    pub fn end_line(&mut self, out: &mut Vec<u8>, closed: &mut Times, times: [Option<UnixMillis>; 2]) {
        let mut text = [b'\t'; PAIR_LEN];
        let mut end = 1;
        end += self.put(&mut text[end..], times[0]);
        text[end] = b'\t';
        end += 1;
        end += closed.put(&mut text[end..], times[1]);
        text[end] = b'\n';
        append(out, &text[..=end]);
    }

    /// At the start of `text`, which has room for the longest; how many bytes it took.
    #[inline]
    fn put(&mut self, text: &mut [u8], time: Option<UnixMillis>) -> usize {
        let Some(time) = time else { return 0 };
        let (number, of_day) = (time.get().div_euclid(DAY), time.get().rem_euclid(DAY));
        let day = &self.days[place(number)];
        if day.number != number {
            return self.put_new(text, time);
        }
        // Casts keep the values: a day has fewer milliseconds than 32 bits hold.
        let (seconds, millis) = (of_day as u32 / 1000, of_day as u32 % 1000);
        if millis != 0 {
            return self.put_new(text, time);
        }
        let ([h, i], [m, j], [s, k]) = (two(seconds / 3600), two(seconds / 60 % 60), two(seconds % 60));
        let text = &mut text[..20];
        text[..11].copy_from_slice(&day.date);
        text[11..].copy_from_slice(&[h, i, b':', m, j, b':', s, k, b'Z']);
        20
    }

    fn put_new(&mut self, text: &mut [u8], time: UnixMillis) -> usize {
        let written = &mut self.scratch;
        written.clear();
        time.write_rfc3339(written);
        let number = time.get().div_euclid(DAY);
        let day = &mut self.days[place(number)];
        day.number = number;
        day.date.copy_from_slice(&written[..11]);
        text[..written.len()].copy_from_slice(written);
        written.len()
    }
}

/// Where a day is remembered.
#[inline]
fn place(number: i64) -> usize {
    number.rem_euclid(DAYS as i64) as usize
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
        const TWO_MONTHS: i64 = DAYS as i64 * DAY;
        for offset in [
            0,
            1000,
            86_399_000,
            86_399_999,
            1,
            500,
            3_600_000,
            -1000,
            -1,
            86_400_000,
            TWO_MONTHS,
            0,
            -TWO_MONTHS,
            TWO_MONTHS + 1000,
            -4_000_000_000_000,
        ] {
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
