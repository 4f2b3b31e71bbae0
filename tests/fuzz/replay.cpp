// Gives a target its seed corpus, and a few hundred mutations of each file, without libFuzzer:
//
//     replay_TARGET CORPUS_FOLDER
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core/file.h"
#include "tests/fuzz/target.h"

namespace {

std::minstd_rand mutations(1);

}  // namespace

/// Stands in for libFuzzer's: a byte is changed, left out or added.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t max_size) {
  const std::size_t place = size == 0 ? 0 : mutations() % size;
  const auto byte = static_cast<std::uint8_t>(mutations());
  switch (mutations() % 3) {
    case 0:
      if (size == max_size) break;
      std::copy_backward(data + place, data + size, data + size + 1);
      data[place] = byte;
      return size + 1;
    case 1:
      if (size < 2) break;
      std::copy(data + place + 1, data + size, data + place);
      return size - 1;
    default:
      break;
  }
  if (size > 0) data[place] = static_cast<std::uint8_t>(data[place] ^ 1U << mutations() % 8);
  return size;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  constexpr std::int64_t kMostBytes = 1 << 20;
  constexpr unsigned kMutations = 300;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    const std::string original = saltus::read_file(file, kMostBytes);
    std::vector<std::uint8_t> input(original.begin(), original.end());
    std::size_t size = input.size();
    LLVMFuzzerTestOneInput(input.data(), size);
    input.resize(4 * size + 4096);
    for (unsigned seed = 0; seed < kMutations; ++seed) {
      if (seed % 10 == 0) {  // mutations of mutations, but not for ever
        std::copy(original.begin(), original.end(), input.begin());
        size = original.size();
      }
      size = LLVMFuzzerCustomMutator(input.data(), size, input.size(), seed);
      LLVMFuzzerTestOneInput(input.data(), size);
    }
  }
  std::printf("%zu files and %u mutations of each\n", files.size(), kMutations);
  return files.empty() ? 1 : 0;
}
