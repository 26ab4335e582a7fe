//! ONNX graphs: opset 13, IR 8, and ai.onnx.ml 1 for categories given as texts.

mod graph;

use tiam_models::{Activation, InputEncoding};

use super::Export;
use super::description::Answer;
use super::plan::{Column, Inputs, Member, Plan, PlannedLayer, Use, to_int8};
use super::protobuf::{Attribute, Type, value};
use graph::Graph;

/// Name of the input where there is one for all features.
const ROWS: &str = "features";
/// Names of the outputs.
const OUTPUTS: [&str; 4] = ["label", "probabilities", "values", "scores"];

/// The bytes of a model.
pub(super) fn model(plan: &Plan, to: &Export) -> Vec<u8> {
    let mut graph = Graph::default();
    let features = graph.features(plan, to.numeric);
    let mut encoded = None;
    let mut sum: Option<String> = None;
    for member in &plan.members {
        let inputs = match encoded.take() {
            Some((encoding, inputs)) if encoding == member.encoding => inputs,
            _ => graph.inputs(&plan.encodings[member.encoding], &features),
        };
        let answers = graph.member(plan.answer, member, &inputs, to.int8);
        encoded = Some((member.encoding, inputs));
        let single = plan.members.len() == 1;
        let shared = match single {
            true => answers,
            false => graph.with_number("Mul", &answers, member.share),
        };
        sum = Some(match sum {
            None => shared,
            Some(sum) => graph.node("Add", &[&sum, &shared]),
        });
    }
    let mut answers = sum.unwrap_or_default();
    if let Some(temperature) = plan.temperature {
        let least = graph.with_number("Max", &answers, f32::MIN_POSITIVE);
        let log = graph.node("Log", &[&least]);
        let scaled = graph.with_number("Div", &log, temperature);
        answers = graph.along("Softmax", &[&scaled], 1);
    }
    graph.outputs(plan, to.numeric, &answers);
    graph.finish(&to.name)
}

impl Graph {
    /// Takes rows in; returns their features, as a table becomes some in training.
    fn features(&mut self, plan: &Plan, numeric: bool) -> String {
        let columns = match &plan.columns {
            Some(columns) if !numeric => columns,
            columns => {
                let words = columns.as_deref().map_or_else(String::new, row_words);
                self.inputs
                    .push(value(ROWS, Type::Float, Some(plan.n_fields), &words));
                match columns {
                    None => return ROWS.to_owned(),
                    Some(columns) => columns,
                }
            }
        };
        // Inputs of their own, in the order of the columns.
        let input = |column| match numeric {
            true => None,
            false => Some(self.input(column, columns)),
        };
        let inputs: Vec<Option<String>> = columns.iter().map(input).collect();
        // Numbers first and all together; the order of the features is made in the end.
        let (mut parts, mut order) = (Vec::new(), Vec::new());
        self.numbers(columns, &inputs, &mut parts, &mut order);
        for (column, input) in columns.iter().zip(&inputs) {
            if let Use::Category { .. } = column.what {
                order.extend(column.at..column.at + column.features.len());
                let found = self.category(column, input.as_deref());
                parts.push(self.coded(column, found));
            }
        }
        let features = self.joined(&parts);
        if order.iter().copied().eq(0..order.len()) {
            return features;
        }
        let mut places = vec![0; order.len()];
        for (place, feature) in order.into_iter().enumerate() {
            places[feature] = place;
        }
        self.picked(&features, places)
    }

    /// The numbers of all columns, filled, and the marks of missing ones; the features that they are go to `order`.
    fn numbers(
        &mut self,
        columns: &[Column],
        inputs: &[Option<String>],
        parts: &mut Vec<String>,
        order: &mut Vec<usize>,
    ) {
        let (mut names, mut fields, mut fill, mut marks) = (vec![], vec![], vec![], vec![]);
        for (column, input) in columns.iter().zip(inputs) {
            if let Use::Numbers { fill: own, marked } = &column.what {
                order.extend(column.at..column.at + own.len());
                if *marked {
                    marks.push((fill.len(), column.at + own.len()));
                }
                fields.extend(column.field..column.field + own.len());
                fill.extend_from_slice(own);
                names.extend(input.clone());
            }
        }
        if fill.is_empty() {
            return;
        }
        let numbers = match names.is_empty() {
            true => self.picked(ROWS, fields),
            false => self.joined(&names),
        };
        let there = self.there(&numbers);
        let fill = self.floats(&[fill.len()], &fill);
        parts.push(self.node("Where", &[&there, &numbers, &fill]));
        if !marks.is_empty() {
            order.extend(marks.iter().map(|(_, feature)| *feature));
            let missing = self.node("Not", &[&there]);
            let missing = self.cast(&missing, Type::Float);
            parts.push(self.picked(&missing, marks.iter().map(|(number, _)| *number)));
        }
    }

    /// Whether numbers are there: not NaN, and not infinite, which counts as missing too.
    fn there(&mut self, numbers: &str) -> String {
        let size = self.node("Abs", &[numbers]);
        self.with_number("LessOrEqual", &size, f32::MAX)
    }

    /// An input of a column's own; its name must be that of no output and of no other column.
    fn input(&mut self, column: &Column, columns: &[Column]) -> String {
        let of = match &column.what {
            Use::Numbers { .. } => Type::Float,
            Use::Category { .. } => Type::String,
        };
        let is_taken = |name: &String| {
            let others = columns
                .iter()
                .any(|c| c.name == *name && *name != column.name);
            others || name.is_empty() || OUTPUTS.contains(&name.as_str())
        };
        let mut name = column.name.clone();
        while is_taken(&name) {
            name.push_str("_column");
        }
        let words = match of {
            Type::String => "a text, empty where it is missing",
            _ => column.words.as_str(),
        };
        self.inputs
            .push(value(&name, of, Some(column.n_fields()), words));
        name
    }

    /// The features of a column of categories.
    fn category(&mut self, column: &Column, input: Option<&str>) -> String {
        let Use::Category {
            categories,
            missing,
            other,
            ..
        } = &column.what
        else {
            return String::new();
        };
        let (n, with_missing) = (categories.len(), *missing || *other);
        let (found, n_missing) = match input {
            None => (self.numbered(column.field, n, with_missing), 1),
            Some(name) => self.named(name, categories, with_missing),
        };
        if !with_missing {
            return found;
        }
        let mut parts = Vec::new();
        if n > 0 {
            parts.push(self.picked(&found, 0..n));
        }
        if *missing {
            let ways = self.picked(&found, n..n + n_missing);
            parts.push(self.sum(&ways));
        }
        if *other {
            let one = self.floats(&[], &[1.0]);
            let known = self.sum(&found);
            parts.push(self.node("Sub", &[&one, &known]));
        }
        self.joined(&parts)
    }

    /// The codes of categories, where they have some, from one feature each.
    fn coded(&mut self, column: &Column, found: String) -> String {
        let Some(codes) = column.codes() else {
            return found;
        };
        let n_out = column.features.len();
        let of = |output| codes.iter().skip(output).step_by(n_out).copied();
        let layer = PlannedLayer {
            n_in: codes.len() / n_out,
            n_out,
            weight: (0..n_out).flat_map(of).collect(),
            bias: vec![0.0; n_out],
        };
        self.layer(&layer, &found, false)
    }

    /// The sum of each row.
    fn sum(&mut self, x: &str) -> String {
        let axes = self.integers([1]);
        self.node("ReduceSum", &[x, &axes])
    }

    /// The categories of a column of numbers, one feature each, followed where asked for by one for missing numbers.
    fn numbered(&mut self, field: usize, n: usize, with_missing: bool) -> String {
        let number = self.picked(ROWS, [field]);
        let mut parts = Vec::new();
        if n > 0 {
            let numbers: Vec<f32> = (0..n).map(|category| category as f32).collect();
            let found = self.with_row("Equal", &number, &numbers);
            parts.push(self.cast(&found, Type::Float));
        }
        if with_missing {
            let there = self.there(&number);
            let missing = self.node("Not", &[&there]);
            parts.push(self.cast(&missing, Type::Float));
        }
        self.joined(&parts)
    }

    /// The categories of a column of texts, one feature each, followed where asked for by one for each way to write a missing cell.
    fn named(&mut self, input: &str, categories: &[String], with_missing: bool) -> (String, usize) {
        let mut texts = categories.to_vec();
        if with_missing {
            let ways = tiam_data::missing_texts();
            texts.extend(ways.filter(|way| !categories.contains(way)));
        }
        let attributes = [
            ("cats_strings", Attribute::Strings(&texts)),
            ("zeros", Attribute::Int(1)),
        ];
        let found = self.node_with("OneHotEncoder", &[input], &attributes);
        // It comes as [rows, 1, texts].
        let shape = self.integers([-1, texts.len() as i64]);
        let found = self.node("Reshape", &[&found, &shape]);
        (found, texts.len() - categories.len())
    }

    /// Features as inputs of a network.
    fn inputs(&mut self, of: &Inputs, features: &str) -> String {
        let mut x = match &of.bins {
            Some(bins) => self.picked(features, bins.source.iter().copied()),
            None => features.to_owned(),
        };
        if of.are_features() {
            return x;
        }
        for offset in [&of.high, &of.low] {
            x = self.with_row("Sub", &x, offset);
        }
        x = self.with_row("Div", &x, &of.scale);
        if let Some(bins) = &of.bins {
            x = self.with_row("Max", &x, &bins.least);
            x = self.with_row("Min", &x, &bins.most);
            x = self.with_row("Sub", &x, &bins.offset);
            x = self.with_row("Div", &x, &bins.scale);
        }
        if of.clip {
            // v/√(1 + (v/3)²), where the square of a large v must not overflow.
            let bounds = [-1e9, 1e9].map(|bound| self.floats(&[], &[bound]));
            let v = self.node("Clip", &[&x, &bounds[0], &bounds[1]]);
            let part = self.with_number("Div", &v, InputEncoding::CLIP as f32);
            let square = self.node("Mul", &[&part, &part]);
            let more = self.with_number("Add", &square, 1.0);
            let root = self.node("Sqrt", &[&more]);
            x = self.node("Div", &[&v, &root]);
        }
        x
    }

    /// A network's answers for its inputs.
    fn member(&mut self, answer: Answer, member: &Member, inputs: &str, int8: bool) -> String {
        let mut x = inputs.to_owned();
        for (l, layer) in member.layers.iter().enumerate() {
            x = self.layer(layer, &x, int8);
            if l + 1 < member.layers.len() {
                x = match member.activation {
                    Activation::Relu => self.node("Relu", &[&x]),
                    Activation::LeakyRelu => {
                        let slope = Attribute::Float(0.01);
                        self.node_with("LeakyRelu", &[&x], &[("alpha", slope)])
                    }
                    Activation::Elu => self.node("Elu", &[&x]),
                    Activation::Identity => x,
                };
            }
        }
        if let Some(values) = &member.values {
            x = self.with_row("Mul", &x, &values.scale);
            x = self.with_row("Add", &x, &values.offset);
            if let Some([least, most]) = &values.bounds {
                x = self.with_row("Max", &x, least);
                x = self.with_row("Min", &x, most);
                x = self.node("Exp", &[&x]);
            }
        }
        match answer {
            Answer::Softmax => self.along("Softmax", &[&x], 1),
            Answer::Sigmoid => self.node("Sigmoid", &[&x]),
            Answer::Values | Answer::Scores => x,
        }
    }

    fn layer(&mut self, layer: &PlannedLayer, x: &str, int8: bool) -> String {
        let shape = [layer.n_out, layer.n_in];
        let weights = if int8 {
            let (integers, scales) = to_int8(&layer.weight, layer.n_out);
            let bytes: Vec<u8> = integers.iter().map(|w| w.cast_unsigned()).collect();
            let integers = self.constant(Type::Int8, &shape, &bytes);
            let scales = self.floats(&[layer.n_out], &scales);
            let zeros = self.constant(Type::Int8, &[layer.n_out], &vec![0; layer.n_out]);
            self.along("DequantizeLinear", &[&integers, &scales, &zeros], 0)
        } else {
            self.floats(&shape, &layer.weight)
        };
        let bias = self.floats(&[layer.n_out], &layer.bias);
        let transposed = Attribute::Int(1);
        self.node_with("Gemm", &[x, &weights, &bias], &[("transB", transposed)])
    }

    /// Gives the answers their names, and the labels beside them.
    fn outputs(&mut self, plan: &Plan, numeric: bool, answers: &str) {
        let [label, probabilities, values, scores] = OUTPUTS;
        let (name, names) = match plan.answer {
            Answer::Softmax => (probabilities, &plan.classes),
            Answer::Sigmoid => (probabilities, &Vec::new()),
            Answer::Values => (values, &plan.values),
            Answer::Scores => (scores, &plan.classes),
        };
        self.put("Identity", &[answers], name, &[]);
        let yes = plan
            .flags
            .iter()
            .map(|flag| format!("{}={}", flag.name, flag.yes));
        let words: Vec<String> = names.iter().cloned().chain(yes).collect();
        let n_outputs = Some(plan.n_outputs);
        self.outputs
            .push(value(name, Type::Float, n_outputs, &words.join(", ")));
        let (number, texts, width): (_, Vec<&str>, _) = if !plan.classes.is_empty() {
            let attributes = [("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(0))];
            let number = self.node_with("ArgMax", &[answers], &attributes);
            (
                number,
                plan.classes.iter().map(String::as_str).collect(),
                None,
            )
        } else if plan.answer == Answer::Sigmoid {
            let yes = self.with_number("Greater", answers, 0.5);
            let yes = self.cast(&yes, Type::Int64);
            let texts = plan
                .flags
                .iter()
                .flat_map(|flag| [flag.no.as_str(), &flag.yes]);
            (yes, texts.collect(), n_outputs)
        } else {
            return;
        };
        if numeric || texts.is_empty() {
            self.put("Identity", &[&number], label, &[]);
            let words = "numbers of the classes, from 0; of answers 0 for no, 1 for yes";
            self.outputs.push(value(label, Type::Int64, width, words));
            return;
        }
        let number = match width {
            None => number,
            Some(n) => {
                let first = self.integers((0..n).map(|flag| 2 * flag as i64));
                self.node("Add", &[&number, &first])
            }
        };
        let texts = self.texts(&texts);
        self.put("Gather", &[&texts, &number], label, &[]);
        self.outputs
            .push(value(label, Type::String, width, "names"));
    }
}

/// The numbers of a row, in words.
fn row_words(columns: &[Column]) -> String {
    let line = |column: &Column| format!("{} {}: {}", column.field, column.name, column.words);
    columns.iter().map(line).collect::<Vec<_>>().join("\n")
}
