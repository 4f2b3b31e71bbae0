// saltus report: a sweep's results as a page, and as tables for a paper.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "commands.h"
#include "output.h"
#include "sweep_command.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

struct ReportArguments {
  std::string folder;
  std::string out;
  bool markdown = false;
  bool latex = false;
  bool pdf = false;
};

int run_report(const ReportArguments& arguments) {
  const fs::path page =
      arguments.out.empty() ? fs::path(arguments.folder) / kReportFile : fs::path(arguments.out);
  for (const char* other : {".md", ".tex"}) {
    if (page.extension() != other) continue;
    throw InvalidArgument(fmt::format(
        "--out {}: that is the page's name, beside which --markdown and --latex write theirs: give "
        "it another ending, such as .html",
        arguments.out));
  }
  const StoredSweep sweep = read_sweep(arguments.folder);
  std::vector<std::string> written;
  const auto write = [&](const fs::path& file, const std::string& text) {
    write_report(file, text);
    written.push_back(file.string());
  };
  write(page, report_html(sweep, sweep_command(sweep.plan.config, *sweep.plan.data)));
  if (arguments.markdown) write(fs::path(page).replace_extension(".md"), report_markdown(sweep));
  if (arguments.latex) write(fs::path(page).replace_extension(".tex"), report_latex(sweep));
  if (arguments.pdf) {
    const fs::path folder = page.parent_path();
    for (const std::string& file : draw_sweep(folder.empty() ? "." : folder, sweep.plan,
                                              sweep.result, {.svg_and_png = false, .pdf = true})) {
      written.push_back((folder / file).string());
    }
  }
  app::print("wrote {}\n", fmt::join(written, ", "));
  return 0;
}

}  // namespace

Run make_report(CLI::App& command) {
  const auto arguments = std::make_shared<ReportArguments>();
  command.add_option("DIR", arguments->folder, "The folder that saltus sweep wrote")
      ->type_name("DIR")
      ->required();
  command.add_option("--out", arguments->out, "The page (default: report.html in the folder)")
      ->type_name("FILE");
  command.add_flag("--markdown", arguments->markdown,
                   "And the ranking as a table in Markdown, beside the page");
  command.add_flag("--latex", arguments->latex,
                   "And the ranking as a table in LaTeX (booktabs), beside the page");
  command.add_flag("--pdf", arguments->pdf,
                   "And the sweep's pictures as PDF, accuracy.pdf and so on, beside the page");
  command.footer(
      "Example:\n  saltus report runs/article --latex --pdf\n"
      "A sweep that runs, or was stopped, is shown as far as it came.");
  return [arguments] { return run_report(*arguments); };
}

}  // namespace saltus::app
