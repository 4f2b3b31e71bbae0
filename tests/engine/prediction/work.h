// What the launches of a step have to do at the least, for one trial.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/cuda/lowering.h"

namespace saltus::prediction {

/// Of a launch. Every byte that it needs of the device's memory is moved once, in or out.
struct Work {
  std::string name;  ///< "conv2d forward"; launches of one computation have one name
  double flops = 0;
  double bytes = 0;
};

/// A step's launches on a batch of `rows` images of bytes, with labels of bytes. Throws
/// InvalidArgument for steps that the tutorial's network does not have.
std::vector<Work> work_of(const plan::Plan& plan, const cuda::Schedule& program,
                          const cuda::Job& job, const cuda::Launch& launch,
                          const cuda::UpdateChoices& update, std::int64_t rows);

}  // namespace saltus::prediction
