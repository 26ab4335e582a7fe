//! A graph as it is written, node after node.

use super::super::protobuf::{Attribute, Message, Type, tensor};

/// Domain of the operators of classical machine learning.
const ML: &str = "ai.onnx.ml";

/// A graph as far as it is written.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    pub(super) inputs: Vec<Message>,
    pub(super) outputs: Vec<Message>,
    n_names: usize,
    /// Whether an operator of ai.onnx.ml is used.
    ml: bool,
}

impl Graph {
    /// A name that no column has: inner names are numbers after a slash.
    fn name(&mut self, what: &str) -> String {
        self.n_names += 1;
        format!("/{what}/{}", self.n_names)
    }

    pub(super) fn put(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let message = Message::default().each(inputs, |m, input| m.text(1, input));
        let message = message.text(2, output).text(4, op);
        let message = message.each(attributes, |m, (name, attribute)| {
            m.message(5, &attribute.message(name))
        });
        let is_ml = op == "OneHotEncoder";
        self.ml |= is_ml;
        let message = message.each(is_ml.then_some(ML), |m, domain| m.text(7, domain));
        self.nodes.push(message);
    }

    pub(super) fn node_with(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let output = self.name(op);
        self.put(op, inputs, &output, attributes);
        output
    }

    pub(super) fn node(&mut self, op: &str, inputs: &[&str]) -> String {
        self.node_with(op, inputs, &[])
    }

    /// An operator with an axis.
    pub(super) fn along(&mut self, op: &str, inputs: &[&str], axis: i64) -> String {
        self.node_with(op, inputs, &[("axis", Attribute::Int(axis))])
    }

    pub(super) fn cast(&mut self, x: &str, to: Type) -> String {
        self.node_with("Cast", &[x], &[("to", Attribute::Int(to as i64))])
    }

    pub(super) fn constant(&mut self, of: Type, shape: &[usize], bytes: &[u8]) -> String {
        let name = self.name("constant");
        self.constants
            .push(tensor(&name, of, shape).bytes(9, bytes));
        name
    }

    pub(super) fn floats(&mut self, shape: &[usize], x: &[f32]) -> String {
        let bytes: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(Type::Float, shape, &bytes)
    }

    pub(super) fn integers(&mut self, x: impl IntoIterator<Item = i64>) -> String {
        let x: Vec<i64> = x.into_iter().collect();
        let bytes: Vec<u8> = x.iter().flat_map(|i| i.to_le_bytes()).collect();
        self.constant(Type::Int64, &[x.len()], &bytes)
    }

    pub(super) fn texts(&mut self, texts: &[&str]) -> String {
        let name = self.name("constant");
        let message = tensor(&name, Type::String, &[texts.len()]);
        self.constants
            .push(message.each(texts, |m, text| m.text(6, text)));
        name
    }

    /// A row of numbers, one a column, as the second operand.
    pub(super) fn with_row(&mut self, op: &str, x: &str, row: &[f32]) -> String {
        let row = self.floats(&[row.len()], row);
        self.node(op, &[x, &row])
    }

    pub(super) fn with_number(&mut self, op: &str, x: &str, number: f32) -> String {
        let number = self.floats(&[], &[number]);
        self.node(op, &[x, &number])
    }

    /// Some columns of a matrix.
    pub(super) fn picked(&mut self, x: &str, columns: impl IntoIterator<Item = usize>) -> String {
        let columns = self.integers(columns.into_iter().map(|column| column as i64));
        self.along("Gather", &[x, &columns], 1)
    }

    pub(super) fn joined(&mut self, parts: &[String]) -> String {
        if let [one] = parts {
            return one.clone();
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.along("Concat", &parts, 1)
    }

    /// The bytes of the model.
    pub(super) fn finish(self, name: &str) -> Vec<u8> {
        let graph = Message::default().each(&self.nodes, |m, node| m.message(1, node));
        let graph = graph.text(2, name);
        let graph = graph.each(&self.constants, |m, tensor| m.message(5, tensor));
        let graph = graph.each(&self.inputs, |m, input| m.message(11, input));
        let graph = graph.each(&self.outputs, |m, output| m.message(12, output));
        let opset = |domain: &str, version| Message::default().text(1, domain).int(2, version);
        let model = Message::default().int(1, 8).text(2, "tiam");
        let model = model.text(3, env!("CARGO_PKG_VERSION")).message(7, &graph);
        let model = model.message(8, &opset("", 13));
        let ml = self.ml.then(|| opset(ML, 1));
        model.each(ml, |m, ml| m.message(8, &ml)).0
    }
}
