//! The presets as the help shows them.

use tiam::Preset;

#[test]
fn values_shared_by_several_kinds_are_written_once() {
    let rho = Preset::describe(|p| p.rho.to_string());
    assert_eq!(
        rho,
        "0.001 for digits and graphs; 0.1 for tables and images"
    );
    assert_eq!(Preset::describe(|_| "1".into()), "1");
}
