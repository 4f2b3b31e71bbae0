#include "backend/cpu/program.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

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
    for (std::size_t i = segment.first; i < segment.last; ++i) {
      plan::for_each_tensor(program.steps[i], [&](plan::TensorId id, ops::Use) {
        const auto place = static_cast<std::size_t>(id);
        const plan::Tensor& tensor = program.tensors[place];
        if (plan::has_rows(tensor) && !seen[place]) bytes += plan::bytes_of(tensor);
        seen[place] = true;
      });
    }
    most = std::max(most, bytes);
  }
  return std::clamp<std::int64_t>(kSliceBytes / most, 1, kMostSliceRows);
}

/// Compiles a step to an op of one kind; a step of the other kind, or one that only another
/// backend's passes make, is a fault of the CPU's passes.
template <class OpPtr>
OpPtr compile(const plan::Step& step, const Compilation& at) {
  return std::visit(
      [&]<class S>(const S& s) -> OpPtr {
        if constexpr (requires {
                        { s.compile(at) } -> std::same_as<OpPtr>;
                      }) {
          return s.compile(at);
        } else {
          throw std::logic_error(fmt::format("the CPU has no such op for {}", S::kName));
        }
      },
      step);
}

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
      return run.parameters->floats.data() + floats;
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

CompiledProgram::CompiledProgram(const plan::Plan& plan, plan::Program program,
                                 const Workers& workers, std::int64_t batch_rows,
                                 std::byte* gradients, bool stop_on_nonfinite)
    : program_(std::move(program)),
      workers_(workers),
      batch_rows_(batch_rows),
      slice_rows_(slice_rows_of(program_)),
      memory_(std::make_unique<Memory>(program_, batch_rows, slice_rows_, group_workers(workers),
                                       gradients)) {
  const Compilation at{plan, *memory_, workers, slice_rows_, gradients, stop_on_nonfinite};
  for (const plan::Segment& segment : program_.segments) {
    CompiledSegment& compiled = segments_.emplace_back();
    for (std::size_t i = segment.first; i < segment.last; ++i) {
      const plan::Step& step = program_.steps[i];
      if (segment.sliced) {
        compiled.sliced.push_back(compile<SlicedOpPtr>(step, at));
      } else {
        compiled.whole.push_back(compile<WholeOpPtr>(step, at));
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
