#include "tests/engine/prediction/work.h"

#include <fmt/format.h>

#include <saltus/error.h>

#include "plan/passes.h"
#include "tests/kernels/traffic/flops.h"

namespace saltus::prediction {
namespace {

using plan::kNone;
using plan::TensorId;

constexpr double kFloat = sizeof(float);
constexpr double kHalf = 2;  // bytes of a bf16

class WorkOf {
 public:
  WorkOf(const plan::Plan& plan, const cuda::Schedule& program, const cuda::Job& job,
         const cuda::Launch& launch, const cuda::UpdateChoices& update, double rows)
      : plan_(plan),
        program_(program),
        job_(job),
        workspace_(static_cast<double>(launch.workspace)),
        update_(update),
        rows_(rows) {}

  std::vector<Work> operator()(const plan::LoadInput& s) const {
    const double pixels = elements(s.x);
    return {{"load images", test::kLoadFlops * pixels, pixels + bytes(s.x)}};
  }
  std::vector<Work> operator()(const plan::Convolution& s) const { return forward(s); }
  std::vector<Work> operator()(const plan::Product& s) const { return forward(s); }
  std::vector<Work> operator()(const plan::ConvolutionBackward& s) const {
    return backward(s, bytes(s.dy), elements(s.dy), workspace_);
  }
  std::vector<Work> operator()(const plan::ProductBackward& s) const {
    return backward(s, bytes(s.dy), elements(s.dy), workspace_);
  }
  std::vector<Work> operator()(const plan::PooledConvolutionBackward& s) const {
    const auto image = static_cast<double>(s.pool.image.height * s.pool.image.width);
    const double spread = rows_ * image * static_cast<double>(s.pool.channels_out);
    const double spread_bytes = spread * weight_bytes();
    std::vector<Work> work = {
        {"max-pool backward", 0, bytes(s.dy) + bytes(s.index) + spread_bytes}};
    for (Work& more : backward(s, spread_bytes, spread, workspace_ - spread_bytes))
      work.push_back(std::move(more));
    return work;
  }
  std::vector<Work> operator()(const plan::ActivateBackward& s) const {
    return {{name_of(s.dx), test::kActivateBackwardFlops * elements(s.dx), all_bytes()}};
  }
  std::vector<Work> operator()(const plan::ActivatePool& s) const {
    return {{name_of(s.y), test::kActivateFlops * elements(s.y), all_bytes()}};
  }
  std::vector<Work> operator()(const plan::Drop& s) const {
    return {{name_of(s.y), test::kDropFlops * elements(s.y), all_bytes()}};
  }
  std::vector<Work> operator()(const plan::DropBackward& s) const {
    return {{name_of(s.dx), test::kDropBackwardFlops * elements(s.dx), all_bytes()}};
  }
  std::vector<Work> operator()(const plan::EvaluateLoss& s) const {
    const double labels = rows_;
    return {{"loss", test::kLossFlops * elements(s.x), all_bytes() + labels + workspace_},
            {"loss", rows_, workspace_}};
  }
  /// Adam: reads weights, gradients and both moments, and writes all but the gradients.
  std::vector<Work> operator()(const plan::Update& /*step*/) const {
    double weights = 0;
    for (const int weight : cuda::trained_weights(program_, plan_.weights.size()))
      weights += elements(weight);
    const double copy = plan_.precision == Precision::bf16 ? kHalf : 0;
    std::vector<Work> work = {
        {"update", 0, 0}, {"update", test::kAdamFlops * weights, (7 * kFloat + copy) * weights}};
    if (update_.check_finite || update_.clips_by_norm)
      work.insert(work.begin(), {"update", test::kSquaresFlops * weights, kFloat * weights});
    return work;
  }
  template <class Other>
  std::vector<Work> operator()(const Other& /*step*/) const {
    throw InvalidArgument(fmt::format("no formula for the work of {}", Other::kName));
  }

 private:
  /// y, and what is stored beside it, of the last of the job's two steps.
  std::vector<Work> forward(const auto& s) const {
    const TensorId y = job_.activation ? job_.activation->y : s.y;
    const double out = elements(s.b);
    const double results =
        bytes(s.b) + bytes(y) + (job_.activation ? bytes(job_.activation->slope) : 0);
    const double operands = bytes(s.x) + weight_bytes() * elements(s.w);
    const double parts = workspace_ == 0 ? 1 : workspace_ / (kFloat * elements(y));
    const std::string name = layer_of(s.w) + " forward";
    const auto flops = test::forward_flops({elements(y), elements(s.w), out}, parts);
    if (parts == 1) return {{name, flops[0], operands + results}};
    return {{name, flops[0], operands + workspace_}, {name, flops[1], workspace_ + results}};
  }

  /// `workspace` bytes are for the parts of dw and db.
  std::vector<Work> backward(const auto& s, double dy_bytes, double dy, double workspace) const {
    const test::ProductSizes sizes = {dy, elements(s.w), elements(s.db)};
    std::vector<Work> work;
    if (s.dx != kNone) {
      work.push_back({layer_of(s.w) + " backward to x", sizes.flops(),
                      dy_bytes + weight_bytes() * sizes.w + bytes(s.dx)});
    }
    const std::string name = layer_of(s.w) + " backward to w";
    const double gradients = bytes(s.dw) + bytes(s.db);
    const double parts = workspace == 0 ? 1 : workspace / gradients;
    const auto flops = test::backward_filter_flops(sizes, parts);
    const double operands = bytes(s.x) + dy_bytes;
    work.push_back({name, flops[0], operands + (parts == 1 ? gradients : workspace)});
    if (parts > 1) work.push_back({name, flops[1], workspace + gradients});
    return work;
  }

  const plan::Tensor& tensor(TensorId id) const { return program_.tensor(id); }
  double elements(TensorId id) const {
    return static_cast<double>(tensor(id).elements) * (cuda::has_rows(tensor(id)) ? rows_ : 1);
  }
  double bytes(TensorId id) const {
    return id == kNone ? 0 : elements(id) * static_cast<double>(plan::size_of(tensor(id).type));
  }
  /// Of what the step names; nothing is fused with it.
  double all_bytes() const {
    double sum = 0;
    plan::for_each_tensor(job_.step, [&](TensorId id, plan::Use /*use*/) { sum += bytes(id); });
    return sum;
  }
  /// Of a weight, or a gradient beside it, as products read them.
  double weight_bytes() const { return plan_.precision == Precision::bf16 ? kHalf : kFloat; }

  /// "conv2d" of "conv2d/kernel"
  std::string layer_of(TensorId weight) const {
    const std::string& name = tensor(weight).name;
    return name.substr(0, name.find('/'));
  }
  /// "drop_backward: d activation_2"
  std::string name_of(TensorId result) const {
    return fmt::format("{}: {}", plan::name_of(job_.step), tensor(result).name);
  }

  const plan::Plan& plan_;
  const cuda::Schedule& program_;
  const cuda::Job& job_;
  double workspace_;  ///< bytes
  cuda::UpdateChoices update_;
  double rows_;
};

}  // namespace

std::vector<Work> work_of(const plan::Plan& plan, const cuda::Schedule& program,
                          const cuda::Job& job, const cuda::Launch& launch,
                          const cuda::UpdateChoices& update, std::int64_t rows) {
  return std::visit(WorkOf(plan, program, job, launch, update, static_cast<double>(rows)),
                    job.step);
}

}  // namespace saltus::prediction
