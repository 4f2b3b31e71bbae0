// Formulas as source for a compiler: what a GPU runs.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "formula/formula.h"

namespace saltus::formula {

/// A formula with values of its parameters.
struct Use {
  const Formula* formula = nullptr;
  ParameterValues parameters = {};
};

/// The C++ of saltus_evaluate_formula() (kernels/formula/linked.h) for these uses, whose numbers
/// are their places. It includes kernels/formula/run.h, and gives the bits of the loops on a CPU as
/// long as the compiler does not contract a * b + c.
std::string device_source(std::span<const Use> uses);

/// A function "static void NAME(float x, const float* p, float* results)" that runs a program and
/// stores what it leaves in these slots.
std::string float_function(std::string_view name, const ProgramView& program,
                           std::span<const int> slots);

/// A function "static bool NAME(double x, const float* p, double* results)" that computes nodes of
/// a graph in double, and returns whether any of what they depend on may have overflown.
std::string wide_function(std::string_view name, const Graph& graph, std::span<const Id> roots);

}  // namespace saltus::formula
