use super::*;

#[test]
fn an_error_says_what_was_found_and_what_was_expected() {
    let table = [
        (
            LinalgError::Shape {
                n_rows: 3,
                n_cols: 4,
                found: 11,
            },
            "a 3 x 4 matrix needs 12 values, got 11",
        ),
        (
            LinalgError::Threads {
                n_threads: 9,
                reason: "no more".into(),
            },
            "cannot start 9 worker threads: no more; ask for fewer",
        ),
        (
            LinalgError::NotPositiveDefinite { n: 5, pivot: 2 },
            "the 5 x 5 matrix is not positive definite: pivot 2 (from 0) is not positive",
        ),
        (
            LinalgError::Name {
                what: "activation",
                found: "tanh".into(),
                known: "relu",
            },
            "unknown activation `tanh`; known are relu",
        ),
        (
            LinalgError::Parameter {
                parameter: "rho",
                value: "-1".into(),
                allowed: "positive",
            },
            "rho = -1 is not allowed: it must be positive",
        ),
    ];
    for (error, message) in table {
        assert_eq!(error.to_string(), message);
    }
}
