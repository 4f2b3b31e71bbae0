// What is made of the options at build time and installed beside the program.
#include "commands.h"
#include "completion.h"
#include "man_page.h"
#include "output.h"

namespace saltus::app {
namespace {

void add(CLI::App& program, Run& chosen, const char* name, std::string (*text)(const CLI::App&)) {
  program.add_subcommand(name)->group("")->callback([&program, &chosen, text] {
    chosen = [&program, text] {
      write_output(text(program));
      return 0;
    };
  });
}

}  // namespace

void add_document_commands(CLI::App& program, Run& chosen) {
  add(program, chosen, "man-page", man_page);
  add(program, chosen, "bash-completion", bash_completion);
}

}  // namespace saltus::app
