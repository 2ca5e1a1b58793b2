//! What our layers have in common as operators of the engine: an image and constants go in, an image comes out.
//!
//! A layer says what it makes of a side and of the numbers of one image; the rest is the same for all of them.

use std::fmt::Debug;
use std::hash::Hash;

use tract_onnx::pb::NodeProto;
#[allow(clippy::wildcard_imports, reason = "the engine's macros need most of it")]
use tract_onnx::tract_hir::internal::*;

use super::product;

/// An operator for the ONNX parser, and names that it does not need.
pub(super) type ParsedOp = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// One image of a batch: its channels one after another, each row by row.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

/// What a layer computes.
pub(super) trait Layer: Clone + Debug + Hash + Eq + Send + Sync + 'static {
    /// In the engine's messages.
    const NAME: &'static str;
    /// Constant inputs after the image: none, or weights with as many rows as the output has channels, biases and slopes.
    const CONSTANTS: usize;

    /// The layer of a node.
    fn of(node: &NodeProto) -> TractResult<Self>;

    /// Height or width of the output.
    fn after(&self, side: TDim) -> TDim;

    /// Refuses constants that do not belong to an image of this many channels.
    fn check(&self, constants: &[Arc<Tensor>], channels: usize) -> TractResult<()>;

    /// The constants in the form in which they are used.
    fn prepare(&self, constants: Vec<Arc<Tensor>>) -> TractResult<Vec<Arc<Tensor>>> {
        Ok(constants)
    }

    /// Computes one image; neither it nor the output is empty.
    fn run(&self, image: Image<'_>, constants: &[&[f32]], output: &mut [f32]);

    /// Whether [`run_in_place`](Self::run_in_place) is to be called: the output then has the input's sides.
    fn is_in_place(&self, _channels: usize, _constants: &[&[f32]]) -> bool {
        false
    }

    /// Computes one image, of this many rows and columns, where it lies: no other memory is cleared and filled.
    fn run_in_place(&self, _numbers: &mut [f32], _sides: [usize; 2], _constants: &[&[f32]]) {}
}

/// Refuses biases and slopes that are not one a channel.
fn check_channels(constants: &[Arc<Tensor>], channels: usize) -> TractResult<()> {
    let fit = constants.iter().skip(1).all(|values| values.len() == channels);
    ensure!(fit, "one bias and one slope a channel expected");
    Ok(())
}

/// The first of the constants in groups, for products.
pub(super) fn grouped_weights(mut constants: Vec<Arc<Tensor>>) -> TractResult<Vec<Arc<Tensor>>> {
    let weights = constants.first_mut().context("weights expected")?;
    let from: usize = weights.shape().iter().skip(1).product();
    let grouped = product::grouped(weights.try_as_plain_ram()?.as_slice::<f32>()?, from);
    *weights = Tensor::from_shape(&[grouped.len()], &grouped)?.into_arc_tensor();
    Ok(constants)
}

/// A convolution's stride, 1 or 2.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq)]
pub(super) struct Stride(pub(super) usize);

impl Stride {
    /// That of a node.
    pub(super) fn of(node: &NodeProto) -> TractResult<Self> {
        let stride = node.get_attr::<usize>("stride")?;
        ensure!(stride == 1 || stride == 2, "stride 1 or 2 expected");
        Ok(Self(stride))
    }

    /// Height or width after a 3 by 3 convolution with one pixel of padding.
    pub(super) fn after(self, side: TDim) -> TDim {
        (side - 1) / self.0 + 1
    }
}

/// Refuses weights of other sides than `kernel` or for another number of channels, and what does not belong to them.
pub(super) fn check_weights(constants: &[Arc<Tensor>], channels: usize, kernel: usize) -> TractResult<()> {
    let Some(&[to, each, height, width]) = constants.first().map(|weights| weights.shape()) else {
        bail!("weights with four sides expected")
    };
    ensure!([height, width] == [kernel; 2], "weights of {kernel} by {kernel} expected");
    ensure!(each == channels, "weights for all channels expected");
    check_channels(constants, to)
}

/// Builds a layer for the ONNX parser.
pub(super) fn parse<L: Layer>(_context: &tract_onnx::model::ParsingContext, node: &NodeProto) -> ParsedOp {
    Ok((expand(Parsed(L::of(node)?)), vec![]))
}

/// Sides of the output: `channels` is that of the weights, where there are any.
fn sides_after<L: Layer>(layer: &L, sides: &[TDim], channels: Option<TDim>) -> TractResult<TVec<TDim>> {
    let [images, own, height, width] = sides else { bail!("four sides expected") };
    let channels = channels.unwrap_or_else(|| own.clone());
    Ok(tvec!(images.clone(), channels, layer.after(height.clone()), layer.after(width.clone())))
}

/// A layer whose constants are inputs yet.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Parsed<L>(L);

impl<L: Layer> Expansion for Parsed<L> {
    fn name(&self) -> StaticName {
        L::NAME.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([input, constants @ ..], [output]) = (inputs, outputs) else {
            bail!("an image and one output expected");
        };
        ensure!(constants.len() == L::CONSTANTS, "{} constants expected", L::CONSTANTS);
        solver.equals(&input.datum_type, &output.datum_type)?;
        let Some(weights) = constants.first() else {
            return solver.given(&input.shape, move |solver, sides| {
                solver.equals(&output.shape, sides_after(&self.0, &sides, None)?)
            });
        };
        solver.given_2(&input.shape, &weights.shape, move |solver, sides, weights| {
            let channels = weights.first().context("weights with sides expected")?;
            solver.equals(&output.shape, sides_after(&self.0, &sides, Some(channels.clone()))?)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let [input, constants @ ..] = inputs else { bail!("an image expected") };
        let constants =
            constants.iter().map(|part| model.outlet_fact(*part)?.konst.clone().context("constants expected"));
        let constants: Vec<Arc<Tensor>> = constants.collect::<TractResult<_>>()?;
        let fact = model.outlet_fact(*input)?;
        let floats =
            fact.datum_type == f32::datum_type() && constants.iter().all(|part| part.datum_type() == f32::datum_type());
        ensure!(floats, "32-bit floating point expected");
        let channels = fact.shape.as_concrete().and_then(|shape| shape.get(1)).copied();
        self.0.check(&constants, channels.context("a known number of channels expected")?)?;
        let constants = self.0.prepare(constants)?;
        model.wire_node(prefix, LayerOp { layer: self.0.clone(), constants }, &[*input])
    }
}

/// A layer as it runs: its constants are part of it.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct LayerOp<L> {
    layer: L,
    constants: Vec<Arc<Tensor>>,
}

impl<L: Layer> LayerOp<L> {
    fn sides(&self, of_input: &[TDim]) -> TractResult<TVec<TDim>> {
        let channels = self.constants.get(1).map(|biases| biases.len().to_dim());
        sides_after(&self.layer, of_input, channels)
    }
}

impl<L: Layer> Op for LayerOp<L> {
    fn name(&self) -> StaticName {
        L::NAME.into()
    }

    op_as_typed_op!();
}

impl<L: Layer> EvalOp for LayerOp<L> {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = inputs.pop().context("one input expected")?;
        let [_, channels, height, width] = *input.shape() else { bail!("four sides expected") };
        let known: TVec<TDim> = input.shape().iter().map(ToDim::to_dim).collect();
        let sides: TVec<usize> = self.sides(&known)?.iter().map(TDim::to_usize).collect::<Result<_, _>>()?;
        let parts = self.constants.iter().map(|part| part.try_as_plain_ram());
        let parts = parts.collect::<TractResult<Vec<_>>>()?;
        let parts = parts.iter().map(PlainView::as_slice::<f32>).collect::<TractResult<Vec<_>>>()?;
        let (each, after) = (channels * height * width, sides.iter().skip(1).product::<usize>());
        if self.layer.is_in_place(channels, &parts) {
            ensure!(*input.shape() == *sides, "an output like the input expected");
            let mut image = input.into_tensor();
            for numbers in image.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.chunks_exact_mut(each.max(1)) {
                self.layer.run_in_place(numbers, [height, width], &parts);
            }
            return Ok(tvec!(image.into_tvalue()));
        }
        let mut output = Tensor::zero::<f32>(&sides)?;
        if each > 0 && after > 0 {
            let from = input.try_as_plain_ram()?;
            let mut to = output.try_as_plain_ram_mut()?;
            let images = from.as_slice::<f32>()?.chunks_exact(each);
            for (numbers, output) in images.zip(to.as_slice_mut::<f32>()?.chunks_exact_mut(after)) {
                self.layer.run(Image { numbers, channels, height, width }, &parts, output);
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl<L: Layer> TypedOp for LayerOp<L> {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let fact = inputs.first().context("one input expected")?;
        Ok(tvec!(fact.datum_type.fact(self.sides(&fact.shape.to_tvec())?)))
    }

    as_op!();
}
