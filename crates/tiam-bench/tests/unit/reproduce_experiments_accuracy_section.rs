use super::*;

#[test]
fn without_runs_no_search_is_shown() {
    assert!(searches(&[]).rows.is_empty());
}
