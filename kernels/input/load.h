// A batch of inputs out of the data set.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/input/order.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// x = the samples of the batch's rows; bytes divided by 255, floats as they are. The data set lies
/// on the device once, for all trials; each goes through it in an order of its own.
struct LoadInput {
  const std::uint8_t* bytes = nullptr;  ///< [order.count][size], or none
  const float* floats = nullptr;        ///< likewise; one of the two
  Order order = {};
  AnyOutput x = {};  ///< [rows][size]
  int size = 0;      ///< elements of a sample
};

void load_input(const LoadInput& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
