// sweep.json.
#include <memory>
#include <string_view>

#include "report/sweep_texts.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/target.h"

namespace {

using namespace saltus;

std::string again(const RecordedSweep& sweep) {
  SweepPlan plan;
  plan.config = sweep.config;
  plan.data = std::make_shared<ImageDataset>(sweep.data);
  return sweep_json_text(plan, sweep.machine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const RecordedSweep sweep =
        parse_sweep_json({reinterpret_cast<const char*>(data), size}, "sweep.json");
    // What is read can be written, and read again.
    validate(sweep.config);
    const std::string text = again(sweep);
    fuzz::require(again(parse_sweep_json(text, "sweep.json")) == text);
  } catch (const DataError&) {
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  return fuzz::mutate_json(data, size, max_size, seed);
}
