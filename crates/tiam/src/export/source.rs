//! Sources: a C header and a Rust module, the same calls in two languages.

mod heading;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use tiam_models::Activation;

use super::Export;
use super::description::Answer;
use super::plan::{Inputs, Member, Plan, Use, to_int8};

/// What the calls call, one part a function, below a line with its name.
const C_HELPERS: &str = include_str!("helpers.h");
const RUST_HELPERS: &str = include_str!("helpers.rs.txt");
/// Functions that others call.
const CALLED: [(&str, &[&str]); 5] = [
    ("elu", &["exp"]),
    ("softmax", &["exp"]),
    ("sigmoid", &["exp"]),
    ("bounded_exp", &["exp"]),
    ("temper", &["softmax", "ln", "exp"]),
];

/// A C header.
pub(super) fn c(plan: &Plan, to: &Export) -> String {
    Source::of(plan, to, true).text(plan)
}

/// A Rust module.
pub(super) fn rust(plan: &Plan, to: &Export) -> String {
    Source::of(plan, to, false).text(plan)
}

/// An argument of a call.
enum Arg<'a> {
    /// A constant table.
    Table(String),
    /// So many numbers of a buffer, to read.
    From(&'a str, usize),
    /// Numbers of a buffer from a place on, to write.
    To(&'a str, usize, usize),
    Number(f32),
    Int(usize),
    /// A number of the row.
    Field(usize),
}

struct Source {
    c: bool,
    int8: bool,
    name: String,
    /// Constant tables.
    tables: String,
    /// Calls.
    body: String,
    used: BTreeSet<&'static str>,
    /// Buffers and their sizes.
    buffers: BTreeMap<String, usize>,
    n_tables: usize,
}

impl Source {
    fn of(plan: &Plan, to: &Export, c: bool) -> Self {
        let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = to.name.to_ascii_lowercase().chars().map(allowed).collect();
        let name = match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            true => name,
            false => format!("model_{name}"),
        };
        let mut source = Self {
            c,
            int8: to.int8,
            name,
            tables: String::new(),
            body: String::new(),
            used: BTreeSet::new(),
            buffers: BTreeMap::new(),
            n_tables: 0,
        };
        let features = source.features(plan);
        let single = plan.members.len() == 1;
        let (mut encoded, mut inputs) = (None, features);
        let n = plan.n_outputs;
        for member in &plan.members {
            if encoded != Some(member.encoding) {
                inputs = source.inputs(&plan.encodings[member.encoding], features);
                encoded = Some(member.encoding);
            }
            let answers = source.member(plan.answer, member, inputs, single);
            if !single {
                let args = [
                    Arg::Number(member.share),
                    Arg::From(answers, n),
                    Arg::To("out", 0, n),
                ];
                source.call("add", &args);
            }
        }
        if let Some(temperature) = plan.temperature {
            source.call("temper", &[Arg::Number(temperature), Arg::To("out", 0, n)]);
        }
        source
    }

    fn number(&self, x: f32) -> String {
        format!("{x:?}{}", if self.c { "f" } else { "" })
    }

    fn argument(&self, arg: &Arg<'_>) -> String {
        match (arg, self.c) {
            (Arg::Table(name), true) => format!("{}_{name}", self.name),
            (Arg::Table(name), false) => format!("&{}", name.to_ascii_uppercase()),
            (Arg::From(buffer, n), true) => format!("{buffer}, {n}"),
            (Arg::From(buffer, n), false) => format!("&{buffer}[..{n}]"),
            (Arg::To(buffer, 0, n), true) => format!("{buffer}, {n}"),
            (Arg::To(buffer, at, n), true) => format!("{buffer} + {at}, {n}"),
            (Arg::To(buffer, at, n), false) => format!("&mut {buffer}[{at}..{}]", at + n),
            (Arg::Number(x), _) => self.number(*x),
            (Arg::Int(i), _) => i.to_string(),
            (Arg::Field(i), _) => format!("row[{i}]"),
        }
    }

    fn call(&mut self, function: &'static str, args: &[Arg<'_>]) {
        self.used.insert(function);
        for arg in args {
            if let Arg::From(buffer, end) | Arg::To(buffer, 0, end) = arg
                && !["row", "out"].contains(buffer)
            {
                let size = self.buffers.entry((*buffer).to_owned()).or_default();
                *size = (*end).max(*size);
            }
        }
        let args: Vec<String> = args.iter().map(|arg| self.argument(arg)).collect();
        let function = match self.c {
            true => format!("{}_{function}", self.name),
            false => function.to_owned(),
        };
        writeln!(self.body, "    {function}({});", args.join(", ")).ok();
    }

    fn table<X>(
        &mut self,
        types: [&str; 2],
        what: &str,
        all: &[X],
        text: impl Fn(&X) -> String,
    ) -> Arg<'static> {
        self.n_tables += 1;
        let name = format!("{what}_{}", self.n_tables);
        let n = all.len();
        match self.c {
            true => write!(
                self.tables,
                "static const {} {}_{name}[{n}] = {{",
                types[0], self.name
            ),
            false => write!(
                self.tables,
                "static {}: [{}; {n}] = [",
                name.to_ascii_uppercase(),
                types[1]
            ),
        }
        .ok();
        const IN_A_LINE: usize = 12;
        for line in all.chunks(IN_A_LINE) {
            let line: Vec<String> = line.iter().map(&text).collect();
            write!(self.tables, "\n    {},", line.join(", ")).ok();
        }
        self.tables
            .push_str(if self.c { "\n};\n" } else { "\n];\n" });
        Arg::Table(name)
    }

    fn floats(&mut self, what: &str, all: &[f32]) -> Arg<'static> {
        let suffix = if self.c { "f" } else { "" };
        self.table(["float", "f32"], what, all, |x| format!("{x:?}{suffix}"))
    }

    /// The row's features; returns the buffer that holds them.
    fn features(&mut self, plan: &Plan) -> &'static str {
        let Some(columns) = &plan.columns else {
            return "row";
        };
        for column in columns {
            writeln!(self.body, "    // {:?}", column.name).ok();
            match &column.what {
                Use::Numbers { fill, marked } => {
                    for (part, fill) in fill.iter().enumerate() {
                        let field = Arg::Field(column.field + part);
                        let to = Arg::To("features", column.at + part, 1);
                        self.call("number", &[field, Arg::Number(*fill), to]);
                    }
                    if *marked {
                        let to = Arg::To("features", column.at + fill.len(), 1);
                        self.call("mark", &[Arg::Field(column.field), to]);
                    }
                }
                Use::Category {
                    categories,
                    missing,
                    other,
                    codes,
                } => {
                    let [n, missing, other] =
                        [categories.len(), (*missing).into(), (*other).into()];
                    let mut args = vec![Arg::Field(column.field), Arg::Int(n), Arg::Int(missing)];
                    let function = match codes {
                        Some(codes) => {
                            args.extend([Arg::Int(other), self.floats("codes", codes)]);
                            "code"
                        }
                        None => "category",
                    };
                    args.push(Arg::To("features", column.at, column.features.len()));
                    self.call(function, &args);
                }
            }
        }
        "features"
    }

    /// Features as inputs of a network; returns the buffer that holds them.
    fn inputs(&mut self, of: &Inputs, features: &'static str) -> &'static str {
        if of.are_features() {
            return features;
        }
        let n = of.high.len();
        let n_features = of.bins.as_ref().map_or(n, |bins| {
            bins.source.iter().max().map_or(0, |last| last + 1)
        });
        let mut args = vec![Arg::From(features, n_features)];
        if let Some(bins) = &of.bins {
            args.push(self.table(
                ["unsigned", "u32"],
                "source",
                &bins.source,
                usize::to_string,
            ));
        }
        args.push(self.floats("high", &of.high));
        args.push(self.floats("low", &of.low));
        args.push(self.floats("scale", &of.scale));
        if let Some(bins) = &of.bins {
            args.push(self.floats("least", &bins.least));
            args.push(self.floats("most", &bins.most));
            args.push(self.floats("offset", &bins.offset));
            args.push(self.floats("width", &bins.scale));
        }
        args.push(Arg::To("encoded", 0, n));
        self.call(if of.bins.is_some() { "place" } else { "scale" }, &args);
        if of.clip {
            self.call("clip", &[Arg::To("encoded", 0, n)]);
        }
        "encoded"
    }

    /// A network's answers; returns the buffer that holds them.
    fn member(
        &mut self,
        answer: Answer,
        member: &Member,
        inputs: &'static str,
        single: bool,
    ) -> &'static str {
        let (mut from, mut to) = (inputs, "a");
        for (l, layer) in member.layers.iter().enumerate() {
            let last = l + 1 == member.layers.len();
            if last && single {
                to = "out";
            }
            let bias = self.floats("bias", &layer.bias);
            let (n_in, n_out) = (layer.n_in, layer.n_out);
            let ends = [bias, Arg::From(from, n_in), Arg::To(to, 0, n_out)];
            if self.int8 {
                let (integers, scales) = to_int8(&layer.weight, n_out);
                let weight = self.table(
                    ["int8_t", "i8"],
                    "weight",
                    &by_input(&integers, n_out),
                    i8::to_string,
                );
                let scale = self.floats("step", &scales);
                let args: Vec<Arg<'_>> = [weight, scale].into_iter().chain(ends).collect();
                self.call("layer8", &args);
            } else {
                let weight = self.floats("weight", &by_input(&layer.weight, n_out));
                let args: Vec<Arg<'_>> = std::iter::once(weight).chain(ends).collect();
                self.call("layer", &args);
            }
            match member.activation {
                Activation::Identity => {}
                _ if last => {}
                Activation::Relu => self.call("relu", &[Arg::To(to, 0, n_out)]),
                Activation::LeakyRelu => self.call("leaky_relu", &[Arg::To(to, 0, n_out)]),
                Activation::Elu => self.call("elu", &[Arg::To(to, 0, n_out)]),
            }
            from = to;
            to = if to == "a" { "b" } else { "a" };
        }
        let n = member.layers.last().map_or(0, |layer| layer.n_out);
        if let Some(values) = &member.values {
            let (offset, scale) = (
                self.floats("offset", &values.offset),
                self.floats("scale", &values.scale),
            );
            self.call("affine", &[offset, scale, Arg::To(from, 0, n)]);
            if let Some([least, most]) = &values.bounds {
                let (least, most) = (self.floats("least", least), self.floats("most", most));
                self.call("bounded_exp", &[least, most, Arg::To(from, 0, n)]);
            }
        }
        match answer {
            Answer::Softmax => self.call("softmax", &[Arg::To(from, 0, n)]),
            Answer::Sigmoid => self.call("sigmoid", &[Arg::To(from, 0, n)]),
            Answer::Values | Answer::Scores => {}
        }
        from
    }

    /// The helpers that are called, in the order of their file.
    fn helpers(&self) -> String {
        let mut used: BTreeSet<&str> = self.used.iter().copied().collect();
        for (name, others) in CALLED {
            if used.contains(name) {
                used.extend(others);
            }
        }
        let file = if self.c { C_HELPERS } else { RUST_HELPERS };
        let mut text = String::new();
        for part in file.split("//: ").skip(1) {
            let (name, function) = part.split_once('\n').unwrap_or((part, ""));
            if used.contains(name) {
                text.push_str(&function.replace("NAME", &self.name));
                text.push('\n');
            }
        }
        text
    }

    fn text(mut self, plan: &Plan) -> String {
        if !plan.classes.is_empty() {
            self.used.insert("largest");
        }
        let mut text = self.heading(plan);
        text.push_str(&self.tables);
        text.push('\n');
        text.push_str(&self.helpers());
        let (name, n_out) = (&self.name, plan.n_outputs);
        let result = match (plan.classes.is_empty(), self.c) {
            (true, _) => "0".to_owned(),
            (false, true) => format!("{name}_largest(out, {n_out})"),
            (false, false) => format!("largest(&out[..{n_out}])"),
        };
        let returns = match plan.classes.is_empty() {
            true => "0",
            false => "the number of the class, from 0",
        };
        let what = format!("Fills `out` with the answers for a row. Returns {returns}.");
        if self.c {
            writeln!(
                text,
                "// {what}\nstatic inline int {name}_predict(const float *row, float *out) {{"
            )
            .ok();
            for (buffer, n) in &self.buffers {
                writeln!(text, "    float {buffer}[{n}];").ok();
            }
            if plan.members.len() > 1 {
                writeln!(text, "    for (int i = 0; i < {n_out}; i++) out[i] = 0.0f;").ok();
            }
            write!(text, "{}    return {result};\n}}\n\n#endif\n", self.body).ok();
        } else {
            writeln!(
                text,
                "/// {what}\npub fn predict(row: &[f32; ROW], out: &mut [f32; OUT]) -> usize {{"
            )
            .ok();
            for (buffer, n) in &self.buffers {
                writeln!(text, "    let mut {buffer} = [0.0_f32; {n}];").ok();
            }
            if plan.members.len() > 1 {
                text.push_str("    out.fill(0.0);\n");
            }
            write!(text, "{}    {result}\n}}\n", self.body).ok();
        }
        text
    }
}

/// Weights by unit as weights by input.
fn by_input<X: Copy>(by_unit: &[X], n_units: usize) -> Vec<X> {
    let n_inputs = by_unit.len() / n_units.max(1);
    let of_input = |i| (0..n_units).map(move |unit| by_unit[unit * n_inputs + i]);
    (0..n_inputs).flat_map(of_input).collect()
}
