// TensorFlow operations over the kernels: shapes, memory and the division of the work over TensorFlow's own threads.
// Results repeat to the bit: the work is cut by sizes alone and partial sums are added in a fixed order.
#if defined(__x86_64__)
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels.h"
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/lib/core/threadpool.h"

namespace nasoa {
namespace {

using tensorflow::DT_FLOAT;
using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;
using tensorflow::shape_inference::InferenceContext;

const float* values(const Tensor& t) { return t.flat<float>().data(); }
float* values(Tensor* t) { return t->flat<float>().data(); }

/** The type of activations as the kernels know it. */
template <typename T>
struct ValueOf {
  using Type = T;
};
template <>
struct ValueOf<tensorflow::bfloat16> {
  using Type = BFloat16;
  static_assert(sizeof(tensorflow::bfloat16) == sizeof(BFloat16));
};
template <typename T>
const typename ValueOf<T>::Type* activations(const Tensor& t) {
  return reinterpret_cast<const typename ValueOf<T>::Type*>(t.flat<T>().data());
}
template <typename T>
typename ValueOf<T>::Type* activations(Tensor* t) {
  return reinterpret_cast<typename ValueOf<T>::Type*>(t->flat<T>().data());
}

/** Calls work(begin, end) for parts of [0, count) on TensorFlow's threads; one unit takes about `cycles`. */
template <typename Work>
void parallel(OpKernelContext* context, long count, long cycles, const Work& work) {
  context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(count, cycles, work);
}

/** Rows of activations cut into chunks that a cache holds. */
class Chunks {
 public:
  Chunks(const Tensor& x, OpKernelContext* context)
      : channels(x.dim_size(x.dims() - 1)),
        rows(channels > 0 ? x.NumElements() / channels : 0),
        context_(context),
        rowsEach_(std::max<long>(1, chunkValues / std::max<long>(1, channels))),
        count((rows + rowsEach_ - 1) / rowsEach_) {}

  /** work(chunk, offset in values, rows) for each chunk. */
  template <typename Work>
  void each(const Work& work) const {
    parallel(context_, count, chunkValues, [&](long begin, long end) {
      for (long chunk = begin; chunk < end; chunk++) {
        const long first = chunk * rowsEach_;
        work(chunk, first * channels, std::min(rowsEach_, rows - first));
      }
    });
  }

  const long channels, rows;

 private:
  static constexpr long chunkValues = 16 * 1024;
  OpKernelContext* const context_;
  const long rowsEach_;

 public:
  const long count;
};

/** Two sums a channel for each chunk, added up in order and in double precision. */
class PartialSums {
 public:
  PartialSums(OpKernelContext* context, const Chunks& chunks) : channels_(chunks.channels), count_(chunks.count) {
    OP_REQUIRES_OK(context, context->allocate_temp(DT_FLOAT, TensorShape({count_, 2, channels_}), &memory_));
  }
  float* first(long chunk) { return values(&memory_) + chunk * 2 * channels_; }
  float* second(long chunk) { return first(chunk) + channels_; }
  /** totals[c] and totals[channels + c]. */
  std::vector<double> totals() {
    std::vector<double> sums(2 * channels_, 0.0);
    for (long chunk = 0; chunk < count_; chunk++) {
      const float* part = first(chunk);
      for (long i = 0; i < 2 * channels_; i++) sums[i] += part[i];
    }
    return sums;
  }

 private:
  const long channels_, count_;
  Tensor memory_;
};

/** y = x * factor + term of a batch norm; the backward pass makes the very same numbers to find where its ReLU was 0. */
struct AffineMemory {
  std::vector<float> factor, term;
  AffineMemory(long channels, const float* scale, const float* offset, const float* mean, const float* inverse)
      : factor(channels), term(channels) {
    for (long c = 0; c < channels; c++) {
      factor[c] = scale[c] * inverse[c];
      term[c] = offset[c] - mean[c] * factor[c];
    }
  }
  Affine affine() const { return {factor.data(), term.data()}; }
};

Activation activationOf(const std::string& name) {
  return {name != "none", name == "relu6" ? 6.0f : std::numeric_limits<float>::infinity()};
}

/** `T`: the type of the activations. */
template <typename T>
class BatchNorm : public OpKernel {
 public:
  explicit BatchNorm(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
    OP_REQUIRES_OK(context, context->GetAttr("momentum", &momentum_));
    std::string name;
    OP_REQUIRES_OK(context, context->GetAttr("activation", &name));
    activation_ = activationOf(name);
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    const Chunks chunks(x, context);
    const TensorShape vector({chunks.channels});
    for (int i = 1; i < 5; i++) {
      OP_REQUIRES(context, context->input(i).shape() == vector,
                  tensorflow::errors::InvalidArgument("a batch norm of ", chunks.channels, " channels got a vector of ",
                                                      context->input(i).NumElements()));
    }
    const bool hasResidual = context->num_inputs() > 5;
    OP_REQUIRES(context, !hasResidual || context->input(5).shape() == x.shape(),
                tensorflow::errors::InvalidArgument("the residual has another shape than the input"));
    Tensor *y, *outputs[4];
    for (int i = 0; i < 4; i++) OP_REQUIRES_OK(context, context->allocate_output(i + 1, vector, &outputs[i]));
    moments(context, chunks, x, outputs);
    if (!context->status().ok()) return;

    if (hasResidual) {
      OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({5}, 0, x.shape(), &y));
    } else {
      OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &y));
    }
    const AffineMemory memory(chunks.channels, values(context->input(1)), values(context->input(2)),
                              values(outputs[2]), values(outputs[3]));
    const Value* residual = hasResidual ? activations<T>(context->input(5)) : nullptr;
    chunks.each([&](long, long offset, long rows) {
      normalise(activations<T>(x) + offset, rows, chunks.channels, memory.affine(),
                residual ? residual + offset : nullptr, activation_, activations<T>(y) + offset);
    });
  }

 private:
  /** New running mean and variance, the batch's mean, and one over its deviation. */
  void moments(OpKernelContext* context, const Chunks& chunks, const Tensor& x, Tensor* outputs[4]) {
    PartialSums sums(context, chunks);
    if (!context->status().ok()) return;
    // about a value that occurs: a large mean must not swallow a small variance
    std::vector<float> shift(chunks.channels);
    if (chunks.rows > 0) std::transform(x.flat<T>().data(), x.flat<T>().data() + chunks.channels, shift.begin(), toFloat);
    chunks.each([&](long chunk, long offset, long rows) {
      shiftedSums(activations<T>(x) + offset, rows, chunks.channels, shift.data(), sums.first(chunk), sums.second(chunk));
    });
    const std::vector<double> totals = sums.totals();
    const double n = static_cast<double>(chunks.rows);
    const float *runningMean = values(context->input(3)), *runningVariance = values(context->input(4));
    for (long c = 0; c < chunks.channels; c++) {
      const double fromShift = totals[c] / n;
      const double variance = std::max(0.0, totals[chunks.channels + c] / n - fromShift * fromShift);
      const double mean = shift[c] + fromShift;
      // PyTorch's convention: the unbiased variance goes into the running one
      const double unbiased = variance * n / std::max(1.0, n - 1);
      values(outputs[0])[c] = static_cast<float>(runningMean[c] + momentum_ * (mean - runningMean[c]));
      values(outputs[1])[c] = static_cast<float>(runningVariance[c] + momentum_ * (unbiased - runningVariance[c]));
      values(outputs[2])[c] = static_cast<float>(mean);
      values(outputs[3])[c] = static_cast<float>(1 / std::sqrt(variance + epsilon_));
    }
  }

  using Value = typename ValueOf<T>::Type;
  static float toFloat(T value) { return static_cast<float>(value); }

  float epsilon_, momentum_;
  Activation activation_;
};

template <typename T>
class BatchNormGradient : public OpKernel {
 public:
  explicit BatchNormGradient(OpKernelConstruction* context) : OpKernel(context) {
    std::string name;
    OP_REQUIRES_OK(context, context->GetAttr("activation", &name));
    activation_ = activationOf(name);
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &dy = context->input(0), &x = context->input(1);
    const Chunks chunks(x, context);
    const long channels = chunks.channels;
    const bool hasResidual = context->num_inputs() > 6;
    const float *scale = values(context->input(2)), *mean = values(context->input(4));
    const float* inverse = values(context->input(5));
    OP_REQUIRES(context, dy.shape() == x.shape(),
                tensorflow::errors::InvalidArgument("the gradient has another shape than the input"));
    OP_REQUIRES(context, !hasResidual || activation_.clips,
                tensorflow::errors::InvalidArgument("without an activation the residual's gradient is dy itself"));

    Tensor *dx, *dscale, *doffset, *masked = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(1, TensorShape({channels}), &dscale));
    OP_REQUIRES_OK(context, context->allocate_output(2, TensorShape({channels}), &doffset));
    if (hasResidual) {
      OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 3, x.shape(), &masked));
      OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &dx));
    } else {
      OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &dx));
    }
    const AffineMemory memory(channels, scale, values(context->input(3)), mean, inverse);
    const Value* y = hasResidual ? activations<T>(context->input(6)) : nullptr;
    const auto reads = [&](const Value* gradient, long offset, Activation activation) {
      const Value* output = y && activation.clips ? y + offset : nullptr;
      return Backward<Value>{gradient + offset, activations<T>(x) + offset, output, memory.affine(), activation};
    };

    PartialSums sums(context, chunks);
    if (!context->status().ok()) return;
    chunks.each([&](long chunk, long offset, long rows) {
      gradientSums(reads(activations<T>(dy), offset, activation_), rows, channels, mean,
                   masked ? activations<T>(masked) + offset : nullptr, sums.first(chunk), sums.second(chunk));
    });
    const std::vector<double> totals = sums.totals();
    std::vector<float> gradientFactor(channels), imageFactor(channels), term(channels);
    const double n = static_cast<double>(chunks.rows);
    for (long c = 0; c < channels; c++) {
      const double slope = totals[channels + c] * inverse[c];
      values(doffset)[c] = static_cast<float>(totals[c]);
      values(dscale)[c] = static_cast<float>(slope);
      const double factor = static_cast<double>(scale[c]) * inverse[c];
      const double pull = factor * inverse[c] * slope / n;
      gradientFactor[c] = static_cast<float>(factor);
      imageFactor[c] = static_cast<float>(-pull);
      term[c] = static_cast<float>(pull * mean[c] - factor * totals[c] / n);
    }
    // what was masked in the first pass needs no mask in the second
    const Value* gradient = masked ? activations<T>(masked) : activations<T>(dy);
    chunks.each([&](long, long offset, long rows) {
      gradientOfInput(reads(gradient, offset, masked ? activationOf("none") : activation_), rows, channels, gradientFactor.data(),
                      imageFactor.data(), term.data(), activations<T>(dx) + offset);
    });
  }

 private:
  using Value = typename ValueOf<T>::Type;
  Activation activation_;
};

class FilterGradient : public OpKernel {
 public:
  explicit FilterGradient(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("kernel", &kernel_));
    OP_REQUIRES_OK(context, context->GetAttr("stride", &stride_));
    OP_REQUIRES_OK(context, context->GetAttr("padding", &padding_));
    OP_REQUIRES_OK(context, context->GetAttr("groups", &groups_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &dy = context->input(1);
    OP_REQUIRES(context, x.dims() == 4 && dy.dims() == 4 && x.dim_size(0) == dy.dim_size(0),
                tensorflow::errors::InvalidArgument("a filter's gradient takes images and gradients of four dimensions"));
    const Convolution c{x.dim_size(0),  x.dim_size(1), x.dim_size(2), x.dim_size(3), dy.dim_size(1), dy.dim_size(2),
                        dy.dim_size(3), kernel_,       stride_,       padding_,      groups_};
    OP_REQUIRES(context, c.inputs % groups_ == 0 && c.outputs % groups_ == 0,
                tensorflow::errors::InvalidArgument("channels do not divide into ", groups_, " groups"));
    Tensor *filter, packed;
    const TensorShape shape({kernel_, kernel_, c.inputs / groups_, c.outputs});
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &filter));

    // one part a thread: the same machine adds up in the same order
    const long threads = context->device()->tensorflow_cpu_worker_threads()->num_threads;
    const long parts = std::max<long>(1, std::min<long>(threads, c.images));
    const FilterWorkspace w = workspaceOf(c);
    const long panels = w.packedInput + w.packedGradient;
    OP_REQUIRES_OK(context,
                   context->allocate_temp(DT_FLOAT, TensorShape({parts * (w.accumulator + panels)}), &packed));
    float* accumulators = values(&packed);
    float* workspace = accumulators + parts * w.accumulator;
    const long cycles = c.images * c.outHeight * c.outWidth * kernel_ * kernel_ * c.inputs / groups_ * c.outputs / 16;
    parallel(context, parts, cycles / parts, [&](long begin, long end) {
      for (long part = begin; part < end; part++) {
        float* accumulator = accumulators + part * w.accumulator;
        float* memory = workspace + part * panels;
        std::fill_n(accumulator, w.accumulator, 0.0f);
        filterGradient(c, values(x), values(dy), c.images * part / parts, c.images * (part + 1) / parts, memory,
                       memory + w.packedInput, accumulator);
      }
    });
    const long rows = kernel_ * kernel_ * c.inputs / groups_;
    parallel(context, rows, parts * c.outputs, [&](long begin, long end) {
      collectFilter(c, accumulators, parts, begin, end, values(filter));
    });
  }

 private:
  int kernel_, stride_, padding_, groups_;
};

/** Of a convolution with one filter a channel. */
class DepthwiseFilterGradient : public OpKernel {
 public:
  explicit DepthwiseFilterGradient(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("kernel", &kernel_));
    OP_REQUIRES_OK(context, context->GetAttr("stride", &stride_));
    OP_REQUIRES_OK(context, context->GetAttr("padding", &padding_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &dy = context->input(1);
    OP_REQUIRES(context,
                x.dims() == 4 && dy.dims() == 4 && x.dim_size(0) == dy.dim_size(0) && x.dim_size(3) == dy.dim_size(3),
                tensorflow::errors::InvalidArgument("images and gradients of a depthwise filter differ in number or channels"));
    const long channels = x.dim_size(3);
    const Convolution c{x.dim_size(0), x.dim_size(1), x.dim_size(2), channels, dy.dim_size(1), dy.dim_size(2),
                        channels,      kernel_,       stride_,       padding_, channels};
    Tensor *filter, sums;
    OP_REQUIRES_OK(context, context->allocate_output(0, TensorShape({kernel_, kernel_, channels, 1}), &filter));
    // a unit of work is some images of some channels: few channels are many pixels, and the reverse
    const long blocks = (channels + depthwiseChannels - 1) / depthwiseChannels;
    const long parts = std::max<long>(1, std::min<long>(mostParts, c.images));
    const long places = kernel_ * kernel_, block = places * depthwiseChannels;
    OP_REQUIRES_OK(context, context->allocate_temp(DT_FLOAT, TensorShape({blocks * parts * block}), &sums));
    const long cycles = c.images * c.outHeight * c.outWidth * block / 8 / parts;
    parallel(context, blocks * parts, cycles, [&](long begin, long end) {
      for (long unit = begin; unit < end; unit++) {
        const long first = unit / parts * depthwiseChannels, part = unit % parts;
        float* accumulator = values(&sums) + unit * block;
        std::fill_n(accumulator, block, 0.0f);
        depthwiseFilterGradient(c, values(x), values(dy), c.images * part / parts, c.images * (part + 1) / parts, first,
                                std::min(depthwiseChannels, channels - first), accumulator);
      }
    });
    for (long place = 0; place < places; place++) {
      for (long channel = 0; channel < channels; channel++) {
        const float* from = values(&sums) + channel / depthwiseChannels * parts * block + place * depthwiseChannels;
        float sum = 0;
        for (long part = 0; part < parts; part++) sum += from[part * block + channel % depthwiseChannels];
        values(filter)[place * channels + channel] = sum;
      }
    }
  }

 private:
  static constexpr long mostParts = 8;
  int kernel_, stride_, padding_;
};

absl::Status sameShapes(InferenceContext* c, int from, const std::vector<int>& outputs) {
  for (int output : outputs) c->set_output(output, c->input(from));
  return absl::OkStatus();
}

REGISTER_OP("NasoaBatchNorm")
    .Input("x: T")
    .Input("scale: float")
    .Input("offset: float")
    .Input("running_mean: float")
    .Input("running_variance: float")
    .Input("residual: N * T")
    .Attr("T: {float, bfloat16}")
    .Attr("N: int >= 0")
    .Attr("epsilon: float")
    .Attr("momentum: float")
    .Attr("activation: {'none', 'relu', 'relu6'}")
    .Output("y: T")
    .Output("new_running_mean: float")
    .Output("new_running_variance: float")
    .Output("mean: float")
    .Output("inverse_deviation: float")
    .SetShapeFn([](InferenceContext* c) {
      c->set_output(0, c->input(0));
      return sameShapes(c, 1, {1, 2, 3, 4});
    });

REGISTER_OP("NasoaBatchNormGradient")
    .Input("dy: T")
    .Input("x: T")
    .Input("scale: float")
    .Input("offset: float")
    .Input("mean: float")
    .Input("inverse_deviation: float")
    .Input("y: N * T")
    .Attr("T: {float, bfloat16}")
    .Attr("N: int >= 0")
    .Attr("activation: {'none', 'relu', 'relu6'}")
    .Output("dx: T")
    .Output("dscale: float")
    .Output("doffset: float")
    .Output("dresidual: N * T")
    .SetShapeFn([](InferenceContext* c) {
      c->set_output(0, c->input(1));
      if (c->num_outputs() > 3) c->set_output(3, c->input(1));
      return sameShapes(c, 2, {1, 2});
    });

REGISTER_OP("NasoaFilterGradient")
    .Input("x: float")
    .Input("dy: float")
    .Attr("kernel: int >= 1")
    .Attr("stride: int >= 1")
    .Attr("padding: int >= 0")
    .Attr("groups: int >= 1")
    .Output("filter: float")
    .SetShapeFn([](InferenceContext* c) {
      int kernel, groups;
      TF_RETURN_IF_ERROR(c->GetAttr("kernel", &kernel));
      TF_RETURN_IF_ERROR(c->GetAttr("groups", &groups));
      tensorflow::shape_inference::DimensionHandle inputs;
      TF_RETURN_IF_ERROR(c->Divide(c->Dim(c->input(0), 3), groups, true, &inputs));
      c->set_output(0, c->MakeShape({c->MakeDim(kernel), c->MakeDim(kernel), inputs, c->Dim(c->input(1), 3)}));
      return absl::OkStatus();
    });

REGISTER_OP("NasoaDepthwiseFilterGradient")
    .Input("x: float")
    .Input("dy: float")
    .Attr("kernel: int >= 1")
    .Attr("stride: int >= 1")
    .Attr("padding: int >= 0")
    .Output("filter: float")
    .SetShapeFn([](InferenceContext* c) {
      int kernel;
      TF_RETURN_IF_ERROR(c->GetAttr("kernel", &kernel));
      c->set_output(0, c->MakeShape({c->MakeDim(kernel), c->MakeDim(kernel), c->Dim(c->input(0), 3), c->MakeDim(1)}));
      return absl::OkStatus();
    });

#define NASOA_REGISTER_BATCH_NORM(T)                                                                            \
  REGISTER_KERNEL_BUILDER(Name("NasoaBatchNorm").Device(tensorflow::DEVICE_CPU).TypeConstraint<T>("T"), BatchNorm<T>); \
  REGISTER_KERNEL_BUILDER(Name("NasoaBatchNormGradient").Device(tensorflow::DEVICE_CPU).TypeConstraint<T>("T"),        \
                          BatchNormGradient<T>);
NASOA_REGISTER_BATCH_NORM(float)
NASOA_REGISTER_BATCH_NORM(tensorflow::bfloat16)
#undef NASOA_REGISTER_BATCH_NORM
REGISTER_KERNEL_BUILDER(Name("NasoaFilterGradient").Device(tensorflow::DEVICE_CPU), FilterGradient);
REGISTER_KERNEL_BUILDER(Name("NasoaDepthwiseFilterGradient").Device(tensorflow::DEVICE_CPU), DepthwiseFilterGradient);

}  // namespace
}  // namespace nasoa

#endif
