//! Tests of the formats behind the feature `formats`.

use std::io::{Cursor, Write};
use std::sync::Arc;

use crate::common::{assert_malformed, folder, gzip, table, write};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type,
};
use parquet::file::{properties::WriterProperties, writer::SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use tiam_data::{Dataset, LoadParams, Place, Targets, load};
use zip::{ZipWriter, write::SimpleFileOptions};

pub(crate) const CSV: &[u8] = b"x,s,y\n1,a,p\n2.5,b,q\n3,a,p\n";

fn read(bytes: impl AsRef<[u8]>) -> Result<Dataset<f64>, tiam_data::DataError> {
    let folder = folder();
    load(write(&folder, "t", bytes), &LoadParams::default())
}

pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `CSV` packed by xz 5.4.
pub(crate) const XZ: &[u8] = include_bytes!("fixtures/t.csv.xz");

#[test]
fn every_packing_gives_the_same() {
    let wanted = table(CSV, &LoadParams::default()).unwrap();
    let zstd = zstd::encode_all(CSV, 3).unwrap();
    let archive = tar(&[("folder/t.csv", CSV), ("folder/README", b"x")]);
    for bytes in [
        bzip2(CSV),
        [bzip2(&CSV[..9]), bzip2(&CSV[9..])].concat(),
        zstd,
        XZ.to_vec(),
        archive.clone(),
        gzip(&archive),
        bzip2(&archive),
    ] {
        let data = read(bytes).unwrap();
        assert_eq!(
            (data.features(), data.targets()),
            (wanted.features(), wanted.targets())
        );
    }
}

#[test]
fn broken_streams_and_archives_say_so() {
    let packed = bzip2(&CSV.repeat(1000));
    assert_malformed(
        read(&packed[..packed.len() / 2]),
        &Place::Whole,
        "the bzip2 stream breaks off after",
    );
    assert_malformed(
        read(&XZ[..XZ.len() - 30]),
        &Place::Whole,
        "the xz stream breaks off after",
    );
    assert_malformed(
        read(tar(&[("a.csv", CSV), ("b.csv", CSV)])),
        &Place::Whole,
        "the tar archive holds 2 tables (a.csv, b.csv)",
    );
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = SimpleFileOptions::default();
        let deflated = options.compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(*name, deflated).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn xlsx(rows: &str) -> Vec<u8> {
    const NS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    zipped(&[
        (
            "[Content_Types].xml",
            &format!("<Types xmlns=\"{PACKAGE}/content-types\"/>"),
        ),
        (
            "_rels/.rels",
            &format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r1\" Type=\"{REL}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns=\"{NS}\" xmlns:r=\"{REL}\"><sheets><sheet name=\"hidden\" sheetId=\"3\" state=\"hidden\" r:id=\"r2\"/><sheet name=\"data\" sheetId=\"1\" r:id=\"r1\"/><sheet name=\"notes\" sheetId=\"2\" r:id=\"r2\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &format!(
                "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r1\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet2.xml\"/><Relationship Id=\"r3\" Type=\"{REL}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            &format!(
                "<styleSheet xmlns=\"{NS}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            &format!("<worksheet xmlns=\"{NS}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
        (
            "xl/worksheets/sheet2.xml",
            &format!("<worksheet xmlns=\"{NS}\"><sheetData/></worksheet>"),
        ),
    ])
}

fn text(at: &str, text: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

/// From column B and row 3 on, with an empty row between.
pub(crate) fn rows() -> String {
    let head = format!(
        "<row r=\"3\">{}{}{}{}</row>",
        text("B3", "size "),
        text("C3", "day"),
        text("D3", "open"),
        text("E3", "kind")
    );
    let row = |r: u32, size: &str, day: &str, open: u32, kind: &str| {
        format!(
            "<row r=\"{r}\"><c r=\"B{r}\"><v>{size}</v></c><c r=\"C{r}\" s=\"1\"><v>{day}</v></c><c r=\"D{r}\" t=\"b\"><v>{open}</v></c>{}</row>",
            text(&format!("E{r}"), kind)
        )
    };
    head + &row(4, "1.5", "43831", 1, "a")
        + &row(6, "0.1", "43832", 0, "b")
        + &row(7, "-3", "43831", 1, "a")
}

#[test]
fn a_workbook_gives_its_first_visible_sheet() {
    let data = read(xlsx(&rows())).unwrap();
    assert_eq!(
        data.feature_names(),
        [
            "size",
            "day:year",
            "day:month",
            "day:day",
            "day:weekday",
            "day:day of year",
            "day:days",
            "open=false",
            "open=true"
        ]
    );
    assert_eq!(
        data.features().values()[..18],
        [
            1.5, 2020., 1., 1., 3., 1., 18_262., 0., 1., 0.1, 2020., 1., 2., 4., 2., 18_263., 1.,
            0.
        ]
    );
    assert_eq!(data.class_names().unwrap(), ["a", "b"]);
    assert!(
        data.source()
            .ends_with("sheet \"data\" (not read: \"notes\")"),
        "{}",
        data.source()
    );
}

#[test]
fn a_missing_cell_of_a_workbook_is_counted() {
    let rows = rows().replace("<v>0.1</v>", "");
    let data = read(xlsx(&rows)).unwrap();
    let met = data.reading().unwrap();
    assert_eq!(met.missing, [1, 0, 0, 0]);
    assert!(
        met.notes[0].ends_with("sheet \"data\" (not read: \"notes\")"),
        "{:?}",
        met.notes
    );
}

fn ods(rows: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\">\
        <office:body><office:spreadsheet><table:table table:name=\"one\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    zipped(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest=\"m\"/>",
        ),
        ("content.xml", &content),
    ])
}

fn ods_row(cells: &[&str]) -> String {
    let cell = |cell: &&str| match cell.parse::<f64>() {
        Ok(x) => format!(
            "<table:table-cell office:value-type=\"float\" office:value=\"{x}\"><text:p>{x}</text:p></table:table-cell>"
        ),
        Err(_) => format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{cell}</text:p></table:table-cell>"
        ),
    };
    format!(
        "<table:table-row>{}</table:table-row>",
        cells.iter().map(cell).collect::<String>()
    )
}

pub(crate) fn ods_table() -> Vec<u8> {
    ods(&(ods_row(&["x", "y"]) + &ods_row(&["1.5", "p"]) + &ods_row(&["2", "q"])))
}

#[test]
fn an_opendocument_sheet_is_read_and_its_empty_end_is_not() {
    let end = "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
    let rows = ods_row(&["x", "y"]) + &ods_row(&["1.5", "p"]) + &ods_row(&["2", "q"]) + end;
    let data = read(ods(&rows)).unwrap();
    assert_eq!(
        (data.features().values(), data.feature_names()),
        (&[1.5, 2.0][..], &["x".to_owned()][..])
    );
}

#[test]
fn an_opendocument_sheet_of_repeated_cells_is_refused() {
    let wide = "<table:table-row><table:table-cell office:value-type=\"float\" office:value=\"1\" table:number-columns-repeated=\"16384\"><text:p>1</text:p></table:table-cell></table:table-row>".repeat(100);
    let text = read(ods(&wide)).unwrap_err().to_string();
    assert!(
        text.contains("the repeated cells of the workbook would take"),
        "{text}"
    );
    let tall = "<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell office:value-type=\"float\" office:value=\"1\"><text:p>1</text:p></table:table-cell></table:table-row>";
    let text = read(ods(tall)).unwrap_err().to_string();
    assert!(
        text.contains("the repeated cells of the workbook would take"),
        "{text}"
    );
}

pub(crate) fn parquet() -> Vec<u8> {
    let schema = "message t { required double x; optional float f; required int64 n; required boolean b; required int32 d (DATE); \
        required int64 t (TIMESTAMP(NANOS,true)); required binary s (UTF8); required int64 __index_level_0__; required binary y (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::ZSTD(Default::default()));
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    macro_rules! column {
        ($type:ty, $values:expr, $levels:expr) => {
            let mut column = group.next_column().unwrap().unwrap();
            column
                .typed::<$type>()
                .write_batch(&$values, $levels, None)
                .unwrap();
            column.close().unwrap();
        };
    }
    let text = |words: [&str; 2]| words.map(|word| ByteArray::from(word.as_bytes().to_vec()));
    column!(DoubleType, [0.1, -2e30], None);
    column!(FloatType, [0.1, 0.2], Some(&[1, 1]));
    column!(Int64Type, [i64::MAX, -1], None);
    column!(BoolType, [true, false], None);
    column!(Int32Type, [18_262, -1], None);
    column!(Int64Type, [1_577_836_800_000_000_000, 1_500_000_000], None);
    column!(ByteArrayType, text(["a", "ä"]), None);
    column!(Int64Type, [0, 1], None);
    column!(ByteArrayType, text(["p", "q"]), None);
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// One column of so many zeros, which pack into next to nothing.
pub(crate) fn parquet_of_zeros(n: usize) -> Vec<u8> {
    let schema = Arc::new(parse_message_type("message t { required int32 x; }").unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int32Type>()
        .write_batch(&vec![0; n], None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn parquet_is_read_with_all_its_kinds() {
    let data = read(parquet()).unwrap();
    let names = [
        "x",
        "f",
        "n",
        "b=false",
        "b=true",
        "d:year",
        "d:month",
        "d:day",
        "d:weekday",
        "d:day of year",
        "d:days",
        "t:year",
        "t:month",
        "t:day",
        "t:weekday",
        "t:day of year",
        "t:days",
        "t:hour",
        "t:minute of day",
        "s=a",
        "s=ä",
    ];
    assert_eq!(data.feature_names(), names);
    let row = data.features().values();
    assert_eq!(row[0].to_bits(), 0.1_f64.to_bits());
    assert_eq!(row[1].to_bits(), f64::from(0.1_f32).to_bits());
    assert!(matches!(data.targets(), Targets::Classes { labels, .. } if labels == &[0, 1]));
}

#[test]
fn damaged_parquet_and_workbooks_are_refused() {
    for bytes in [parquet(), xlsx(&rows()), ods(&ods_row(&["x", "y"]))] {
        for length in (8..bytes.len()).step_by(1 + bytes.len() / 40) {
            let text = read(&bytes[..length]).unwrap_err().to_string();
            assert!(text.contains("/t"), "{text}");
        }
    }
}
