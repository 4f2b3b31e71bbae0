#include "man_page.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <saltus/machine.h>

#include "command_tree.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

/// Text as roff reads it: no character of it is a command, and dashes can be copied.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out += c;
    }
  }
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

/// A title and, indented below it, a text.
std::string item(std::string_view title, std::string_view text) {
  return fmt::format(".TP\n.B {}\n{}\n", escaped(title), escaped(text));
}

/// A footer: a line that ends with ':' heads those that are indented behind it; these are titles
/// with a text, two spaces apart, or commands.
std::string footer(const std::string& text, std::string_view heading) {
  std::string out;
  bool paragraph = true;
  for (const std::string& line : lines_of(text)) {
    const std::size_t gap = line.starts_with("  ") ? line.find("  ", 2) : 0;
    if (line.empty()) {
      paragraph = true;
    } else if (line.ends_with(':')) {
      const std::string title = line.substr(0, line.size() - 1);
      out += fmt::format("{} {}\n", heading, heading == ".SH" ? upper(title) : title);
      paragraph = false;
    } else if (gap == std::string::npos) {
      out += fmt::format(".PP\n.nf\n.RS\n{}\n.RE\n.fi\n", escaped(line.substr(2)));
    } else if (gap > 0) {
      out += item(line.substr(2, gap - 2), line.substr(gap + 2));
    } else {
      if (paragraph) out += ".PP\n";
      out += escaped(line) + '\n';
      paragraph = false;
    }
  }
  return out;
}

/// A command, and those below it, with all that they take.
std::string section(const CLI::App& command) {
  std::string out = fmt::format(".SS {}\n.B {}\n.PP\n{}\n", escaped(full_name(command)),
                                escaped(usage_of(command)), escaped(command.get_description()));
  for (const CLI::Option* option : positionals_of(command)) {
    out += item(option->get_name(true), description_of(*option));
  }
  for (const CLI::Option* option : options_of(command)) {
    // That --help exists is said once, for the program.
    if (option != command.get_help_ptr())
      out += item(synopsis_of(*option), description_of(*option));
  }
  if (!command.get_footer().empty()) out += footer(command.get_footer(), ".PP\n.B");
  for (const CLI::App* sub : commands_of(command)) out += section(*sub);
  return out;
}

}  // namespace

std::string man_page(const CLI::App& program) {
  const std::string description = program.get_description();
  std::string out = fmt::format(".TH SALTUS 1 \"\" \"saltus {}\" \"User Commands\"\n", version());
  out += ".SH NAME\nsaltus \\- trains a neural network once per activation function\n";
  out += ".SH SYNOPSIS\n";
  for (const CLI::App* command : commands_of(program)) {
    out += fmt::format(".B {}\n.br\n", escaped(usage_of(*command)));
  }
  out += fmt::format(".SH DESCRIPTION\n{}\n", escaped(description));
  out += ".SH OPTIONS\n";
  for (const CLI::Option* option : options_of(program)) {
    out += item(synopsis_of(*option), description_of(*option));
  }
  out += ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(program)) out += section(*command);
  return out + footer(program.get_footer(), ".SH");
}

}  // namespace saltus::app
