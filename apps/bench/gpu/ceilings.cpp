// What the device can do at most. The kernels of roofs.cu run once, and their results are compared
// with those of the host, before they are timed.
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <saltus/kernels/device/fragments.h>

#include "arena.h"
#include "contest.h"
#include "roofs.h"

namespace saltus::bench {
namespace {

using kernels::Place;

int attribute(cudaDeviceAttr which) {
  int value = 0;
  SALTUS_CHECK(cudaDeviceGetAttribute(&value, which, 0));
  return value;
}

int multiprocessors() {
  return attribute(cudaDevAttrMultiProcessorCount);
}

template <class T>
std::vector<T> read(const T* device, std::size_t count) {
  std::vector<T> values(count);
  SALTUS_CHECK(cudaMemcpyAsync(values.data(), device, count * sizeof(T), cudaMemcpyDeviceToHost,
                               bench_stream()));
  SALTUS_CHECK(cudaStreamSynchronize(bench_stream()));
  return values;
}

void require(bool right, const char* what) {
  if (!right) throw std::runtime_error(std::string("wrong results: ") + what);
}

/// Integers from -3 to 3: all sums of them are exact.
int small_integer(std::size_t i) {
  return static_cast<int>((i * 5 + i / 7 * 3) % 7) - 3;
}

std::vector<float> small_integers(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(small_integer(i));
  return values;
}

/// One contestant whose start keeps its memory.
template <class Function>
Contest alone(const char* name, const SharedArena& arena, const Function& start) {
  return {{{name, [arena, start](int, cudaStream_t stream) { start(stream); }, ""}}, 1};
}

/// Much more than the second-level cache holds is read, as much written.
Entry copy() {
  const std::int64_t floats = std::int64_t{2} * attribute(cudaDevAttrL2CacheSize);
  Entry entry;
  entry.name = "copy in device memory";
  entry.bytes = 8.0 * static_cast<double>(floats);
  entry.make = [floats] {
    const auto arena = std::make_shared<Arena>();
    const float* const source = arena->random<float>(1, floats).data;
    float* const target = arena->random<float>(1, floats).data;
    SALTUS_CHECK(cudaMemsetAsync(target, 0xFF, static_cast<std::size_t>(floats) * sizeof(float),
                                 bench_stream()));
    Contest contest = alone("a kernel", arena, [=](cudaStream_t stream) {
      start_copy(source, target, floats / 4, stream);
    });
    contest.contestants[0].start(0, bench_stream());
    const auto count = static_cast<std::size_t>(floats);
    require(read<float>(target, count) == read(source, count), "a copy differs");
    contest.contestants.push_back({"cudaMemcpyAsync",
                                   [arena, source, target, count](int, cudaStream_t stream) {
                                     SALTUS_CHECK(
                                         cudaMemcpyAsync(target, source, count * sizeof(float),
                                                         cudaMemcpyDeviceToDevice, stream));
                                   },
                                   ""});
    return contest;
  };
  return entry;
}

/// A third of the second-level cache, again and again.
Entry second_level_cache(int turns) {
  const int blocks = 4 * multiprocessors();
  const int rounds = std::max(attribute(cudaDevAttrL2CacheSize) / 3 / blocks / 16 / kReaders, 1);
  const int quads = rounds * kReaders;
  Entry entry;
  entry.name = "roof: reads from the second-level cache";
  entry.bytes = 16.0 * quads * blocks * turns;
  entry.make = [=] {
    const auto arena = std::make_shared<Arena>();
    const std::vector<float> values =
        small_integers(static_cast<std::size_t>(quads) * 4 * static_cast<std::size_t>(blocks));
    const float* const data = arena->copies(values).data;
    const std::size_t threads = static_cast<std::size_t>(blocks) * kReaders;
    float* const sums = arena->zeros<float>(1, static_cast<std::int64_t>(threads)).data;
    start_reads(data, quads, turns, blocks, sums, bench_stream());
    const std::vector<float> found = read(sums, threads);
    const double one = std::accumulate(values.begin(), values.end(), 0.0);
    require(std::accumulate(found.begin(), found.end(), 0.0) == one * turns,
            "a sum of what was read");
    return alone("a kernel", arena, [=](cudaStream_t stream) {
      start_reads(data, quads, turns, blocks, sums, stream);
    });
  };
  return entry;
}

Entry nothing() {
  Entry entry;
  entry.name = "roof: a kernel that does nothing";
  entry.make = [] {
    return alone("a kernel", nullptr, [blocks = multiprocessors()](cudaStream_t stream) {
      start_nothing(blocks, stream);
    });
  };
  return entry;
}

/// The instruction of tensor cores for a kind of numbers.
struct Instruction {
  Precision precision;
  int depth;     ///< of its product, 16 x 8
  int elements;  ///< of a register
  void (*start)(const RoofProduct&, cudaStream_t);
  Place (*place_in_a)(int lane, int element);
  Place (*place_in_b)(int lane, int element);

  /// The registers that hold these values, as they lie: [32 lanes][registers].
  [[nodiscard]] std::vector<std::uint32_t> pack(const std::vector<float>& values, int registers,
                                                bool left) const {
    const int columns = left ? depth : 8;
    std::vector<std::uint32_t> packed;
    for (int lane = 0; lane < 32; ++lane) {
      for (int i = 0; i < registers; ++i) {
        std::uint32_t word = 0;
        for (int element = 0; element < elements; ++element) {
          const Place place = (left ? place_in_a : place_in_b)(lane, i * elements + element);
          const float value = values[static_cast<std::size_t>(place.row * columns + place.column)];
          word |= elements == 1 ? kernels::bits_of(value)
                                : std::uint32_t{kernels::to_bf16(value).bits} << (16 * element);
        }
        packed.push_back(word);
      }
    }
    return packed;
  }
};

constexpr Instruction kTf32 = {
    Precision::tf32, 8, 1, start_products_tf32, kernels::place_in_tf32_a, kernels::place_in_tf32_b};
constexpr Instruction kBf16 = {
    Precision::bf16,         16, 2, start_products_bf16, kernels::place_in_bf16_a,
    kernels::place_in_bf16_b};

/// What A B added `turns` times is, in the registers of the lanes: [32 lanes][4].
std::vector<float> exact_sums(const std::vector<float>& a, const std::vector<float>& b, int depth,
                              int turns) {
  std::vector<float> sums;
  for (int lane = 0; lane < 32; ++lane) {
    for (int element = 0; element < 4; ++element) {
      const Place place = kernels::place_in_c(lane, element);
      double sum = 0;
      for (int k = 0; k < depth; ++k) {
        sum += double{a[static_cast<std::size_t>(place.row * depth + k)]} *
               double{b[static_cast<std::size_t>(k * 8 + place.column)]};
      }
      sums.push_back(static_cast<float>(sum * turns));
    }
  }
  return sums;
}

Contest products_contest(const Instruction& instruction, int warps, int turns, int blocks) {
  const auto arena = std::make_shared<Arena>();
  const auto depth = static_cast<std::size_t>(instruction.depth);
  const std::vector<float> a = small_integers(16 * depth);
  std::vector<std::uint32_t> right;
  std::vector<float> exact;
  for (std::size_t chain = 0; chain < kRoofChains; ++chain) {
    std::vector<float> b = small_integers(8 * depth + chain);  // each chain another part of them
    b.erase(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(chain));
    const auto packed = instruction.pack(b, 2, false);
    right.insert(right.end(), packed.begin(), packed.end());
    const auto sums = exact_sums(a, b, instruction.depth, turns);
    exact.insert(exact.end(), sums.begin(), sums.end());
  }
  const std::size_t of_blocks = static_cast<std::size_t>(blocks) * static_cast<std::size_t>(warps);
  const RoofProduct product = {
      arena->copies(instruction.pack(a, 4, true)).data,
      arena->copies(right).data,
      arena->zeros<float>(1, static_cast<std::int64_t>(of_blocks * exact.size())).data,
      turns,
      blocks,
      warps};
  instruction.start(product, bench_stream());
  const std::vector<float> found = read(product.sums, of_blocks * exact.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    require(found[i] == exact[i % exact.size()], "a sum of mma.sync");
  return alone("a kernel", arena,
               [=, start = instruction.start](cudaStream_t stream) { start(product, stream); });
}

Entry products(const Instruction& instruction, int warps, int turns) {
  const int blocks = multiprocessors();
  Entry entry;
  entry.name = "roof: mma.sync by " + std::to_string(warps) + " warps";
  entry.kind = to_string(instruction.precision);
  entry.flop = 2.0 * 16 * 8 * instruction.depth * kRoofChains * turns * warps * blocks;
  entry.make = [=] { return products_contest(instruction, warps, turns, blocks); };
  return entry;
}

Entry loads(int turns) {
  const int blocks = multiprocessors();
  Entry entry;
  entry.name = "roof: ldmatrix from shared memory";
  entry.bytes = 4.0 * kLoadedWords * (kLoaders / 32) * turns * blocks;
  entry.make = [=] {
    const auto arena = std::make_shared<Arena>();
    std::vector<std::uint32_t> words(kLoadedWords);
    for (std::size_t i = 0; i < words.size(); ++i)
      words[i] = static_cast<std::uint32_t>(i * 2654435761u);
    const std::uint32_t* const data = arena->copies(words).data;
    const std::size_t threads = static_cast<std::size_t>(blocks) * kLoaders;
    std::uint32_t* const sums =
        arena->zeros<std::uint32_t>(1, static_cast<std::int64_t>(threads)).data;
    start_loads(data, turns, blocks, sums, bench_stream());
    const std::vector<std::uint32_t> found = read(sums, threads);
    const std::uint32_t one = std::accumulate(words.begin(), words.end(), std::uint32_t{0});
    for (auto warp = found.begin(); warp != found.end(); warp += 32) {
      require(std::accumulate(warp, warp + 32, std::uint32_t{0}) ==
                  one * static_cast<std::uint32_t>(turns),
              "a sum of what ldmatrix loaded");
    }
    return alone("a kernel", arena,
                 [=](cudaStream_t stream) { start_loads(data, turns, blocks, sums, stream); });
  };
  return entry;
}

Entry exponents(int turns) {
  const int blocks = multiprocessors();
  const std::int64_t count = std::int64_t{blocks} * kExponents * kRoofChains;
  Entry entry;
  entry.name = "roof: ex2";
  entry.flop = static_cast<double>(count) * turns;
  entry.make = [=] {
    constexpr float kFixed = 0.6411857445f;  // 2^-x = x
    const auto arena = std::make_shared<Arena>();
    std::vector<float> begin(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < begin.size(); ++i) begin[i] = static_cast<float>(i % 1024) / 1024;
    float* const values = arena->copies(begin).data;
    start_exponents(values, turns, blocks, bench_stream());
    // Between 0 and 1 the slope is at most ln 2, so each turn leaves less than 0.7 of the distance.
    const float most = std::pow(0.7f, static_cast<float>(turns)) + 1e-6f;
    for (const float value : read(values, begin.size()))
      require(std::fabs(value - kFixed) <= most, "2^-x = x");
    return alone("a kernel", arena,
                 [=](cudaStream_t stream) { start_exponents(values, turns, blocks, stream); });
  };
  return entry;
}

}  // namespace

void add_ceilings(std::vector<Entry>& entries, int turns) {
  entries.push_back(copy());
  add_large_products(entries);
  entries.push_back(second_level_cache(std::max(turns / 16, 1)));
  entries.push_back(nothing());
  for (const Instruction& instruction : {kTf32, kBf16}) {
    for (const int warps : {4, 8, 16}) entries.push_back(products(instruction, warps, turns));
  }
  entries.push_back(loads(turns));
  entries.push_back(exponents(turns));
}

}  // namespace saltus::bench
