//! Models of several networks: their answers, their file, and what is refused.

use tiam_linalg::{Compute, Matrix};
use tiam_models::{
    Activation, AffineScaling, Architecture, Ensemble, Init, InputEncoding, Loss, Member, Model,
    ModelMetadata, Network,
};

fn scaling(n: usize) -> AffineScaling {
    AffineScaling::new(vec![0.0; n], vec![1.0; n]).unwrap()
}

/// Two encodings of two features, a network for each.
fn parts() -> (Vec<Network<f64>>, ModelMetadata) {
    let plain = InputEncoding::new(scaling(2), vec![Vec::new(), Vec::new()], true).unwrap();
    let knots = vec![vec![0.0, 1.0, 3.0], Vec::new()];
    let bins = InputEncoding::new(scaling(4), knots, false).unwrap();
    let network = |n_inputs, seed| {
        let shape = Architecture::new(n_inputs, &[5], 3, Activation::Relu, Loss::CrossEntropy);
        Network::new(shape.unwrap(), Init::He, seed).unwrap()
    };
    let networks = vec![network(2, 1), network(4, 2)];
    let member = |(encoding, network): (usize, &Network<f64>)| Member {
        architecture: network.architecture().clone(),
        encoding,
        share: [0.25, 0.75][encoding],
        values: None,
    };
    let ensemble = Ensemble {
        encodings: vec![plain, bins],
        members: networks.iter().enumerate().map(member).collect(),
        temperature: 2.0,
    };
    let metadata = ModelMetadata {
        ensemble: Some(ensemble),
        ..Model::new(networks[0].clone()).metadata().clone()
    };
    (networks, metadata)
}

fn model(
    (mut networks, metadata): (Vec<Network<f64>>, ModelMetadata),
) -> Result<Model<f64>, String> {
    let first = networks.remove(0);
    Model::of_members(first, networks, metadata).map_err(|error| error.to_string())
}

#[test]
fn answers_are_mixed_by_shares_and_tempered() {
    let (networks, metadata) = parts();
    let compute = &mut Compute::new(1).unwrap();
    let x = Matrix::from_vec(2, 1, vec![2.0, -1.0]).unwrap();
    let clipped: Vec<f64> = [2.0_f64, -1.0]
        .iter()
        .map(|v| v / (1.0 + v * v / 9.0).sqrt())
        .collect();
    let inputs = [clipped, vec![2.0, 1.0, 0.5, -1.0]];
    let mut expected = [0.0; 3];
    for ((network, inputs), share) in networks.iter().zip(inputs).zip([0.25, 0.75]) {
        let inputs = Matrix::from_vec(inputs.len(), 1, inputs).unwrap();
        let p = network.probabilities(&inputs, compute).unwrap();
        expected
            .iter_mut()
            .zip(p.as_slice())
            .for_each(|(sum, p)| *sum += share * p);
    }
    expected.iter_mut().for_each(|p| *p = p.sqrt());
    let sum: f64 = expected.iter().sum();
    let found = model((networks, metadata))
        .unwrap()
        .probabilities(x, compute)
        .unwrap();
    for (found, expected) in found.as_slice().iter().zip(expected) {
        assert!(
            (found - expected / sum).abs() < 1e-12,
            "{found} {}",
            expected / sum
        );
    }
}

#[test]
fn a_file_of_several_networks_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("several.safetensors");
    let several = model(parts()).unwrap();
    several.save(&path).unwrap();
    assert_eq!(Model::load(&path).unwrap(), several);
    assert!(Model::<f32>::load(&path).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    type Change = fn(&mut Vec<Network<f64>>, &mut Ensemble);
    let changes: [(&str, Change); 7] = [
        ("networks of an ensemble", |networks, _| {
            drop(networks.pop())
        }),
        ("member", |networks, _| networks[1] = networks[0].clone()),
        ("encoding", |_, ensemble| ensemble.members[1].encoding = 2),
        ("inputs", |_, ensemble| ensemble.members[1].encoding = 0),
        ("share", |_, ensemble| ensemble.members[0].share = f64::NAN),
        ("temperature", |_, ensemble| ensemble.temperature = 0.0),
        ("members", |_, ensemble| ensemble.members.clear()),
    ];
    for (named, change) in changes {
        let (mut networks, mut metadata) = parts();
        change(&mut networks, metadata.ensemble.as_mut().unwrap());
        let refused = model((networks, metadata)).unwrap_err();
        assert!(refused.contains(named), "{named}: {refused}");
    }
    assert!(InputEncoding::new(scaling(2), vec![vec![1.0, 1.0]], false).is_err());
    assert!(InputEncoding::new(scaling(2), vec![vec![1.0]], false).is_err());
    assert!(InputEncoding::new(scaling(1), vec![vec![0.0, 1.0]], false).is_err());
}
