#include "sweep_results.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/report.h>

#include "output.h"
#include "sweep_command.h"
#include "sweep_console.h"

namespace saltus::app {

void present_results(const std::filesystem::path& out, const SweepPlan& plan,
                     const SweepResult& result) {
  print_ranking(result);
  print_verdict(result);
  if (const auto digest = results_digest(result)) print("\ndigest of the results: {}\n", *digest);
  flush_output();
  draw_sweep(out, plan, result);
  const StoredSweep stored = read_sweep(out);
  write_report(out / kReportFile,
               report_html(stored, sweep_command(stored.plan.config, *stored.plan.data)));
  std::vector<std::string> written = sweep_files();  // those of learned parameters may be missing
  std::erase_if(written,
                [&](const std::string& file) { return !std::filesystem::exists(out / file); });
  app::print("\nwrote {} into {}\n", fmt::join(written, ", "), out.string());
}

}  // namespace saltus::app
