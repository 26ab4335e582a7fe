//! Blocks of rows as bytes: column after column, each in the fewest bytes that keep every number to the bit.

/// All numbers are the same one.
const SAME: u8 = 0;
/// Each is 0 or 1: a bit.
const BITS: u8 = 1;
/// Each is a whole number of one byte.
const BYTES: u8 = 2;
/// Each is a whole number of two bytes.
const PAIRS: u8 = 3;
/// Single precision.
const SINGLES: u8 = 4;

/// Appends rows of so many numbers.
pub(super) fn encode(rows: &[f32], width: usize, into: &mut Vec<u8>) {
    let mut column = Vec::with_capacity(rows.len() / width.max(1));
    for at in 0..width {
        column.clear();
        column.extend(rows[at..].iter().step_by(width));
        encode_column(&column, into);
    }
}

fn encode_column(column: &[f32], into: &mut Vec<u8>) {
    let first = column.first().copied().unwrap_or_default();
    if column.iter().all(|x| x.to_bits() == first.to_bits()) {
        into.push(SAME);
        into.extend(first.to_le_bytes());
        return;
    }
    // A cast saturates; it is undone only where it changed nothing.
    let is_whole = |x: &f32| f32::from(*x as u16).to_bits() == x.to_bits();
    let most = match column.iter().all(is_whole) {
        true => column.iter().fold(0, |most, x| (*x as u16).max(most)),
        false => {
            into.push(SINGLES);
            return into.extend(column.iter().flat_map(|x| x.to_le_bytes()));
        }
    };
    match most {
        0..=1 => {
            into.push(BITS);
            let byte = |bits: &[f32]| {
                let bits = bits.iter().rev();
                bits.fold(0, |byte, x| byte << 1 | *x as u8)
            };
            into.extend(column.chunks(8).map(byte));
        }
        2..=255 => {
            into.push(BYTES);
            into.extend(column.iter().map(|x| *x as u8));
        }
        _ => {
            into.push(PAIRS);
            into.extend(column.iter().flat_map(|x| (*x as u16).to_le_bytes()));
        }
    }
}

/// Most bytes of so many rows.
pub(super) fn most_bytes(n_rows: usize, width: usize) -> Option<usize> {
    n_rows.checked_mul(4)?.checked_add(5)?.checked_mul(width)
}

/// Reads rows of so many numbers off the front of the bytes, in place of what `rows` holds; none where the bytes are no such rows.
pub(super) fn decode(bytes: &mut &[u8], width: usize, rows: &mut [f32]) -> Option<()> {
    let n = rows.len() / width.max(1);
    for at in 0..width {
        let places = rows[at..].iter_mut().step_by(width);
        let kind = bytes.split_off_first()?;
        let length = match *kind {
            SAME => 4,
            BITS => n.div_ceil(8),
            BYTES => n,
            PAIRS => n.checked_mul(2)?,
            SINGLES => n.checked_mul(4)?,
            _ => return None,
        };
        let column = bytes.split_off(..length)?;
        match *kind {
            SAME => {
                let number = f32::from_le_bytes(column.try_into().ok()?);
                places.for_each(|x| *x = number);
            }
            BITS => {
                let bit = |i: usize| column[i / 8] >> (i % 8) & 1;
                places.enumerate().for_each(|(i, x)| *x = bit(i).into());
            }
            BYTES => places.zip(column).for_each(|(x, byte)| *x = (*byte).into()),
            PAIRS => {
                let (pairs, _) = column.as_chunks();
                let numbers = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
                places.zip(numbers).for_each(|(x, n)| *x = n.into());
            }
            _ => {
                let (singles, _) = column.as_chunks();
                let numbers = singles.iter().map(|bytes| f32::from_le_bytes(*bytes));
                places.zip(numbers).for_each(|(x, n)| *x = n);
            }
        }
    }
    Some(())
}
