// Networks that hold every layer, for the tests of file formats.
#pragma once

#include <string>
#include <vector>

#include <saltus/model.h>

namespace saltus::formats {

/// A network with weights that no initializer would draw, and samples for it.
struct Example {
  std::string name;
  Model model;
  std::vector<float> inputs;
};

/// Networks of every layer in different places, and the examples of the oracle.
std::vector<Example> layer_examples();

/// Each activation of the list behind an input of one number: with its defaults, with parameters
/// that differ from them, and with some that are far off.
std::vector<Example> activation_examples();

}  // namespace saltus::formats
