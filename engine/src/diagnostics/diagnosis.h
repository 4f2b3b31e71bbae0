// Diagnoses of networks that share a plan: LayerDiagnostics of weights that are put in.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <saltus/diagnostics.h>
#include <saltus/samples.h>

#include "backend/backend.h"
#include "backend/cpu/program.h"
#include "core/workers.h"
#include "diagnostics/program.h"

namespace saltus::diagnostics {

/// Computes on the CPU in fp32, whatever trains the network and in which precision. One object
/// serves any number of trials; its buffers are made once. Sums are cut by shape alone, so figures
/// do not depend on the number of threads.
class Diagnosis {
 public:
  /// Of the network that `plan` was made of, with room for up to so many samples at a time; more
  /// are run in parts. `threads` as of CompileOptions.
  Diagnosis(const Graph& graph, const plan::Plan& plan, const Loss& loss, std::int64_t samples,
            int threads);

  /// How many weights the plan has.
  std::size_t weights() const { return plan_.weights.size(); }

  /// Where a weight is to be put before run(), by its place in the plan.
  std::span<float> weight(std::size_t place);

  /// All trained weights, one behind the other.
  std::span<const float> trained() const;

  /// Where a weight stands in such an array, and how many numbers it has; none of what is not
  /// trained.
  std::pair<std::size_t, std::size_t> place_in_trained(std::size_t place) const;

  /// What the layers do with the samples of these numbers, with the weights that were put in and
  /// the activations and the clipping of `trial`. `before` is what trained() was at another time,
  /// of which update_ratio tells; or nothing.
  std::vector<LayerDiagnostics> run(const backend::Trial& trial, const Samples& samples,
                                    std::span<const std::int64_t> numbers,
                                    std::span<const float> before = {});

  /// Adds them to the figures of an epoch, in six significant digits: those that the layer has,
  /// whatever they are, so that all epochs of a trial have the same.
  void log(std::span<const LayerDiagnostics> found, Logs& logs) const;

 private:
  /// Sums over the samples that were seen so far.
  struct Sums;
  /// Sums over a weight, or a part of it.
  struct WeightSums {
    double squares = 0;
    double gradient_squares = 0;
    double change_squares = 0;
    std::int64_t elements = 0;
    std::int64_t clipped = 0;  ///< elements of the gradient that clipvalue cuts

    void add(const WeightSums& other);
  };

  void take(const cpu::Run& run, Sums& sums) const;
  void take_rows(const cpu::Run& run, std::size_t layer, int group, int groups, Sums& sums) const;
  LayerDiagnostics figures(std::size_t number, const Sums& sums) const;
  /// Adds figures of a layer's weights. `all` is by weight.
  static void take_weights(const DiagnosedLayer& layer, const Clipping& clipping, bool has_before,
                           std::span<const WeightSums> all, LayerDiagnostics& found);
  std::vector<WeightSums> weight_sums(const Clipping& clipping,
                                      std::span<const float> before) const;
  /// The gradient of the mean over all samples that were run.
  const float* gradients() const { return (in_parts_ ? gradient_means_ : gradients_).as<float>(); }
  /// By layer, the slope up to which a unit is saturated.
  std::vector<float> slope_limits() const;
  const plan::Tensor& tensor(plan::TensorId id) const { return network_.program.tensor(id); }

  plan::Plan plan_;
  DiagnosedNetwork network_;
  std::unique_ptr<Workers> workers_;
  cpu::TrialState state_;
  Buffer gradients_;       ///< of the rows that were run last
  Buffer gradient_means_;  ///< of all rows, where they are run in parts
  bool in_parts_ = false;
  std::int64_t rows_;  ///< at a time
  std::unique_ptr<cpu::CompiledProgram> program_;
};

}  // namespace saltus::diagnostics
