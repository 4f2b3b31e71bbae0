#include "backend/cuda/libraries/library_products.h"

#include <algorithm>
#include <map>
#include <utility>

#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/column_sums.h>
#include <saltus/kernels/elementwise/transpose.h>

namespace saltus::cuda {
namespace {

using kernels::Bf16;
using plan::DType;
using plan::kNone;
using plan::TensorId;

int pixels(const kernels::Extent& extent) {
  return extent.height * extent.width;
}

/// A weight as a matrix: rows and columns.
std::pair<int, int> matrix_of(const kernels::Window& window) {
  return {pixels(window.size) * window.channels_in, window.channels_out};
}

/// Puts arrays one behind another into a launch's workspace.
class Places {
 public:
  std::int64_t put(std::int64_t bytes) { return std::exchange(end_, end_ + aligned(bytes)); }
  std::int64_t end() const { return end_; }

 private:
  std::int64_t end_ = 0;
};

/// A launch that does nothing yet.
Launch launch_with(const Places& places) {
  return {.run = {}, .workspace = places.end(), .shared = Multiplier::kRoom};
}

Array in_workspace(const StepContext& at, std::int64_t place, DType type) {
  if (type == DType::bf16) return Array(workspace<Bf16>(at, place));
  return Array(workspace<float>(at, place));
}

/// One product of a layer, planned for each number of rows and trials that comes.
class Plans {
 public:
  explicit Plans(std::shared_ptr<Multiplier> multiplier) : multiplier_(std::move(multiplier)) {}

  void prepare(const Problem& problem) {
    std::unique_ptr<Multiplication>& plan = plans_[{problem.rows, problem.trials}];
    if (plan == nullptr) plan = multiplier_->plan(problem);
  }
  void start(const Problem& problem, const StepContext& at) const {
    plans_.at({problem.rows, problem.trials})->start(problem, at.memory.shared, at.context.stream);
  }

 private:
  std::shared_ptr<Multiplier> multiplier_;
  std::map<std::pair<int, int>, std::unique_ptr<Multiplication>> plans_;
};

class LibraryProducts : public Products {
 public:
  LibraryProducts(const plan::Program& program, Precision precision, int max_rows,
                  std::shared_ptr<Multiplier> multiplier)
      : tensors_(program),
        operands_(precision == Precision::bf16 ? DType::bf16 : DType::f32),
        max_rows_(max_rows),
        multiplier_(std::move(multiplier)) {}

  Launch forward(const ForwardProduct& p) const override {
    kernels::check_convolution(p.window, max_rows_);
    const auto [taps, out] = matrix_of(p.window);
    const int size = pixels(p.window.output) * out;
    const DType type = type_of(p.y);
    const DType result = multiplier_->result(DType::f32, operands_);
    const bool direct = p.b == kNone && p.slot == kernels::Activate::kIdentity && type == result;
    Places places;
    const std::int64_t z = direct ? 0 : places.put(rows_of(size, result));
    const std::int64_t turned = put_turned(places, p.window, operands_);
    const auto problem = [=, this_ = *this](const StepContext& at) {
      return Problem{.kind = ProductKind::forward,
                     .window = p.window,
                     .rows = static_cast<int>(at.rows),
                     .trials = at.context.trials.count,
                     .a = this_.array(at, p.x),
                     .b = this_.weight(at, p.w, turned),
                     .out = direct ? this_.array(at, p.y) : in_workspace(at, z, result)};
    };
    const auto plans = std::make_shared<Plans>(multiplier_);
    Launch launch = launch_with(places);
    launch.prepare = [=](const StepContext& at) { plans->prepare(problem(at)); };
    launch.run = [=, rows = taps, columns = out, this_ = *this](const StepContext& at) {
      const Problem forward = problem(at);
      if (turned >= 0) this_.turn(at, p.w, forward.b, rows, columns);
      plans->start(forward, at);
      if (direct) return;
      kernels::activate(
          {forward.out.in(), this_.tensors_.floats(at, p.b), this_.tensors_.out(at, p.y),
           this_.tensors_.floats(at, p.slope), size, columns, p.slot},
          at.context);
    };
    return launch;
  }

  Launch backward(const BackwardProduct& p) const override {
    kernels::check_convolution(p.window, max_rows_);
    const Launch filter = backward_filter(p);
    if (p.dx == kNone) return filter;
    const Launch data = backward_data(p);
    Launch both = data;
    both.run = [=](const StepContext& at) {
      data.run(at);
      filter.run(at);
    };
    both.prepare = [=](const StepContext& at) {
      data.prepare(at);
      filter.prepare(at);
    };
    both.workspace = std::max(data.workspace, filter.workspace);
    return both;
  }

 private:
  Launch backward_data(const BackwardProduct& p) const {
    const auto [taps, out] = matrix_of(p.window);
    const int size = pixels(p.window.image) * p.window.channels_in;
    const DType type = type_of(p.dx);
    const DType result = multiplier_->result(type, operands_);
    const bool direct = type == result;
    Places places;
    const std::int64_t dx = direct ? 0 : places.put(rows_of(size, result));
    const std::int64_t turned = put_turned(places, p.window, operands_);
    const auto problem = [=, this_ = *this](const StepContext& at) {
      return Problem{.kind = ProductKind::backward_data,
                     .window = p.window,
                     .rows = static_cast<int>(at.rows),
                     .trials = at.context.trials.count,
                     .a = this_.array(at, p.dy),
                     .b = this_.weight(at, p.w, turned),
                     .out = direct ? this_.array(at, p.dx) : in_workspace(at, dx, result)};
    };
    const auto plans = std::make_shared<Plans>(multiplier_);
    Launch launch = launch_with(places);
    launch.prepare = [=](const StepContext& at) { plans->prepare(problem(at)); };
    launch.run = [=, rows = taps, columns = out, this_ = *this](const StepContext& at) {
      const Problem backward = problem(at);
      if (turned >= 0) this_.turn(at, p.w, backward.b, rows, columns);
      plans->start(backward, at);
      if (direct) return;
      kernels::Activate convert;
      convert.x = backward.out.in();
      convert.y = this_.tensors_.out(at, p.dx);
      convert.size = size;
      convert.slot = kernels::Activate::kIdentity;
      kernels::activate(convert, at.context);
    };
    return launch;
  }

  Launch backward_filter(const BackwardProduct& p) const {
    const auto [taps, out] = matrix_of(p.window);
    const DType result = multiplier_->result(DType::f32, operands_);
    const int vectors = pixels(p.window.output);
    Places places;
    const std::int64_t turned = put_turned(places, p.window, result);
    const std::int64_t sums = places.put(kernels::column_sums_workspace(vectors, out, max_rows_) *
                                         std::int64_t{sizeof(float)});
    const auto problem = [=, this_ = *this](const StepContext& at) {
      return Problem{.kind = ProductKind::backward_filter,
                     .window = p.window,
                     .rows = static_cast<int>(at.rows),
                     .trials = at.context.trials.count,
                     .a = this_.array(at, p.x),
                     .b = this_.array(at, p.dy),
                     .out = turned >= 0 ? in_workspace(at, turned, result) : this_.array(at, p.dw)};
    };
    const auto plans = std::make_shared<Plans>(multiplier_);
    Launch launch = launch_with(places);
    launch.prepare = [=](const StepContext& at) { plans->prepare(problem(at)); };
    launch.run = [=, rows = taps, columns = out, t = tensors_](const StepContext& at) {
      const Problem backward = problem(at);
      plans->start(backward, at);
      if (turned >= 0)
        kernels::transpose({backward.out.in(), t.floats(at, p.dw), columns, rows}, at.context);
      if (p.db == kNone) return;
      kernels::column_sums(
          {backward.b.in(), t.floats(at, p.db), workspace<float>(at, sums), vectors, columns},
          at.context);
    };
    return launch;
  }

  DType type_of(TensorId id) const { return tensors_.is_bf16(id) ? DType::bf16 : DType::f32; }
  std::int64_t rows_of(std::int64_t elements, DType type) const {
    return elements * max_rows_ * plan::size_of(type);
  }

  /// A place for a turned weight, -1 where the library takes ours.
  std::int64_t put_turned(Places& places, const kernels::Window& window, DType type) const {
    if (!multiplier_->turns_weights()) return -1;
    const auto [rows, columns] = matrix_of(window);
    return places.put(std::int64_t{rows} * columns * plan::size_of(type));
  }
  void turn(const StepContext& at, TensorId w, const Array& turned, int rows, int columns) const {
    kernels::transpose({weight(at, w, -1).in(), turned.out(), rows, columns}, at.context);
  }

  Array array(const StepContext& at, TensorId id) const {
    if (tensors_.is_bf16(id)) return Array(tensors_.of<Bf16>(at, id));
    return Array(tensors_.floats(at, id));
  }
  /// `turned` as put_turned() gave it.
  Array weight(const StepContext& at, TensorId id, std::int64_t turned) const {
    if (turned >= 0) return in_workspace(at, turned, operands_);
    if (operands_ == DType::bf16) return Array(tensors_.weight<Bf16>(at, id));
    return Array(tensors_.weight<float>(at, id));
  }

  Tensors tensors_;
  DType operands_;
  int max_rows_;
  std::shared_ptr<Multiplier> multiplier_;
};

}  // namespace

std::unique_ptr<Products> library_products(const plan::Program& program, Precision precision,
                                           int max_rows, std::shared_ptr<Multiplier> multiplier) {
  return std::make_unique<LibraryProducts>(program, precision, max_rows, std::move(multiplier));
}

}  // namespace saltus::cuda
