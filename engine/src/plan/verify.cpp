#include "plan/verify.h"

#include <stdexcept>

#include <fmt/format.h>

#include "plan/lifetime.h"

namespace saltus::plan {
namespace {

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
  throw std::logic_error("fault in a plan: " + fmt::format(text, std::forward<Args>(args)...));
}

/// Writers so far, by tensor.
class Writes {
 public:
  explicit Writes(const Program& program)
      : program_(program), written_(program.tensors.size(), false) {
    for (std::size_t i = 0; i < program.gradient_of_weight.size(); ++i) written_[i] = true;
  }

  void take(const Step& step) {
    for_each_tensor(step, [&](TensorId id, ops::Use use) {
      if (id < 0 || id >= static_cast<TensorId>(written_.size()))
        fail("{} has an operand that is no tensor", name_of(step));
      if (ops::is_read(use) && !is_written(id))
        fail("{} reads {}, which nothing has written", name_of(step), name(id));
    });
    for_each_tensor(step, [&](TensorId id, ops::Use use) {
      if (ops::is_read(use)) return;
      if (is_written(id)) fail("{} writes {}, which was written before", name_of(step), name(id));
      if ((use == ops::Use::gradient) != (program_.tensor(id).home == Home::gradients))
        fail("{} writes {} as what it is not", name_of(step), name(id));
      written_[static_cast<std::size_t>(id)] = true;
    });
  }

  bool is_written(TensorId id) const { return written_[static_cast<std::size_t>(id)]; }

 private:
  const std::string& name(TensorId id) const { return program_.tensor(id).name; }

  const Program& program_;
  std::vector<bool> written_;
};

}  // namespace

void verify(const Program& program) {
  Writes writes(program);
  for (const Step& step : program.steps) writes.take(step);
  for (std::size_t i = 0; i < program.gradient_of_weight.size(); ++i) {
    const TensorId gradient = program.gradient_of_weight[i];
    if (gradient != kNone && !writes.is_written(gradient))
      fail("nothing writes the gradient of {}", program.tensors[i].name);
  }
  if (program.output != kNone && !writes.is_written(program.output))
    fail("nothing writes the output {}", program.tensor(program.output).name);
}

void verify_segments(const Program& program) {
  std::size_t next = 0;
  for (const Segment& segment : program.segments) {
    if (segment.first != next || segment.last <= segment.first)
      fail("a segment begins at step {}, not at {}", segment.first, next);
    next = segment.last;
  }
  if (next != program.steps.size())
    fail("the segments end at step {} of {}", next, program.steps.size());
}

void verify_memory(const Program& program, Precision precision) {
  for (const Step& step : program.steps) {
    for_each_tensor(step, [&](TensorId id, ops::Use use) {
      const Tensor& tensor = program.tensor(id);
      const DType wanted = precision == Precision::bf16 ? DType::bf16 : DType::f32;
      if (use == ops::Use::matrix_read && has_rows(tensor) && tensor.type != wanted)
        fail("{} multiplies {}, which is not of the precision's type", name_of(step), tensor.name);
    });
  }
  const std::vector<Lifetime> lives = lifetimes(program);
  for (std::size_t i = 0; i < lives.size(); ++i) {
    const Tensor& a = program.tensors[i];
    if (!lives[i].lives()) continue;
    const std::int64_t end = a.home == Home::slice ? program.slice_bytes : program.batch_bytes;
    if (a.offset < 0 || a.offset + bytes_of(a) > end) fail("{} lies outside the memory", a.name);
    for (std::size_t j = 0; j < i; ++j) {
      const Tensor& b = program.tensors[j];
      if (!lives[j].lives() || a.home != b.home || !lives[i].overlaps(lives[j])) continue;
      if (a.offset < b.offset + bytes_of(b) && b.offset < a.offset + bytes_of(a))
        fail("{} and {} live at once in the same place", a.name, b.name);
    }
  }
}

}  // namespace saltus::plan
