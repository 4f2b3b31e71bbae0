// Steps become launches of kernels.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/cuda/libraries/multiplier.h"
#include "backend/cuda/products.h"
#include "plan/plan.h"

namespace saltus::cuda {

class Formulas;

/// What steps make their launches with, for batches of up to max_rows(). The launches refer to
/// `program`.
class LaunchBuilder {
 public:
  LaunchBuilder(const plan::Plan& plan, const plan::Program& program, std::int64_t max_rows,
                const UpdateChoices& update, Constants& constants, const Multipliers& multipliers,
                const Formulas& formulas);

  /// One for each step. Throws InvalidArgument where a step is too large for a GPU.
  std::vector<Launch> build();

  // For the steps.

  const plan::Program& program() const { return program_; }
  const Tensors& tensors() const { return tensors_; }
  const Products& convolutions() const { return *convolutions_; }
  const Products& gemms() const { return *gemms_; }
  Constants& constants() { return constants_; }
  const Formulas& formulas() const { return formulas_; }
  Precision precision() const { return precision_; }
  int max_rows() const { return max_rows_; }
  int moving_count() const { return moving_; }  ///< elements of the moving statistics
  /// Where that begins among the statistics which the moving ones become.
  std::int64_t next_statistics() const { return next_statistics_; }
  std::int64_t parameter_count() const { return parameters_; }  ///< elements of their flat array
  const UpdateChoices& update() const { return update_; }
  /// Whether an optimizer's weight decay takes from a weight: not from parameters with bounds.
  bool decays(int weight) const { return !weights_[static_cast<std::size_t>(weight)].bounds; }

  /// Found to be too large before anything runs, as convolutions are by the room they ask for.
  kernels::Window pool_window(const plan::Window& window) const;

 private:
  const plan::Program& program_;
  Tensors tensors_;
  std::unique_ptr<Products> convolutions_;
  std::unique_ptr<Products> gemms_;
  Constants& constants_;
  const Formulas& formulas_;
  Precision precision_;
  int max_rows_;
  int moving_;
  std::int64_t next_statistics_;
  std::int64_t parameters_;
  std::span<const Weight> weights_;
  UpdateChoices update_;
};

/// Numbers of the weights that are trained, in the order in which the update counts them.
std::vector<int> trained_weights(const plan::Program& program);

/// The name of what the update found not to be finite, in its counting: kernels::NonFinite::weight.
std::string non_finite_weight(const plan::Program& program, int found);

}  // namespace saltus::cuda
