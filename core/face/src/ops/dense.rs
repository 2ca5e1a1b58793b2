//! The product of a vector with a matrix of int8 weights, as `Gemm` computes it behind a block `DequantizeLinear`.
//!
//! The embedder's last layer has two thirds of its weights, and each is used once: turned into 32-bit numbers they take
//! longer to fetch from memory than to multiply with. Here they stay as the file has them and are turned in registers.

use pulp::Arch;
use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use super::layer::ParsedOp;

/// Rows of the matrix that are worked on together: the vector is read once for all of them.
const ROWS: usize = 4;
/// Sums side by side.
const LANES: usize = 16;

pub(super) fn parse(_context: &tract_onnx::model::ParsingContext, node: &NodeProto) -> ParsedOp {
    let block = node.get_attr::<usize>("block_size")?;
    ensure!(block > 0 && block % LANES == 0, "blocks of a multiple of {LANES} weights expected");
    Ok((expand(ParsedDense { block }), vec![]))
}

/// Inputs: vectors, weights (int8, a row for each number of the output), scales and zero points (one for each block of a
/// row), biases.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct ParsedDense {
    block: usize,
}

impl Expansion for ParsedDense {
    fn name(&self) -> StaticName {
        "Dense".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([input, weights, _scales, _zero_points, _biases], [output]) = (inputs, outputs) else {
            bail!("five inputs and one output expected");
        };
        solver.equals(&input.datum_type, &output.datum_type)?;
        solver.equals(&output.rank, 2)?;
        solver.equals(&output.shape[0], &input.shape[0])?;
        solver.equals(&output.shape[1], &weights.shape[0])
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let [input, constants @ ..] = inputs else { bail!("vectors expected") };
        let constants =
            constants.iter().map(|part| model.outlet_fact(*part)?.konst.clone().context("constants expected"));
        let constants: Vec<Arc<Tensor>> = constants.collect::<TractResult<_>>()?;
        let [weights, scales, zero_points, biases] = constants.as_slice() else { bail!("four constants expected") };
        let [to, from] = *weights.shape() else { bail!("a matrix of weights expected") };
        ensure!(weights.datum_type() == i8::datum_type(), "int8 weights expected");
        ensure!(zero_points.datum_type() == i8::datum_type(), "int8 zero points expected");
        ensure!(from % self.block == 0 && to > 0 && from > 0, "whole blocks expected");
        let blocks = to * from / self.block;
        ensure!(scales.len() == blocks && zero_points.len() == blocks, "one scale a block expected");
        ensure!(biases.len() == to, "one bias a row expected");
        let fact = model.outlet_fact(*input)?;
        let length = fact.shape.as_concrete().and_then(|shape| shape.get(1)).copied();
        ensure!(fact.datum_type == f32::datum_type() && length == Some(from), "vectors of as many numbers expected");
        let [weights, scales, zero_points, biases] = [weights, scales, zero_points, biases].map(Arc::clone);
        model.wire_node(prefix, Dense { block: self.block, weights, scales, zero_points, biases }, &[*input])
    }
}

/// The operator as it runs.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Dense {
    block: usize,
    weights: Arc<Tensor>,
    scales: Arc<Tensor>,
    zero_points: Arc<Tensor>,
    biases: Arc<Tensor>,
}

impl Op for Dense {
    fn name(&self) -> StaticName {
        "Dense".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Dense {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = inputs.pop().context("one input expected")?;
        let [vectors, from] = *input.shape() else { bail!("vectors expected") };
        let to = self.biases.len();
        let mut output = Tensor::zero::<f32>(&[vectors, to])?;
        let (weights, scales) = (self.weights.try_as_plain_ram()?, self.scales.try_as_plain_ram()?);
        let (zero_points, biases) = (self.zero_points.try_as_plain_ram()?, self.biases.try_as_plain_ram()?);
        let matrix = Matrix {
            block: self.block,
            weights: weights.as_slice::<i8>()?,
            scales: scales.as_slice::<f32>()?,
            zero_points: zero_points.as_slice::<i8>()?,
            from,
        };
        let (values, mut results) = (input.try_as_plain_ram()?, output.try_as_plain_ram_mut()?);
        let results = results.as_slice_mut::<f32>()?.chunks_exact_mut(to);
        for (vector, result) in values.as_slice::<f32>()?.chunks_exact(from).zip(results) {
            result.copy_from_slice(biases.as_slice::<f32>()?);
            Arch::new().dispatch(|| matrix.add_product(vector, result));
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Dense {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let fact = inputs.first().context("one input expected")?;
        let vectors = fact.shape.first().context("vectors expected")?.clone();
        Ok(tvec!(fact.datum_type.fact([vectors, self.biases.len().to_dim()])))
    }

    as_op!();
}

struct Matrix<'a> {
    block: usize,
    weights: &'a [i8],
    scales: &'a [f32],
    zero_points: &'a [i8],
    from: usize,
}

impl Matrix<'_> {
    /// Adds to each number of the result its row's product with the vector.
    #[inline(always)]
    fn add_product(&self, vector: &[f32], result: &mut [f32]) {
        let blocks = self.from / self.block;
        let scaled = self.scales.chunks(ROWS * blocks).zip(self.zero_points.chunks(ROWS * blocks));
        let rows = self.weights.chunks(ROWS * self.from).zip(scaled);
        for (result, (weights, (scales, zero_points))) in result.chunks_mut(ROWS).zip(rows) {
            let mut totals = [[0.0_f32; LANES]; ROWS];
            for (index, part) in vector.chunks_exact(self.block).enumerate() {
                let rows = weights.chunks_exact(self.from);
                let scaled = scales.chunks_exact(blocks).zip(zero_points.chunks_exact(blocks));
                for (totals, (weights, (scales, zero_points))) in totals.iter_mut().zip(rows.zip(scaled)) {
                    let (Some(weights), Some(scale), Some(zero_point)) = (
                        weights.get(index * self.block..(index + 1) * self.block),
                        scales.get(index),
                        zero_points.get(index),
                    ) else {
                        return;
                    };
                    add_block(totals, part, weights, *scale, f32::from(*zero_point));
                }
            }
            for (result, totals) in result.iter_mut().zip(&totals) {
                *result += totals.iter().sum::<f32>();
            }
        }
    }
}

/// Adds one block's products, lane by lane.
#[inline(always)]
fn add_block(totals: &mut [f32; LANES], part: &[f32], weights: &[i8], scale: f32, zero_point: f32) {
    let mut sums = [0.0_f32; LANES];
    for (values, weights) in part.as_chunks::<LANES>().0.iter().zip(weights.as_chunks::<LANES>().0) {
        for (sum, (value, weight)) in sums.iter_mut().zip(values.iter().zip(weights)) {
            *sum += value * (f32::from(*weight) - zero_point);
        }
    }
    for (total, sum) in totals.iter_mut().zip(sums) {
        *total += scale * sum;
    }
}
