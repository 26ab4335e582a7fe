//! Tests of the report's section on other programs. `fixtures/peers.json` is the summary of eight invented runs by `peers/run.py`.

use std::fs;
use std::path::{Path, PathBuf};

use roxmltree::Document;
use tiam_bench::BenchError;
use tiam_bench::reproduce::Peers;
use tiam_report::Report;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/peers.json")
}

fn report(detail: bool) -> Report {
    let peers = Peers::read(&fixture()).unwrap();
    Report {
        title: "title".to_owned(),
        sections: vec![peers.section(detail)],
        ..Report::default()
    }
}

/// The one error of a file with this text.
fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.json");
    fs::write(&path, text).unwrap();
    let error = Peers::read(&path).unwrap_err();
    assert!(matches!(error, BenchError::Peers { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn every_target_has_each_peers_time_ratio_and_best_setting() {
    let text = report(false).to_markdown("img").text;
    assert!(text.contains("## Against what users would otherwise run"));
    // Medians of 1.0 and 1.4 against the quicker of 2.0 and 1.5.
    for row in [
        "| 97.5 | TIAM | 1.2 | 1.00 | 2 of 2 | defaults |",
        "| 97.5 | PyTorch | 1.5 | 1.25 | 1 of 1 | batch 512, rate 0.003 |",
        "| 97.8 | PyTorch | 4 | 2.22 | 1 of 1 | batch 128, rate 0.001 |",
        "| 97.5 | candle | never | – | 0 of 1 | – |",
        "| 98.3 | TIAM | never | – | 0 of 2 | – |",
        "| digits | 64-100-10 | scikit-learn | defaults | 1 | 1.2 | 2.00 | 97.50 |",
    ] {
        assert!(text.contains(row), "{row} is not in\n{text}");
    }
    assert!(text.contains("PyTorch 2.15.0") && text.contains("a processor"));
}

#[test]
fn settings_in_full_stand_in_the_page_only() {
    let row = "Every setting, MNIST 784-100-100-10";
    assert!(report(true).to_html().contains(row));
    assert!(!report(false).to_markdown("img").text.contains(row));
}

#[test]
fn the_picture_shows_each_peer_once_and_is_the_same_alone() {
    let markdown = report(false).to_markdown("img");
    let alone = Peers::read(&fixture()).unwrap().pictures();
    assert_eq!(markdown.pictures, alone);
    let [(name, svg)] = alone.as_slice() else {
        panic!("{} pictures", alone.len())
    };
    assert!(name.starts_with("peers-mnist-784-100-100-10"), "{name}");
    let document = Document::parse(svg).unwrap();
    let text = |node: roxmltree::Node<'_, '_>| node.text().map(|text| text.trim().to_owned());
    let elements = document.descendants().filter(roxmltree::Node::is_element);
    let texts: Vec<String> = elements.filter_map(text).collect();
    for label in [
        "TIAM, defaults",
        "PyTorch, batch 128, rate 0.001",
        "candle, batch 512, rate 0.003",
    ] {
        let times = texts.iter().filter(|text| *text == label).count();
        assert_eq!(times, 1, "{label} in {texts:?}");
    }
    assert!(!svg.contains("PyTorch, batch 512"));
}

#[test]
fn a_file_of_another_form_is_refused_with_what_to_do() {
    let good = fs::read_to_string(fixture()).unwrap();
    for (text, reason) in [
        ("{", "no JSON"),
        ("{\"records\": []}", "its format is none, not `tiam peers`"),
        (
            &good.replace("tiam peers", "something else"),
            "`something else`",
        ),
        (
            &good.replace("\"format_version\": 1", "\"format_version\": 2"),
            "format version is 2, and this program knows 1",
        ),
        (
            &good.replace("\"races\"", "\"matches\""),
            "missing field `races`",
        ),
    ] {
        let told = refused(text);
        assert!(told.contains(reason), "{told}");
        assert!(
            told.contains("results.json") && told.contains("peers/run.py"),
            "{told}"
        );
    }
}

#[test]
fn results_without_runs_say_so() {
    let text = "{\"format\": \"tiam peers\", \"format_version\": 1, \"command\": \"c\", \"date\": \"d\", \"versions\": {}, \
        \"machine\": {\"processor\": \"p\", \"cores\": 1, \"threads\": 1, \"system\": \"s\"}, \"summary\": {\"races\": [], \"fits\": []}}";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.json");
    fs::write(&path, text).unwrap();
    let peers = Peers::read(&path).unwrap();
    assert!(peers.pictures().is_empty());
    let sections = vec![peers.section(true)];
    let report = Report {
        sections,
        ..Report::default()
    };
    assert!(report.to_html().contains("holds no runs"));
}
