// The manual page, made of what the commands say of themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace saltus::app {

/// saltus(1), all commands in one page, for man(1).
std::string man_page(const CLI::App& program);

}  // namespace saltus::app
