// saltus help, and what --help prints.
#include "help.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "command_tree.h"
#include "commands.h"
#include "output.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

/// On a narrower terminal lines are longer than it.
constexpr int kFewestColumns = 30;

/// Where the descriptions of options begin.
constexpr std::size_t kIndent = 26;

/// The index at which the text behind the title of a footer's line begins; 0: it has no title.
std::size_t text_of_titled(const std::string& line) {
  const std::size_t gap = line.starts_with("  ") ? line.find("  ", 2) : std::string::npos;
  return gap == std::string::npos ? 0 : gap + 2;
}

/// Paragraphs that are wrapped. A line that begins with two spaces stands alone: a title with a
/// text beside it, two spaces apart, or a command, which is continued with a backslash.
std::string prose(const std::string& text, std::size_t columns) {
  const std::vector<std::string> lines = lines_of(text);
  std::size_t indent = 0;
  for (const std::string& line : lines) {
    indent = std::max(indent, std::min(text_of_titled(line), columns / 2));
  }
  std::string out;
  for (const std::string& line : lines) {
    if (const std::size_t begin = text_of_titled(line); begin > 0) {
      out += entry(line.substr(0, begin - 2), line.substr(begin), indent, columns);
    } else if (!line.starts_with("  ")) {
      out += entry("", line, 0, columns);
    } else {
      out += fmt::format("  {}\n", fmt::join(wrapped(line, columns - 6), " \\\n    "));
    }
  }
  return out;
}

}  // namespace

std::string help_text(const CLI::App& command) {
  const auto columns = static_cast<std::size_t>(std::max(text_columns(), kFewestColumns));
  std::size_t indent = 0;
  std::string positionals;
  std::string options;
  std::string commands;
  const std::size_t room = std::min(kIndent, columns / 2);
  const auto title = [](const std::string& text) { return "  " + text; };
  const auto widen = [&](const std::string& text) {
    if (text.size() + 4 <= room) indent = std::max(indent, text.size() + 4);
  };
  for (const CLI::Option* option : positionals_of(command)) widen(synopsis_of_positional(*option));
  for (const CLI::Option* option : options_of(command)) widen(synopsis_of(*option));
  for (const CLI::App* sub : commands_of(command)) widen(sub->get_name());
  if (indent == 0) indent = room;

  for (const CLI::Option* option : positionals_of(command)) {
    positionals += entry(title(option->get_name(true)), description_of(*option), indent, columns);
  }
  for (const CLI::Option* option : options_of(command)) {
    options += entry(title(synopsis_of(*option)), description_of(*option), indent, columns);
  }
  for (const CLI::App* sub : commands_of(command)) {
    commands += entry(title(sub->get_name()), sub->get_description(), indent, columns);
  }
  std::string out = prose(command.get_description(), columns) + '\n';
  out += entry("Usage:", usage_of(command), 8, columns);
  if (!positionals.empty()) out += "\nArguments:\n" + positionals;
  if (!options.empty()) out += "\nOptions:\n" + options;
  if (!commands.empty()) out += "\nCommands:\n" + commands;
  if (!command.get_footer().empty()) out += '\n' + prose(command.get_footer(), columns);
  return out;
}

Run make_help(CLI::App& command) {
  const CLI::App& program = *command.get_parent();
  const auto names = std::make_shared<std::vector<std::string>>();
  std::string known;
  for (const CLI::App* other : commands_of(program)) {
    known.append(known.empty() ? "" : "|").append(other->get_name());
  }
  command.add_option("COMMAND", *names, "Which; the program itself without one")
      ->type_name("COMMAND|" + known);
  return [names, &program] {
    write_output(help_text(find_command(program, *names)));
    return 0;
  };
}

}  // namespace saltus::app
