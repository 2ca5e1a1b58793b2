//! Finds the layers that our operators compute, with what follows each, and puts our operators in their place.
//!
//! Must never: touch a node whose form is not exactly one that an operator of ours computes, or a value that something else
//! reads too. Always: batch normalisation becomes part of the weights, as `gamma / sqrt(variance + epsilon)` (ONNX operator
//! `BatchNormalization`, version 15).

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

use super::{CONV_3X3, DEPTHWISE_3X3, MAX_POOL, POINTWISE};
use crate::error::FaceError;
use crate::graph::{float_tensor, floats};

/// Dense 3 by 3 convolutions of more channels are left to the engine.
const MOST_DENSE_CHANNELS: i64 = 4;

/// Rewrites a graph.
pub(crate) fn fuse(mut model: ModelProto) -> Result<ModelProto, FaceError> {
    let graph = model.graph.as_mut().ok_or(FaceError::ModelForm)?;
    let mut layers = Layers::of(graph);
    let mut kept = Vec::with_capacity(graph.node.len());
    for index in 0..graph.node.len() {
        if layers.taken.contains(&index) {
            continue;
        }
        let node = graph.node.get(index).ok_or(FaceError::ModelForm)?;
        kept.push(match kind(node, &layers.constants) {
            Some(Kind::Pool) => renamed(node, MAX_POOL),
            Some(Kind::Conv(op)) => layers.conv(graph, node, op)?,
            None => node.clone(),
        });
    }
    graph.node = kept;
    let made = std::mem::take(&mut layers.made);
    graph.initializer.extend(made);
    forget_unused(graph);
    Ok(model)
}

/// Weights that are part of others now would lie in memory twice.
fn forget_unused(graph: &mut GraphProto) {
    let used: HashSet<String> = graph.node.iter().flat_map(|node| node.input.iter().cloned()).collect();
    graph.initializer.retain(|tensor| used.contains(&tensor.name));
    graph.input.retain(|input| used.contains(&input.name));
}

#[derive(Clone, Copy)]
enum Kind {
    Conv(&'static str),
    Pool,
}

fn integers<'a>(node: &'a NodeProto, name: &str) -> &'a [i64] {
    node.attribute.iter().find(|attribute| attribute.name == name).map_or(&[], |attribute| &attribute.ints)
}

fn integer(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.i)
}

fn kind(node: &NodeProto, constants: &HashMap<String, TensorProto>) -> Option<Kind> {
    let of = |name| integers(node, name);
    let ones = |values: &[i64]| values.iter().all(|value| *value == 1);
    let zeros = |values: &[i64]| values.iter().all(|value| *value == 0);
    match node.op_type.as_str() {
        "MaxPool" => (of("kernel_shape") == [2, 2]
            && of("strides") == [2, 2]
            && zeros(of("pads"))
            && integer(node, "ceil_mode").unwrap_or(0) == 0
            && ones(of("dilations"))
            && node.output.len() == 1)
            .then_some(Kind::Pool),
        "Conv" => {
            let weights = constants.get(node.input.get(1)?)?;
            let [to, from, ..] = weights.dims.as_slice() else { return None };
            let groups = integer(node, "group").unwrap_or(1);
            let strides = of("strides");
            if !ones(of("dilations")) {
                return None;
            }
            let few = groups == 1 && *from <= MOST_DENSE_CHANNELS;
            let depthwise = groups == *to && *from == 1;
            let is_3x3 = of("kernel_shape") == [3, 3] && of("pads") == [1, 1, 1, 1];
            let is_1x1 = of("kernel_shape") == [1, 1] && zeros(of("pads"));
            let strides_of_one_or_two = strides == [1, 1] || strides == [2, 2];
            match (is_3x3 && strides_of_one_or_two, depthwise, few) {
                (true, true, _) => Some(Kind::Conv(DEPTHWISE_3X3)),
                (true, false, true) => Some(Kind::Conv(CONV_3X3)),
                (true, false, false) => None,
                (false, ..) => (is_1x1 && strides == [1, 1] && groups == 1).then_some(Kind::Conv(POINTWISE)),
            }
        }
        _ => None,
    }
}

fn renamed(node: &NodeProto, op: &str) -> NodeProto {
    NodeProto { op_type: op.to_owned(), domain: String::new(), attribute: Vec::new(), ..node.clone() }
}

struct Layers {
    constants: HashMap<String, TensorProto>,
    /// For each value that one node alone reads, that node.
    reader: HashMap<String, usize>,
    /// Nodes that became part of another.
    taken: HashSet<usize>,
    made: Vec<TensorProto>,
}

impl Layers {
    fn of(graph: &GraphProto) -> Self {
        let constants = graph.initializer.iter().map(|tensor| (tensor.name.clone(), tensor.clone())).collect();
        let (mut reader, mut shared) = (HashMap::new(), Vec::new());
        for (index, node) in graph.node.iter().enumerate() {
            for name in &node.input {
                if reader.insert(name.clone(), index).is_some() {
                    shared.push(name.clone());
                }
            }
        }
        for name in shared.iter().chain(graph.output.iter().map(|output| &output.name)) {
            reader.remove(name);
        }
        Self { constants, reader, taken: HashSet::new(), made: Vec::new() }
    }

    /// The node that alone reads a value, if it is of this type.
    fn next<'a>(&self, graph: &'a GraphProto, value: &str, op: &str) -> Option<(usize, &'a NodeProto)> {
        let index = *self.reader.get(value)?;
        let node = graph.node.get(index)?;
        (node.op_type == op && node.input.first().is_some_and(|input| input == value)).then_some((index, node))
    }

    fn numbers(&self, node: &NodeProto, input: usize) -> Result<Vec<f32>, FaceError> {
        let name = node.input.get(input).ok_or(FaceError::ModelForm)?;
        floats(self.constants.get(name).ok_or(FaceError::ModelForm)?)
    }

    /// A convolution with the normalisation and the activation behind it.
    fn conv(&mut self, graph: &GraphProto, node: &NodeProto, op: &str) -> Result<NodeProto, FaceError> {
        let dims = node
            .input
            .get(1)
            .and_then(|name| self.constants.get(name))
            .map(|tensor| tensor.dims.clone())
            .ok_or(FaceError::ModelForm)?;
        let mut weights = self.numbers(node, 1)?;
        let channels = dims.first().and_then(|channels| usize::try_from(*channels).ok()).ok_or(FaceError::ModelForm)?;
        let mut biases = if node.input.len() > 2 { self.numbers(node, 2)? } else { vec![0.0; channels] };
        if channels == 0 || biases.len() != channels || weights.len() % channels != 0 {
            return Err(FaceError::ModelForm);
        }
        let mut output = node.output.first().cloned().ok_or(FaceError::ModelForm)?;
        if let Some((index, normal)) = self.next(graph, &output, "BatchNormalization") {
            let [gamma, beta, mean, variance] =
                [1, 2, 3, 4].map(|input| self.numbers(normal, input).unwrap_or_default());
            if [&gamma, &beta, &mean, &variance].iter().any(|values| values.len() != channels) {
                return Err(FaceError::ModelForm);
            }
            let epsilon = normal.attribute.iter().find(|attribute| attribute.name == "epsilon").map_or(1e-5, |of| of.f);
            let each = weights.len() / channels;
            let of_channel = gamma.iter().zip(&beta).zip(mean.iter().zip(&variance));
            for ((weights, bias), ((gamma, beta), (mean, variance))) in
                weights.chunks_exact_mut(each).zip(&mut biases).zip(of_channel)
            {
                let factor = gamma / (variance + epsilon).sqrt();
                for weight in weights {
                    *weight *= factor;
                }
                *bias = (*bias - mean) * factor + beta;
            }
            self.taken.insert(index);
            output = normal.output.first().cloned().ok_or(FaceError::ModelForm)?;
        }
        let mut slopes = vec![1.0; channels];
        if let Some((index, relu)) = self.next(graph, &output, "Relu") {
            slopes.fill(0.0);
            self.taken.insert(index);
            output = relu.output.first().cloned().ok_or(FaceError::ModelForm)?;
        } else if let Some((index, prelu)) = self.next(graph, &output, "PRelu") {
            slopes = self.numbers(prelu, 1)?;
            if slopes.len() != channels {
                return Err(FaceError::ModelForm);
            }
            self.taken.insert(index);
            output = prelu.output.first().cloned().ok_or(FaceError::ModelForm)?;
        }
        let input = node.input.first().cloned().ok_or(FaceError::ModelForm)?;
        let mut inputs = vec![input];
        let one = vec![i64::try_from(channels).map_err(|_| FaceError::ModelForm)?];
        for (part, dims, values) in
            [("weights", dims, weights), ("biases", one.clone(), biases), ("slopes", one, slopes)]
        {
            let name = format!("{output}.{part}");
            self.made.push(float_tensor(&name, dims, &values));
            inputs.push(name);
        }
        let stride = integers(node, "strides").first().copied().unwrap_or(1);
        let attribute = AttributeProto {
            name: "stride".to_owned(),
            i: stride,
            r#type: AttributeType::Int as i32,
            ..AttributeProto::default()
        };
        Ok(NodeProto { input: inputs, output: vec![output], attribute: vec![attribute], ..renamed(node, op) })
    }
}
