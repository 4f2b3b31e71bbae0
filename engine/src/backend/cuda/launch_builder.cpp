#include "backend/cuda/launch_builder.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include <saltus/kernels/device/extents.h>

#include "backend/cuda/libraries/library_products.h"

namespace saltus::cuda {
namespace {

std::unique_ptr<Products> products_of(const plan::Program& program, Precision precision,
                                      int max_rows, const std::shared_ptr<Multiplier>& multiplier) {
  if (multiplier == nullptr) return own_products(program, precision, max_rows);
  return library_products(program, precision, max_rows, multiplier);
}

}  // namespace

LaunchBuilder::LaunchBuilder(const plan::Plan& plan, const plan::Program& program,
                             std::int64_t max_rows, const UpdateChoices& update,
                             Constants& constants, const Multipliers& multipliers,
                             const Formulas& formulas)
    : program_(program),
      tensors_(program),
      convolutions_(
          products_of(program, plan.precision, extent(max_rows), multipliers.convolutions)),
      gemms_(products_of(program, plan.precision, extent(max_rows), multipliers.dense)),
      constants_(constants),
      formulas_(formulas),
      precision_(plan.precision),
      max_rows_(extent(max_rows)),
      moving_(extent(plan.moving_count)),
      next_statistics_(plan.next_statistics),
      parameters_(plan.parameter_count),
      weights_(plan.weights),
      update_(update) {}

std::vector<Launch> LaunchBuilder::build() {
  std::vector<Launch> launches;
  for (const plan::Step& step : program_.steps) {
    launches.push_back(std::visit(
        [&]<class S>(const S& s) -> Launch {
          if constexpr (ops::RunsOnCuda<S>) {
            return s.launch(*this);
          } else {
            throw std::logic_error(fmt::format("CUDA has no launch for {}", S::kName));
          }
        },
        step));
  }
  return launches;
}

kernels::Window LaunchBuilder::pool_window(const plan::Window& window) const {
  const kernels::Window pool = window_of(window);
  kernels::check_pooling(pool, max_rows_);
  return pool;
}

std::vector<int> trained_weights(const plan::Program& program) {
  std::vector<int> trained;
  for (std::size_t i = 0; i < program.gradient_of_weight.size(); ++i) {
    if (program.gradient_of_weight[i] != plan::kNone) trained.push_back(static_cast<int>(i));
  }
  return trained;
}

std::string non_finite_weight(const plan::Program& program, int found) {
  const std::vector<int> trained = trained_weights(program);
  if (std::cmp_less(found, trained.size())) {
    return program.tensor(trained[static_cast<std::size_t>(found)]).name;
  }
  const std::int64_t place = found - std::ssize(trained);
  const auto statistic =
      std::find_if(program.tensors.begin(), program.tensors.end(), [&](const plan::Tensor& tensor) {
        return tensor.home == plan::Home::statistics && tensor.offset <= place &&
               place < tensor.offset + tensor.elements;
      });
  return statistic->name;
}

}  // namespace saltus::cuda
