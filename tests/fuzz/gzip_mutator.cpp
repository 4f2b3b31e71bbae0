#include "tests/fuzz/gzip_mutator.h"

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include "tests/engine/data_support.h"
#include "tests/fuzz/inflated.h"
#include "tests/fuzz/target.h"

namespace saltus::fuzz {
std::size_t mutate_gzip(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 3 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string inside = inflated(data, size, 15 + 16);
  const std::size_t before = inside.size();
  inside.resize(before + 64);
  inside.resize(
      LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(inside.data()), before, inside.size()));
  const std::size_t cut = random() % 2 == 0 ? inside.size() : random() % (inside.size() + 1);
  std::string packed = testing::gzip(std::string_view(inside).substr(0, cut));
  if (cut < inside.size()) packed += testing::gzip(std::string_view(inside).substr(cut));
  if (random() % 4 == 0) packed.append(random() % 600, '\0');
  if (packed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(packed.begin(), packed.end(), data);
  return packed.size();
}

}  // namespace saltus::fuzz
