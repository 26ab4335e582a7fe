use super::*;

#[test]
fn the_stable_region_is_the_exact_one() {
    let finding = find(10, &Arc::default()).unwrap();
    let figure = |name: &str| finding.figures[name];
    assert_eq!(figure("cells") as u32, 121);
    for (name, value) in &finding.figures {
        let Some(theory) = finding.figures.get(&format!("theory {name}")) else {
            continue;
        };
        assert_eq!(course(*value), course(*theory), "{name}: {value} {theory}");
    }
    assert_eq!(figure("as_theory") as u32, 121);
    assert_eq!(figure("as_claimed") as u32, 121);
    // The bound does not know of (1, 0), stable for λ_min > 0 alone, nor of the standstill at p3 = 1 and p1 = 0, …, 0.4.
    assert_eq!(figure("as_bound") as u32, 115);
}
