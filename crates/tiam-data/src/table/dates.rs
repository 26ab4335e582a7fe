//! Dates and times: how they are written, and the numbers they become.

use jiff::civil::{Date, Time};
use jiff::fmt::strtime::BrokenDownTime;

use crate::Scalar;

/// Dates, in the notation of `strptime`; the first of several that fit is taken.
const DATES: [&str; 18] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%a %b %d %Y",
];
/// What may follow a date.
const TIMES: [&str; 10] = [
    "",
    " %H:%M",
    " %H:%M:%S%.f",
    "T%H:%M:%S%.f",
    "T%H:%M:%S%.fZ",
    "T%H:%M:%S%.f%:z",
    " %H:%M:%S%.f%:z",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H:%M",
];
/// Dates without separators, and times without a date.
const OTHERS: [&str; 5] = [
    "%Y%m%dT%H%M%S",
    "%H:%M",
    "%H:%M:%S%.f",
    "%I:%M %p",
    "%I:%M:%S %p",
];
/// Shortest and longest text of a date or time.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=40;

/// All ways in which dates are known to be written.
pub(super) fn formats() -> impl Iterator<Item = String> {
    let dates = DATES.iter();
    let dated = dates.flat_map(|date| TIMES.iter().map(move |time| format!("{date}{time}")));
    dated.chain(OTHERS.map(str::to_owned))
}

/// The parts of a date, of a time or of both that become features. The choice is ours.
const DATE_PARTS: [&str; 6] = ["year", "month", "day", "weekday", "day of year", "days"];
const TIME_PARTS: [&str; 2] = ["hour", "minute of day"];
pub(super) const MOST_PARTS: usize = DATE_PARTS.len() + TIME_PARTS.len();

fn has_date(format: &str) -> bool {
    format.contains("%d")
}

fn has_time(format: &str) -> bool {
    format.contains("%M")
}

/// Names of the parts, in the order of their features.
pub(super) fn parts(format: &str) -> impl Iterator<Item = &'static str> {
    let date = DATE_PARTS.into_iter().filter(move |_| has_date(format));
    date.chain(TIME_PARTS.into_iter().filter(move |_| has_time(format)))
}

/// Whether a trimmed text is written so.
pub(super) fn is_date(text: &[u8], format: &str) -> bool {
    read(text, format).is_some()
}

fn read(text: &[u8], format: &str) -> Option<(Option<Date>, Time)> {
    if !LENGTHS.contains(&text.len()) {
        return None;
    }
    let parsed = BrokenDownTime::parse(format, text).ok()?;
    let time = parsed.to_time().ok()?;
    match has_date(format) {
        true => Some((Some(parsed.to_date().ok()?), time)),
        false => Some((None, time)),
    }
}

/// Writes the parts of a date; `days` counts from 1970, with the time of day as a fraction.
pub(super) fn encode<T: Scalar>(text: &[u8], format: &str, features: &mut [T]) -> Option<()> {
    let (date, time) = read(text, format)?;
    let minutes = f64::from(time.hour()) * 60.0 + f64::from(time.minute());
    let seconds = minutes * 60.0 + f64::from(time.second());
    let mut numbers = [0.0; MOST_PARTS];
    let mut n = 0;
    let mut put = |number: f64| {
        numbers[n] = number;
        n += 1;
    };
    if let Some(date) = date {
        let epoch = Date::constant(1970, 1, 1);
        let days = f64::from((date - epoch).get_days());
        put(f64::from(date.year()));
        put(f64::from(date.month()));
        put(f64::from(date.day()));
        put(f64::from(date.weekday().to_monday_one_offset()));
        put(f64::from(date.day_of_year()));
        put(days + seconds / 86_400.0);
    }
    if has_time(format) {
        put(f64::from(time.hour()));
        put(minutes);
    }
    for (feature, number) in features.iter_mut().zip(numbers) {
        *feature = T::from_f64(number);
    }
    Some(())
}

/// A way of writing for people: `%d.%m.%Y` as `DD.MM.YYYY`.
pub(super) fn words(format: &str) -> String {
    let names = [
        ("%Y", "YYYY"),
        ("%y", "YY"),
        ("%m", "MM"),
        ("%d", "DD"),
        ("%B", "month"),
        ("%b", "month"),
        ("%H", "hh"),
        ("%I", "hh"),
        ("%M", "mm"),
        ("%S", "ss"),
        ("%.f", ""),
        ("%p", "AM"),
        ("%:z", "+hh:mm"),
        ("%a", "weekday"),
    ];
    let named = |text: String, (part, name): (&str, &str)| text.replace(part, name);
    names.into_iter().fold(format.to_owned(), named)
}
