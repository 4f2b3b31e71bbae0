// Runs gnuplot.
#pragma once

#include <string>
#include <string_view>

namespace saltus {

/// What gnuplot writes to its standard output for a script. Neither script nor output passes
/// through a shell or a named file. Throws Error where gnuplot is missing or reports an error.
std::string run_gnuplot(std::string_view script);

/// A text as a gnuplot string literal.
std::string gnuplot_quote(std::string_view text);

}  // namespace saltus
