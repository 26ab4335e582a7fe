//! What exports refuse, and the rarer forms; that answers agree is tested with the command, by programs made of the files.

use std::collections::BTreeSet;

use serde_json::Value;
use tempfile::TempDir;
use tiam::linalg::Matrix;
use tiam::models::{AffineScaling, AnyModel, Architecture, Layer, Model, Network};
use tiam::{Activation, Error, Export, ExportFormat, Init, Loss, Mlp, Predictor, Table};

fn model(loss: Loss) -> Model<f64> {
    let shape = Architecture::new(2, &[3], 2, Activation::Relu, loss).unwrap();
    Model::new(Network::new(shape, Init::He, 0).unwrap())
}

fn text(model: &Predictor, format: ExportFormat) -> String {
    String::from_utf8_lossy(&model.export(&Export::new(format)).unwrap()).into_owned()
}

#[test]
fn classes_by_a_loss_of_ones_own_have_scores() {
    let loss: Loss = serde_json::from_value(Value::from("hinge")).unwrap();
    let plain = model(loss);
    let mut metadata = plain.metadata().clone();
    metadata.class_names = vec!["left".into(), "right".into()];
    let model = Model::from_parts(plain.network().clone(), metadata).unwrap();
    let model = Predictor::of_model(AnyModel::F64(model)).unwrap();
    let json: Value = serde_json::from_str(&text(&model, ExportFormat::Json)).unwrap();
    assert_eq!(json["answer"], "scores");
    assert_eq!(json["classes"], serde_json::json!(["left", "right"]));
    let graph = text(&model, ExportFormat::Onnx);
    assert!(graph.contains("scores") && !graph.contains("Softmax"));
    assert!(text(&model, ExportFormat::C).contains("// 1 score of \"right\""));
}

#[test]
fn json_has_the_numbers_to_the_bit() {
    let model = model(Loss::Squared);
    let layer = &model.network().layers()[0];
    let predictor = Predictor::of_model(AnyModel::F64(model.clone())).unwrap();
    let json: Value = serde_json::from_str(&text(&predictor, ExportFormat::Json)).unwrap();
    let written = &json["networks"][0]["layers"][0]["weight"];
    for (unit, input) in [(0, 0), (2, 0), (1, 1)] {
        let weight = written[unit][input].as_f64().unwrap();
        let by_column = layer.weights.as_slice()[input * 3 + unit];
        assert_eq!(weight.to_bits(), by_column.to_bits());
    }
}

#[test]
fn a_number_beyond_single_precision_is_refused_but_for_json() {
    let plain = model(Loss::Squared);
    let mut metadata = plain.metadata().clone();
    let scaling = AffineScaling::new(vec![1e300, 0.0], vec![1.0, 1.0]).unwrap();
    metadata.input_scaling = Some(scaling);
    let model = Model::from_parts(plain.network().clone(), metadata).unwrap();
    let model = Predictor::of_model(AnyModel::F64(model)).unwrap();
    for format in [ExportFormat::Onnx, ExportFormat::C, ExportFormat::Rust] {
        let error = model.export(&Export::new(format)).unwrap_err();
        assert!(matches!(error, Error::Export { .. }), "{error}");
        assert!(error.to_string().contains("json"), "{error}");
    }
    let json: Value = serde_json::from_str(&text(&model, ExportFormat::Json)).unwrap();
    assert_eq!(json["encodings"][0]["scaling"]["offset"][0], 1e300);
}

#[test]
fn weights_rounded_to_eight_bits_are_multiples_of_their_units_step() {
    let shape = Architecture::new(3, &[], 2, Activation::Relu, Loss::Squared).unwrap();
    // By column: units (127, 10.4, −0.4) and (0, 0, 0).
    let weights = Matrix::from_vec(2, 3, vec![127.0, 0.0, 10.4, 0.0, -0.4, 0.0]).unwrap();
    let bias = vec![0.25, 0.75];
    let network = Network::<f32>::from_layers(shape, vec![Layer { weights, bias }]).unwrap();
    let model = Predictor::of_model(AnyModel::F32(Model::new(network))).unwrap();
    let rounded = model.rounded_to_int8().unwrap();
    let layers = rounded.network::<f32>().unwrap();
    let layer = &layers.layers()[0];
    assert_eq!(layer.weights.as_slice(), [127.0, 0.0, 10.0, 0.0, 0.0, 0.0]);
    assert_eq!(layer.bias, [0.25, 0.75]);
    let int8 = Export::new(ExportFormat::C).int8(true);
    let header = String::from_utf8(model.export(&int8).unwrap()).unwrap();
    // By input again.
    assert!(header.contains("127, 0, 10, 0, 0, 0,"), "{header}");
}

#[test]
fn inputs_of_a_graph_have_names_of_their_own() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("t.csv");
    let row = |i: usize| format!("{},{},{}\n", i % 7, (i * 3) % 5, ["a", "b"][i % 2]);
    let rows: String = (0..40).map(row).collect();
    std::fs::write(&path, format!("label,label_column,kind\n{rows}")).unwrap();
    let table = Table::read(&path).unwrap().label("kind");
    let graph = Mlp::default().hidden([4]).threads(1).fit(&table).unwrap();
    let graph = graph.export(&Export::new(ExportFormat::Onnx)).unwrap();
    let graph = String::from_utf8_lossy(&graph);
    let names = graph.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let names: BTreeSet<&str> = names.filter(|name| name.starts_with("label")).collect();
    let expected = ["label", "label_column", "label_column_column"];
    assert_eq!(names, BTreeSet::from(expected));
}
