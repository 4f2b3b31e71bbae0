// The documents that the build makes from the options and installs beside the program.
#include "commands.h"
#include "completion.h"
#include "man_page.h"
#include "output.h"

namespace saltus::app {
namespace {

Run writing(std::string (*text)(const CLI::App&), const CLI::App& program) {
  return [text, &program] {
    write_output(text(program));
    return 0;
  };
}

}  // namespace

Run make_man_page(CLI::App& command) {
  return writing(man_page, *command.get_parent());
}

Run make_bash_completion(CLI::App& command) {
  return writing(bash_completion, *command.get_parent());
}

}  // namespace saltus::app
