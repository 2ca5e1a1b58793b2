//! Rewrites the two ONNX files into graphs that the inference engine takes.
//!
//! For: turning block-quantised int8 weights into 32-bit constants (no engine here runs block `DequantizeLinear`), and
//! giving the detector the input size that the check uses.
//! Must never: change what a graph computes.
//! Always: works only on files whose hash has been checked; an unexpected form is [`FaceError::ModelForm`].

use std::collections::{HashMap, HashSet};

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dimension;
use tract_onnx::pb::type_proto::Value as TypeValue;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use crate::error::FaceError;
use crate::ops::DENSE;

const DEQUANTISE: &str = "DequantizeLinear";
const RESHAPE: &str = "Reshape";

/// Parses an ONNX file.
pub(crate) fn parse(bytes: &[u8]) -> Result<ModelProto, FaceError> {
    ModelProto::decode(bytes).map_err(|_| FaceError::ModelForm)
}

/// Replaces every block-quantised weight, and the reshape behind it, by a 32-bit constant.
///
/// ONNX operator `DequantizeLinear`, version 21: `y = (x - zero_point) * scale`, one scale for each block of
/// `block_size` values along `axis`.
pub(crate) fn dequantise(mut model: ModelProto) -> Result<ModelProto, FaceError> {
    let graph = model.graph.as_mut().ok_or(FaceError::ModelForm)?;
    let mut constants: HashMap<String, TensorProto> =
        graph.initializer.drain(..).map(|tensor| (tensor.name.clone(), tensor)).collect();
    let mut kept = Vec::with_capacity(graph.node.len());
    for node in graph.node.drain(..) {
        match node.op_type.as_str() {
            DEQUANTISE => {
                let tensor = dequantised(&node, &constants)?;
                constants.insert(tensor.name.clone(), tensor);
            }
            RESHAPE if node.input.iter().all(|name| constants.contains_key(name)) => {
                let tensor = reshaped(&node, &constants)?;
                constants.insert(tensor.name.clone(), tensor);
            }
            _ => kept.push(plain(node)),
        }
    }
    graph.node = kept;
    let used: HashSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
    let mut initializers: Vec<TensorProto> =
        constants.into_values().filter(|tensor| used.contains(&tensor.name)).collect();
    initializers.sort_by(|left, right| left.name.cmp(&right.name));
    graph
        .input
        .retain(|input| used.contains(&input.name) && initializers.iter().all(|tensor| tensor.name != input.name));
    graph.initializer = initializers;
    graph.value_info.clear();
    Ok(model)
}

/// Puts our operator in the place of each `Gemm` that multiplies vectors with block-quantised weights (ONNX operator `Gemm`,
/// version 13, with `transB`), so that they stay int8. What follows is for this engine only.
pub(crate) fn keep_quantised_products(mut model: ModelProto) -> Result<ModelProto, FaceError> {
    let graph = model.graph.as_mut().ok_or(FaceError::ModelForm)?;
    let by_output = |nodes: &[NodeProto], name: &String| {
        let found = nodes.iter().find(|node| node.op_type == DEQUANTISE && node.output.first() == Some(name));
        found.filter(|_| nodes.iter().filter(|node| node.input.contains(name)).count() == 1).cloned()
    };
    let plain_product = |node: &NodeProto| {
        let is_one = |name: &str| {
            let found = node.attribute.iter().find(|attribute| attribute.name == name);
            found.is_none_or(|found| (found.f - 1.0).abs() < f32::EPSILON)
        };
        let flag = |name: &str| integer_attribute(node, name).unwrap_or(0);
        node.op_type == "Gemm" && node.input.len() == 3 && is_one("alpha") && is_one("beta") && flag("transB") == 1
    };
    let nodes = graph.node.clone();
    for node in &mut graph.node {
        let (true, [vectors, weights, biases]) = (plain_product(node), node.input.as_slice()) else { continue };
        let Some(dequantise) = by_output(&nodes, weights) else { continue };
        let block = dequantise.attribute.iter().find(|attribute| attribute.name == "block_size").cloned();
        let input = std::iter::once(vectors).chain(&dequantise.input).chain([biases]).cloned().collect();
        *node = NodeProto { op_type: DENSE.to_owned(), input, attribute: block.into_iter().collect(), ..node.clone() };
    }
    let read: HashSet<String> = graph.node.iter().flat_map(|node| node.input.iter().cloned()).collect();
    graph.node.retain(|node| node.op_type != DEQUANTISE || node.output.iter().any(|output| read.contains(output)));
    Ok(model)
}

/// Drops transposition flags that are 0, which is what their absence means (ONNX operator `Gemm`): an encoder of the third
/// protobuf syntax leaves the 0 out but keeps the name, and some readers refuse a name without a value.
fn plain(mut node: NodeProto) -> NodeProto {
    node.attribute.retain(|attribute| attribute.i != 0 || !["transA", "transB"].contains(&attribute.name.as_str()));
    node
}

fn integer_attribute(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.i)
}

fn sides(tensor: &TensorProto) -> Result<Vec<usize>, FaceError> {
    tensor.dims.iter().map(|side| usize::try_from(*side).map_err(|_| FaceError::ModelForm)).collect()
}

pub(crate) fn floats(tensor: &TensorProto) -> Result<Vec<f32>, FaceError> {
    if tensor.data_type != DataType::Float as i32 {
        return Err(FaceError::ModelForm);
    }
    if tensor.raw_data.is_empty() {
        return Ok(tensor.float_data.clone());
    }
    let (chunks, rest) = tensor.raw_data.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(FaceError::ModelForm);
    }
    Ok(chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn bytes_as_int8(tensor: &TensorProto) -> Result<impl Iterator<Item = i8>, FaceError> {
    if tensor.data_type != DataType::Int8 as i32 {
        return Err(FaceError::ModelForm);
    }
    Ok(tensor.raw_data.iter().map(|byte| i8::from_le_bytes([*byte])))
}

pub(crate) fn float_tensor(name: &str, dims: Vec<i64>, values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims,
        data_type: DataType::Float as i32,
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn dequantised(node: &NodeProto, constants: &HashMap<String, TensorProto>) -> Result<TensorProto, FaceError> {
    let [quantised, scales, zero_points] = node.input.as_slice() else {
        return Err(FaceError::ModelForm);
    };
    let find = |name: &String| constants.get(name).ok_or(FaceError::ModelForm);
    let (quantised, scales, zero_points) = (find(quantised)?, find(scales)?, find(zero_points)?);
    let shape = sides(quantised)?;
    let axis = integer_attribute(node, "axis")
        .and_then(|axis| usize::try_from(axis).ok())
        .filter(|axis| *axis + 1 == shape.len())
        .ok_or(FaceError::ModelForm)?;
    let block = integer_attribute(node, "block_size")
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0)
        .ok_or(FaceError::ModelForm)?;
    let row = *shape.get(axis).ok_or(FaceError::ModelForm)?;
    let rows: usize = shape.iter().take(axis).product();
    let blocks_in_row = row.div_ceil(block);
    let scales = floats(scales)?;
    let zero_points: Vec<i8> = bytes_as_int8(zero_points)?.collect();
    let values: Vec<i8> = bytes_as_int8(quantised)?.collect();
    if scales.len() != rows * blocks_in_row
        || zero_points.len() != scales.len()
        || values.len() != rows * row
        || row == 0
    {
        return Err(FaceError::ModelForm);
    }
    let blocks_of = scales.chunks_exact(blocks_in_row).zip(zero_points.chunks_exact(blocks_in_row));
    let mut output = Vec::with_capacity(values.len());
    for (row, (scales, zero_points)) in values.chunks_exact(row).zip(blocks_of) {
        for (block, (scale, zero_point)) in row.chunks(block).zip(scales.iter().zip(zero_points)) {
            output.extend(block.iter().map(|value| f32::from(i16::from(*value) - i16::from(*zero_point)) * scale));
        }
    }
    let name = node.output.first().ok_or(FaceError::ModelForm)?;
    Ok(float_tensor(name, quantised.dims.clone(), &output))
}

fn reshaped(node: &NodeProto, constants: &HashMap<String, TensorProto>) -> Result<TensorProto, FaceError> {
    let [data, shape] = node.input.as_slice() else {
        return Err(FaceError::ModelForm);
    };
    let (Some(data), Some(shape), Some(name)) = (constants.get(data), constants.get(shape), node.output.first()) else {
        return Err(FaceError::ModelForm);
    };
    let (dims, rest) = shape.raw_data.as_chunks::<8>();
    let dims: Vec<i64> = dims.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
    let whole = shape.data_type == DataType::Int64 as i32
        && rest.is_empty()
        && dims.iter().all(|side| *side > 0)
        && dims.iter().product::<i64>() == data.dims.iter().product::<i64>();
    if !whole {
        return Err(FaceError::ModelForm);
    }
    Ok(TensorProto { name: name.clone(), dims, ..data.clone() })
}

/// Sets the detector's input to `side` by `side` pixels; everything inside the graph follows from it.
pub(crate) fn resize_detector(mut model: ModelProto, side: usize) -> Result<ModelProto, FaceError> {
    let side = i64::try_from(side).map_err(|_| FaceError::ModelForm)?;
    let graph = model.graph.as_mut().ok_or(FaceError::ModelForm)?;
    set_input_sides(graph, side)?;
    for output in &mut graph.output {
        forget_shape(output);
    }
    graph.value_info.clear();
    Ok(model)
}

fn set_input_sides(graph: &mut GraphProto, side: i64) -> Result<(), FaceError> {
    let Some(TypeValue::TensorType(tensor)) =
        graph.input.first_mut().and_then(|input| input.r#type.as_mut()).and_then(|of| of.value.as_mut())
    else {
        return Err(FaceError::ModelForm);
    };
    let dims = tensor.shape.as_mut().map(|shape| shape.dim.as_mut_slice());
    let Some([_, _, height, width]) = dims else {
        return Err(FaceError::ModelForm);
    };
    height.value = Some(Dimension::DimValue(side));
    width.value = Some(Dimension::DimValue(side));
    Ok(())
}

fn forget_shape(output: &mut ValueInfoProto) {
    if let Some(TypeValue::TensorType(tensor)) = output.r#type.as_mut().and_then(|of| of.value.as_mut()) {
        tensor.shape = None;
    }
}

/// The bytes of the model as an ONNX file.
pub(crate) fn encode(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::AttributeProto;

    use super::*;

    fn integer(name: &str, i: i64) -> AttributeProto {
        AttributeProto { name: name.into(), i, ..AttributeProto::default() }
    }

    fn int8(name: &str, dims: Vec<i64>, values: &[i8]) -> TensorProto {
        TensorProto {
            name: name.into(),
            dims,
            data_type: DataType::Int8 as i32,
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..TensorProto::default()
        }
    }

    fn node(op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
        NodeProto {
            op_type: op.into(),
            input: input.iter().map(ToString::to_string).collect(),
            output: vec![output.into()],
            attribute,
            ..NodeProto::default()
        }
    }

    fn model(block_size: i64, scales: &[f32], zero_points: &[i8]) -> ModelProto {
        let rows = i64::try_from(scales.len() / 2).unwrap();
        let shape = TensorProto {
            name: "shape".into(),
            dims: vec![3],
            data_type: DataType::Int64 as i32,
            raw_data: [2_i64, 1, 3].iter().flat_map(|side| side.to_le_bytes()).collect(),
            ..TensorProto::default()
        };
        let graph = GraphProto {
            node: vec![
                node(DEQUANTISE, &["q", "s", "z"], "w", vec![integer("axis", 1), integer("block_size", block_size)]),
                node(RESHAPE, &["w", "shape"], "weights", vec![]),
                node("Mul", &["x", "weights"], "y", vec![]),
            ],
            initializer: vec![
                int8("q", vec![2, 3], &[1, 2, 3, -4, -5, 127]),
                float_tensor("s", vec![rows, 2], scales),
                int8("z", vec![rows, 2], zero_points),
                shape,
            ],
            input: ["x", "q"].map(|name| ValueInfoProto { name: name.into(), ..ValueInfoProto::default() }).to_vec(),
            ..GraphProto::default()
        };
        ModelProto { graph: Some(graph), ..ModelProto::default() }
    }

    #[test]
    fn each_block_has_its_own_scale_and_zero_point_and_a_short_last_block_counts() {
        let result = dequantise(model(2, &[0.5, 2.0, 1.0, 0.1], &[1, 0, 0, -1])).unwrap().graph.unwrap();
        assert_eq!(result.node.len(), 1);
        let [weights] = result.initializer.as_slice() else { panic!("one constant is left") };
        assert_eq!((weights.name.as_str(), weights.dims.as_slice()), ("weights", &[2, 1, 3][..]));
        assert_eq!(result.input.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["x"]);
        assert_eq!(floats(weights).unwrap(), [0.0, 0.5, 6.0, -4.0, -5.0, 12.8]);
    }

    #[test]
    fn contradictory_quantisation_is_refused() {
        assert_eq!(dequantise(model(1, &[0.5, 2.0, 1.0, 0.1], &[1, 0, 0, -1])).unwrap_err(), FaceError::ModelForm);
        assert_eq!(dequantise(model(0, &[0.5, 2.0, 1.0, 0.1], &[1, 0, 0, -1])).unwrap_err(), FaceError::ModelForm);
        assert_eq!(dequantise(model(2, &[0.5, 2.0], &[1, 0])).unwrap_err(), FaceError::ModelForm);
    }
}
