//! Statistics of one column, collected in the first pass.

use std::{borrow::Cow, collections::HashMap};

use foldhash::fast::RandomState;

use super::{
    cell::{CellKind, kind},
    dates,
    written::{Number, Written},
};

/// Bytes to keep a distinct cell in a map that may be about to grow, in its piece and once the pieces are joined.
const DISTINCT: u64 = 256;
/// Most words that may stand for a missing number.
const MAX_WORDS: usize = 3;

/// What the cells of a column were so far.
#[derive(Default)]
pub(super) struct Column<'a> {
    /// Missing cells, with the infinite ones.
    pub(super) n_missing: usize,
    pub(super) n_infinite: usize,
    pub(super) n_integers: usize,
    pub(super) n_fractions: usize,
    /// Of the fractions those that are whole numbers if their point sets thousands apart.
    n_grouped: usize,
    pub(super) n_texts: usize,
    /// Line and text of the first cell that is no plain number.
    pub(super) first_text: Option<(u64, Vec<u8>)>,
    /// Distinct cells, as many as there is room for.
    pub(super) distinct: HashMap<Cow<'a, [u8]>, Seen, RandomState>,
    /// Those among them that are numbers.
    n_distinct_numbers: usize,
    /// Line of the first distinct cell past that.
    pub(super) overflow: Option<u64>,
    pub(super) order: Order,
    /// The texts that are not among the distinct cells; all of them in the end.
    pub(super) texts: Texts,
}

/// The first line of a distinct cell, and in how many it is.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) line: u64,
    pub(super) count: usize,
}

/// How a column is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'p> {
    /// Distinct cells to keep, and distinct numbers among them: columns of numbers have no use for more.
    pub(super) most: usize,
    pub(super) most_numbers: usize,
    /// The ways in which its first dates are written.
    pub(super) dates: &'p [String],
}

impl<'a> Column<'a> {
    pub(super) fn new(overflow: Option<u64>) -> Self {
        Self {
            overflow,
            ..Self::default()
        }
    }

    /// Cells that are not missing.
    pub(super) fn n(&self) -> usize {
        self.n_numbers() + self.n_texts
    }

    pub(super) fn n_numbers(&self) -> usize {
        self.n_integers + self.n_fractions
    }

    /// Counts a cell; returns the bytes it takes to keep it.
    #[allow(
        clippy::ptr_arg,
        reason = "a cell that the text holds is kept without a copy"
    )]
    pub(super) fn add(
        &mut self,
        line: u64,
        cell: &Cow<'a, [u8]>,
        kind: CellKind,
        look: Look<'_>,
    ) -> u64 {
        match kind {
            CellKind::Missing | CellKind::Infinite => {
                self.n_missing += 1;
                self.n_infinite += usize::from(kind == CellKind::Infinite);
                return 0;
            }
            CellKind::Integer => {
                self.n_integers += 1;
                self.order.add(cell);
            }
            CellKind::Fraction => self.n_fractions += 1,
            CellKind::Grouped => {
                self.n_fractions += 1;
                self.n_grouped += 1;
            }
            CellKind::Text => {
                self.n_texts += 1;
                self.first_text.get_or_insert_with(|| (line, cell.to_vec()));
            }
        }
        if let Some(seen) = self.distinct.get_mut(cell) {
            seen.count += 1;
            return 0;
        }
        if self.overflow.is_some() {
            self.spill(cell, 1, look);
            return 0;
        }
        self.distinguish(cell.clone(), Seen { line, count: 1 }, look);
        match cell {
            Cow::Borrowed(_) => DISTINCT,
            Cow::Owned(cell) => DISTINCT + cell.len() as u64,
        }
    }

    /// Keeps a cell that was not seen before.
    fn distinguish(&mut self, cell: Cow<'a, [u8]>, seen: Seen, look: Look<'_>) {
        let is_number = kind(&cell) != CellKind::Text;
        let has_room = !is_number || self.n_distinct_numbers < look.most_numbers;
        if self.distinct.len() < look.most && has_room {
            self.n_distinct_numbers += usize::from(is_number);
            self.distinct.insert(cell, seen);
        } else {
            self.overflow = Some(seen.line);
            self.spill(&cell, seen.count, look);
        }
    }

    /// Looks at a cell for which there is no room.
    fn spill(&mut self, cell: &[u8], count: usize, look: Look<'_>) {
        if kind(cell) == CellKind::Text {
            self.texts.add(cell, count, look.dates);
        }
    }

    /// Joins what the same column was further down; `keep` makes its distinct cells last as long as those here.
    pub(super) fn append<'b>(
        &mut self,
        below: Column<'b>,
        look: Look<'_>,
        keep: impl Fn(Cow<'b, [u8]>) -> Cow<'a, [u8]>,
    ) {
        self.n_missing += below.n_missing;
        self.n_infinite += below.n_infinite;
        self.n_fractions += below.n_fractions;
        self.n_grouped += below.n_grouped;
        self.n_integers += below.n_integers;
        self.n_texts += below.n_texts;
        self.first_text = self.first_text.take().or(below.first_text);
        self.order.append(below.order);
        self.texts.append(below.texts);
        let mut cells: Vec<_> = below.distinct.into_iter().collect();
        cells.sort_unstable_by_key(|(_, seen)| seen.line);
        for (cell, seen) in cells {
            match self.distinct.get_mut(&*cell) {
                Some(known) => known.count += seen.count,
                None if self.overflow.is_some() => self.spill(&cell, seen.count, look),
                None => self.distinguish(keep(cell), seen, look),
            }
        }
        // Where the cells below fill the room and no other is here, the one past them has no room here either.
        self.overflow = self.overflow.or(below.overflow);
    }

    /// Looks at the texts that were kept: the last thing to do before the kind is decided.
    pub(super) fn finish(&mut self, look: Look<'_>) {
        for (cell, seen) in &self.distinct {
            if kind(cell) == CellKind::Text {
                self.texts.add(cell, seen.count, look.dates);
            }
        }
    }

    /// How its numbers are written, and the number of cells that are none; none where prefixes or units differ.
    pub(super) fn numbers(
        &self,
        decimal: Option<Decimal>,
        prefer_comma: bool,
    ) -> Option<(Written, usize)> {
        let texts = &self.texts;
        let with_point = self.n_numbers() + texts.point.n;
        let with_comma = self.n_integers + self.n_grouped + texts.comma.n;
        let comma = match decimal {
            Some(decimal) => decimal == Decimal::Comma,
            None if with_point == with_comma => prefer_comma && self.n_texts > 0,
            None => with_comma > with_point,
        };
        let (n, style) = match comma {
            true => (with_comma, &texts.comma),
            false => (with_point, &texts.point),
        };
        let written = Written {
            decimal_comma: comma,
            prefix: style.prefix.one()?,
            suffix: style.suffix.one()?,
            grouped: style.grouped,
        };
        (n > 0).then(|| (written, self.n() - n))
    }

    /// Whether nearly all cells are numbers, but of several currencies or units.
    pub(super) fn has_several_units(&self) -> bool {
        let point = &self.texts.point;
        let differ = point.prefix.one().is_none() || point.suffix.one().is_none();
        differ && (self.n_numbers() + point.n) * 10 >= self.n() * 9
    }

    /// The way in which most of its dates are written, and the number of cells that are no such dates.
    pub(super) fn dates<'p>(&self, look: Look<'p>) -> Option<(&'p str, usize)> {
        let counted = look.dates.iter().zip(&self.texts.dates).enumerate();
        let best = counted.max_by_key(|(at, (_, n))| (**n, usize::MAX - at))?;
        let (_, (format, n)) = best;
        (*n > 0).then(|| (format.as_str(), self.n() - n))
    }

    /// Whether so many cells that are none of a kind are few enough to be taken for missing ones.
    pub(super) fn are_strays(&self, n: usize, words: &Words) -> bool {
        n * 20 <= self.n() || (n * 2 <= self.n() && !words.many)
    }
}

/// What separates the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// As in 1.5.
    Point,
    /// As in 1,5.
    Comma,
}

/// What the texts of a column can be read as.
#[derive(Default)]
pub(super) struct Texts {
    point: Style,
    comma: Style,
    /// Of each way of writing dates.
    dates: Vec<usize>,
    pub(super) not_numbers: Words,
    pub(super) not_dates: Words,
}

impl Texts {
    fn add(&mut self, cell: &[u8], count: usize, dates: &[String]) {
        let point = self.point.add(cell, count, false);
        let comma = self.comma.add(cell, count, true);
        if !point && !comma {
            self.not_numbers.add(cell);
        }
        self.dates.resize(dates.len(), 0);
        let mut is_date = false;
        for (format, n) in dates.iter().zip(&mut self.dates) {
            if dates::is_date(cell, format) {
                is_date = true;
                *n += count;
            }
        }
        if !is_date {
            self.not_dates.add(cell);
        }
    }

    fn append(&mut self, below: Self) {
        self.point.append(below.point);
        self.comma.append(below.comma);
        self.dates
            .resize(self.dates.len().max(below.dates.len()), 0);
        self.dates
            .iter_mut()
            .zip(below.dates)
            .for_each(|(n, more)| *n += more);
        self.not_numbers.append(below.not_numbers);
        self.not_dates.append(below.not_dates);
    }
}

/// Texts that are numbers with a decimal point, or with a comma.
#[derive(Default)]
struct Style {
    n: usize,
    prefix: Same,
    suffix: Same,
    grouped: bool,
}

impl Style {
    fn add(&mut self, cell: &[u8], count: usize, comma: bool) -> bool {
        let number = Number::read(cell, comma).filter(|number| number.value::<f64>().is_some());
        let Some(number) = number else { return false };
        self.n += count;
        self.prefix.add(number.prefix);
        self.suffix.add(number.suffix);
        self.grouped |= number.grouped;
        true
    }

    fn append(&mut self, below: Self) {
        self.n += below.n;
        self.prefix.append(below.prefix);
        self.suffix.append(below.suffix);
        self.grouped |= below.grouped;
    }
}

/// A text that is the same wherever there is one.
#[derive(Default)]
enum Same {
    #[default]
    None,
    One(String),
    Several,
}

impl Same {
    fn add(&mut self, text: &str) {
        match self {
            _ if text.is_empty() => {}
            Self::None => *self = Self::One(text.to_owned()),
            Self::One(known) if known != text => *self = Self::Several,
            _ => {}
        }
    }

    fn append(&mut self, below: Self) {
        match below {
            Self::None => {}
            Self::One(text) => self.add(&text),
            Self::Several => *self = Self::Several,
        }
    }

    fn one(&self) -> Option<String> {
        match self {
            Self::None => Some(String::new()),
            Self::One(text) => Some(text.clone()),
            Self::Several => None,
        }
    }
}

/// A few different words, or the fact that there are more.
#[derive(Default)]
pub(super) struct Words {
    pub(super) words: Vec<Vec<u8>>,
    pub(super) many: bool,
}

impl Words {
    fn add(&mut self, cell: &[u8]) {
        if self.words.iter().any(|known| known == cell) {
            return;
        }
        if self.words.len() == MAX_WORDS {
            self.many = true;
        } else {
            self.words.push(cell.to_vec());
        }
    }

    fn append(&mut self, below: Self) {
        self.many |= below.many;
        below.words.iter().for_each(|word| self.add(word));
    }
}

/// Whether whole numbers count rows.
#[derive(Default)]
pub(super) struct Order {
    n: usize,
    first: i64,
    last: i64,
    step: Option<i64>,
    /// Whether each differs from the one before by the first step, and whether they go the same way.
    uneven: bool,
    turns: bool,
    least: i64,
    most: i64,
    /// Sum of a mix of the bits of each.
    mixed: u64,
}

/// Fewest numbers that can be said to count rows.
const FEWEST_COUNTED: usize = 10;

impl Order {
    fn add(&mut self, cell: &[u8]) {
        let end = cell.iter().position(|&b| b == b'.').unwrap_or(cell.len());
        let number = std::str::from_utf8(&cell[..end]).ok();
        let Some(number) = number.and_then(|text| text.parse::<i64>().ok()) else {
            (self.uneven, self.turns) = (true, true);
            return;
        };
        let one = Self {
            n: 1,
            first: number,
            last: number,
            least: number,
            most: number,
            mixed: mix(number),
            ..Self::default()
        };
        self.append(one);
    }

    fn append(&mut self, below: Self) {
        if self.n == 0 || below.n == 0 {
            let flags = (self.uneven | below.uneven, self.turns | below.turns);
            if self.n == 0 {
                *self = below;
            }
            (self.uneven, self.turns) = flags;
            return;
        }
        let step = below.first.wrapping_sub(self.last);
        let known = self.step.unwrap_or(step);
        let next = below.step.unwrap_or(known);
        self.uneven |= below.uneven || step != known || next != known;
        let way = known.signum();
        self.turns |= below.turns || way == 0 || step.signum() != way || next.signum() != way;
        self.step = Some(known);
        self.n += below.n;
        self.last = below.last;
        self.least = self.least.min(below.least);
        self.most = self.most.max(below.most);
        self.mixed = self.mixed.wrapping_add(below.mixed);
    }

    /// Whether they count the rows, in whatever order; `is_first` tells of the first column, where any numbers that only grow do.
    pub(super) fn counts_rows(&self, is_first: bool) -> bool {
        if self.n < FEWEST_COUNTED {
            return false;
        }
        let even = !self.uneven && self.step.is_some_and(|step| step != 0);
        even || (is_first && !self.turns) || self.is_permutation()
    }

    fn is_permutation(&self) -> bool {
        let span = self.most.checked_sub(self.least);
        if span.and_then(|span| usize::try_from(span).ok()) != Some(self.n - 1) {
            return false;
        }
        let all = (self.least..=self.most).fold(0_u64, |sum, i| sum.wrapping_add(mix(i)));
        all == self.mixed
    }
}

/// SplitMix64's output function: equal sums of it mean equal sets, as far as chance allows.
fn mix(number: i64) -> u64 {
    let mut z = number.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
