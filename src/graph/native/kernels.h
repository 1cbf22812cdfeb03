// The arithmetic of nasoa's own training kernels, free of TensorFlow. All tensors are NHWC, row-major; a "row" is one pixel
// with its channels. Nothing here allocates or starts threads: the callers divide the work.
#pragma once

namespace nasoa {

/** The upper half of a float. Activations may be of it: they are read and rounded on the fly, sums are float. */
struct BFloat16 {
  unsigned short bits;
};

/** Whether this processor has the instructions that kernels.cc is compiled for. */
bool supported();

/** Whether the filter gradients here are the quicker ones: with AVX-512 oneDNN has better ones of its own, but for the next. */
bool filterGradientPays();

/** Whether the gradient of wide depthwise filters here is: for those oneDNN has none of its own, with AVX-512 neither. */
bool wideDepthwiseGradientPays();

/** Whether small groups of a convolution are quicker as one dense convolution: where oneDNN has AVX-512. */
bool denseGroupsPay();

/** Per channel: y = x * factor + term. */
struct Affine {
  const float* factor;
  const float* term;
};

/** Values outside of 0 to `upper` are clipped: ReLU has no upper end, ReLU6 has 6. */
struct Activation {
  bool clips;
  float upper;
};

// The functions of batch norm are there for float and BFloat16.

/** sums[c] = sum of x - shift, squares[c] = sum of (x - shift)^2 over the rows. */
template <typename Value>
void shiftedSums(const Value* x, long rows, long channels, const float* shift, float* sums, float* squares);

/** y = activation(x * factor + term + residual); the residual is null for none. */
template <typename Value>
void normalise(const Value* x, long rows, long channels, Affine affine, const Value* residual, Activation activation,
               Value* y);

/** What the backward pass of a batch norm reads. Where a residual was added `y` is needed to know what was clipped. */
template <typename Value>
struct Backward {
  const Value* dy;
  const Value* x;
  const Value* y;
  Affine affine;
  Activation activation;
};

/**
 * sums[c] = sum of g, products[c] = sum of g * (x - mean), where g is dy behind the activation. With `y`, g is
 * written to `masked`: it is the gradient of the residual. `masked` may be `dy` itself.
 */
template <typename Value>
void gradientSums(const Backward<Value>& b, long rows, long channels, const float* mean, Value* masked, float* sums,
                  float* products);

/** dx = g * gradientFactor + x * imageFactor + term. `dx` may be `dy` itself. */
template <typename Value>
void gradientOfInput(const Backward<Value>& b, long rows, long channels, const float* gradientFactor,
                     const float* imageFactor, const float* term, Value* dx);

/** One convolution, of floats, of [images, height, width, inputs] to [images, outHeight, outWidth, outputs]. */
struct Convolution {
  long images, height, width, inputs;
  long outHeight, outWidth, outputs;
  long kernel, stride, padding, groups;
};

/** Sizes, in floats, of the memory that `filterGradient` works in: multiples of 16. */
struct FilterWorkspace {
  /** Images packed at a time. */
  long panel;
  long packedInput, packedGradient, accumulator;
};
FilterWorkspace workspaceOf(const Convolution& c);

/**
 * Adds the filter's gradient over images [begin, end) to `accumulator`, in a layout of its own.
 * All three work areas are 64-byte aligned; the accumulator starts at zero.
 */
void filterGradient(const Convolution& c, const float* x, const float* dy, long begin, long end, float* packedInput,
                    float* packedGradient, float* accumulator);

/** Sums `parts` accumulators, `accumulator` floats apart, into filter rows [begin, end) of kernel^2 * inputs / groups. */
void collectFilter(const Convolution& c, const float* accumulators, long parts, long begin, long end, float* filter);

/** Channels that one call of `depthwiseFilterGradient` takes: four vector registers. */
constexpr long depthwiseChannels = 32;

/**
 * Adds the gradient of a depthwise filter, one for each channel, over images [begin, end) and `count` channels from
 * `first` on, to `accumulator` [kernel * kernel][depthwiseChannels]. `count` is at most `depthwiseChannels`.
 */
void depthwiseFilterGradient(const Convolution& c, const float* x, const float* dy, long begin, long end, long first,
                             long count, float* accumulator);

}  // namespace nasoa
