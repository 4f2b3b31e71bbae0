// Runs gnuplot.
#pragma once

#include <string>
#include <string_view>

namespace saltus {

/// Returns what gnuplot writes to its standard output for a script. Neither script nor output
/// passes through a shell or a named file. gnuplot does not check its writes, so the end may be
/// missing: the caller looks. Throws Error if gnuplot is missing, fails or is killed.
std::string run_gnuplot(std::string_view script);

/// A text as a gnuplot string literal.
std::string gnuplot_quote(std::string_view text);

}  // namespace saltus
