// Tables in CSV.
#include <algorithm>
#include <cmath>

#include <saltus/dataset.h>

#include "tests/fuzz/bytes_file.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace saltus;
  static const fuzz::BytesFile file;
  try {
    const ImageDataset table = load_table(file.holding(data, size), {.target = "y", .test = {}});
    fuzz::require(table.class_names.size() == static_cast<std::size_t>(table.classes));
    for (const ImageSet* set : {&table.train, &table.test}) {
      const auto& values = std::get<std::vector<float>>(set->pixels);
      fuzz::require(set->count > 0 && set->channels > 0);
      fuzz::require(static_cast<std::int64_t>(values.size()) == set->count * set->channels);
      // Classes have labels, numbers of a regression are targets.
      const bool has_classes = table.classes > 0;
      fuzz::require(std::ssize(set->labels) == (has_classes ? set->count : 0));
      fuzz::require(std::ssize(set->targets) == (has_classes ? 0 : set->count));
      for (const float value : values) fuzz::require(std::isfinite(value));
      for (const float value : set->targets) fuzz::require(std::isfinite(value));
      for (const int label : set->labels) fuzz::require(label >= 0 && label < table.classes);
    }
  } catch (const DataError&) {
  } catch (const InvalidArgument&) {  // no column is called y
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int /*seed*/) {
  return LLVMFuzzerMutate(data, size, max_size);
}
