//! A run's state walked over, written down and put back; what blocks and forms say of themselves.

use tiam_linalg::Activation::Elu;
use tiam_linalg::{
    Compute, CurvatureForm, Inertia, StateVisitor, StochasticBlocks, StochasticStep,
};

use super::{RULE, Setting};

const STEP: StochasticStep = StochasticStep {
    length: 0.2,
    inertia: Inertia {
        start: 0.5,
        gradient: 0.4,
        correction: 0.1,
    },
    averaging: 0.7,
};
const FORMS: [CurvatureForm; 3] = [
    CurvatureForm::Sketch { rank: 3 },
    CurvatureForm::Full,
    CurvatureForm::Identity,
];

/// Writes every number down, or puts those written down back.
#[derive(Default)]
struct Record {
    kept: Vec<(String, Vec<f64>)>,
    restores: bool,
    at: usize,
}

impl Record {
    fn see(&mut self, name: &str, numbers: &mut [f64]) {
        if self.restores {
            let (kept_name, kept) = &self.kept[self.at];
            assert_eq!(kept_name, name);
            numbers.copy_from_slice(kept);
            self.at += 1;
        } else {
            self.kept.push((name.to_owned(), numbers.to_vec()));
        }
    }
}

impl StateVisitor<f64> for Record {
    fn values(&mut self, name: &str, values: &mut [f64]) {
        self.see(name, values);
    }
    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        self.see(name, numbers);
    }
}

fn setting() -> Setting {
    Setting::random(&[5, 6, 4, 3], 40, 7)
}

fn blocks(setting: &Setting) -> StochasticBlocks<f64> {
    let mut draws = super::random(1, 1000, 98).into_vec().into_iter();
    let mut draw = move || draws.next().unwrap();
    StochasticBlocks::new(&&setting.layers()[..], &|l| FORMS[l], &mut draw)
}

/// Steps of which every other takes its curvature along; what is carried on after each.
fn run(
    blocks: &mut StochasticBlocks<f64>,
    steps: std::ops::Range<usize>,
) -> Vec<Vec<(String, Vec<f64>)>> {
    let (setting, compute) = (setting(), &mut Compute::new(1).unwrap());
    let mut states = Vec::new();
    for k in steps {
        let indices: Vec<usize> = (0..10).map(|i| (i * 3 + k) % 40).collect();
        let with_curvature = k % 2 == 0;
        blocks.gradient(Elu, setting.batch(true, &indices), with_curvature, compute);
        if with_curvature {
            blocks.refresh_curvature(RULE, compute);
        }
        blocks.directions(0.01, compute);
        blocks.advance(STEP, compute);
        let mut record = Record::default();
        blocks.visit_state(&mut record);
        states.push(record.kept);
    }
    states
}

#[test]
fn what_is_carried_on_has_its_names_and_sizes() {
    let states = run(&mut blocks(&setting()), 0..1);
    let n = 6 * 6 + 7 * 4 + 5 * 3;
    let found: Vec<_> = states[0]
        .iter()
        .map(|(name, x)| (&name[..], x.len()))
        .collect();
    let wanted = [
        ("parameters", n),
        ("change", n),
        ("average", n),
        ("average.filled", 1),
        // The sketch: Ȳ, 6 x 3, its solve and its damping.
        ("curvature_1.updates", 1),
        ("curvature_1.trace", 1),
        ("curvature_1.average", 18),
        ("curvature_1.solve", 18),
        ("curvature_1.damping", 1),
        ("curvature_2.updates", 1),
        ("curvature_2.trace", 1),
        ("curvature_2.average", 49),
        ("curvature_2.solve", 49),
        ("curvature_3.updates", 1),
        ("curvature_3.trace", 1),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_restored_run_goes_on_as_the_uninterrupted_one() {
    let setting = setting();
    let mut whole = blocks(&setting);
    let before = run(&mut whole, 0..5);
    let wanted = run(&mut whole, 5..9);
    let mut resumed = blocks(&setting);
    let mut record = Record {
        kept: before[4].clone(),
        restores: true,
        at: 0,
    };
    resumed.visit_state(&mut record);
    assert_eq!(record.at, record.kept.len());
    resumed.look_ahead(STEP.inertia.gradient);
    // Bit for bit.
    assert_eq!(run(&mut resumed, 5..9), wanted);
}

#[test]
fn blocks_say_how_many_parameters_and_which_forms_they_have() {
    let setting = setting();
    let wide = CurvatureForm::Sketch { rank: 50 };
    let blocks = setting.blocks(wide);
    assert_eq!(blocks.n_parameters(), 6 * 6 + 7 * 4 + 5 * 3);
    let forms: Vec<_> = blocks.curvature_forms().collect();
    // A sketch's rank is at most n.
    let sketch = |rank| CurvatureForm::Sketch { rank };
    assert_eq!(forms, [6, 7, 5].map(sketch));
    let forms: Vec<_> = self::blocks(&setting).curvature_forms().collect();
    assert_eq!(forms, FORMS);
    let none = setting.blocks(CurvatureForm::Sketch { rank: 0 });
    assert_eq!(none.curvature_forms().next(), Some(sketch(1)));
}

#[test]
fn a_form_has_its_name_and_is_full_up_to_twice_the_rank() {
    assert_eq!(
        FORMS.map(CurvatureForm::name),
        ["sketch", "full", "identity"]
    );
    // n = n_in + 1 inputs with the bias.
    for rank in [1, 4, 16] {
        let sketch = CurvatureForm::Sketch { rank };
        for (n, form) in [
            (2 * rank - 1, CurvatureForm::Full),
            (2 * rank, CurvatureForm::Full),
            (2 * rank + 1, sketch),
        ] {
            assert_eq!(CurvatureForm::automatic(n - 1, rank), form, "{n} {rank}");
        }
    }
}
