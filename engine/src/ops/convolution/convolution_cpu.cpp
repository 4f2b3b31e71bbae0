// Convolutions by oneDNN, a slice at a time: the slice's output stays in the core's cache for the
// steps behind it. Images are NHWC, which oneDNN's kernels take as they are; weights are rearranged
// once a batch.
#include "ops/convolution/convolution_cpu.h"

#include <map>
#include <string_view>

#include "backend/cpu/group_sums.h"
#include "backend/cpu/onednn.h"
#include "backend/cpu/op.h"

namespace saltus::ops {

using namespace cpu;

namespace {

using dnnl::memory;
using dnnl::prop_kind;

memory::desc image_desc(std::int64_t rows, Size2 size, std::int64_t channels, plan::DType type) {
  return {{rows, channels, size.height, size.width}, onednn_type(type), memory::format_tag::nhwc};
}

/// One convolution of the plan in oneDNN's words.
struct Geometry {
  plan::Window window;
  plan::DType x_type, y_type, w_type;
  bool bias;

  memory::dims weight_dims() const {
    return {window.channels_out, window.channels_in, window.size.height, window.size.width};
  }
  /// The plan's layout, [height][width][in][out].
  memory::desc plain_weights() const {
    return {weight_dims(), memory::data_type::f32, memory::format_tag::hwio};
  }
  memory::desc any_weights(plan::DType type) const {
    return {weight_dims(), onednn_type(type), memory::format_tag::any};
  }
  memory::desc bias_desc() const {
    return bias ? memory::desc({window.channels_out}, memory::data_type::f32, memory::format_tag::a)
                : memory::desc();
  }
  memory::desc x(std::int64_t rows) const {
    return image_desc(rows, window.image, window.channels_in, x_type);
  }
  memory::desc y(std::int64_t rows) const {
    return image_desc(rows, window.output, window.channels_out, y_type);
  }
  memory::dims strides() const { return {window.strides.height, window.strides.width}; }
  bool has_strides() const { return window.strides.height > 1 || window.strides.width > 1; }
  bool fills_registers(std::int64_t floats) const {
    return window.channels_in % floats == 0 && window.channels_out % floats == 0;
  }
  memory::dims before() const {
    return {window.padding_before.height, window.padding_before.width};
  }
  memory::dims after() const { return {window.padding_after.height, window.padding_after.width}; }

  dnnl::convolution_forward::primitive_desc forward(std::int64_t rows,
                                                    const memory::desc& weights) const {
    const dnnl::convolution_forward::desc desc(
        prop_kind::forward_training, dnnl::algorithm::convolution_direct, x(rows), weights,
        bias_desc(), y(rows), strides(), before(), after());
    return {desc, user_scratchpad(), onednn_engine()};
  }
};

/// Weights in the order that a primitive wants, made from the plan's order once a batch.
class ArrangedWeights {
 public:
  ArrangedWeights() = default;
  ArrangedWeights(const memory::desc& plain, const memory::desc& wanted)
      : buffer_(static_cast<std::int64_t>(wanted.get_size())) {
    const dnnl::reorder::primitive_desc reorder(onednn_engine(), plain, onednn_engine(), wanted,
                                                user_scratchpad());
    reorder_ = Primitive(dnnl::reorder(reorder), reorder.scratchpad_desc(),
                         {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, wanted}}, 1);
  }
  void arrange(const float* weights) const {
    const SingleThreaded here;
    reorder_.run(0, {weights, buffer_.data()});
  }
  const void* data() const { return buffer_.data(); }

 private:
  Buffer buffer_;
  Primitive reorder_;
};

/// Primitives by number of rows: of a full slice, made first, whose weight layout the others
/// follow, and of remainders.
class ByRows {
 public:
  using Make = std::function<Primitive(std::int64_t rows)>;

  explicit ByRows(Make make) : make_(std::move(make)) {}

  void ensure(std::int64_t rows) {
    if (rows > 0 && !primitives_.contains(rows)) {
      const SingleThreaded here;
      primitives_.emplace(rows, make_(rows));
    }
  }
  const Primitive& at(std::int64_t rows) const { return primitives_.at(rows); }

 private:
  Make make_;
  std::map<std::int64_t, Primitive> primitives_;
};

class ConvolutionForwardOp : public SlicedOp {
 public:
  ConvolutionForwardOp(const Convolution& step, const Compilation& at)
      : step_(step),
        memory_(at.memory),
        workers_(group_workers(at.workers)),
        geometry_{step.window, memory_.tensor(step.x).type, memory_.tensor(step.y).type,
                  memory_.tensor(step.x).type, step.b != plan::kNone},
        primitives_([this](std::int64_t rows) { return make(rows); }) {
    const SingleThreaded here;
    weights_desc_ =
        geometry_.forward(at.slice_rows, geometry_.any_weights(geometry_.w_type)).weights_desc();
    weights_ = ArrangedWeights(geometry_.plain_weights(), weights_desc_);
    primitives_.ensure(at.slice_rows);
  }

  void prepare(const Run& run, std::int64_t remainder) override {
    weights_.arrange(memory_.floats(step_.w, run));
    primitives_.ensure(remainder);
  }

  void run(const Run& run, const Slice& slice) override {
    primitives_.at(slice.rows)
        .run(slice.worker, {memory_.at(step_.x, run, slice), weights_.data(),
                            memory_.at(step_.y, run, slice), memory_.at(step_.b, run, slice)});
  }

 private:
  Primitive make(std::int64_t rows) const {
    const auto desc = geometry_.forward(rows, weights_desc_);
    std::vector<std::pair<int, memory::desc>> arguments = {{DNNL_ARG_SRC, geometry_.x(rows)},
                                                           {DNNL_ARG_WEIGHTS, weights_desc_},
                                                           {DNNL_ARG_DST, geometry_.y(rows)}};
    if (geometry_.bias) arguments.emplace_back(DNNL_ARG_BIAS, geometry_.bias_desc());
    return {dnnl::convolution_forward(desc), desc.scratchpad_desc(), arguments, workers_};
  }

  Convolution step_;
  const Memory& memory_;
  int workers_;
  Geometry geometry_;
  memory::desc weights_desc_;
  ArrangedWeights weights_;
  ByRows primitives_;
};

/// Both gradients of a convolution from the gradient of its whole output.
class DenseBackward {
 public:
  DenseBackward(plan::TensorId x, plan::TensorId w, plan::TensorId dx, plan::TensorId dw,
                plan::TensorId db, const Geometry& geometry, const Compilation& at)
      : x_(x),
        w_(w),
        dx_(dx),
        dw_(dw),
        db_(db),
        geometry_(geometry),
        memory_(at.memory),
        workers_(group_workers(at.workers)),
        weights_primitives_([this](std::int64_t rows) { return make_weights(rows); }),
        data_primitives_([this](std::int64_t rows) { return make_data(rows); }) {
    const SingleThreaded here;
    const std::int64_t rows = at.slice_rows;
    dw_desc_ = weights_desc(rows, geometry_.any_weights(plan::DType::f32)).diff_weights_desc();
    const auto floats = static_cast<std::int64_t>(dw_desc_.get_size() / sizeof(float));
    dw_sums_ = GroupSums(floats);
    db_sums_ = GroupSums(geometry_.window.channels_out);
    for (int worker = 0; worker < workers_; ++worker) {
      found_.emplace_back((floats + geometry_.window.channels_out) * std::int64_t{sizeof(float)});
    }
    const dnnl::reorder::primitive_desc reorder(onednn_engine(), dw_desc_, onednn_engine(),
                                                geometry_.plain_weights(), user_scratchpad());
    to_plain_ = Primitive(dnnl::reorder(reorder), reorder.scratchpad_desc(),
                          {{DNNL_ARG_FROM, dw_desc_}, {DNNL_ARG_TO, geometry_.plain_weights()}}, 1);
    weights_primitives_.ensure(rows);
    if (dx_ != plan::kNone) {
      w_desc_ = data_desc(rows, geometry_.any_weights(geometry_.w_type)).weights_desc();
      arranged_ = ArrangedWeights(geometry_.plain_weights(), w_desc_);
      data_primitives_.ensure(rows);
    }
  }

  void prepare(const Run& run, std::int64_t remainder) {
    weights_primitives_.ensure(remainder);
    if (dx_ == plan::kNone) return;
    arranged_.arrange(memory_.floats(w_, run));
    data_primitives_.ensure(remainder);
  }

  void run(const Run& run, const Slice& slice, const void* dy) {
    float* dw = dw_sums_.of(slice.group);
    float* db = db_sums_.of(slice.group);
    if (!slice.opens_group) {
      dw = found_[static_cast<std::size_t>(slice.worker)].as<float>();
      db = dw + dw_sums_.size();
    }
    weights_primitives_.at(slice.rows)
        .run(slice.worker, {memory_.at(x_, run, slice), dy, dw, geometry_.bias ? db : nullptr});
    if (!slice.opens_group) {
      dw_sums_.add(slice, dw);
      if (geometry_.bias) db_sums_.add(slice, db);
    }
    if (dx_ != plan::kNone) {
      data_primitives_.at(slice.rows)
          .run(slice.worker, {dy, arranged_.data(), memory_.at(dx_, run, slice)});
    }
  }

  void finish(const Run& run) {
    const SingleThreaded here;
    to_plain_.run(0, {dw_sums_.total(run), memory_.floats(dw_, run)});
    if (geometry_.bias) std::copy_n(db_sums_.total(run), db_sums_.size(), memory_.floats(db_, run));
  }

 private:
  dnnl::convolution_backward_weights::primitive_desc weights_desc(std::int64_t rows,
                                                                  const memory::desc& dw) const {
    const dnnl::convolution_backward_weights::desc desc(
        dnnl::algorithm::convolution_direct, geometry_.x(rows), dw, geometry_.bias_desc(),
        geometry_.y(rows), geometry_.strides(), geometry_.before(), geometry_.after());
    // Looked at again by next_impl().
    const auto forward = geometry_.forward(rows, geometry_.any_weights(geometry_.w_type));
    dnnl::convolution_backward_weights::primitive_desc chosen(desc, user_scratchpad(),
                                                              onednn_engine(), forward);
    // On AVX2, that of oneDNN 2.6 for 1 x 1 writes behind its scratch memory where there are
    // strides and the channels do not fill registers of eight.
    while (geometry_.has_strides() && !geometry_.fills_registers(8) &&
           std::string_view(chosen.impl_info_str()) == "jit_1x1:avx2" && chosen.next_impl()) {
    }
    return chosen;
  }

  dnnl::convolution_backward_data::primitive_desc data_desc(std::int64_t rows,
                                                            const memory::desc& w) const {
    const memory::desc dx = image_desc(rows, geometry_.window.image, geometry_.window.channels_in,
                                       memory_.tensor(dx_).type);
    const dnnl::convolution_backward_data::desc desc(dnnl::algorithm::convolution_direct, dx, w,
                                                     geometry_.y(rows), geometry_.strides(),
                                                     geometry_.before(), geometry_.after());
    return {desc, user_scratchpad(), onednn_engine(),
            geometry_.forward(rows, geometry_.any_weights(geometry_.w_type))};
  }

  Primitive make_weights(std::int64_t rows) const {
    const auto desc = weights_desc(rows, dw_desc_);
    std::vector<std::pair<int, memory::desc>> arguments = {{DNNL_ARG_SRC, geometry_.x(rows)},
                                                           {DNNL_ARG_DIFF_DST, geometry_.y(rows)},
                                                           {DNNL_ARG_DIFF_WEIGHTS, dw_desc_}};
    if (geometry_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, geometry_.bias_desc());
    return {dnnl::convolution_backward_weights(desc), desc.scratchpad_desc(), arguments, workers_};
  }

  Primitive make_data(std::int64_t rows) const {
    const auto desc = data_desc(rows, w_desc_);
    return {dnnl::convolution_backward_data(desc),
            desc.scratchpad_desc(),
            {{DNNL_ARG_DIFF_DST, geometry_.y(rows)},
             {DNNL_ARG_WEIGHTS, w_desc_},
             {DNNL_ARG_DIFF_SRC, desc.diff_src_desc()}},
            workers_};
  }

  plan::TensorId x_, w_, dx_, dw_, db_;
  Geometry geometry_;
  const Memory& memory_;
  int workers_;
  memory::desc dw_desc_, w_desc_;
  ArrangedWeights arranged_;
  Primitive to_plain_;
  GroupSums dw_sums_, db_sums_;
  std::vector<Buffer> found_;  ///< by worker: dw and db of one slice
  ByRows weights_primitives_, data_primitives_;
};

class ConvolutionBackwardOp : public SlicedOp {
 public:
  ConvolutionBackwardOp(const ConvolutionBackward& step, const Compilation& at)
      : dy_(step.dy),
        memory_(at.memory),
        dense_(step.x, step.w, step.dx, step.dw, step.db,
               Geometry{step.window, memory_.tensor(step.x).type, memory_.tensor(step.dy).type,
                        memory_.tensor(step.x).type, step.db != plan::kNone},
               at) {}

  void prepare(const Run& run, std::int64_t remainder) override { dense_.prepare(run, remainder); }
  void run(const Run& run, const Slice& slice) override {
    dense_.run(run, slice, memory_.at(dy_, run, slice));
  }
  void finish(const Run& run) override { dense_.finish(run); }

 private:
  plan::TensorId dy_;
  const Memory& memory_;
  DenseBackward dense_;
};

/// The gradient spread out to the whole output first: what bf16 does, whose dense kernels are
/// faster than sparse f32 ones.
class SpreadConvolutionBackwardOp : public SlicedOp {
 public:
  SpreadConvolutionBackwardOp(const PooledConvolutionBackward& step, const Compilation& at)
      : step_(step),
        memory_(at.memory),
        dense_(step.x, step.w, step.dx, step.dw, step.db,
               Geometry{step.window, memory_.tensor(step.x).type, memory_.tensor(step.dy).type,
                        memory_.tensor(step.x).type, step.db != plan::kNone},
               at) {
    const plan::Window& window = step.window;
    const std::int64_t bytes = at.slice_rows * window.output.height * window.output.width *
                               window.channels_out * plan::size_of(memory_.tensor(step.dy).type);
    for (int worker = 0; worker < group_workers(at.workers); ++worker) spread_.emplace_back(bytes);
  }

  void prepare(const Run& run, std::int64_t remainder) override { dense_.prepare(run, remainder); }
  void run(const Run& run, const Slice& slice) override {
    void* dy = spread_[static_cast<std::size_t>(slice.worker)].data();
    loops().max_pool_backward(memory_.in(step_.dy, run, slice),
                              memory_.bytes(step_.index, run, slice),
                              {dy, memory_.tensor(step_.dy).type}, step_.pool, slice.rows);
    dense_.run(run, slice, dy);
  }
  void finish(const Run& run) override { dense_.finish(run); }

 private:
  PooledConvolutionBackward step_;
  const Memory& memory_;
  std::vector<Buffer> spread_;  ///< by worker: the gradient of the convolution's output
  DenseBackward dense_;
};

}  // namespace

SlicedOpPtr Convolution::compile(const Compilation& at) const {
  return std::make_unique<ConvolutionForwardOp>(*this, at);
}

SlicedOpPtr ConvolutionBackward::compile(const Compilation& at) const {
  return std::make_unique<ConvolutionBackwardOp>(*this, at);
}

SlicedOpPtr PooledConvolutionBackward::compile(const Compilation& at) const {
  const bool f32 = at.memory.tensor(x).type == plan::DType::f32;
  if (f32 && loops().pooled_convolution_supported(window, pool)) {
    return make_sparse_backward_op(*this, at);
  }
  return std::make_unique<SpreadConvolutionBackwardOp>(*this, at);
}

}  // namespace saltus::ops
