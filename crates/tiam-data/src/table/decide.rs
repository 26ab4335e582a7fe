//! The kind of a column, as it follows from its cells and its role.

use super::{
    Codes, MissingCells, Sheet, TableParams, Task,
    cell::parse,
    column::{Column, Look, Words},
    dates,
    encoding::{Categories, ColumnKind, Dates, Gaps, Numbers},
    params::{MAX_AUTO_CLASSES, MAX_MIXED_CATEGORIES},
    written::Written,
};
use crate::error::{CellFault, DataError, Result};

/// Fewest rows of a column of texts that are taken for the names of rows.
const FEWEST_NAMES: usize = 20;
/// Categories above this number are pooled where they are rare.
const MANY_CATEGORIES: usize = 32;
/// Cells on average below which categories are called rare, and cells of one that is not.
const FEW_EACH: usize = 5;

/// The role that the parameters give a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Feature,
    /// A feature that is not left out by itself.
    Kept,
    Categorical,
    Label,
    /// A label beside others.
    OneOfLabels,
    /// One of several answers of no or yes.
    Flag,
    SampleWeight,
    Ignored,
}

impl Role {
    pub(super) fn is_label(self) -> bool {
        matches!(self, Self::Label | Self::OneOfLabels | Self::Flag)
    }
}

/// What becomes of a column, and why.
pub(super) struct Decision {
    pub(super) kind: ColumnKind,
    pub(super) note: String,
    /// What a person should look at.
    pub(super) warning: Option<String>,
    /// Its kind were it not left out.
    pub(super) otherwise: Option<ColumnKind>,
}

impl Decision {
    fn plain(kind: ColumnKind) -> Self {
        Self {
            kind,
            note: String::new(),
            warning: None,
            otherwise: None,
        }
    }

    fn noted(kind: ColumnKind, note: impl Into<String>) -> Self {
        Self {
            note: note.into(),
            ..Self::plain(kind)
        }
    }

    fn left_out(why: impl Into<String>, otherwise: Option<ColumnKind>) -> Self {
        let note = format!("left out: {}", why.into());
        Self {
            otherwise,
            ..Self::noted(ColumnKind::Ignored, note)
        }
    }
}

/// A column whose kind is to be decided, by the rules of [`TableParams`].
pub(super) struct Candidate<'c, 's, R> {
    pub(super) column: &'c Column<'c>,
    pub(super) position: usize,
    pub(super) sheet: &'c Sheet<'s, R>,
    pub(super) params: &'c TableParams,
    pub(super) look: Look<'c>,
}

impl<R> Candidate<'_, '_, R> {
    /// The kind of a column that has this role.
    pub(super) fn decide(&self, role: Role) -> Result<Decision> {
        match role {
            Role::Ignored => Ok(Decision::noted(ColumnKind::Ignored, "left out: asked for")),
            Role::Categorical if self.are_many() => self.coded(1),
            Role::Categorical => Ok(Decision::plain(self.categorical()?)),
            Role::SampleWeight if self.is_plain() => Ok(Decision::plain(ColumnKind::SampleWeight)),
            Role::SampleWeight => {
                Err(self.not_a_number("and its column holds the samples' weights"))
            }
            Role::Label => self.label(),
            Role::Flag => self.flag(),
            Role::OneOfLabels if self.params.task == Task::Classes => self.label(),
            Role::OneOfLabels => Ok(Decision::noted(
                self.value_label()?,
                "values: one of several labels",
            )),
            Role::Feature | Role::Kept => self.feature(role == Role::Kept),
        }
    }

    fn name(&self) -> &str {
        &self.sheet.names[self.position]
    }

    /// Whether all cells are numbers with digits and point.
    fn is_plain(&self) -> bool {
        self.column.n_texts == 0
    }

    fn feature(&self, keep: bool) -> Result<Decision> {
        let column = self.column;
        if column.n() == 0 {
            return Ok(Decision::left_out("no cell of it holds anything", None));
        }
        if self.sheet.is_categorical(self.position) {
            return self.categories_or_none(keep);
        }
        if let Some((written, strays)) = self.numbers()
            && (strays == 0 || self.may_stray(strays, &column.texts.not_numbers))
        {
            return self.numeric(written, strays, keep);
        }
        if let Some((format, strays)) = column.dates(self.look)
            && (strays == 0 || column.are_strays(strays, &column.texts.not_dates))
        {
            self.refuse_strays(strays)?;
            return Ok(self.date(format, strays));
        }
        self.refuse_strays(self.column.n_texts)?;
        let mut decision = self.categories_or_none(keep)?;
        if column.has_several_units() {
            decision.warning = Some(format!(
                "column {:?} looks like numbers of several units or currencies, and is read as texts: give all of them one",
                self.name()
            ));
        }
        Ok(decision)
    }

    fn numbers(&self) -> Option<(Written, usize)> {
        let semicolons = self.sheet.delimiter == Some(';');
        self.column.numbers(self.params.decimal, semicolons)
    }

    /// Whether cells that are no numbers are words for a missing one, and not codes among a few whole numbers.
    fn may_stray(&self, strays: usize, words: &Words) -> bool {
        let column = self.column;
        let many = column.distinct.len() > MAX_MIXED_CATEGORIES || column.overflow.is_some();
        (column.n_fractions > 0 || many) && column.are_strays(strays, words)
    }

    fn numeric(&self, written: Written, strays: usize, keep: bool) -> Result<Decision> {
        self.refuse_strays(strays)?;
        let column = self.column;
        let mut notes = Vec::new();
        if !written.is_plain() {
            notes.push(format!("numbers with {}", written.words()));
        }
        let gaps = self.gaps(strays, &mut notes);
        let kind = ColumnKind::Numeric(Numbers { written, gaps });
        if !keep && strays + column.n_missing == 0 && self.is_an_id() {
            let why = "its whole numbers count or name the rows";
            return Ok(Decision::left_out(why, Some(kind)));
        }
        let mut decision = Decision::noted(kind, notes.join("; "));
        decision.warning = self.stray_warning("numbers", strays, &column.texts.not_numbers);
        Ok(decision)
    }

    fn is_an_id(&self) -> bool {
        let column = self.column;
        if column.n_integers < column.n() || self.is_a_year() {
            return false;
        }
        let distinct = column.overflow.is_some() || column.distinct.len() == column.n();
        let many = column.n() >= FEWEST_NAMES;
        column.order.counts_rows(self.position == 0)
            || (many && distinct && is_id_name(self.name()))
    }

    fn is_a_year(&self) -> bool {
        let name = self.name().to_ascii_lowercase();
        ["year", "jahr", "date", "time", "month", "day"]
            .iter()
            .any(|word| name.contains(word))
    }

    fn date(&self, format: &str, strays: usize) -> Decision {
        let parts: Vec<&str> = dates::parts(format).collect();
        let mut notes = vec![format!("{} as {}", dates::words(format), parts.join(", "))];
        let gaps = self.gaps(strays, &mut notes);
        let format = format.to_owned();
        let mut decision =
            Decision::noted(ColumnKind::Date(Dates { format, gaps }), notes.join("; "));
        decision.warning = self.stray_warning("dates", strays, &self.column.texts.not_dates);
        decision
    }

    fn gaps(&self, strays: usize, notes: &mut Vec<String>) -> Gaps {
        let n = self.column.n_missing + strays;
        if n > 0 {
            let infinite = match self.column.n_infinite {
                0 => String::new(),
                n => format!(" ({n} of them infinite)"),
            };
            notes.push(format!(
                "{n} missing{infinite}: the median, marked by a feature"
            ));
        }
        Gaps {
            marked: n > 0,
            fill: Vec::new(),
        }
    }

    fn stray_warning(&self, what: &str, strays: usize, words: &Words) -> Option<String> {
        if strays == 0 {
            return None;
        }
        let words = words
            .words
            .iter()
            .map(|word| format!("{:?}", String::from_utf8_lossy(word)));
        let mut words: Vec<String> = words.collect();
        words.sort_unstable();
        Some(format!(
            "column {:?} holds {what}, but for {strays} cells such as {}: these count as missing (--categorical takes all for categories)",
            self.name(),
            words.join(", "),
        ))
    }

    /// Where missing cells are errors, so are cells that do not fit a column.
    fn refuse_strays(&self, strays: usize) -> Result<()> {
        let column = self.column;
        let many = column.distinct.len() > MAX_MIXED_CATEGORIES || column.overflow.is_some();
        let is_numeric = column.n_numbers() >= column.n_texts && (column.n_fractions > 0 || many);
        if strays == 0 || self.params.missing == MissingCells::Fill || !is_numeric {
            return Ok(());
        }
        Err(self.not_a_number(
            "as most cells of its column are; correct it, or list the column as categorical",
        ))
    }

    /// Categories, unless they say no more than which row it is.
    fn categories_or_none(&self, keep: bool) -> Result<Decision> {
        let column = self.column;
        if keep && self.are_many() {
            return self.coded(1);
        }
        if keep {
            return Ok(Decision::noted(self.categorical()?, "kept"));
        }
        if column.overflow.is_some() {
            let numbers = match self.look.most_numbers {
                few if few < self.look.most => format!(", or {few} different numbers beside texts"),
                _ => String::new(),
            };
            let most = self.look.most;
            let why = format!("it holds more than {most} different texts{numbers}");
            let mut decision = Decision::left_out(&why, None);
            decision.warning = Some(format!("column {:?} is {}", self.name(), decision.note));
            return Ok(decision);
        }
        let (n, distinct) = (column.n(), column.distinct.len());
        let once = column.distinct.values().filter(|seen| seen.count == 1);
        let once = once.count();
        if self.are_many() && once < distinct && once * 2 <= n {
            return self.coded(2);
        }
        if n >= FEWEST_NAMES && distinct == n {
            let otherwise = match self.are_many() {
                true => None,
                false => Some(self.categorical()?),
            };
            let why = "every cell of it is different";
            return Ok(Decision::left_out(why, otherwise));
        }
        if self.are_many() {
            let why = "hardly any cell of it comes again";
            return Ok(Decision::left_out(why, None));
        }
        if distinct <= MANY_CATEGORIES || distinct * FEW_EACH <= n {
            return Ok(Decision::noted(self.categorical()?, self.missing_words()));
        }
        self.pooled()
    }

    /// Whether there are too many categories for one feature each.
    fn are_many(&self) -> bool {
        let n = self.column.distinct.len();
        self.column.overflow.is_none() && n > self.params.max_categories
    }

    /// Codes of the categories that are there so often.
    fn coded(&self, often: usize) -> Result<Decision> {
        let mut kind = self.pool(often)?;
        let n = kind.categories.len();
        kind.codes = Some(Codes::default());
        let first = format!("{n} categories, as codes learnt from the label");
        Ok(self.noted_pool(first, kind))
    }

    fn missing_words(&self) -> String {
        match self.column.n_missing {
            0 => String::new(),
            n => format!("{n} missing: a category of their own"),
        }
    }

    /// Categories of which the rare ones are one.
    fn pooled(&self) -> Result<Decision> {
        let kind = self.pool(FEW_EACH)?;
        if kind.categories.is_empty() && !kind.missing {
            let why = "hardly any cell of it comes again";
            return Ok(Decision::left_out(why, None));
        }
        Ok(self.noted_pool(String::new(), kind))
    }

    /// Pooled categories, with the words that come first, how many are one, and what stands for missing cells.
    fn noted_pool(&self, first: String, kind: Categories) -> Decision {
        let mut notes = vec![first, self.rare_words(&kind), self.missing_words()];
        notes.retain(|words| !words.is_empty());
        Decision::noted(ColumnKind::Categorical(kind), notes.join("; "))
    }

    /// Categories of which those that are there less often are one.
    fn pool(&self, often: usize) -> Result<Categories> {
        let categories = self.texts(|count| count >= often)?;
        Ok(Categories {
            missing: self.column.n_missing > 0,
            other: categories.len() < self.column.distinct.len(),
            categories,
            codes: None,
        })
    }

    fn rare_words(&self, kind: &Categories) -> String {
        match self.column.distinct.len() - kind.categories.len() {
            0 => String::new(),
            rare => format!("{rare} rare texts are one category"),
        }
    }

    fn categorical(&self) -> Result<ColumnKind> {
        Ok(ColumnKind::Categorical(Categories {
            categories: self.categories(CellFault::TooManyCategories)?,
            missing: self.column.n_missing > 0,
            ..Categories::default()
        }))
    }

    fn label(&self) -> Result<Decision> {
        let column = self.column;
        let values = |note: String| Ok(Decision::noted(self.value_label()?, note));
        match self.params.task {
            Task::Values => values("values: asked for".to_owned()),
            Task::Classes => self.classes("asked for"),
            Task::Auto if self.sheet.is_categorical(self.position) => {
                self.classes("the file says so")
            }
            Task::Auto if !self.is_plain() => match self.numbers() {
                Some((written, 0)) if !written.is_plain() => {
                    values(format!("values: numbers with {}", written.words()))
                }
                _ => {
                    self.refuse_broken_label()?;
                    self.classes("the labels are texts")
                }
            },
            Task::Auto if column.n_fractions > 0 => {
                values("values: the numbers have fractions".to_owned())
            }
            Task::Auto => {
                let (n, rows) = (column.distinct.len(), column.n());
                if column.overflow.is_none() && n * 2 > rows && rows >= FEWEST_NAMES {
                    return values(format!(
                        "values: {n} different whole numbers in {rows} rows"
                    ));
                }
                if column.overflow.is_none() && n <= MAX_AUTO_CLASSES {
                    return self
                        .classes("a few whole numbers; --task values takes them for values");
                }
                let more = if column.overflow.is_some() {
                    "more than "
                } else {
                    ""
                };
                values(format!(
                    "values: {more}{n} different whole numbers; --task classes takes each for a class"
                ))
            }
        }
    }

    fn flag(&self) -> Result<Decision> {
        let numeric = self.is_plain();
        let cells = self.categories(CellFault::TooManyClasses)?;
        let names = match &cells[..] {
            [no, yes] => [no.clone(), yes.clone()],
            [number] if number == "0" || number == "1" => ["0".to_owned(), "1".to_owned()],
            other => {
                let only = other.first().cloned().unwrap_or_default();
                [format!("not {only}"), only]
            }
        };
        let numeric = numeric
            && names
                .iter()
                .all(|name| parse::<f64>(name.as_bytes()).is_some());
        let note = format!("{:?} or {:?}: one of several labels", names[0], names[1]);
        Ok(Decision::noted(
            ColumnKind::FlagLabel { names, numeric },
            note,
        ))
    }

    fn value_label(&self) -> Result<ColumnKind> {
        match self.numbers() {
            Some((written, 0)) => Ok(ColumnKind::ValueLabel(written)),
            _ => Err(self
                .not_a_number("and values were asked for; ask for classes, or correct the cell")),
        }
    }

    /// A label of numbers with a text among them is a mistake more likely than a class.
    fn refuse_broken_label(&self) -> Result<()> {
        let column = self.column;
        let many = column.distinct.len() > MAX_MIXED_CATEGORIES || column.overflow.is_some();
        let numbers = column.n_numbers();
        if numbers >= column.n_texts && (column.n_fractions > 0 || many) {
            return Err(self.not_a_number(
                "as most labels are; correct it, or ask for classes (--task classes)",
            ));
        }
        Ok(())
    }

    fn classes(&self, why: &str) -> Result<Decision> {
        let numeric = self.is_plain();
        let mut names = self.categories(CellFault::TooManyClasses)?;
        if numeric {
            // `+ 0.0` makes -0 and 0 one class.
            let parsed = names.iter().filter_map(|n| parse::<f64>(n.as_bytes()));
            let mut values: Vec<f64> = parsed.map(|v| v + 0.0).collect();
            values.sort_by(f64::total_cmp);
            names = values.iter().map(f64::to_string).collect();
            names.dedup();
        }
        let (n, rows) = (names.len(), self.column.n());
        let many = n * 2 > rows && rows >= FEWEST_NAMES;
        let mut decision = Decision::noted(
            ColumnKind::ClassLabel { names, numeric },
            format!("classes: {why}"),
        );
        decision.warning = many.then(|| {
            format!(
                "the label {:?} has {n} classes in {rows} rows: nearly every row has a class of its own, which nothing can learn; is it the right column?",
                self.name()
            )
        });
        Ok(decision)
    }

    /// The distinct cells in byte order.
    fn categories(&self, fault: fn(usize) -> CellFault) -> Result<Vec<String>> {
        if let Some(line) = self.column.overflow {
            let fault = fault(self.look.most);
            return Err(self.bad(line, b"", fault));
        }
        self.texts(|_| true)
    }

    /// The distinct cells that are there so often, in byte order.
    fn texts(&self, often: impl Fn(usize) -> bool) -> Result<Vec<String>> {
        let cells = self.column.distinct.iter();
        let text = |(cell, seen): (&std::borrow::Cow<'_, [u8]>, &super::column::Seen)| {
            match std::str::from_utf8(cell) {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(self.bad(seen.line, cell, CellFault::NotUtf8)),
            }
        };
        let kept = cells.filter(|(_, seen)| often(seen.count)).map(text);
        let mut texts = kept.collect::<Result<Vec<_>>>()?;
        texts.sort_unstable();
        Ok(texts)
    }

    /// The error about the first cell that is no number.
    fn not_a_number(&self, reason: &'static str) -> DataError {
        let first = self.column.first_text.as_ref();
        let (line, cell) = first.map_or((1, &[][..]), |(line, cell)| (*line, cell));
        self.bad(line, cell, CellFault::NotANumber(reason))
    }

    fn bad(&self, line: u64, cell: &[u8], fault: CellFault) -> DataError {
        self.sheet.places().bad(line, self.position, cell, fault)
    }
}

/// Whether a column is called as a key is.
fn is_id_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = [
        "id", "uuid", "guid", "index", "key", "no", "nr", "rownum", "row",
    ];
    let mut parts = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let camel = name.len() > 2 && (name.ends_with("Id") || name.ends_with("ID"));
    lower.is_empty() || camel || parts.any(|part| words.contains(&part))
}
