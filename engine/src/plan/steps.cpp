#include <fmt/format.h>

#include "plan/passes.h"

namespace saltus::plan {
namespace {

/// The one table of what each kind of step touches.
struct Visitor {
  const std::function<void(TensorId, Use)>& visit;

  void see(TensorId tensor, Use use) const {
    if (tensor != kNone) visit(tensor, use);
  }
  void read(std::initializer_list<TensorId> tensors) const {
    for (const TensorId tensor : tensors) see(tensor, Use::read);
  }
  void write(std::initializer_list<TensorId> tensors) const {
    for (const TensorId tensor : tensors) see(tensor, Use::write);
  }
  void matrix(std::initializer_list<TensorId> tensors) const {
    for (const TensorId tensor : tensors) see(tensor, Use::matrix_read);
  }

  void operator()(const LoadInput& s) const { write({s.x}); }
  void operator()(const Convolution& s) const {
    matrix({s.x});
    read({s.w, s.b});
    write({s.y});
  }
  void operator()(const ConvolutionBackward& s) const {
    matrix({s.x, s.dy});
    read({s.w});
    write({s.dx, s.dw, s.db});
  }
  void operator()(const PooledConvolutionBackward& s) const {
    matrix({s.x, s.dy});
    read({s.w, s.index});
    write({s.dx, s.dw, s.db});
  }
  void operator()(const Product& s) const {
    matrix({s.x});
    read({s.w, s.b});
    write({s.y});
  }
  void operator()(const ProductBackward& s) const {
    matrix({s.x, s.dy});
    read({s.w});
    write({s.dx, s.dw, s.db});
  }
  void operator()(const Activate& s) const {
    read({s.x});
    write({s.y, s.slope});
  }
  void operator()(const ActivateBackward& s) const {
    read({s.dy, s.slope});
    write({s.dx});
  }
  void operator()(const ActivatePool& s) const {
    read({s.x});
    write({s.y, s.slope, s.index});
  }
  void operator()(const MaxPool& s) const {
    read({s.x});
    write({s.y, s.index});
  }
  void operator()(const MaxPoolBackward& s) const {
    read({s.dy, s.index});
    write({s.dx});
  }
  void operator()(const AveragePool& s) const {
    read({s.x});
    write({s.y});
  }
  void operator()(const AveragePoolBackward& s) const {
    read({s.dy});
    write({s.dx});
  }
  void operator()(const Drop& s) const {
    read({s.x});
    write({s.y});
  }
  void operator()(const DropBackward& s) const {
    read({s.dy});
    write({s.dx});
  }
  void operator()(const ParametricRelu& s) const {
    read({s.x, s.alpha});
    write({s.y});
  }
  void operator()(const ParametricReluBackward& s) const {
    read({s.x, s.alpha, s.dy});
    write({s.dx, s.dalpha});
  }
  void operator()(const SoftmaxRows& s) const {
    read({s.x});
    write({s.y});
  }
  void operator()(const SoftmaxRowsBackward& s) const {
    read({s.y, s.dy});
    write({s.dx});
  }
  void operator()(const Normalize& s) const {
    read({s.x, s.gamma, s.beta, s.moving_mean, s.moving_variance});
    write({s.next_mean, s.next_variance, s.mean, s.inverse_deviation, s.y});
  }
  void operator()(const NormalizeBackward& s) const {
    read({s.x, s.gamma, s.mean, s.inverse_deviation, s.dy});
    write({s.dx, s.dgamma, s.dbeta});
  }
  void operator()(const Sum& s) const {
    read({s.a, s.b});
    write({s.y});
  }
  void operator()(const EvaluateLoss& s) const {
    read({s.x});
    write({s.dx});
  }
  void operator()(const Update&) const {}
};

const char* home_name(Home home) {
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

}  // namespace

void for_each_tensor(const Step& step, const std::function<void(TensorId, Use)>& visit) {
  std::visit(Visitor{visit}, step);
}

bool is_sliced(const Step& step) {
  // Normalising by moving statistics, as when evaluating, needs no other sample.
  if (const auto* normalize = std::get_if<Normalize>(&step)) return normalize->mean == kNone;
  return std::visit([](const auto& s) { return s.kSliced; }, step);
}

std::string_view name_of(const Step& step) {
  return std::visit([](const auto& s) { return s.kName; }, step);
}

std::string describe(const Program& program) {
  std::string text;
  for (const Segment& segment : program.segments) {
    text += segment.sliced ? "sliced\n" : "whole batch\n";
    for (const Step& step : segment.steps) {
      std::string reads;
      std::string writes;
      for_each_tensor(step, [&](TensorId id, Use use) {
        const Tensor& tensor = program.tensors[static_cast<std::size_t>(id)];
        (use == Use::write ? writes : reads) += fmt::format(
            " {}{} ({}, {})", tensor.name, to_string(tensor.shape), home_name(tensor.home),
            tensor.type == DType::f32    ? "f32"
            : tensor.type == DType::bf16 ? "bf16"
                                         : "u8");
      });
      text += fmt::format("  {}:{} ->{}\n", name_of(step), reads, writes);
    }
  }
  text += fmt::format("batch {} bytes a sample, slice {} bytes a sample\n", program.batch_bytes,
                      program.slice_bytes);
  return text;
}

}  // namespace saltus::plan
