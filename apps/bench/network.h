#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <saltus/image_set.h>
#include <saltus/model.h>

#include "commands.h"

namespace saltus::bench {

inline constexpr std::int64_t kBatch = 128;

/// Training images [count][28][28][1] and their labels.
class Images {
 public:
  /// Reads a folder of IDX files, or makes images with MNIST's size and share of black where it is
  /// empty.
  explicit Images(const std::string& folder);

  /// The first `batches` batches, at most all.
  Samples first(std::int64_t batches) const { return batches_from(0, batches); }

  /// `count` batches from number `batch` on; at the end of the images there may be fewer.
  Samples batches_from(std::int64_t batch, std::int64_t count) const;

  /// Batches that are whole.
  std::int64_t whole_batches() const { return images_.count / kBatch; }

 private:
  ImageSet images_;
};

/// Adam with what the tutorial gives it.
Optimizer tutorial_optimizer();

/// How the tutorial compiles its network.
CompileOptions compile_options(const Options& options);

/// Values of each weight from a file of floats, tensor by tensor in Keras's layout. Throws
/// DataError where it cannot be read or does not hold exactly these.
std::vector<std::vector<float>> read_weights(const std::string& path,
                                             const std::vector<Weight>& weights);

/// The tutorial's network, compiled.
Model make_model(const std::string& activation, const Options& options);

}  // namespace saltus::bench
