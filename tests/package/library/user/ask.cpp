#include <cmath>
#include <iostream>

#include <oracle.h>

int main() {
  const float answer = ask_oracle(1);
  std::cout << "the oracle says " << answer << '\n';
  return std::isfinite(answer) && answer != 0 ? 0 : 1;
}
