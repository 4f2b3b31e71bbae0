// The GPUs that the emulated program sees: SALTUS_TEST_GPU_BYTES has the memory of each
// ("64000000,1000000"), and CUDA_VISIBLE_DEVICES the number of the one that is shown, as of GPUs.
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <emulation/control.h>

namespace {

const bool shown = [] {
  const char* memory = std::getenv("SALTUS_TEST_GPU_BYTES");
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (memory == nullptr || visible == nullptr) return false;
  std::vector<std::size_t> bytes;
  std::istringstream numbers(memory);
  for (std::string number; std::getline(numbers, number, ',');)
    bytes.push_back(std::stoull(number));
  saltus::emulation::set_capacity(bytes.at(std::stoul(visible)));
  return true;
}();

}  // namespace
