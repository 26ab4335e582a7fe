//! A visitor that writes a block's state down and puts it back.

use tiam_linalg::{Real, StateVisitor};

/// What a walk over a state has seen, in its order; or what the next one is to find.
#[derive(Clone, Default)]
pub(crate) struct Tape {
    entries: Vec<(String, Vec<f64>)>,
    /// The entry the walk is at, when it puts back.
    at: Option<usize>,
}

impl Tape {
    /// The tape of a walk that puts back what this one has seen.
    pub(crate) fn rewound(&self) -> Self {
        Self {
            at: Some(0),
            ..self.clone()
        }
    }

    /// The one number of this name.
    pub(crate) fn number(&self, name: &str) -> f64 {
        let found = self.entries.iter().find(|(known, _)| known == name);
        found.map_or(f64::NAN, |(_, values)| values[0])
    }

    /// Changes the one number of this name.
    pub(crate) fn set(&mut self, name: &str, number: f64) {
        let found = self.entries.iter_mut().find(|(known, _)| known == name);
        found.unwrap().1 = vec![number];
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// True once a walk that puts back has asked for every entry.
    pub(crate) fn is_at_its_end(&self) -> bool {
        self.at == Some(self.entries.len())
    }

    /// The entry a walk that puts back is at; `None` when it writes down.
    fn put_back(&mut self, name: &str) -> Option<&[f64]> {
        let at = self.at.as_mut()?;
        let (known, values) = &self.entries[*at];
        assert_eq!(known, name, "the walks differ");
        *at += 1;
        Some(values)
    }
}

impl<T: Real> StateVisitor<T> for Tape {
    fn values(&mut self, name: &str, values: &mut [T]) {
        if let Some(stored) = self.put_back(name) {
            assert_eq!(stored.len(), values.len(), "{name}");
            for (x, y) in values.iter_mut().zip(stored) {
                *x = T::from_f64(*y);
            }
            return;
        }
        let seen = values.iter().map(|x| (*x).to_f64()).collect();
        self.entries.push((name.into(), seen));
    }

    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        if let Some(stored) = self.put_back(name) {
            numbers.copy_from_slice(stored);
            return;
        }
        self.entries.push((name.into(), numbers.to_vec()));
    }
}
