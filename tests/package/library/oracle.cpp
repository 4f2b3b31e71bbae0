#include "oracle.h"

#include <span>

#include <saltus/model.h>

float ask_oracle(float question) {
  using namespace saltus::layers;
  saltus::Sequential model({1}, {Dense{.units = 8, .activation = "gelu"}, Dense{.units = 1}});
  model.compile({.loss = saltus::losses::MeanSquaredError{}});
  return model.predict({.count = 1, .inputs = std::span<const float>(&question, 1)}).front();
}
