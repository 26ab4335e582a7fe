//! Matrices cut at samples: into shards for the workers, and into tiles for a core's cache.

/// Bytes of one tile, so that a product's operands stay in a core's second-level cache.
const TILE_BYTES: usize = 384 * 1024;

/// Columns of a tile with `n_rows` rows of `T`.
pub(crate) fn tile_cols<T>(n_rows: usize) -> usize {
    (TILE_BYTES / (n_rows.max(1) * size_of::<T>())).clamp(16, 4096)
}

/// Something that can be cut at a sample: a range of columns, or a tuple of ranges that are cut together.
pub(crate) trait Slab: Sized + Send {
    fn n_cols(&self) -> usize;
    fn split_at(self, col: usize) -> (Self, Self);
}

/// Columns to read.
#[derive(Clone, Copy)]
pub(crate) struct Cols<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) n_rows: usize,
}

/// Columns to write.
pub(crate) struct ColsMut<'a, T> {
    pub(crate) data: &'a mut [T],
    pub(crate) n_rows: usize,
}

impl<'a, T> Cols<'a, T> {
    pub(crate) fn new(data: &'a [T], n_rows: usize) -> Self {
        Self { data, n_rows }
    }
}

impl<'a, T> ColsMut<'a, T> {
    pub(crate) fn new(data: &'a mut [T], n_rows: usize) -> Self {
        Self { data, n_rows }
    }
}

impl<T: Sync> Slab for Cols<'_, T> {
    fn n_cols(&self) -> usize {
        self.data.len() / self.n_rows
    }
    fn split_at(self, col: usize) -> (Self, Self) {
        let (l, r) = self.data.split_at(col * self.n_rows);
        (Self::new(l, self.n_rows), Self::new(r, self.n_rows))
    }
}

impl<T: Send> Slab for ColsMut<'_, T> {
    fn n_cols(&self) -> usize {
        self.data.len() / self.n_rows
    }
    fn split_at(self, col: usize) -> (Self, Self) {
        let (l, r) = self.data.split_at_mut(col * self.n_rows);
        (Self::new(l, self.n_rows), Self::new(r, self.n_rows))
    }
}

/// Several matrices of columns, cut together.
impl<T: Sync, const K: usize> Slab for [Cols<'_, T>; K] {
    fn n_cols(&self) -> usize {
        self.first().map_or(0, Cols::n_cols)
    }
    fn split_at(self, col: usize) -> (Self, Self) {
        (
            self.each_ref()
                .map(|c| Cols::new(&c.data[..col * c.n_rows], c.n_rows)),
            self.map(|c| Cols::new(&c.data[col * c.n_rows..], c.n_rows)),
        )
    }
}

macro_rules! slab_tuple {
    ($first:ident $($name:ident)*) => {
        impl<$first: Slab, $($name: Slab),*> Slab for ($first, $($name),*) {
            fn n_cols(&self) -> usize {
                self.0.n_cols()
            }
            #[allow(non_snake_case, reason = "the type's name doubles as the variable's")]
            fn split_at(self, col: usize) -> (Self, Self) {
                let ($first, $($name),*) = self;
                let $first = $first.split_at(col);
                $(let $name = $name.split_at(col);)*
                (($first.0, $($name.0),*), ($first.1, $($name.1),*))
            }
        }
    };
}
slab_tuple!(A B);
slab_tuple!(A B C);
slab_tuple!(A B C D);
slab_tuple!(A B C D E);
slab_tuple!(A B C D E F);

/// Calls `body` on consecutive tiles of at most `tile` columns.
pub(crate) fn for_tiles<S: Slab>(mut slab: S, tile: usize, mut body: impl FnMut(S)) {
    while slab.n_cols() > tile {
        let (head, rest) = slab.split_at(tile);
        body(head);
        slab = rest;
    }
    if slab.n_cols() > 0 {
        body(slab);
    }
}
