#include <fmt/format.h>

#include "plan/lifetime.h"

namespace saltus::plan {
namespace {

const char* text_of(Home home) {
  switch (home) {
    case Home::parameters:
      return "parameter";
    case Home::gradients:
      return "gradient";
    case Home::statistics:
      return "statistic";
    case Home::batch:
      return "batch";
    case Home::slice:
      return "slice";
  }
  return "";
}

const char* text_of(DType type) {
  return type == DType::f32 ? "f32" : type == DType::bf16 ? "bf16" : "u8";
}

std::string describe(const Program& program, const Step& step) {
  std::string reads;
  std::string writes;
  for_each_tensor(step, [&](TensorId id, ops::Use use) {
    const Tensor& tensor = program.tensor(id);
    std::string& list = ops::is_read(use) ? reads : writes;
    list += fmt::format("{} {}{} {} {}", list.empty() ? "" : ",", tensor.name,
                        to_string(tensor.shape), text_of(tensor.home), text_of(tensor.type));
  });
  return fmt::format("{}:{} ->{}\n", name_of(step), reads, writes);
}

/// What all tensors with rows that a step touches take, each in a place of its own.
std::int64_t bytes_of_all(const Program& program) {
  const std::vector<Lifetime> lives = lifetimes(program);
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    if (lives[i].lives()) bytes += bytes_of(program.tensors[i]);
  }
  return bytes;
}

}  // namespace

std::string describe(const Program& program) {
  std::string text;
  std::size_t segment = 0;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    if (segment < program.segments.size() && program.segments[segment].first == i) {
      text += program.segments[segment++].sliced ? "sliced\n" : "whole batch\n";
    }
    text += "  " + describe(program, program.steps[i]);
  }
  text += fmt::format("{} steps; a sample's tensors have {} bytes", program.steps.size(),
                      bytes_of_all(program));
  if (program.batch_bytes > 0) {
    text += fmt::format(", and take {} of a batch's memory and {} of a slice's",
                        program.batch_bytes, program.slice_bytes);
  }
  return text + '\n';
}

}  // namespace saltus::plan
