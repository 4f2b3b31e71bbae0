// results.json.
#include "report/sweep_texts.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/trials.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace saltus;
  try {
    fuzz::require_sound(
        parse_results_json({reinterpret_cast<const char*>(data), size}, "results.json"));
  } catch (const DataError&) {
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  return saltus::fuzz::mutate_json(data, size, max_size, seed);
}
