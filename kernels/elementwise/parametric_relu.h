// PReLU: the slope below zero is learned.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// Finds the alpha of an element of a row, and the elements of an alpha. All arrays are on the
/// device.
struct AlphaMap {
  int size = 0;  ///< elements of a row
  int alphas = 0;
  const int* of_element = nullptr;  ///< [size]
  const int* elements = nullptr;    ///< [size]: the elements of alpha 0, of alpha 1, ...
  const int* first = nullptr;       ///< [alphas + 1]: where those of each begin
};

/// y = x where x >= 0, else alpha x
struct ParametricRelu {
  AlphaMap map;
  AnyInput x;                   ///< [rows][size]
  PerTrial<const float> alpha;  ///< [alphas]
  AnyOutput y;
};

/// dx = dy, 0 or alpha dy for x above, at and below 0 (at 0 it is relu(x) - alpha relu(-x) that is
/// differentiated, as Keras does), dalpha = sum of x dy where x < 0.
struct ParametricReluBackward {
  AlphaMap map;
  AnyInput x, dy;
  PerTrial<const float> alpha;
  AnyOutput dx;            ///< or none
  PerTrial<float> dalpha;  ///< [alphas]
};

void parametric_relu(const ParametricRelu& arguments, const LaunchContext& context);
void parametric_relu_backward(const ParametricReluBackward& arguments,
                              const LaunchContext& context);

}  // namespace saltus::kernels
