#include "kernels.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
// of this file alone, and only after the system's headers: no inline function of theirs may be compiled for these instructions
#pragma GCC target("avx2,fma")
#endif

namespace nasoa {

#if defined(__x86_64__)

bool supported() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool filterGradientPays() { return supported() && !__builtin_cpu_supports("avx512f"); }
bool wideDepthwiseGradientPays() { return supported(); }
bool denseGroupsPay() { return __builtin_cpu_supports("avx512f"); }

namespace {

inline long smaller(long a, long b) { return a < b ? a : b; }
inline long larger(long a, long b) { return a > b ? a : b; }
inline long ceilDiv(long a, long b) { return (a + b - 1) / b; }

inline float valueOf(float x) { return x; }
inline float valueOf(BFloat16 x) {
  const unsigned bits = static_cast<unsigned>(x.bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline void store(float value, float* to) { *to = value; }
/** To the nearest, ties to even; what is no number stays none. */
inline void store(float value, BFloat16* to) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  const unsigned rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  to->bits = static_cast<unsigned short>(value == value ? rounded : 0x7fc0u);
}

template <bool hasResidual, bool clips, typename Value>
void normaliseAs(const Value* __restrict x, long rows, long channels, Affine affine, const Value* __restrict residual,
                 float upper, Value* __restrict y) {
  const float* __restrict factor = affine.factor;
  const float* __restrict term = affine.term;
  for (long row = 0; row < rows; row++, x += channels, y += channels, residual += hasResidual ? channels : 0) {
    for (long c = 0; c < channels; c++) {
      float value = valueOf(x[c]) * factor[c] + term[c];
      if (hasResidual) value += valueOf(residual[c]);
      if (clips) value = value > 0 ? (value < upper ? value : upper) : 0;
      store(value, y + c);
    }
  }
}

enum class Mask { none, fromInput, fromOutput };

/** dy behind the activation: nothing passes where it clipped. */
template <Mask mask>
inline float behind(float dy, float x, float y, float factor, float term, float upper) {
  if (mask == Mask::none) return dy;
  const float value = mask == Mask::fromInput ? x * factor + term : y;
  return value > 0 && value < upper ? dy : 0;
}

// `masked` may be `dy`, so neither is __restrict: ivdep says what the compiler cannot see, that no iteration reads
// what another one writes
template <Mask mask, bool keep, typename Value>
void gradientSumsAs(const Backward<Value>& b, long rows, long channels, const float* __restrict mean, Value* masked,
                    float* __restrict sums, float* __restrict products) {
  const Value *dy = b.dy, *x = b.x, *y = b.y;
  const float *factor = b.affine.factor, *term = b.affine.term;
  const float upper = b.activation.upper;
  for (long row = 0; row < rows; row++) {
#pragma GCC ivdep
    for (long c = 0; c < channels; c++) {
      const float image = valueOf(x[c]);
      const float output = mask == Mask::fromOutput ? valueOf(y[c]) : 0;
      const float g = behind<mask>(valueOf(dy[c]), image, output, factor[c], term[c], upper);
      if (keep) store(g, masked + c);
      sums[c] += g;
      products[c] += g * (image - mean[c]);
    }
    dy += channels;
    x += channels;
    if (mask == Mask::fromOutput) y += channels;
    if (keep) masked += channels;
  }
}

template <Mask mask, typename Value>
void gradientOfInputAs(const Backward<Value>& b, long rows, long channels, const float* __restrict gradientFactor,
                       const float* __restrict imageFactor, const float* __restrict shift, Value* dx) {
  const Value *dy = b.dy, *x = b.x, *y = b.y;
  const float *factor = b.affine.factor, *term = b.affine.term;
  const float upper = b.activation.upper;
  for (long row = 0; row < rows; row++) {
#pragma GCC ivdep
    for (long c = 0; c < channels; c++) {
      const float image = valueOf(x[c]);
      const float output = mask == Mask::fromOutput ? valueOf(y[c]) : 0;
      const float g = behind<mask>(valueOf(dy[c]), image, output, factor[c], term[c], upper);
      store(g * gradientFactor[c] + (image * imageFactor[c] + shift[c]), dx + c);
    }
    dy += channels;
    x += channels;
    dx += channels;
    if (mask == Mask::fromOutput) y += channels;
  }
}

}  // namespace

template <typename Value>
void shiftedSums(const Value* __restrict x, long rows, long channels, const float* __restrict shift,
                 float* __restrict sums, float* __restrict squares) {
  std::memset(sums, 0, sizeof(float) * channels);
  std::memset(squares, 0, sizeof(float) * channels);
  long row = 0;
  // four rows at a time: a quarter of the loads and stores of the sums
  for (; row + 4 <= rows; row += 4, x += 4 * channels) {
    for (long c = 0; c < channels; c++) {
      const float p = valueOf(x[c]) - shift[c], q = valueOf(x[c + channels]) - shift[c];
      const float r = valueOf(x[c + 2 * channels]) - shift[c], s = valueOf(x[c + 3 * channels]) - shift[c];
      sums[c] += (p + q) + (r + s);
      squares[c] += (p * p + q * q) + (r * r + s * s);
    }
  }
  for (; row < rows; row++, x += channels) {
    for (long c = 0; c < channels; c++) {
      const float p = valueOf(x[c]) - shift[c];
      sums[c] += p;
      squares[c] += p * p;
    }
  }
}

template <typename Value>
void normalise(const Value* x, long rows, long channels, Affine affine, const Value* residual, Activation activation,
               Value* y) {
  const float upper = activation.upper;
  if (residual && activation.clips) return normaliseAs<true, true>(x, rows, channels, affine, residual, upper, y);
  if (residual) return normaliseAs<true, false>(x, rows, channels, affine, residual, upper, y);
  if (activation.clips) return normaliseAs<false, true>(x, rows, channels, affine, residual, upper, y);
  normaliseAs<false, false>(x, rows, channels, affine, residual, upper, y);
}

template <typename Value>
void gradientSums(const Backward<Value>& b, long rows, long channels, const float* mean, Value* masked, float* sums,
                  float* products) {
  std::memset(sums, 0, sizeof(float) * channels);
  std::memset(products, 0, sizeof(float) * channels);
  if (!b.activation.clips) return gradientSumsAs<Mask::none, false>(b, rows, channels, mean, masked, sums, products);
  if (!b.y) return gradientSumsAs<Mask::fromInput, false>(b, rows, channels, mean, masked, sums, products);
  gradientSumsAs<Mask::fromOutput, true>(b, rows, channels, mean, masked, sums, products);
}

template <typename Value>
void gradientOfInput(const Backward<Value>& b, long rows, long channels, const float* gradientFactor,
                     const float* imageFactor, const float* term, Value* dx) {
  if (!b.activation.clips) return gradientOfInputAs<Mask::none>(b, rows, channels, gradientFactor, imageFactor, term, dx);
  if (!b.y) return gradientOfInputAs<Mask::fromInput>(b, rows, channels, gradientFactor, imageFactor, term, dx);
  gradientOfInputAs<Mask::fromOutput>(b, rows, channels, gradientFactor, imageFactor, term, dx);
}

#define NASOA_BATCH_NORM_OF(Value)                                                                                     \
  template void shiftedSums(const Value*, long, long, const float*, float*, float*);                                   \
  template void normalise(const Value*, long, long, Affine, const Value*, Activation, Value*);                         \
  template void gradientSums(const Backward<Value>&, long, long, const float*, Value*, float*, float*);                \
  template void gradientOfInput(const Backward<Value>&, long, long, const float*, const float*, const float*, Value*);
NASOA_BATCH_NORM_OF(float)
NASOA_BATCH_NORM_OF(BFloat16)
#undef NASOA_BATCH_NORM_OF

// The filter's gradient is, for each place (i, j) of the window, a matrix product over pixels: input pixels shifted by
// (i, j), transposed, times output gradients. Both are packed into tiles of a few channels with the pixels of a panel of
// images one after the other, so that the innermost loop reads memory in order, with a tile of the filter in registers.

namespace {

/** Input channels by output channels of a tile: 12 of the 16 vector registers accumulate. */
constexpr long tileInputs = 6;
constexpr long tileOutputs = 16;
/** Pixels of a strip: its output gradients stay in the first-level cache while all input tiles pass. */
constexpr long stripPixels = 256;
/** Floats of a packed panel: about half of a second-level cache. */
constexpr long panelFloats = 64 * 1024;

struct Tiling {
  long inputs, outputs;          // of a group
  long inputTiles, outputTiles;  // of a group
  long paddedHeight, paddedWidth;
  explicit Tiling(const Convolution& c)
      : inputs(c.inputs / c.groups),
        outputs(c.outputs / c.groups),
        inputTiles(ceilDiv(inputs, tileInputs)),
        outputTiles(ceilDiv(outputs, tileOutputs)),
        paddedHeight((c.outHeight - 1) * c.stride + c.kernel),
        paddedWidth((c.outWidth - 1) * c.stride + c.kernel) {}
  long inputFloats() const { return inputTiles * tileInputs * paddedHeight * paddedWidth; }
  long gradientFloats(const Convolution& c) const { return outputTiles * tileOutputs * c.outHeight * c.outWidth; }
  /** Floats of one window place of one group in the accumulator, and of one row there. */
  long placeFloats() const { return inputTiles * tileInputs * rowFloats(); }
  long rowFloats() const { return outputTiles * tileOutputs; }
};

/** The pixels of a strip: where they begin, and the floats from one image, row and column to the next. */
struct Pixels {
  const float *input, *gradient;
  long images, rows, columns;
  long inputImage, inputRow, inputColumn;
  long gradientImage, gradientRow;
};

// the loops over the tile must be unrolled, or the accumulators would live in memory
__attribute__((noinline)) void accumulateTile(const Pixels& p, float* out, long outRow) {
  __m256 sum[tileInputs][2];
#pragma GCC unroll 8
  for (long i = 0; i < tileInputs; i++) sum[i][0] = sum[i][1] = _mm256_setzero_ps();
  for (long image = 0; image < p.images; image++) {
    for (long row = 0; row < p.rows; row++) {
      const float* input = p.input + image * p.inputImage + row * p.inputRow;
      const float* gradient = p.gradient + image * p.gradientImage + row * p.gradientRow;
      for (long column = 0; column < p.columns; column++, input += p.inputColumn, gradient += tileOutputs) {
        const __m256 g0 = _mm256_load_ps(gradient), g1 = _mm256_load_ps(gradient + 8);
#pragma GCC unroll 8
        for (long i = 0; i < tileInputs; i++) {
          const __m256 x = _mm256_broadcast_ss(input + i);
          sum[i][0] = _mm256_fmadd_ps(x, g0, sum[i][0]);
          sum[i][1] = _mm256_fmadd_ps(x, g1, sum[i][1]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (long i = 0; i < tileInputs; i++) {
    float* o = out + i * outRow;
    _mm256_store_ps(o, _mm256_add_ps(_mm256_load_ps(o), sum[i][0]));
    _mm256_store_ps(o + 8, _mm256_add_ps(_mm256_load_ps(o + 8), sum[i][1]));
  }
}

/** Copies `wanted` channels, zeros for those from `valid` on. */
template <long wanted>
inline void copyChannels(const float* from, long valid, float* to) {
  if (valid >= wanted) {
    std::memcpy(to, from, sizeof(float) * wanted);
    return;
  }
  for (long i = 0; i < wanted; i++) to[i] = i < valid ? from[i] : 0;
}

/** One image's channels of a group -> tiles [tile][padded height][padded width][tileInputs], `tileStride` floats apart. */
void packInput(const Convolution& c, const Tiling& t, const float* image, float* packed, long tileStride) {
  for (long row = 0; row < t.paddedHeight; row++) {
    const long y = row - c.padding;
    for (long tile = 0; tile < t.inputTiles; tile++) {
      float* to = packed + tile * tileStride + row * t.paddedWidth * tileInputs;
      if (y < 0 || y >= c.height) {
        std::memset(to, 0, sizeof(float) * t.paddedWidth * tileInputs);
        continue;
      }
      const float* from = image + y * c.width * c.inputs + tile * tileInputs;
      for (long column = 0; column < t.paddedWidth; column++, to += tileInputs) {
        const long x = column - c.padding;
        const bool inside = x >= 0 && x < c.width;
        copyChannels<tileInputs>(from + x * c.inputs, inside ? t.inputs - tile * tileInputs : 0, to);
      }
    }
  }
}

void packGradient(const Convolution& c, const Tiling& t, const float* image, float* packed, long tileStride) {
  const long pixels = c.outHeight * c.outWidth;
  for (long tile = 0; tile < t.outputTiles; tile++) {
    const float* from = image + tile * tileOutputs;
    float* to = packed + tile * tileStride;
    for (long pixel = 0; pixel < pixels; pixel++, from += c.outputs, to += tileOutputs) {
      copyChannels<tileOutputs>(from, t.outputs - tile * tileOutputs, to);
    }
  }
}

/** A panel of images, packed. */
struct Panel {
  const float *input, *gradient;
  long images;
  /** Floats from one tile to the next. */
  long inputTile, gradientTile;
};

/** All places of the window and all tiles, over one strip. `p` holds its sizes and first pixels. */
void accumulateStrip(const Convolution& c, const Tiling& t, const Panel& panel, const Pixels& strip,
                     float* accumulator) {
  Pixels p = strip;
  for (long place = 0; place < c.kernel * c.kernel; place++) {
    const long shift = (place / c.kernel * t.paddedWidth + place % c.kernel) * tileInputs;
    for (long o = 0; o < t.outputTiles; o++) {
      p.gradient = strip.gradient + o * panel.gradientTile;
      for (long i = 0; i < t.inputTiles; i++) {
        p.input = strip.input + i * panel.inputTile + shift;
        accumulateTile(p, accumulator + place * t.placeFloats() + i * tileInputs * t.rowFloats() + o * tileOutputs,
                       t.rowFloats());
      }
    }
  }
}

/** Cuts the panel into strips: rows of one image, or several whole small images. */
void accumulatePanel(const Convolution& c, const Tiling& t, const Panel& panel, float* accumulator) {
  const long rows = smaller(c.outHeight, larger(1, stripPixels / c.outWidth));
  const long images = rows < c.outHeight ? 1 : larger(1, stripPixels / (c.outHeight * c.outWidth));
  Pixels p;
  p.columns = c.outWidth;
  p.inputImage = t.paddedHeight * t.paddedWidth * tileInputs;
  p.inputRow = c.stride * t.paddedWidth * tileInputs;
  p.inputColumn = c.stride * tileInputs;
  p.gradientImage = c.outHeight * c.outWidth * tileOutputs;
  p.gradientRow = c.outWidth * tileOutputs;
  for (long image = 0; image < panel.images; image += images) {
    p.images = smaller(images, panel.images - image);
    for (long row = 0; row < c.outHeight; row += rows) {
      p.rows = smaller(rows, c.outHeight - row);
      p.input = panel.input + image * p.inputImage + row * p.inputRow;
      p.gradient = panel.gradient + image * p.gradientImage + row * p.gradientRow;
      accumulateStrip(c, t, panel, p, accumulator);
    }
  }
}

}  // namespace

FilterWorkspace workspaceOf(const Convolution& c) {
  const Tiling t(c);
  const long imageFloats = t.inputFloats() + t.gradientFloats(c);
  const long panel = smaller(c.images, larger(1, panelFloats / larger(1, imageFloats)));
  // whole cache lines, so that one allocation serves all with every part aligned
  return {panel, ceilDiv(panel * t.inputFloats(), 16) * 16, panel * t.gradientFloats(c), c.groups * c.kernel * c.kernel * t.placeFloats()};
}

void filterGradient(const Convolution& c, const float* x, const float* dy, long begin, long end, float* packedInput,
                    float* packedGradient, float* accumulator) {
  const Tiling t(c);
  const long panel = workspaceOf(c).panel;
  const long inputImage = t.paddedHeight * t.paddedWidth * tileInputs;
  const long gradientImage = c.outHeight * c.outWidth * tileOutputs;
  for (long first = begin; first < end; first += panel) {
    const long images = smaller(panel, end - first);
    for (long group = 0; group < c.groups; group++) {
      for (long n = 0; n < images; n++) {
        const float* image = x + (first + n) * c.height * c.width * c.inputs + group * t.inputs;
        packInput(c, t, image, packedInput + n * inputImage, panel * inputImage);
        const float* gradient = dy + (first + n) * c.outHeight * c.outWidth * c.outputs + group * t.outputs;
        packGradient(c, t, gradient, packedGradient + n * gradientImage, panel * gradientImage);
      }
      const Panel packed{packedInput, packedGradient, images, panel * inputImage, panel * gradientImage};
      accumulatePanel(c, t, packed, accumulator + group * c.kernel * c.kernel * t.placeFloats());
    }
  }
}

void collectFilter(const Convolution& c, const float* accumulators, long parts, long begin, long end, float* filter) {
  const Tiling t(c);
  const long part = workspaceOf(c).accumulator;
  for (long row = begin; row < end; row++) {
    const long place = row / t.inputs, input = row % t.inputs;
    for (long group = 0; group < c.groups; group++) {
      const float* from = accumulators + (group * c.kernel * c.kernel + place) * t.placeFloats() + input * t.rowFloats();
      float* to = filter + row * c.outputs + group * t.outputs;
      for (long o = 0; o < t.outputs; o++) {
        float sum = from[o];
        for (long p = 1; p < parts; p++) sum += from[p * part + o];
        to[o] = sum;
      }
    }
  }
}

// A depthwise filter's gradient has so little arithmetic that nothing is worth packing: for each row of output gradients
// the rows of the input that it saw are passed once a window place, with some channels in registers side by side.

namespace {

template <bool partial>
inline __m256 loadChannels(const float* from, __m256i mask) {
  return partial ? _mm256_maskload_ps(from, mask) : _mm256_loadu_ps(from);
}

/** `vectors` registers of channels, of the last only those of the mask where it is partial. */
template <int vectors, bool partial>
void depthwiseAs(const Convolution& c, const float* x, const float* dy, long begin, long end, long first, __m256i mask,
                 float* accumulator) {
  for (long image = begin; image < end; image++) {
    for (long row = 0; row < c.outHeight; row++) {
      const float* gradients = dy + (image * c.outHeight + row) * c.outWidth * c.outputs + first;
      for (long i = 0; i < c.kernel; i++) {
        const long y = row * c.stride + i - c.padding;
        if (y < 0 || y >= c.height) continue;
        const float* inputs = x + (image * c.height + y) * c.width * c.inputs + first;
        for (long j = 0; j < c.kernel; j++) {
          const long from = c.padding > j ? ceilDiv(c.padding - j, c.stride) : 0;
          const long to = smaller(c.outWidth, ceilDiv(larger(0, c.width + c.padding - j), c.stride));
          float* sums = accumulator + (i * c.kernel + j) * depthwiseChannels;
          __m256 sum[vectors];
#pragma GCC unroll 4
          for (int v = 0; v < vectors; v++) sum[v] = _mm256_loadu_ps(sums + 8 * v);
          const float* input = inputs + (from * c.stride + j - c.padding) * c.inputs;
          const float* gradient = gradients + from * c.outputs;
          for (long column = from; column < to; column++) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors - 1; v++) {
              sum[v] = _mm256_fmadd_ps(_mm256_loadu_ps(input + 8 * v), _mm256_loadu_ps(gradient + 8 * v), sum[v]);
            }
            constexpr int last = vectors - 1;
            sum[last] = _mm256_fmadd_ps(loadChannels<partial>(input + 8 * last, mask),
                                        loadChannels<partial>(gradient + 8 * last, mask), sum[last]);
            input += c.stride * c.inputs;
            gradient += c.outputs;
          }
#pragma GCC unroll 4
          for (int v = 0; v < vectors; v++) _mm256_storeu_ps(sums + 8 * v, sum[v]);
        }
      }
    }
  }
}

}  // namespace

void depthwiseFilterGradient(const Convolution& c, const float* x, const float* dy, long begin, long end, long first,
                             long count, float* accumulator) {
  const long rest = count % 8;
  const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(rest)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  using Kernel = void (*)(const Convolution&, const float*, const float*, long, long, long, __m256i, float*);
  constexpr Kernel whole[] = {depthwiseAs<1, false>, depthwiseAs<2, false>, depthwiseAs<3, false>, depthwiseAs<4, false>};
  constexpr Kernel partial[] = {depthwiseAs<1, true>, depthwiseAs<2, true>, depthwiseAs<3, true>, depthwiseAs<4, true>};
  (rest ? partial : whole)[ceilDiv(count, 8) - 1](c, x, dy, begin, end, first, mask, accumulator);
}

#else

// no kernels for this kind of processor: the operations are not registered
bool supported() { return false; }
bool filterGradientPays() { return false; }
bool wideDepthwiseGradientPays() { return false; }
bool denseGroupsPay() { return false; }

#endif

}  // namespace nasoa
