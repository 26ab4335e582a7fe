//! Tests of ARFF files.

use crate::common::{assert_malformed, table};
use tiam_data::{ColumnKind, LoadParams, Place, Targets, load, load_with_encoding};

const WEATHER: &str = "% made by hand\n\n@RELATION 'the weather'\n\
    @attribute outlook {sunny, 'over cast', \"rainy\"}\n\
    @Attribute 'air temp' REAL\n@attribute windy{TRUE,FALSE}\n@attribute level {1,2}\n\
    @attribute day date \"yyyy-MM-dd\"\n@attribute play {yes,no}\n\n@DATA\n\
    sunny, 85, FALSE, 1, '2020-01-02', no\n% a comment\n'over cast',80.5,TRUE,2,\"2020-01-03\",yes\n\
    rainy\t,\t-1e1,FALSE,1,'2020-01-02',yes\n";

#[test]
fn attributes_become_columns_of_their_kind() {
    let data = table(WEATHER, &LoadParams::default()).unwrap();
    let names = [
        "outlook=over cast",
        "outlook=rainy",
        "outlook=sunny",
        "air temp",
        "windy=FALSE",
        "windy=TRUE",
        "level=1",
        "level=2",
        "day:year",
        "day:month",
        "day:day",
        "day:weekday",
        "day:day of year",
        "day:days",
    ];
    assert_eq!(data.feature_names(), names);
    assert_eq!(
        data.features().values()[2 * 14 + 3].to_bits(),
        (-10.0_f64).to_bits()
    );
    assert_eq!(data.class_names().unwrap(), ["no", "yes"]);
}

#[test]
fn a_nominal_attribute_is_categorical_though_its_values_are_numbers() {
    let data = table(WEATHER, &LoadParams::default()).unwrap();
    let columns = data.encoding().unwrap().columns();
    assert!(matches!(&columns[3].kind, ColumnKind::Categorical(of) if of.categories == ["1", "2"]));
}

#[test]
fn sparse_rows_leave_out_zeros_and_first_values() {
    let text = "@relation r\n@attribute a numeric\n@attribute b {x,y}\n@attribute c integer\n@attribute class {p,q}\n\
        @data\n{0 1.5, 1 y}\n{2 -3, 3 q }\n{}\n{ 3 'q' }\n";
    let data = table(text, &LoadParams::default()).unwrap();
    assert_eq!(data.feature_names(), ["a", "b=x", "b=y", "c"]);
    let wanted = [
        1.5, 0., 1., 0., 0., 1., 0., -3., 0., 1., 0., 0., 0., 1., 0., 0.,
    ];
    assert_eq!(data.features().values(), wanted);
    assert!(matches!(data.targets(), Targets::Classes { labels, .. } if labels == &[0, 1, 0, 1]));
}

#[test]
fn quotes_hold_commas_percent_signs_and_escaped_quotes() {
    let text = "@relation r\n@attribute s string\n@attribute y numeric\n@data\n'a,\\'b\\' %',1\n\"it's\",0\n'a,\\'b\\' %',2.5\n";
    let data = table(text, &LoadParams::default()).unwrap();
    assert_eq!(data.feature_names(), ["s=a,'b' %", "s=it's"]);
}

#[test]
fn a_later_file_is_read_by_names() {
    let folder = crate::common::folder();
    let old = crate::common::write(&folder, "old.arff", WEATHER);
    let new = "@relation n\n@attribute windy {TRUE,FALSE}\n@attribute day string\n@attribute level numeric\n\
        @attribute 'air temp' numeric\n@attribute outlook string\n@data\nTRUE,2020-01-03,2,7,sunny\n";
    let new = crate::common::write(&folder, "new.arff", new);
    let params = LoadParams::default();
    let data = load::<f64>(&old, &params).unwrap();
    let later = load_with_encoding::<f64>(&new, data.encoding().unwrap(), &params).unwrap();
    assert_eq!(
        later.features().values(),
        [
            0., 0., 1., 7., 0., 1., 0., 1., 2020., 1., 3., 5., 3., 18_264.
        ]
    );
}

#[test]
fn faults_name_the_line() {
    let head = "@relation r\n@attribute a numeric\n@attribute b {x,y}\n@data\n";
    let read = |rest: &str| table(format!("{head}{rest}"), &LoadParams::default());
    assert_malformed(
        read("1,x\n2\n"),
        &Place::Line(6),
        "1 cells where 2 were expected",
    );
    assert_malformed(
        read("1,x\n2,y,3\n"),
        &Place::Line(6),
        "3 cells where 2 were expected",
    );
    assert_malformed(read("1,'x\n"), &Place::Line(5), "a quoted value never ends");
    assert_malformed(
        read("1,'x'y\n"),
        &Place::Line(5),
        "goes on after its closing quote",
    );
    assert_malformed(
        read("{5 1}\n"),
        &Place::Line(5),
        "a position from 0 below 2",
    );
    assert_malformed(read("{0 1\n"), &Place::Line(5), "never ends");
    assert_malformed(read(""), &Place::Whole, "no rows");
    let read = |text: &str| table(text, &LoadParams::default());
    assert_malformed(
        read("@relation r\n@attribute a\n"),
        &Place::Line(2),
        "a name and a type",
    );
    assert_malformed(
        read("@relation r\n@attribute a relational\n"),
        &Place::Line(2),
        "\"relational\" of \"a\" is not supported",
    );
    assert_malformed(read("@relation r\n1,2\n"), &Place::Line(2), "before @data");
    let twice = "@relation r\n@attribute a real\n@attribute a real\n@data\n1,2\n";
    assert_malformed(read(twice), &Place::Whole, "both named \"a\"");
}
