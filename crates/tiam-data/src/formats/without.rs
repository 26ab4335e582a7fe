//! Formats that this build names and does not read: they need the feature `formats`.

use super::{Head, Reader};
use crate::{
    ColumnEncoding, Dataset, LoadParams, Scalar,
    error::Result,
    source::{Source, Zip, not_built},
};

/// Where the parts of a file of the old formats of Microsoft Office are listed.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

macro_rules! without {
    ($($(#[$doc:meta])+ $name:ident, $known:literal, $what:literal, $advice:literal, |$head:ident| $recognises:expr;)+) => {
        $($(#[$doc])+
        pub(super) struct $name;

        impl Reader for $name {
            const KNOWN_AS: &'static str = $known;
            const HAS_COLUMNS: bool = true;

            fn recognises($head: &Head) -> bool {
                $recognises
            }

            fn read<T: Scalar>(
                sources: &[Source],
                _: &LoadParams,
                _: Option<&ColumnEncoding>,
            ) -> Result<Dataset<T>> {
                Err(not_built(&sources[0], $what, $advice))
            }
        })+
    };
}

without! {
    /// A workbook of Excel or OpenDocument.
    Workbook, "workbooks (with the feature \"formats\")", "a workbook", "save the sheet as CSV",
        |head| head.zip == Zip::Workbook || head.text.starts_with(OLE);
    /// Parquet.
    Parquet, "Parquet (with the feature \"formats\")", "a Parquet file", "save the table as CSV",
        |head| head.text.starts_with(b"PAR1");
}
