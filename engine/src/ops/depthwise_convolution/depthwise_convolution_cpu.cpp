// Depthwise convolution by the loops, which know one output a channel. Where a channel has several,
// it is repeated for them first, and their gradients are added up behind: a copy of the input,
// where reading it through a table of channels would keep the loops from vectors.
#include <numeric>

#include "backend/cpu/group_sums.h"
#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/depthwise_convolution/depthwise_convolution.h"

namespace saltus::ops {

using namespace cpu;

namespace {

/// Images with each channel as often as it has outputs.
class RepeatedChannels {
 public:
  RepeatedChannels(const plan::Window& window, const Compilation& at)
      : window_(window),
        image_(window.image.height * window.image.width * window.channels_in),
        times_(window.channels_out / window.channels_in) {
    window_.channels_in = window.channels_out;
    if (times_ == 1) return;
    for (int worker = 0; worker < group_workers(at.workers); ++worker) {
      images_.emplace_back(at.slice_rows * image_ * times_, sizeof(float));
    }
  }

  /// The window in such images.
  const plan::Window& window() const { return window_; }

  /// The slice's images, repeated; x itself where that changes nothing.
  In repeat(In x, const Slice& slice) const {
    if (times_ == 1) return x;
    float* place = images(slice);
    RowReader reader(x, image_);
    for (std::int64_t row = 0; row < slice.rows; ++row) {
      for (const float value : reader.row(row)) place = std::fill_n(place, times_, value);
    }
    return {images(slice), plan::DType::f32};
  }

  /// Where such images are to be written for add(); dx itself where that changes nothing.
  Out place(Out dx, const Slice& slice) const {
    return times_ == 1 ? dx : Out{images(slice), plan::DType::f32};
  }

  /// dx = the sums over each channel's repetitions at place().
  void add(Out dx, const Slice& slice) const {
    if (times_ == 1) return;
    const float* place = images(slice);
    RowWriter writer(dx, image_);
    for (std::int64_t row = 0; row < slice.rows; ++row) {
      for (float& value : writer.values()) {
        value = std::accumulate(place, place + times_, 0.0F);
        place += times_;
      }
      writer.write(row);
    }
  }

 private:
  float* images(const Slice& slice) const {
    return images_[static_cast<std::size_t>(slice.worker)].as<float>();
  }

  plan::Window window_;
  std::int64_t image_;  ///< elements, without repetition
  std::int64_t times_;
  std::vector<Buffer> images_;  ///< by worker
};

class DepthwiseConvolutionOp : public SlicedOp {
 public:
  DepthwiseConvolutionOp(const DepthwiseConvolution& step, const Compilation& at)
      : step_(step), memory_(at.memory), repeated_(step.window, at) {}

  void run(const Run& run, const Slice& slice) override {
    loops().depthwise_forward(repeated_.repeat(memory_.in(step_.x, run, slice), slice),
                              memory_.floats(step_.w, run), memory_.floats(step_.b, run),
                              memory_.out(step_.y, run, slice), repeated_.window(), slice.rows);
  }

 private:
  DepthwiseConvolution step_;
  const Memory& memory_;
  RepeatedChannels repeated_;
};

class DepthwiseConvolutionBackwardOp : public SlicedOp {
 public:
  DepthwiseConvolutionBackwardOp(const DepthwiseConvolutionBackward& step, const Compilation& at)
      : step_(step),
        memory_(at.memory),
        repeated_(step.window, at),
        weights_(memory_.tensor(step.w).elements),
        sums_(weights_ + step.window.channels_out) {}

  void run(const Run& run, const Slice& slice) override {
    float* dw = sums_.of(slice.group);
    if (slice.opens_group) std::fill_n(dw, sums_.size(), 0.0F);
    const In dy = memory_.in(step_.dy, run, slice);
    const plan::Window& window = repeated_.window();
    loops().depthwise_backward_weights(repeated_.repeat(memory_.in(step_.x, run, slice), slice), dy,
                                       dw, step_.db == plan::kNone ? nullptr : dw + weights_,
                                       window, slice.rows);
    if (step_.dx == plan::kNone) return;
    const Out dx = memory_.out(step_.dx, run, slice);
    loops().depthwise_backward_data(dy, memory_.floats(step_.w, run), repeated_.place(dx, slice),
                                    window, slice.rows);
    repeated_.add(dx, slice);
  }

  void finish(const Run& run) override {
    const float* sums = sums_.total(run);
    std::copy_n(sums, weights_, memory_.floats(step_.dw, run));
    if (step_.db != plan::kNone) {
      std::copy_n(sums + weights_, step_.window.channels_out, memory_.floats(step_.db, run));
    }
  }

 private:
  DepthwiseConvolutionBackward step_;
  const Memory& memory_;
  RepeatedChannels repeated_;
  std::int64_t weights_;
  GroupSums sums_;  ///< dw, db
};

}  // namespace

SlicedOpPtr DepthwiseConvolution::compile(const Compilation& at) const {
  return std::make_unique<DepthwiseConvolutionOp>(*this, at);
}

SlicedOpPtr DepthwiseConvolutionBackward::compile(const Compilation& at) const {
  return std::make_unique<DepthwiseConvolutionBackwardOp>(*this, at);
}

}  // namespace saltus::ops
