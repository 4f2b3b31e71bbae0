#include "backend/cpu/program.h"

#include <algorithm>
#include <functional>

#include "backend/cpu/row_ops.h"
#include "plan/passes.h"

namespace saltus::cpu {
namespace {

/// Bytes that the tensors of a slice may take, so that a segment's steps find them in the core's
/// second-level cache. Fixed, not measured: sums over slices must not differ between machines.
constexpr std::int64_t kSliceBytes = 768 * 1024;
constexpr std::int64_t kMostSliceRows = 16;

/// The same for every batch: what a row comes to must not depend on the room for others.
std::int64_t slice_rows_of(const plan::Program& program) {
  std::int64_t most = 1;
  for (const plan::Segment& segment : program.segments) {
    if (!segment.sliced) continue;
    std::vector<bool> seen(program.tensors.size(), false);
    std::int64_t bytes = 0;
    for (const plan::Step& step : segment.steps) {
      plan::for_each_tensor(step, [&](plan::TensorId id, plan::Use) {
        const auto place = static_cast<std::size_t>(id);
        const plan::Tensor& tensor = program.tensors[place];
        const bool rows = tensor.home == plan::Home::batch || tensor.home == plan::Home::slice;
        if (rows && !seen[place]) bytes += tensor.elements * plan::size_of(tensor.type);
        seen[place] = true;
      });
    }
    most = std::max(most, bytes);
  }
  return std::clamp<std::int64_t>(kSliceBytes / most, 1, kMostSliceRows);
}

/// A sliced op that is one loop.
class LoopOp : public SlicedOp {
 public:
  using Body = std::function<void(const Run&, const Slice&)>;
  explicit LoopOp(Body body) : body_(std::move(body)) {}
  void run(const Run& run, const Slice& slice) override { body_(run, slice); }

 private:
  Body body_;
};

/// Compiles the steps of sliced segments. A step without an overload here or in Whole does not
/// compile.
struct Sliced {
  const Setting& setting;

  SlicedOpPtr loop(LoopOp::Body body) const { return std::make_unique<LoopOp>(std::move(body)); }
  std::int64_t elements(plan::TensorId id) const { return setting.memory.tensor(id).elements; }

  SlicedOpPtr operator()(const plan::LoadInput& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory, n = elements(s.x)](const Run& run, const Slice& slice) {
      const Out x = memory.out(s.x, run, slice);
      const std::int64_t bytes = n * plan::size_of(x.type);
      for (std::int64_t row = 0; row < slice.rows; ++row) {
        const std::int64_t sample = run.order[static_cast<std::size_t>(slice.first + row)];
        const In source = std::visit(
            [&](const auto& inputs) {
              using Element = typename std::decay_t<decltype(inputs)>::value_type;
              return In{inputs.data() + sample * n,
                        sizeof(Element) == 1 ? plan::DType::u8 : plan::DType::f32};
            },
            run.samples->inputs);
        loops().load(source, {static_cast<std::byte*>(x.data) + row * bytes, x.type}, n);
      }
    });
  }
  SlicedOpPtr operator()(const plan::Activate& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory, n = elements(s.x)](const Run& run, const Slice& slice) {
      loops().activate(run.trial->config.activations[static_cast<std::size_t>(s.slot)],
                       memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                       memory.floats(s.slope, run, slice), slice.rows * n);
    });
  }
  SlicedOpPtr operator()(const plan::ActivateBackward& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory, n = elements(s.dx)](const Run& run, const Slice& slice) {
      loops().multiply(memory.in(s.dy, run, slice), memory.floats(s.slope, run, slice),
                       memory.out(s.dx, run, slice), slice.rows * n);
    });
  }
  SlicedOpPtr operator()(const plan::ActivatePool& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      loops().activate_pool(run.trial->config.activations[static_cast<std::size_t>(s.slot)],
                            memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                            memory.floats(s.slope, run, slice),
                            static_cast<std::uint8_t*>(memory.at(s.index, run, slice)), s.window,
                            slice.rows);
    });
  }
  SlicedOpPtr operator()(const plan::MaxPool& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      loops().max_pool(memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                       static_cast<std::uint8_t*>(memory.at(s.index, run, slice)), s.window,
                       slice.rows);
    });
  }
  SlicedOpPtr operator()(const plan::MaxPoolBackward& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      loops().max_pool_backward(memory.in(s.dy, run, slice),
                                static_cast<const std::uint8_t*>(memory.at(s.index, run, slice)),
                                memory.out(s.dx, run, slice), s.window, slice.rows);
    });
  }
  SlicedOpPtr operator()(const plan::AveragePool& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      loops().average_pool(memory.in(s.x, run, slice), memory.out(s.y, run, slice), s.window,
                           slice.rows);
    });
  }
  SlicedOpPtr operator()(const plan::AveragePoolBackward& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      loops().average_pool_backward(memory.in(s.dy, run, slice), memory.out(s.dx, run, slice),
                                    s.window, slice.rows);
    });
  }
  SlicedOpPtr operator()(const plan::Drop& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory, n = elements(s.x)](const Run& run, const Slice& slice) {
      loops().drop(rule(s.slot, run), key(s.slot, n, run, slice), memory.in(s.x, run, slice),
                   memory.out(s.y, run, slice), slice.rows * n);
    });
  }
  SlicedOpPtr operator()(const plan::DropBackward& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory, n = elements(s.dx)](const Run& run, const Slice& slice) {
      loops().drop_backward(rule(s.slot, run), key(s.slot, n, run, slice),
                            memory.in(s.dy, run, slice), memory.out(s.dx, run, slice),
                            slice.rows * n);
    });
  }
  SlicedOpPtr operator()(const plan::ParametricRelu& s) const {
    const Memory& memory = setting.memory;
    auto places = backend::broadcast_places(s.sample, memory.tensor(s.alpha).shape);
    return loop([s, &memory, places = std::move(places)](const Run& run, const Slice& slice) {
      parametric_relu_rows(memory.in(s.x, run, slice), memory.floats(s.alpha, run), places,
                           memory.out(s.y, run, slice), slice.rows);
    });
  }
  SlicedOpPtr operator()(const plan::SoftmaxRows& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      softmax_rows(memory.in(s.x, run, slice), memory.out(s.y, run, slice), slice.rows * s.rows,
                   s.channels, s.log);
    });
  }
  SlicedOpPtr operator()(const plan::SoftmaxRowsBackward& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      softmax_rows_backward(memory.in(s.y, run, slice), memory.in(s.dy, run, slice),
                            memory.out(s.dx, run, slice), slice.rows * s.rows, s.channels, s.log);
    });
  }
  SlicedOpPtr operator()(const plan::Normalize& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory](const Run& run, const Slice& slice) {
      normalize_rows(memory.in(s.x, run, slice), memory.out(s.y, run, slice),
                     memory.floats(s.moving_mean, run), memory.floats(s.moving_variance, run),
                     memory.floats(s.gamma, run), memory.floats(s.beta, run), s.epsilon,
                     slice.rows * s.rows, s.channels);
    });
  }
  SlicedOpPtr operator()(const plan::Sum& s) const {
    const Memory& memory = setting.memory;
    return loop([s, &memory, n = elements(s.y)](const Run& run, const Slice& slice) {
      loops().add(memory.in(s.a, run, slice), memory.in(s.b, run, slice),
                  memory.out(s.y, run, slice), slice.rows * n);
    });
  }
  SlicedOpPtr operator()(const plan::Convolution& s) const { return make_op(s, setting); }
  SlicedOpPtr operator()(const plan::ConvolutionBackward& s) const { return make_op(s, setting); }
  SlicedOpPtr operator()(const plan::PooledConvolutionBackward& s) const {
    return make_op(s, setting);
  }

  // Whole-batch steps are never cut into a sliced segment.
  template <class Step>
  requires(!Step::kSliced) SlicedOpPtr operator()(const Step&) const { return nullptr; }

  static const backend::DropoutRule& rule(int slot, const Run& run) {
    return run.trial->config.dropouts[static_cast<std::size_t>(slot)];
  }
  static MaskKey key(int slot, std::int64_t elements, const Run& run, const Slice& slice) {
    return {run.trial->config.seed, static_cast<std::uint32_t>(slot),
            static_cast<std::uint32_t>(run.trial->step), slice.first * elements};
  }
};

/// Compiles the steps of whole-batch segments.
struct Whole {
  const Setting& setting;
  std::byte* gradients;
  bool stop_on_nonfinite;

  WholeOpPtr operator()(const plan::Product& s) const { return make_op(s, setting); }
  WholeOpPtr operator()(const plan::ProductBackward& s) const { return make_op(s, setting); }
  WholeOpPtr operator()(const plan::ParametricReluBackward& s) const { return make_op(s, setting); }
  WholeOpPtr operator()(const plan::Normalize& s) const { return make_training_op(s, setting); }
  WholeOpPtr operator()(const plan::NormalizeBackward& s) const { return make_op(s, setting); }
  WholeOpPtr operator()(const plan::EvaluateLoss& s) const { return make_op(s, setting); }
  WholeOpPtr operator()(const plan::Update&) const {
    return make_update_op(setting, gradients, stop_on_nonfinite);
  }

  // Sliced steps are never cut into a whole-batch segment.
  template <class Step>
  requires(Step::kSliced) WholeOpPtr operator()(const Step&) const { return nullptr; }
};

}  // namespace

Memory::Memory(const plan::Program& program, std::int64_t batch_rows, std::int64_t slice_rows,
               int workers, std::byte* gradients)
    : program_(&program),
      batch_rows_(batch_rows),
      slice_rows_(slice_rows),
      gradients_(gradients),
      batch_(batch_rows, program.batch_bytes) {
  for (int worker = 0; worker < workers; ++worker)
    slices_.emplace_back(slice_rows, program.slice_bytes);
}

void* Memory::at(plan::TensorId id, const Run& run, const Slice& slice) const {
  if (id == plan::kNone) return nullptr;
  const plan::Tensor& t = tensor(id);
  const std::int64_t floats = t.offset * std::int64_t{sizeof(float)};
  switch (t.home) {
    case plan::Home::parameters:
      return run.trial->parameters.data() + floats;
    case plan::Home::statistics:
      return run.trial->statistics.data() + floats;
    case plan::Home::gradients:
      return gradients_ + floats;
    case plan::Home::batch:
      return batch_.data() + t.offset * batch_rows_ +
             slice.first * t.elements * plan::size_of(t.type);
    case plan::Home::slice:
      return slices_[static_cast<std::size_t>(slice.worker)].data() + t.offset * slice_rows_;
  }
  return nullptr;
}

CompiledProgram::CompiledProgram(const plan::Plan& plan, const plan::Program& program,
                                 const Workers& workers, std::int64_t batch_rows,
                                 std::byte* gradients, bool stop_on_nonfinite)
    : workers_(workers),
      batch_rows_(batch_rows),
      slice_rows_(slice_rows_of(program)),
      memory_(std::make_unique<Memory>(program, batch_rows, slice_rows_, group_workers(workers),
                                       gradients)) {
  const Setting setting{plan, *memory_, workers, slice_rows_};
  for (const plan::Segment& segment : program.segments) {
    CompiledSegment& compiled = segments_.emplace_back();
    for (const plan::Step& step : segment.steps) {
      if (segment.sliced) {
        compiled.sliced.push_back(std::visit(Sliced{setting}, step));
      } else {
        compiled.whole.push_back(std::visit(Whole{setting, gradients, stop_on_nonfinite}, step));
      }
    }
  }
}

void CompiledProgram::run(Run& run) {
  for (CompiledSegment& segment : segments_) {
    if (!segment.sliced.empty()) run_sliced(segment.sliced, run);
    for (const WholeOpPtr& op : segment.whole) op->run(run);
  }
}

void CompiledProgram::run_sliced(std::vector<SlicedOpPtr>& ops, Run& run) const {
  const std::int64_t rows = run.rows();
  const std::int64_t slices = (rows + slice_rows_ - 1) / slice_rows_;
  const std::int64_t slices_a_group = (slices + kGroups - 1) / kGroups;
  run.groups = static_cast<int>((slices + slices_a_group - 1) / slices_a_group);
  const std::int64_t remainder = rows % slice_rows_;

  for (const SlicedOpPtr& op : ops) op->prepare(run, remainder);
  workers_.run(run.groups, [&](int group, int worker) {
    const std::int64_t first = group * slices_a_group;
    for (std::int64_t number = first; number < std::min(first + slices_a_group, slices); ++number) {
      Slice slice;
      slice.first = number * slice_rows_;
      slice.rows = std::min(slice_rows_, rows - slice.first);
      slice.worker = worker;
      slice.group = group;
      slice.opens_group = number == first;
      for (const SlicedOpPtr& op : ops) op->run(run, slice);
    }
  });
  for (const SlicedOpPtr& op : ops) op->finish(run);
}

}  // namespace saltus::cpu
