//! The operators beside the engine's own, on both networks and on layers of every form.

use std::path::Path;

use proptest::prelude::*;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension::Value as Sides};
use tract_onnx::pb::type_proto::{Tensor as TensorType, Value as TypeValue};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto, TypeProto, ValueInfoProto,
};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceModelExt;

use crate::graph;

/// Numbers that look like none in particular.
fn numbers(count: usize, seed: u32, least: f32, most: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).unwrap()) / 65_535.0
    };
    (0..count).map(|_| least + (most - least) * next()).collect()
}

fn run(model: &ModelProto, ours: bool, shape: &[usize], input: &[f32]) -> Vec<Vec<f32>> {
    let mut onnx = tract_onnx::onnx();
    let mut model = model.clone();
    if ours {
        super::register(&mut onnx);
        model = super::fuse(model).unwrap();
    }
    let plan = onnx.parse(&model, None).unwrap().model.into_optimized().unwrap().into_runnable().unwrap();
    let input = Tensor::from_shape(shape, input).unwrap().into_tvalue();
    let outputs = plan.run(tvec!(input)).unwrap();
    outputs.iter().map(|output| output.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec()).collect()
}

/// The largest difference, as a part of the largest number or of a tenth.
fn difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let largest = left.iter().fold(0.1_f32, |largest, value| largest.max(value.abs()));
    left.iter().zip(right).fold(0.0_f32, |most, (left, right)| most.max((left - right).abs())) / largest
}

fn model_file(name: &str) -> ModelProto {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(name);
    graph::parse(&std::fs::read(path).unwrap()).unwrap()
}

const EMBEDDER: &str = "face_recognition_sface_2021dec_int8bq.onnx";

/// The embedder as the check runs it.
fn embedder_of_ours() -> ModelProto {
    graph::dequantise(graph::keep_quantised_products(model_file(EMBEDDER)).unwrap()).unwrap()
}

#[test]
fn both_networks_compute_what_they_computed() {
    let detector = model_file("face_detection_yunet_2023mar.onnx");
    for side in [160_usize, 320] {
        let model = graph::resize_detector(detector.clone(), side).unwrap();
        let input = numbers(3 * side * side, 7, 0.0, 255.0);
        let shape = [1, 3, side, side];
        let pairs = run(&model, false, &shape, &input).into_iter().zip(run(&model, true, &shape, &input));
        for (theirs, ours) in pairs {
            assert!(difference(&theirs, &ours) < 1e-4, "{side}: {}", difference(&theirs, &ours));
        }
    }
    let embedder = graph::dequantise(model_file(EMBEDDER)).unwrap();
    let (shape, input) = ([1, 3, 112, 112], numbers(3 * 112 * 112, 8, 0.0, 255.0));
    let (theirs, ours) = (run(&embedder, false, &shape, &input), run(&embedder_of_ours(), true, &shape, &input));
    assert!(difference(&theirs[0], &ours[0]) < 1e-4, "{}", difference(&theirs[0], &ours[0]));
}

#[test]
fn every_layer_of_both_networks_that_has_such_a_form_is_one_of_ours() {
    let count = |model: ModelProto, op: &str| {
        let fused = super::fuse(model).unwrap().graph.unwrap();
        fused.node.iter().filter(|node| node.op_type == op).count()
    };
    let detector = || graph::resize_detector(model_file("face_detection_yunet_2023mar.onnx"), 320).unwrap();
    let ours = [super::CONV_3X3, super::DEPTHWISE_3X3, super::POINTWISE, super::MAX_POOL];
    assert_eq!(ours.map(|op| count(detector(), op)), [1, 26, 26, 4]);
    assert_eq!(["Conv", "Relu", "MaxPool"].map(|op| count(detector(), op)), [0; 3]);
    assert_eq!(ours.map(|op| count(embedder_of_ours(), op)), [1, 13, 13, 0]);
    assert_eq!([super::DENSE, "Gemm", "Conv"].map(|op| count(embedder_of_ours(), op)), [1, 0, 0]);
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: values.to_vec(), r#type: 7, ..AttributeProto::default() }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, r#type: 2, ..AttributeProto::default() }
}

fn value(name: &str, shape: Option<&[usize]>) -> ValueInfoProto {
    let side = |side: &usize| Dimension {
        denotation: String::new(),
        value: Some(Sides::DimValue(i64::try_from(*side).unwrap())),
    };
    let shape = shape.map(|shape| TensorShapeProto { dim: shape.iter().map(side).collect() });
    let tensor = TypeValue::TensorType(TensorType { elem_type: 1, shape });
    let of = TypeProto { denotation: String::new(), value: Some(tensor) };
    ValueInfoProto { name: name.into(), r#type: Some(of), doc_string: String::new() }
}

/// One layer, and what may follow it.
struct Layer {
    kernel: usize,
    stride: usize,
    from: usize,
    to: usize,
    depthwise: bool,
    bias: bool,
    normal: bool,
    activation: Option<&'static str>,
}

impl Layer {
    fn model(&self, shape: &[usize]) -> ModelProto {
        let node = |op: &str, inputs: &[&str], output: &str, attribute| NodeProto {
            op_type: op.into(),
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.into()],
            attribute,
            ..NodeProto::default()
        };
        let side = |side: usize| i64::try_from(side).unwrap();
        let (kernel, stride) = (side(self.kernel), side(self.stride));
        let each = if self.depthwise { 1 } else { self.from };
        let mut constants = vec![graph::float_tensor(
            "w",
            vec![side(self.to), side(each), kernel, kernel],
            &numbers(self.to * each * self.kernel * self.kernel, 1, -1.0, 1.0),
        )];
        let mut of_channels = |name: &str, seed, least, most| {
            let values = numbers(self.to, seed, least, most);
            constants.push(graph::float_tensor(name, vec![side(self.to)], &values));
        };
        let pad = (kernel - 1) / 2;
        let attributes = vec![
            ints("dilations", &[1, 1]),
            int("group", if self.depthwise { side(self.from) } else { 1 }),
            ints("kernel_shape", &[kernel; 2]),
            ints("pads", &[pad; 4]),
            ints("strides", &[stride; 2]),
        ];
        let mut inputs = vec!["x", "w"];
        if self.bias {
            of_channels("b", 2, -3.0, 3.0);
            inputs.push("b");
        }
        let mut nodes = vec![node("Conv", &inputs, "v0", attributes)];
        if self.normal {
            for (seed, name) in (3..).zip(["gamma", "beta", "mean"]) {
                of_channels(name, seed, -2.0, 2.0);
            }
            of_channels("variance", 6, 0.1, 4.0);
            let epsilon = AttributeProto { name: "epsilon".into(), f: 1e-3, r#type: 1, ..AttributeProto::default() };
            let inputs = ["v0", "gamma", "beta", "mean", "variance"];
            nodes.push(node("BatchNormalization", &inputs, "v1", vec![epsilon]));
        }
        let before = if self.normal { "v1" } else { "v0" };
        match self.activation {
            Some("PRelu") => {
                let slopes = numbers(self.to, 7, -0.5, 1.5);
                constants.push(graph::float_tensor("s", vec![side(self.to), 1, 1], &slopes));
                nodes.push(node("PRelu", &[before, "s"], "v2", vec![]));
            }
            Some(other) => nodes.push(node(other, &[before], "v2", vec![])),
            None => {}
        }
        let output = nodes.last().unwrap().output[0].clone();
        let graph = GraphProto {
            node: nodes,
            initializer: constants,
            input: vec![value("x", Some(shape))],
            output: vec![value(&output, None)],
            ..GraphProto::default()
        };
        let version = OperatorSetIdProto { domain: String::new(), version: 11 };
        ModelProto { ir_version: 7, graph: Some(graph), opset_import: vec![version], ..ModelProto::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_layer_of_any_size_is_what_the_engine_makes_of_it(
        (kernel, stride) in prop_oneof![Just((3, 1)), Just((3, 2)), Just((1, 1))],
        (height, width) in (1_usize..40, 1_usize..40),
        channels in prop_oneof![1_usize..20, 60_usize..140, 380_usize..390],
        (dense, to) in (1_usize..5, 1_usize..20),
        depthwise in any::<bool>(),
        (bias, normal) in (any::<bool>(), any::<bool>()),
        activation in prop_oneof![Just(None), Just(Some("Relu")), Just(Some("PRelu"))],
        images in 1_usize..3,
    ) {
        let depthwise = depthwise && kernel == 3;
        let from = if kernel == 3 && !depthwise { dense } else { channels };
        let to = if depthwise || to == 1 { from } else { to };
        let layer = Layer { kernel, stride, from, to, depthwise, bias, normal, activation };
        let shape = [images, from, height, width];
        let model = layer.model(&shape);
        let fused = super::fuse(model.clone()).unwrap().graph.unwrap();
        prop_assert_eq!(fused.node.len(), 1, "one pass");
        prop_assert!(fused.node[0].op_type.starts_with("Peel"));
        let input = numbers(shape.iter().product(), 9, -4.0, 4.0);
        let (theirs, ours) = (run(&model, false, &shape, &input), run(&model, true, &shape, &input));
        prop_assert!(difference(&theirs[0], &ours[0]) < 1e-5, "{}", difference(&theirs[0], &ours[0]));
    }

    #[test]
    fn pooling_of_any_size_is_what_the_engine_makes_of_it(
        (height, width) in (2_usize..40, 2_usize..40), channels in 1_usize..5,
    ) {
        let shape = [1, channels, height, width];
        let mut model = Layer {
            kernel: 1, stride: 1, from: channels, to: channels, depthwise: false, bias: false, normal: false, activation: None,
        }.model(&shape);
        let graph = model.graph.as_mut().unwrap();
        let pool = NodeProto {
            op_type: "MaxPool".into(),
            input: vec!["x".into()],
            output: vec!["v0".into()],
            attribute: vec![int("ceil_mode", 0), ints("kernel_shape", &[2, 2]), ints("pads", &[0; 4]), ints("strides", &[2, 2])],
            ..NodeProto::default()
        };
        graph.node = vec![pool];
        graph.initializer.clear();
        let input = numbers(shape.iter().product(), 5, -4.0, 4.0);
        prop_assert_eq!(run(&model, false, &shape, &input), run(&model, true, &shape, &input));
    }
}

#[test]
fn a_value_that_something_else_reads_too_stays_what_it_was() {
    let shape = [1, 4, 6, 6];
    let layer = |activation| Layer {
        kernel: 3,
        stride: 1,
        from: 4,
        to: 4,
        depthwise: true,
        bias: true,
        normal: false,
        activation,
    };
    let mut model = layer(Some("Relu")).model(&shape);
    let graph = model.graph.as_mut().unwrap();
    // The sum is an output of the graph besides.
    graph.output.push(value("v0", None));
    let fused = super::fuse(model.clone()).unwrap().graph.unwrap();
    assert_eq!(fused.node.iter().map(|node| node.op_type.as_str()).collect::<Vec<_>>(), [super::DEPTHWISE_3X3, "Relu"]);
    let input = numbers(shape.iter().product(), 3, -4.0, 4.0);
    for (theirs, ours) in run(&model, false, &shape, &input).iter().zip(&run(&model, true, &shape, &input)) {
        assert!(difference(theirs, ours) < 1e-5);
    }
}

#[test]
fn forms_that_are_not_ours_are_left_to_the_engine() {
    let shape = [1, 8, 6, 6];
    let layer =
        Layer { kernel: 3, stride: 1, from: 8, to: 8, depthwise: false, bias: true, normal: false, activation: None };
    let kept = |model: ModelProto| super::fuse(model).unwrap().graph.unwrap().node[0].op_type == "Conv";
    assert!(kept(layer.model(&shape)), "dense over many channels");
    let depthwise = Layer { depthwise: true, ..layer };
    for (name, values) in [("dilations", [2, 2, 0, 0]), ("strides", [3, 3, 0, 0]), ("pads", [0, 1, 1, 1])] {
        let mut model = depthwise.model(&shape);
        for attribute in &mut model.graph.as_mut().unwrap().node[0].attribute {
            if attribute.name == name {
                attribute.ints = values[..if name == "pads" { 4 } else { 2 }].to_vec();
            }
        }
        assert!(kept(model), "{name}");
    }
}
