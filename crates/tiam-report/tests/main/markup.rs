//! Tests of the escaping of text.

use tiam_report::{Report, Section, slug, unique};

fn titled(title: &str) -> Report {
    Report {
        title: title.to_owned(),
        ..Report::default()
    }
}

/// A title as Markdown has it.
fn markdown(title: &str) -> String {
    let text = titled(title).to_markdown("img").text;
    text.trim_start_matches("# ").trim_end().to_owned()
}

#[test]
fn html_keeps_nothing_that_acts() {
    let html = titled("<script>\"&'\u{1}").to_html();
    assert!(
        html.contains("<h1>&lt;script&gt;&quot;&amp;'</h1>"),
        "{html}"
    );
}

#[test]
fn markdown_keeps_nothing_that_acts() {
    assert_eq!(
        markdown("a|b\n<i> *x* $y$"),
        "a\\|b &lt;i&gt; \\*x\\* \\$y\\$"
    );
    assert_eq!(markdown("- x"), "\\- x");
    assert_eq!(markdown("1. x"), "1\\. x");
    assert_eq!(markdown("1.5"), "1.5");
}

#[test]
fn prose_marks_up_code_only() {
    let html = |text: &str| {
        let sections = vec![Section::new("a", "a").text(text)];
        let report = Report {
            sections,
            ..Report::default()
        };
        report.to_html()
    };
    assert!(html("run `a<b` now").contains("<p>run <code>a&lt;b</code> now</p>"));
    assert!(html("an odd ` one").contains("<p>an odd ` one</p>"));
}

#[test]
fn slugs_are_file_names() {
    assert_eq!(slug("Objective F, vs. k/../"), "objective-f-vs-k");
    assert_eq!(slug("…"), "untitled");
    let mut taken = std::collections::BTreeSet::new();
    assert_eq!(unique(&mut taken, "a"), "a");
    assert_eq!(unique(&mut taken, "a"), "a-2");
}
