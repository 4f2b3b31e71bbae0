#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "backend/cpu/op.h"
#include "plan/plan.h"

namespace saltus::cpu {

/// A program of the plan, compiled: its memory and an op for each step.
class CompiledProgram {
 public:
  /// `program` is one behind passes that cut and packed it, passes::cpu_program() or others;
  /// `gradients` is the flat array that the programs of an executable share.
  CompiledProgram(const plan::Plan& plan, plan::Program program, const Workers& workers,
                  std::int64_t batch_rows, std::byte* gradients, bool stop_on_nonfinite);
  CompiledProgram(const CompiledProgram&) = delete;  // ops refer to its memory
  CompiledProgram& operator=(const CompiledProgram&) = delete;

  /// One pass over the rows of `run`.
  void run(Run& run);

  const Memory& memory() const { return *memory_; }
  std::int64_t batch_rows() const { return batch_rows_; }

 private:
  struct CompiledSegment {
    std::vector<SlicedOpPtr> sliced;
    std::vector<WholeOpPtr> whole;
  };

  void run_sliced(std::vector<SlicedOpPtr>& ops, Run& run) const;

  plan::Program program_;
  const Workers& workers_;
  std::int64_t batch_rows_;  ///< of the largest batch that there is room for
  std::int64_t slice_rows_;
  std::unique_ptr<Memory> memory_;
  std::vector<CompiledSegment> segments_;
};

}  // namespace saltus::cpu
