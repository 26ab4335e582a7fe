//! Reads an ONNX graph back and computes it: the operators of the numeric form, on matrices.

use std::collections::HashMap;

/// A matrix; a row or a number is one with fewer rows or columns, which is repeated.
#[derive(Clone, Debug, Default)]
pub(super) struct Tensor {
    pub(super) shape: [usize; 2],
    pub(super) x: Vec<f32>,
}

impl Tensor {
    pub(super) fn new(shape: [usize; 2], x: Vec<f32>) -> Self {
        assert_eq!(shape[0] * shape[1], x.len());
        Self { shape, x }
    }

    fn at(&self, i: usize, j: usize) -> f32 {
        let place = |at: usize, n: usize| if n == 1 { 0 } else { at };
        self.x[place(i, self.shape[0]) * self.shape[1] + place(j, self.shape[1])]
    }

    fn of(shape: [usize; 2], f: impl Fn(usize, usize) -> f32) -> Self {
        let cells = (0..shape[0]).flat_map(|i| (0..shape[1]).map(move |j| (i, j)));
        Self::new(shape, cells.map(|(i, j)| f(i, j)).collect())
    }

    fn each(&self, f: impl Fn(f32) -> f32) -> Self {
        Self::new(self.shape, self.x.iter().map(|x| f(*x)).collect())
    }
}

/// What a field of a message holds.
enum Field<'a> {
    Int(i64),
    Float(f32),
    Bytes(&'a [u8]),
}

/// The fields of a message, with their numbers.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let n = bytes.iter().position(|b| *b < 0x80).unwrap() + 1;
        let (own, rest) = bytes.split_at(n);
        *bytes = rest;
        let low_first = own.iter().rev();
        low_first.fold(0, |x, b| x << 7 | u64::from(b & 0x7f))
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Int(varint(&mut bytes).cast_signed()),
            2 => {
                let n = varint(&mut bytes) as usize;
                let (own, rest) = bytes.split_at(n);
                bytes = rest;
                Field::Bytes(own)
            }
            5 => {
                let (own, rest) = bytes.split_first_chunk().unwrap();
                bytes = rest;
                Field::Float(f32::from_le_bytes(*own))
            }
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, field));
    }
    found
}

fn messages(of: &[u8], number: u64) -> Vec<&[u8]> {
    let all = fields(of).into_iter().filter(|(field, _)| *field == number);
    all.filter_map(|(_, field)| match field {
        Field::Bytes(bytes) => Some(bytes),
        _ => None,
    })
    .collect()
}

fn texts(of: &[u8], number: u64) -> Vec<String> {
    let all = messages(of, number).into_iter();
    all.map(|text| String::from_utf8(text.to_vec()).unwrap())
        .collect()
}

fn integers(of: &[u8], number: u64) -> Vec<i64> {
    let all = fields(of).into_iter().filter(|(field, _)| *field == number);
    all.filter_map(|(_, field)| match field {
        Field::Int(i) => Some(i),
        _ => None,
    })
    .collect()
}

/// A graph of numbers.
pub(super) struct Graph {
    nodes: Vec<Vec<u8>>,
    constants: HashMap<String, Tensor>,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
}

impl Graph {
    pub(super) fn parse(model: &[u8]) -> Self {
        assert_eq!(integers(model, 1), [8], "the IR's version");
        let opsets = messages(model, 8);
        let opsets: Vec<_> = opsets
            .iter()
            .map(|o| (texts(o, 1), integers(o, 2)))
            .collect();
        assert_eq!(
            opsets,
            [(vec![String::new()], vec![13])],
            "no operator of another domain"
        );
        let graph = messages(model, 7)[0];
        let constants = messages(graph, 5).into_iter().map(|tensor| {
            let dims: Vec<usize> = integers(tensor, 1).iter().map(|n| *n as usize).collect();
            let bytes = messages(tensor, 9)[0];
            let x: Vec<f32> = match integers(tensor, 2)[0] {
                1 => bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| f32::from_le_bytes(*b))
                    .collect(),
                3 => bytes.iter().map(|b| f32::from(b.cast_signed())).collect(),
                7 => bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| i64::from_le_bytes(*b) as f32)
                    .collect(),
                other => panic!("a constant of type {other}"),
            };
            let shape = match dims[..] {
                [] => [1, 1],
                [n] => [1, n],
                [n, m] => [n, m],
                _ => panic!("{dims:?}"),
            };
            (texts(tensor, 8).remove(0), Tensor::new(shape, x))
        });
        let names = |number| {
            messages(graph, number)
                .iter()
                .map(|v| texts(v, 1).remove(0))
                .collect()
        };
        Self {
            constants: constants.collect(),
            nodes: messages(graph, 1).into_iter().map(<[u8]>::to_vec).collect(),
            inputs: names(11),
            outputs: names(12),
        }
    }

    /// The outputs by their names, for one input.
    pub(super) fn run(&self, rows: Tensor) -> HashMap<String, Tensor> {
        let mut known = self.constants.clone();
        known.insert(self.inputs[0].clone(), rows);
        for node in &self.nodes {
            let inputs = texts(node, 1);
            let inputs: Vec<&Tensor> = inputs.iter().map(|name| &known[name]).collect();
            let integer = |name: &str| {
                let all = messages(node, 5);
                let found = all.iter().find(|a| texts(a, 1) == [name])?;
                integers(found, 3).first().copied()
            };
            let float = |name: &str| {
                let all = messages(node, 5);
                let found = all.iter().find(|a| texts(a, 1) == [name])?;
                fields(found).iter().find_map(|(_, field)| match field {
                    Field::Float(x) => Some(*x),
                    _ => None,
                })
            };
            let output = computed(&texts(node, 4)[0], &inputs, integer, float);
            known.insert(texts(node, 2).remove(0), output);
        }
        let outputs = self.outputs.iter();
        outputs
            .map(|name| (name.clone(), known[name].clone()))
            .collect()
    }
}

fn computed(
    op: &str,
    inputs: &[&Tensor],
    integer: impl Fn(&str) -> Option<i64>,
    float: impl Fn(&str) -> Option<f32>,
) -> Tensor {
    let a = inputs[0];
    let both = |f: fn(f32, f32) -> f32| {
        let b = inputs[1];
        let shape = [a.shape[0].max(b.shape[0]), a.shape[1].max(b.shape[1])];
        Tensor::of(shape, |i, j| f(a.at(i, j), b.at(i, j)))
    };
    match op {
        "Identity" | "Cast" => a.clone(),
        "Abs" => a.each(f32::abs),
        "Not" => a.each(|x| 1.0 - x),
        "Sqrt" => a.each(f32::sqrt),
        "Log" => a.each(f32::ln),
        "Exp" => a.each(f32::exp),
        "Relu" => a.each(|x| x.max(0.0)),
        "LeakyRelu" => {
            let slope = float("alpha").unwrap();
            a.each(|x| if x < 0.0 { slope * x } else { x })
        }
        "Elu" => a.each(|x| if x < 0.0 { x.exp_m1() } else { x }),
        "Sigmoid" => a.each(|x| 1.0 / (1.0 + (-x).exp())),
        "Clip" => a.each(|x| x.max(inputs[1].x[0]).min(inputs[2].x[0])),
        "Add" => both(|a, b| a + b),
        "Sub" => both(|a, b| a - b),
        "Mul" => both(|a, b| a * b),
        "Div" => both(|a, b| a / b),
        "Max" => both(f32::max),
        "Min" => both(f32::min),
        "LessOrEqual" => both(|a, b| if a <= b { 1.0 } else { 0.0 }),
        "Greater" => both(|a, b| if a > b { 1.0 } else { 0.0 }),
        "Equal" => both(|a, b| if (a - b).abs() < 0.5 { 1.0 } else { 0.0 }),
        "Where" => Tensor::of(a.shape, |i, j| {
            inputs[if a.at(i, j) > 0.5 { 1 } else { 2 }].at(i, j)
        }),
        "Gather" => {
            assert_eq!(integer("axis"), Some(1));
            let columns = &inputs[1].x;
            Tensor::of([a.shape[0], columns.len()], |i, j| {
                a.at(i, columns[j] as usize)
            })
        }
        "Concat" => {
            assert_eq!(integer("axis"), Some(1));
            let row = |i: usize| {
                inputs
                    .iter()
                    .flat_map(move |t| (0..t.shape[1]).map(move |j| t.at(i, j)))
            };
            let width = inputs.iter().map(|t| t.shape[1]).sum();
            Tensor::new([a.shape[0], width], (0..a.shape[0]).flat_map(row).collect())
        }
        "Gemm" => {
            let (w, bias, across) = (inputs[1], inputs[2], integer("transB") == Some(1));
            let n = w.shape[usize::from(!across)];
            Tensor::of([a.shape[0], n], |i, j| {
                let weight = |k| if across { w.at(j, k) } else { w.at(k, j) };
                let sum = (0..a.shape[1]).map(|k| f64::from(a.at(i, k)) * f64::from(weight(k)));
                sum.sum::<f64>() as f32 + bias.at(0, j)
            })
        }
        "DequantizeLinear" => {
            assert_eq!(integer("axis"), Some(0));
            assert!(inputs[2].x.iter().all(|zero| zero.abs() < 0.5));
            Tensor::of(a.shape, |i, j| a.at(i, j) * inputs[1].x[i])
        }
        "Softmax" => {
            let row = |i: usize| (0..a.shape[1]).map(move |j| a.at(i, j));
            let most = |i: usize| row(i).fold(f32::MIN, f32::max);
            let sum = |i: usize| row(i).map(|x| (x - most(i)).exp()).sum::<f32>();
            Tensor::of(a.shape, |i, j| (a.at(i, j) - most(i)).exp() / sum(i))
        }
        "ReduceSum" => Tensor::of([a.shape[0], 1], |i, _| {
            (0..a.shape[1]).map(|j| a.at(i, j)).sum()
        }),
        "ArgMax" => Tensor::of([a.shape[0], 1], |i, _| {
            let better = |best: usize, j: usize| if a.at(i, j) > a.at(i, best) { j } else { best };
            (1..a.shape[1]).fold(0, better) as f32
        }),
        other => panic!("{other} is not known here"),
    }
}
