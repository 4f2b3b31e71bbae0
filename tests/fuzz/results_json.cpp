// results.json.
#include "report/sweep_texts.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace saltus;
  try {
    for (const TrialResult& trial :
         parse_results_json({reinterpret_cast<const char*>(data), size}, "results.json")) {
      for (const auto& [name, values] : trial.history.history) {
        fuzz::require(values.size() == trial.history.epoch.size());
      }
    }
  } catch (const DataError&) {
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  return saltus::fuzz::mutate_json(data, size, max_size, seed);
}
