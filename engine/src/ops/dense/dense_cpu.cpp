// Matrix products by oneDNN. Each is cut into blocks by its shape alone, one oneDNN call on one
// thread a block, so that results do not depend on the number of threads.
#include <map>
#include <tuple>

#include "backend/cpu/onednn.h"
#include "backend/cpu/op.h"
#include "ops/dense/dense.h"

namespace saltus::ops {

using namespace cpu;

namespace {

using dnnl::memory;

/// Blocks of `length` in at most kGroups equal pieces of at least `least`, a multiple of 16.
struct Blocks {
  std::int64_t length;
  std::int64_t block;

  Blocks(std::int64_t length_, std::int64_t least) : length(length_) {
    const std::int64_t even = (length + kGroups - 1) / kGroups;
    block = std::max(least, (even + 15) / 16 * 16);
  }
  int count() const { return static_cast<int>((length + block - 1) / block); }
  std::int64_t first(int number) const { return number * block; }
  std::int64_t size(int number) const { return std::min(block, length - first(number)); }
};

/// A matrix in memory: element (i, j) is at i * row_stride + j * column_stride.
struct Matrix {
  plan::DType type;
  std::int64_t row_stride;
  std::int64_t column_stride;

  memory::desc desc(std::int64_t rows, std::int64_t columns) const {
    return {{rows, columns}, onednn_type(type), memory::dims{row_stride, column_stride}};
  }
  std::int64_t byte_offset(std::int64_t row, std::int64_t column) const {
    return (row * row_stride + column * column_stride) * plan::size_of(type);
  }
};

/// c = a b for matrices of one layout and any extents, primitives made as extents come up.
class MatrixProduct {
 public:
  MatrixProduct(Matrix a, Matrix b, Matrix c, int workers)
      : a_(a), b_(b), c_(c), workers_(workers) {}

  /// Before a parallel region that calls run() with these extents.
  void ensure(std::int64_t m, std::int64_t k, std::int64_t n) {
    if (primitives_.contains({m, k, n})) return;
    const SingleThreaded here;
    const memory::desc a = a_.desc(m, k);
    const memory::desc b = b_.desc(k, n);
    const memory::desc c = c_.desc(m, n);
    const dnnl::matmul::primitive_desc desc(dnnl::matmul::desc(a, b, c), user_scratchpad(),
                                            onednn_engine());
    primitives_.emplace(
        Extents{m, k, n},
        Primitive(dnnl::matmul(desc), desc.scratchpad_desc(),
                  {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}}, workers_));
  }

  void run(int worker, std::int64_t m, std::int64_t k, std::int64_t n, const std::byte* a,
           const std::byte* b, std::byte* c) const {
    primitives_.at({m, k, n}).run(worker, {a, b, c});
  }

  const Matrix& a() const { return a_; }
  const Matrix& b() const { return b_; }
  const Matrix& c() const { return c_; }

 private:
  struct Extents {
    std::int64_t m, k, n;
    bool operator<(const Extents& other) const {
      return std::tie(m, k, n) < std::tie(other.m, other.k, other.n);
    }
  };
  Matrix a_, b_, c_;
  int workers_;
  std::map<Extents, Primitive> primitives_;
};

std::byte* bytes(void* data) {
  return static_cast<std::byte*>(data);
}

/// The weights that products read: of the precision's type.
const std::byte* matrix_weights(const Memory& memory, plan::TensorId w, plan::DType type,
                                const Run& run) {
  if (type == plan::DType::bf16) {
    return bytes(run.parameters->halves.as<std::uint16_t>() + memory.tensor(w).offset);
  }
  return bytes(run.parameters->floats.as<float>() + memory.tensor(w).offset);
}

/// y = x w + b. The sum over `in` is cut into blocks, each worker reads its own part of w, and the
/// parts are added in order.
class GemmOp : public WholeOp {
 public:
  GemmOp(const Gemm& step, const Compilation& at)
      : step_(step),
        memory_(at.memory),
        workers_(at.workers),
        type_(memory_.tensor(step.x).type),
        blocks_(step.in, kLeastBlock),
        product_({type_, step.in, 1}, {type_, step.out, 1}, {plan::DType::f32, step.out, 1},
                 group_workers(at.workers)) {}

  void run(Run& run) override {
    const std::int64_t m = run.rows() * step_.rows;
    const std::int64_t n = step_.out;
    const std::int64_t floats = m * n;
    const auto needed = floats * blocks_.count() * std::int64_t{sizeof(float)};
    if (parts_.bytes() < needed) parts_ = Buffer(needed);
    for (int i = 0; i < blocks_.count(); ++i) product_.ensure(m, blocks_.size(i), n);

    const std::byte* x = bytes(memory_.at(step_.x, run, {}));
    const std::byte* w = matrix_weights(memory_, step_.w, type_, run);
    workers_.run(blocks_.count(), [&](int i, int worker) {
      const std::int64_t first = blocks_.first(i);
      product_.run(worker, m, blocks_.size(i), n, x + product_.a().byte_offset(0, first),
                   w + product_.b().byte_offset(first, 0), bytes(parts_.as<float>() + i * floats));
    });

    const float* b = memory_.floats(step_.b, run);
    const Out y = memory_.out(step_.y, run, {});
    const Blocks rows(m, kLeastRows);
    workers_.run(rows.count(), [&](int i, int /*worker*/) {
      const std::int64_t begin = rows.first(i) * n;
      const std::int64_t count = rows.size(i) * n;
      float* sum = parts_.as<float>() + begin;
      for (int part = 1; part < blocks_.count(); ++part) {
        const float* values = parts_.as<float>() + part * floats + begin;
        for (std::int64_t j = 0; j < count; ++j) sum[j] += values[j];
      }
      for (std::int64_t row = 0; b != nullptr && row < rows.size(i); ++row) {
        for (std::int64_t column = 0; column < n; ++column) sum[row * n + column] += b[column];
      }
      loops().load({sum, plan::DType::f32}, {bytes(y.data) + begin * plan::size_of(y.type), y.type},
                   count);
    });
  }

 private:
  static constexpr std::int64_t kLeastBlock =
      512;  // shorter sums are not worth a part of y of their own
  static constexpr std::int64_t kLeastRows = 16;

  Gemm step_;
  const Memory& memory_;
  const Workers& workers_;
  plan::DType type_;
  Blocks blocks_;
  MatrixProduct product_;
  Buffer parts_;  ///< [blocks][m][n]
};

/// dx = dy w^T and dw = x^T dy, both cut along `in`; db = the sum of dy's rows.
class GemmBackwardOp : public WholeOp {
 public:
  GemmBackwardOp(const GemmBackward& step, const Compilation& at)
      : step_(step),
        memory_(at.memory),
        workers_(at.workers),
        type_(memory_.tensor(step.x).type),
        blocks_(step.in, kLeastBlock),
        data_(
            {type_, step.out, 1}, {type_, 1, step.out},
            {step.dx == plan::kNone ? plan::DType::f32 : memory_.tensor(step.dx).type, step.in, 1},
            group_workers(at.workers)),
        weights_({type_, 1, step.in}, {type_, step.out, 1}, {plan::DType::f32, step.out, 1},
                 group_workers(at.workers)) {}

  void run(Run& run) override {
    const std::int64_t m = run.rows() * step_.rows;
    const std::int64_t n = step_.out;
    for (int i = 0; i < blocks_.count(); ++i) {
      if (step_.dx != plan::kNone) data_.ensure(m, n, blocks_.size(i));
      weights_.ensure(blocks_.size(i), m, n);
    }
    const std::byte* x = bytes(memory_.at(step_.x, run, {}));
    const std::byte* dy = bytes(memory_.at(step_.dy, run, {}));
    const std::byte* w = matrix_weights(memory_, step_.w, type_, run);
    std::byte* dx = bytes(memory_.at(step_.dx, run, {}));
    std::byte* dw = bytes(memory_.at(step_.dw, run, {}));

    workers_.run(blocks_.count(), [&](int i, int worker) {
      const std::int64_t first = blocks_.first(i);
      const std::int64_t size = blocks_.size(i);
      if (dx != nullptr) {
        data_.run(worker, m, n, size, dy, w + data_.b().byte_offset(0, first),
                  dx + data_.c().byte_offset(0, first));
      }
      weights_.run(worker, size, m, n, x + weights_.a().byte_offset(first, 0), dy,
                   dw + weights_.c().byte_offset(first, 0));
    });
    if (step_.db != plan::kNone) sum_rows(dy, m, memory_.floats(step_.db, run));
  }

 private:
  static constexpr std::int64_t kLeastBlock = 128;

  void sum_rows(const std::byte* dy, std::int64_t m, float* db) {
    const std::int64_t n = step_.out;
    row_.resize(static_cast<std::size_t>(n));
    std::fill_n(db, n, 0.0F);
    for (std::int64_t row = 0; row < m; ++row) {
      loops().load({dy + row * n * plan::size_of(type_), type_}, {row_.data(), plan::DType::f32},
                   n);
      for (std::int64_t j = 0; j < n; ++j) db[j] += row_[static_cast<std::size_t>(j)];
    }
  }

  GemmBackward step_;
  const Memory& memory_;
  const Workers& workers_;
  plan::DType type_;
  Blocks blocks_;
  MatrixProduct data_, weights_;
  std::vector<float> row_;
};

}  // namespace

WholeOpPtr Gemm::compile(const Compilation& at) const {
  return std::make_unique<GemmOp>(*this, at);
}

WholeOpPtr GemmBackward::compile(const Compilation& at) const {
  return std::make_unique<GemmBackwardOp>(*this, at);
}

}  // namespace saltus::ops
