use super::*;

fn claim(text: &str, evidence: Evidence) -> Claim {
    Claim {
        text: text.to_owned(),
        tested_on: "x".to_owned(),
        figures: String::new(),
        evidence,
    }
}

#[test]
fn paired_differences_are_put_to_students_test() {
    // scipy.stats.ttest_1samp([1, 2, 3, 4, 5], 0): p = 0.0132..; d = 3/1.5811.
    let found = Evidence::paired(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    assert!((found.p - 0.013_235_6).abs() < 1e-6, "{}", found.p);
    assert!((found.effect - 1.897_366_6).abs() < 1e-6);
    let against = Evidence::paired(&[-1.0, -2.0, -3.0, -4.0, -5.0]);
    assert!((against.p - found.p).abs() < 1e-15 && against.effect < 0.0);
    // Equal differences have no deviation; equal runs say nothing.
    assert!((Evidence::paired(&[2.0; 6]).p - 2.0 / 64.0).abs() < 1e-15);
    assert!((Evidence::paired(&[0.0; 6]).p - 1.0).abs() < 1e-15);
}

#[test]
fn counts_are_put_to_the_sign_test() {
    // scipy.stats.binomtest(9, 10).pvalue and (5, 10).
    assert!((Evidence::counted(9, 10).p - 0.021_484_375).abs() < 1e-12);
    assert!((Evidence::counted(1, 10).p - 0.021_484_375).abs() < 1e-12);
    assert!((Evidence::counted(5, 10).p - 1.0).abs() < 1e-12);
    assert!((Evidence::counted(0, 0).p - 1.0).abs() < 1e-12);
}

#[test]
fn an_estimate_is_within_only_if_its_error_is_small() {
    let verdict = |estimate, error| {
        let found = Evidence::within(estimate, error, 7, 1.0, 0.15);
        found.verdict(found.p)
    };
    assert_eq!(verdict(0.97, 0.02), Verdict::Holds);
    assert_eq!(verdict(0.97, 0.2), Verdict::Undecided);
    assert_eq!(verdict(0.5, 0.02), Verdict::DoesNotHold);
}

#[test]
fn holm_corrects_within_a_claim_only() {
    let close = |found: &[f64], wanted: &[f64]| {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        }
    };
    close(&holm(&[0.01, 0.04, 0.03]), &[0.03, 0.06, 0.06]);
    let evidence = |p| Evidence {
        n: 10,
        effect: 1.0,
        p,
    };
    let claims = [
        claim("a", evidence(0.03)),
        claim("b", evidence(0.04)),
        claim("a", evidence(0.02)),
    ];
    let found = decided(&claims);
    let verdicts: Vec<Verdict> = found
        .iter()
        .flat_map(|(_, places)| places)
        .map(|place| place.2)
        .collect();
    assert_eq!(found.len(), 2);
    assert_eq!(verdicts, [Verdict::Holds, Verdict::Holds, Verdict::Holds]);
    close(
        &[found[0].1[0].1, found[0].1[1].1, found[1].1[0].1],
        &[0.04, 0.04, 0.04],
    );
}

#[test]
fn few_runs_decide_nothing() {
    let strong = Evidence {
        n: 4,
        effect: 9.0,
        p: 1e-9,
    };
    assert_eq!(strong.verdict(strong.p), Verdict::Undecided);
    assert_eq!(
        Evidence { n: 5, ..strong }.verdict(strong.p),
        Verdict::Holds
    );
}
