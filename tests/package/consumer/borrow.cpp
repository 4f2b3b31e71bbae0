// The formulas alone.
#include <cmath>
#include <iostream>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/math.h>

int main() {
  const float y = saltus::kernels::math::exp(1.0F);
  std::cout << "exp(1) is " << y << '\n';
  return std::abs(y - std::exp(1.0F)) < 1e-6F ? 0 : 1;
}
