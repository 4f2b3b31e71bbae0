// Backward of a convolution behind a max-pool that never forms the gradient of the whole output:
// behind a 2x2 pool three of four positions are zero, and the loops leave them out.
#include "backend/cpu/group_sums.h"
#include "backend/cpu/op.h"
#include "ops/convolution/convolution_cpu.h"

namespace saltus::ops {

using namespace cpu;

namespace {

Buffer floats(std::int64_t count) {
  return Buffer(count, sizeof(float));
}

class PooledConvolutionBackwardOp : public SlicedOp {
 public:
  PooledConvolutionBackwardOp(const PooledConvolutionBackward& step, const Compilation& at)
      : step_(step),
        memory_(at.memory),
        w_own_(floats(loops().pooled_convolution_weights_size(step.window))),
        dw_sums_(loops().pooled_convolution_weights_size(step.window)),
        db_sums_(step.window.channels_out) {
    for (int worker = 0; worker < group_workers(at.workers); ++worker) {
      scratch_.push_back(floats(loops().pooled_convolution_scratch_size(step.window)));
    }
  }

  void prepare(const Run& run, std::int64_t /*remainder*/) override {
    if (step_.dx == plan::kNone) return;
    loops().pooled_convolution_prepare(memory_.floats(step_.w, run), w_own_.as<float>(),
                                       step_.window);
  }

  void run(const Run& run, const Slice& slice) override {
    float* dw = dw_sums_.of(slice.group);
    float* db = db_sums_.of(slice.group);
    if (slice.opens_group) {
      std::fill_n(dw, dw_sums_.size(), 0.0F);
      std::fill_n(db, db_sums_.size(), 0.0F);
    }
    const float* dy = memory_.floats(step_.dy, run, slice);
    const std::uint8_t* index = memory_.bytes(step_.index, run, slice);
    float* scratch = scratch_[static_cast<std::size_t>(slice.worker)].as<float>();
    loops().pooled_convolution_weights(memory_.floats(step_.x, run, slice), dy, index, dw, db,
                                       step_.window, step_.pool, slice.rows, scratch);
    if (step_.dx == plan::kNone) return;
    loops().pooled_convolution_data(w_own_.as<float>(), dy, index,
                                    memory_.floats(step_.dx, run, slice), step_.window, step_.pool,
                                    slice.rows, scratch);
  }

  void finish(const Run& run) override {
    float* dw = memory_.floats(step_.dw, run);
    std::fill_n(dw, memory_.tensor(step_.dw).elements, 0.0F);
    loops().pooled_convolution_finish(dw_sums_.total(run), dw, step_.window);
    if (step_.db != plan::kNone) {
      std::copy_n(db_sums_.total(run), db_sums_.size(), memory_.floats(step_.db, run));
    }
  }

 private:
  PooledConvolutionBackward step_;
  const Memory& memory_;
  Buffer w_own_;
  GroupSums dw_sums_, db_sums_;
  std::vector<Buffer> scratch_;  ///< by worker
};

}  // namespace

SlicedOpPtr make_sparse_backward_op(const PooledConvolutionBackward& step, const Compilation& at) {
  return std::make_unique<PooledConvolutionBackwardOp>(step, at);
}

}  // namespace saltus::ops
