// gemm_check_kernel: a block takes a panel of dw, as many of x's columns as a tile has rows, and
// all of dy. It reads both once and multiplies only where they are so large that a sum might
// overflow. Further blocks add up a tile's columns of dy, in the order in which the product's own
// column sums are added.
//
// gemm_update_kernel: a block makes a tile of dw in shared memory, as the gradient's own product
// does. Then each thread changes every eighth quad of a column of quads, two at a time, which are
// all loaded before anything is stored: the time of this is the memory's, as that of the other
// update.
#include <limits>
#include <stdexcept>
#include <string>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/matrix/simt.h>
#include <saltus/kernels/matrix/tensor.h>
#include <saltus/kernels/matrix/tile.h>
#include <saltus/kernels/update/elements.h>
#include <saltus/kernels/update/gemm_update.h>

namespace saltus::kernels {
namespace {

template <class T>
using GradientOperand = Operand<Rows<T>, Inner::other>;
template <class T>
using GradientProblem = Problem<GradientOperand<T>, GradientOperand<T>>;

template <class T>
GradientProblem<T> problem_of(const GemmGradient<T>& gradient) {
  const Count rows = {.per_row = gradient.rows};
  return {{{gradient.x, rows, gradient.in}},
          {{gradient.dy, rows, gradient.out}},
          {.fixed = gradient.in},
          gradient.out,
          rows};
}

/// The engine's tiles; on tensor cores the wide ones of the gradient's own product.
template <class T>
using TensorMainloop = tensor::Mainloop<T, tensor::TileShape<128, 64, 3>>;

/// For reduce.
struct Larger {
  __device__ std::uint32_t operator()(std::uint32_t a, std::uint32_t b) const {
    return a > b ? a : b;
  }
};

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The bits of 2^50, and those of all larger numbers and of what is none are larger.
constexpr std::uint32_t kSmall = (127U + 50U) << 23;

/// Of the magnitudes of `rows` rows and kWidth columns from `first` on those that the thread reads:
/// the largest one's bits.
template <int kWidth, int kThreads, class View>
__device__ std::uint32_t largest_bits(const View& view, int first, int rows) {
  constexpr int kQuads = kWidth / 4;
  const auto thread = static_cast<int>(threadIdx.x);
  const typename View::Column column = view.column(first + thread % kQuads * 4);
  std::uint32_t largest = 0;
#pragma unroll 8
  for (int row = thread / kQuads; row < rows; row += kThreads / kQuads) {
    const Quad quad = fetch_quad(view.at(view.row(row), column));
#pragma unroll
    for (int i = 0; i < 4; ++i) largest = Larger{}(largest, bits_of(quad.values[i]) & 0x7fffffffU);
  }
  return largest;
}

/// Whether a number of the panel of dw from row first_m on is not finite, as the thread knows it.
template <class Mainloop, class Problem>
__device__ bool has_non_finite(const Problem& own, int first_m, float* shared) {
  bool found = false;
  for (int first_n = 0; first_n < own.n; first_n += Mainloop::kTileN) {
    Mainloop::multiply(own, first_m, first_n, 0, own.k.fixed, false, shared);
    __syncthreads();
    const Tile tile = tile_at(shared, Mainloop::kTileM, Mainloop::kTileN, Mainloop::kRow, first_m,
                              first_n, own.m.fixed, own.n);
    const TileRun run = run_of_thread<Mainloop::kTileN, Mainloop::kThreads>(tile, own.n);
    for (int i = 0; i < run.count; ++i) {
      const float value = run.values[i * run.value_step];
      found = found || value - value != 0;
    }
    __syncthreads();  // the next product takes the place of this tile
  }
  return found;
}

/// db of the columns from first_n on.
template <class Mainloop, class Problem>
__device__ void sum_columns(const Problem& own, int first_n, float* db, float* shared) {
  constexpr int kStep = Mainloop::kThreads / Mainloop::kTileN;
  const auto thread = static_cast<int>(threadIdx.x);
  const auto column = own.b.view.column(first_n + thread % Mainloop::kTileN);
  float sum = 0;
#pragma unroll 8
  for (int k = thread / Mainloop::kTileN; k < own.k.fixed; k += kStep)
    sum += fetch(own.b.view.at(own.b.view.row(k), column));
  shared[thread] = sum;
  __syncthreads();
  if (thread >= Mainloop::kTileN || first_n + thread >= own.n) return;
  for (int i = thread + Mainloop::kTileN; i < Mainloop::kThreads; i += Mainloop::kTileN)
    sum += shared[i];
  db[first_n + thread] = sum;
}

/// On a multiprocessor. For a fourth a check would spill, and three have enough loads under way.
constexpr int kCheckBlocks = 3;

/// `panels`: how many blocks check; the others, if any, make db.
template <class Mainloop, class Problem>
__global__ void __launch_bounds__(Mainloop::kThreads, kCheckBlocks)
    gemm_check_kernel(Problem problem, PerTrial<double> checks, PerTrial<float> db, int panels,
                      Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  constexpr int kThreads = Mainloop::kThreads;
  const Problem own = problem.of(trial, trials.rows());
  const auto block = static_cast<int>(blockIdx.x);
  if (block >= panels) {
    sum_columns<Mainloop>(own, (block - panels) * Mainloop::kTileN, db[trial], shared);
    return;
  }
  const int first_m = block * Mainloop::kTileM;
  std::uint32_t bits = largest_bits<Mainloop::kTileM, kThreads>(own.a.view, first_m, own.k.fixed);
  for (int first_n = 0; first_n < own.n; first_n += Mainloop::kTileN)
    bits =
        Larger{}(bits, largest_bits<Mainloop::kTileN, kThreads>(own.b.view, first_n, own.k.fixed));
  bool bad = reduce_block<kThreads>(bits, Larger{}) > kSmall;
  if (bad) bad = reduce_block<kThreads>(has_non_finite<Mainloop>(own, first_m, shared) ? 1 : 0) > 0;
  if (threadIdx.x == 0) checks[trial][block] = bad ? kNaN : 0;
}

/// Calls change(gradient, weight, moments...) for the thread's quads of a tile.
template <class Mainloop, int kMoments, class Change>
__device__ void change_tile(const Arrays& arrays, const Tile& tile, int n, const Change& change) {
  constexpr int kQuads = kQuadsAtOnce<kMoments>;
  constexpr int kInRow = Mainloop::kTileN / 4;
  constexpr int kStep = Mainloop::kThreads / kInRow;
  const int column = static_cast<int>(threadIdx.x) % kInRow * 4;
  if (column >= tile.columns) return;
  const auto place = [&](int row) {
    return std::int64_t{tile.first_m + row} * n + tile.first_n + column;
  };
  for (int first = static_cast<int>(threadIdx.x) / kInRow; first < tile.rows;
       first += kQuads * kStep) {
    Quads quads[kQuads];
#pragma unroll
    for (int j = 0; j < kQuads; ++j) {
      const int row = first + j * kStep;
      if (row >= tile.rows) continue;
      quads[j].gradients = load_quad(tile.values + row * tile.stride + column);
      load_quads<kMoments>(arrays, place(row), quads[j]);
    }
#pragma unroll
    for (int j = 0; j < kQuads; ++j) {
      const int row = first + j * kStep;
      if (row < tile.rows) change_quads<kMoments>(quads[j], change, arrays, place(row));
    }
  }
}

/// `tiles`: how many blocks make tiles of dw; the others, if any, update pieces.
template <class Mainloop, class Problem>
__global__ void __launch_bounds__(Mainloop::kThreads, Mainloop::kBlocks)
    gemm_update_kernel(Problem problem, std::int64_t first, PerTrial<float> dw, int tiles,
                       Update step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const Notes notes(step, trial);
  if (*notes.verdict == Verdict::left_out) return;
  SALTUS_DYNAMIC_SHARED(float, shared);
  constexpr int kThreads = Mainloop::kThreads;
  const UpdateRule& rule = step.rules[trial];
  const auto block = static_cast<int>(blockIdx.x);
  int cut = 0;
  if (block >= tiles) {
    if (*notes.verdict == Verdict::ended) return;
    const UpdatePiece piece = step.pieces[block - tiles];
    with_optimizer(rule, [&]<class O>(const O& /*optimizer*/) {
      cut = change_piece<O, kThreads>(step, trial, notes, 1.0f, piece);
    });
    count_clips<kThreads>(step, trials, trial, rule, cut);
    return;
  }
  const Problem own = problem.of(trial, trials.rows());
  const int columns = (own.n + Mainloop::kTileN - 1) / Mainloop::kTileN;
  const int first_m = block / columns * Mainloop::kTileM;
  const int first_n = block % columns * Mainloop::kTileN;
  Mainloop::multiply(own, first_m, first_n, 0, own.k.fixed, false, shared);
  __syncthreads();
  const Tile tile = tile_at(shared, Mainloop::kTileM, Mainloop::kTileN, Mainloop::kRow, first_m,
                            first_n, own.m.fixed, own.n);
  if (*notes.verdict == Verdict::ended) {  // asked again: no register holds it meanwhile
    store_tile<Mainloop::kTileN, kThreads>(dw[trial], tile, own.n);
    return;
  }
  const Arrays arrays(step, trial, first);
  with_optimizer(rule, [&]<class O>(const O& /*optimizer*/) {
    cut = with_change<O>(
        rule, notes, 1.0f, true,
        [&]<std::size_t n>(std::integral_constant<std::size_t, n> /*moments*/, const auto& change) {
          change_tile<Mainloop, static_cast<int>(n)>(arrays, tile, own.n, change);
        });
  });
  count_clips<kThreads>(step, trials, trial, rule, cut);
}

/// Calls launch(mainloop) with that of the engine, by its type.
template <class T, class Launch>
void with_mainloop(Engine engine, const Launch& launch) {
  if constexpr (std::is_same_v<T, float>) {
    if (engine == Engine::simt) {
      launch(simt::Mainloop());
      return;
    }
  }
  launch(TensorMainloop<T>());
}

template <class T>
void check_sizes(const GemmGradient<T>& gradient, const LaunchContext& context) {
  if (std::int64_t{gradient.rows} * context.max_rows > kMostGradientRows)
    throw std::invalid_argument("a gradient that is not stored is a sum of at most " +
                                std::to_string(kMostGradientRows) + " rows");
  if (gradient.in % 8 != 0 || gradient.out % 8 != 0)
    throw std::invalid_argument(
        "a gradient that is not stored has inputs and outputs in whole eights");
}

}  // namespace

int gemm_checks(Engine engine, int in) {
  const int rows = engine == Engine::simt ? simt::Mainloop::kTileM : TensorMainloop<Bf16>::kTileM;
  return static_cast<int>(blocks_for(in, rows));
}

template <class T>
void check_gemm(Engine engine, const GemmCheck<T>& arguments, const LaunchContext& context) {
  const GemmGradient<T>& gradient = arguments.gradient;
  check_sizes(gradient, context);
  with_mainloop<T>(engine, [&]<class Mainloop>(const Mainloop& /*type*/) {
    const int panels = arguments.checks ? gemm_checks(engine, gradient.in) : 0;
    const std::int64_t sums = arguments.db ? blocks_for(gradient.out, Mainloop::kTileN) : 0;
    launch<gemm_check_kernel<Mainloop, GradientProblem<T>>>(
        Grid(panels + sums, 1, context.trials.count), dim3(Mainloop::kThreads),
        Mainloop::kSharedBytes, context.stream, problem_of(gradient), arguments.checks,
        arguments.db, panels, context.trials);
  });
}

template <class T>
void gemm_update(Engine engine, const GemmUpdate<T>& arguments, const LaunchContext& context) {
  const GemmGradient<T>& gradient = arguments.gradient;
  check_sizes(gradient, context);
  if (arguments.first % 4 != 0)
    throw std::invalid_argument("a weight tensor begins between two quads of the flat arrays");
  with_mainloop<T>(engine, [&]<class Mainloop>(const Mainloop& /*type*/) {
    const std::int64_t tiles =
        blocks_for(gradient.in, Mainloop::kTileM) * blocks_for(gradient.out, Mainloop::kTileN);
    const int pieces = arguments.with_pieces ? arguments.update.piece_count : 0;
    launch<gemm_update_kernel<Mainloop, GradientProblem<T>>>(
        Grid(tiles + pieces, 1, context.trials.count), dim3(Mainloop::kThreads),
        Mainloop::kSharedBytes, context.stream, problem_of(gradient), arguments.first, arguments.dw,
        static_cast<int>(tiles), arguments.update, context.trials);
  });
}

template void check_gemm(Engine, const GemmCheck<float>&, const LaunchContext&);
template void check_gemm(Engine, const GemmCheck<Bf16>&, const LaunchContext&);
template void gemm_update(Engine, const GemmUpdate<float>&, const LaunchContext&);
template void gemm_update(Engine, const GemmUpdate<Bf16>&, const LaunchContext&);

}  // namespace saltus::kernels
