use super::*;

#[test]
fn without_runs_nothing_is_claimed() {
    assert!(searches(&[]).rows.is_empty());
    assert!(claims(&[]).is_empty());
}
