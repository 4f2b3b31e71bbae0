// Programs and graphs as functions in C++ for a compiler.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "formula/program.h"

namespace saltus::formula {

/// A number with digits that a compiler reads back to the last bit.
std::string literal(double value);
std::string literal(float value);

/// A function "static void NAME(float x, const float* p, float* results)" that runs a program and
/// stores what it leaves in these slots; 0 for a slot of -1.
std::string float_function(std::string_view name, const ProgramView& program,
                           std::span<const int> slots);

/// A function "static void NAME(double y, double t, double* results)", likewise, for a program of
/// two variables.
std::string loss_function(std::string_view name, const ProgramView& program,
                          std::span<const int> slots);

/// A function "static bool NAME(double x, const float* p, double* results)" that computes nodes of
/// a graph in double, 0 for kNone, and returns whether any of what they depend on may have
/// overflown.
std::string wide_function(std::string_view name, const Graph& graph, std::span<const Id> roots);

}  // namespace saltus::formula
