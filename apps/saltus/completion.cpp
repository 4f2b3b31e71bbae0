#include "completion.h"

#include <vector>

#include <fmt/format.h>

#include "command_tree.h"
#include "lists.h"

namespace saltus::app {
namespace {

/// Words that may stand as a value, and the option of compgen for the paths that may, too: -d for
/// folders, -f for files.
struct Values {
  std::string words;
  std::string paths;
};

void add_word(std::string& words, std::string_view word) {
  words.append(words.empty() ? "" : " ").append(word);
}

/// The names that such a word in capitals stands for.
std::vector<std::string> names_for(std::string_view word) {
  if (word == "ACTIVATION") return names_of(activation_list());
  if (word == "INITIALIZER") return names_of(initializer_list());
  if (word == "OPTIMIZER") return names_of(optimizer_list());
  if (word == "NETWORK") return names_of(architecture_list());
  if (word == "SCHEDULE") return names_of(schedule_list());
  if (word == "LOSS") return names_of(loss_list());
  return {};
}

Values values_of(const CLI::Option& option) {
  Values values;
  for (const std::string& alternative : alternatives_of(option)) {
    if (is_literal(alternative)) {
      add_word(values.words, alternative);
    } else if (alternative == "DIR") {
      values.paths = "-d";
    } else if (alternative == "FILE") {
      values.paths = "-f";
    } else {
      for (const std::string& name : names_for(alternative)) add_word(values.words, name);
    }
  }
  return values;
}

/// `case` entries: the values of each option of a command, then what may stand elsewhere.
std::string entries_of(const CLI::App& command) {
  const std::string name = full_name(command);
  std::string out;
  std::string flags;
  std::string words;
  std::string files;
  for (const CLI::Option* option : options_of(command)) {
    std::string patterns;
    const auto add = [&](const std::string& flag) {
      add_word(flags, flag);
      patterns += fmt::format("{}'{} {}'", patterns.empty() ? "" : " | ", name, flag);
    };
    for (const std::string& short_name : option->get_snames()) add("-" + short_name);
    for (const std::string& long_name : option->get_lnames()) add("--" + long_name);
    if (is_flag(*option)) continue;
    const auto [values, paths] = values_of(*option);
    out += fmt::format("    {}) values='{}' paths='{}' ;;\n", patterns, values, paths);
  }
  for (const CLI::App* sub : commands_of(command)) add_word(words, sub->get_name());
  for (const CLI::Option* option : positionals_of(command)) {
    const auto [values, paths] = values_of(*option);
    if (!values.empty()) add_word(words, values);
    files += paths;
  }
  out += fmt::format("    '{}') flags='{}' words='{}' paths='{}' ;;\n", name, flags, words, files);
  for (const CLI::App* sub : commands_of(command)) out += entries_of(*sub);
  return out;
}

/// The full names of all commands below one, as a pattern.
std::string names_below(const CLI::App& command) {
  std::string out;
  for (const CLI::App* sub : commands_of(command)) {
    out += fmt::format("{}'{}'", out.empty() ? "" : " | ", full_name(*sub));
    if (const std::string below = names_below(*sub); !below.empty()) out += " | " + below;
  }
  return out;
}

constexpr const char* kBeforeEntries =
    R"(# Completion of saltus for bash, made by the program itself.

# What the option or command $1 takes: values and paths, or flags, words and paths.
_saltus_takes() {
  values='' paths='' flags='' words=''
  case "$1" in
)";

constexpr const char* kBeforeNames = R"(    *) return 1 ;;
  esac
}

_saltus() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
  local command=saltus i values paths flags words
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${COMP_WORDS[i]}" in
      )";

constexpr const char* kAfterNames = R"() command+=" ${COMP_WORDS[i]}" ;;
    esac
  done
  # bash cuts --option=value at the sign.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous="${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  COMPREPLY=()
  if [[ $previous == -* ]] && _saltus_takes "$command $previous"; then
    local before=''
    [[ $current == *,* ]] && before="${current%,*},"
    [[ -n $paths ]] && compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(
      compgen -P "$before" -W "$values" -- "${current#"$before"}"
      [[ -n $paths ]] && compgen "$paths" -- "$current"
    )
  elif _saltus_takes "$command"; then
    [[ $current == -* || -z $words$paths ]] && words="$flags" paths=''
    [[ -n $paths ]] && compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(
      compgen -W "$words" -- "$current"
      [[ -n $paths ]] && compgen "$paths" -- "$current"
    )
  fi
}
complete -F _saltus saltus
)";

}  // namespace

std::string bash_completion(const CLI::App& program) {
  return fmt::format("{}{}{}{}{}", kBeforeEntries, entries_of(program), kBeforeNames,
                     names_below(program), kAfterNames);
}

}  // namespace saltus::app
