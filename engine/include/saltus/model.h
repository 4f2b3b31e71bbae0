#pragma once

#include <saltus/export.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/callbacks.h>
#include <saltus/device.h>
#include <saltus/diagnostics.h>
#include <saltus/graph.h>
#include <saltus/history.h>
#include <saltus/libraries.h>
#include <saltus/loss.h>
#include <saltus/metric.h>
#include <saltus/optimizer.h>
#include <saltus/precision.h>
#include <saltus/samples.h>
#include <saltus/schedule.h>

namespace saltus {

/// How a model is trained.
struct CompileOptions {
  Loss loss = losses::CategoricalCrossentropy{};
  Optimizer optimizer = Adam{};
  /// How the learning rate changes from step to step; it begins with the optimizer's. If it is not
  /// constant, callbacks cannot set the learning rate: that throws InvalidArgument.
  LearningRateSchedule schedule = schedules::Constant{};
  /// Of an exponential moving average of the trained weights, which follows every step: average =
  /// ema_momentum average + (1 - ema_momentum) weight; the first step copies the weight. All but
  /// training itself sees the averages in place of the weights: evaluate(), predict(), validation,
  /// get_weights(), files, ONNX. So it is Keras's use_ema with SwapEMAWeights. From 0, where there
  /// is no average, to below 1.
  double ema_momentum = 0;
  std::vector<Metric> metrics = {};
  Device device = Device::automatic;
  Precision precision = Precision::fp32;
  Libraries libraries = {};  ///< whose convolutions and dense products, on a GPU
  /// CPU threads, up to 1024; 0: one for each core that this process may use, its CPU quota
  /// counted. The results do not depend on it.
  int threads = 0;
  std::uint64_t seed = 0;  ///< of initial weights, shuffles and dropout masks
  /// Stop before a weight changes once the loss or a gradient is not finite or a moving statistic
  /// would not be, and after an epoch one of whose figures is not.
  bool terminate_on_nan = false;
};

/// Where a model that was saved runs, and what a file cannot hold.
struct LoadOptions {
  Device device = Device::automatic;
  Libraries libraries = {};
  int threads = 0;                          ///< as CompileOptions::threads
  std::optional<Precision> precision = {};  ///< instead of the one that it was compiled with
  /// Custom losses and metrics, found by the names that they had.
  std::vector<Loss> losses = {};
  std::vector<Metric> metrics = {};
  /// Keras's: false takes network and weights alone, not compiled, whatever they were compiled
  /// with.
  bool compile = true;
};

/// How fit() runs.
struct FitOptions {
  int epochs = 1;                ///< epochs are numbered from initial_epoch to epochs - 1
  int initial_epoch = 0;         ///< where an earlier fit() ended, to go on counting there
  std::int64_t batch_size = 32;  ///< the last batch of an epoch holds what remains
  bool shuffle = true;           ///< a new order each epoch, from the seed
  /// The last share of the samples, before shuffling; ignored with validation_data.
  double validation_split = 0;
  std::optional<Samples> validation_data = {};
  /// Weights of classes in the loss of training, for those that do not weigh 1; they multiply those
  /// of the samples. A target of values belongs to the class of the largest.
  std::map<int, double> class_weight = {};
  std::vector<CallbackPtr> callbacks = {};
  /// Ends training once it is true, on a CPU within a fraction of a second, on a GPU after the
  /// epoch. The History then holds the epochs that were finished. Best set by a thread that waits
  /// for signals (sigwait). A signal handler needs a stack of its own (sigaltstack, SA_ONSTACK):
  /// while oneDNN's code for AVX2 computes, the stack pointer of its thread points into the heap.
  const std::atomic<bool>* interrupt = nullptr;
};

/// Why training stopped early: a number that was not finite.
struct Divergence {
  int epoch = 0;          ///< in which it was met, from 0
  std::int64_t step = 0;  ///< optimizer steps done before, those of earlier calls of fit() included
  /// "loss", of a batch, the weight whose gradient is not finite, or the moving statistic that
  /// would not be; where all steps of the epoch are done, the figure of the epoch: "val_loss".
  std::string tensor;
};

/// A network with its weights, in Keras's vocabulary. A Model that was moved from can be assigned
/// to or destroyed; everything else throws InvalidArgument.
class SALTUS_API Model {
 public:
  Model(Graph graph);  // NOLINT: a Graph is a network
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  /// Fixes how the model is trained and starts over: optimizer and history are new, and weights are
  /// drawn from the seed, but for those that were set or loaded: they stay as they are. (Before,
  /// weights can be read, too: drawn from the default seed.) Throws InvalidArgument or DeviceError.
  void compile(const CompileOptions& options);

  /// Whether it is: by compile(), or in the file that it was loaded from.
  bool compiled() const;

  /// Trains. May be called again to go on; the optimizer keeps its state. Throws InvalidArgument
  /// where samples do not fit. This, evaluate() and predict() need compile() first.
  History fit(const Samples& samples, const FitOptions& options = {});

  /// Loss and metrics over samples, dropout off. Callbacks hear of its begin and its end.
  Logs evaluate(const Samples& samples, std::int64_t batch_size = 32,
                const std::vector<CallbackPtr>& callbacks = {});

  /// Outputs [count][output shape], dropout off.
  std::vector<float> predict(const Samples& samples, std::int64_t batch_size = 32);

  /// What a layer gives, dropout off: [count][shape of the layer's output]. Throws InvalidArgument
  /// for an unknown layer.
  std::vector<float> outputs(std::string_view layer, const Samples& samples,
                             std::int64_t batch_size = 32);

  /// What each layer does with these samples, of which targets are needed: docs/diagnostics.md.
  /// Computed on the CPU in fp32, whatever trains, with the weights that get_weights() gives.
  /// Throws InvalidArgument where samples do not fit, or the model is not compiled.
  std::vector<LayerDiagnostics> diagnose(const Samples& samples);

  /// The table that Keras prints.
  std::string summary() const;

  const Graph& graph() const;

  /// Weights in the graph's order.
  const std::vector<Weight>& weights() const;

  /// Copies of a weight by name ("dense/kernel"), in Keras's layout. With ema_momentum it is the
  /// average that is read; both it and the weight are set. Throws InvalidArgument for an unknown
  /// name or a wrong size.
  std::vector<float> get_weights(std::string_view name) const;
  void set_weights(std::string_view name, std::span<const float> values);

  /// All epochs since compile(), those of before save() and load() included. A figure that an epoch
  /// does not have is NaN.
  const History& history() const;

  /// Writes the model as one file, docs/model-file.md: network, weights, what was compiled, the
  /// optimizer's state, the history. A file that is there is replaced whole or, where this throws,
  /// stays. Throws InvalidArgument for a name of a layer that is not UTF-8, DataError where the
  /// file cannot be written.
  void save(const std::filesystem::path& file) const;

  /// Reads such a file. Training goes on with the same bits as if it had never stopped, on another
  /// device with those of that device; of a file that a callback wrote inside an epoch, the next
  /// fit() runs the rest of it first, of the same number of samples in batches of the same size.
  /// Throws DataError where the file is not whole or not one, InvalidArgument where it names a loss
  /// or metric that `options` lacks, and as compile().
  static Model load(const std::filesystem::path& file, const LoadOptions& options = {});

  /// Weights alone, as NumPy's .npz where the file's name ends so, else as safetensors. Loading
  /// takes them from a file of save(), too, and throws DataError, changing nothing, where weights
  /// are missing, left over or of another shape.
  void save_weights(const std::filesystem::path& file) const;
  void load_weights(const std::filesystem::path& file);

  /// Writes the network as an ONNX model (opset 17) that predicts as predict() does: docs/onnx.md.
  /// Input and output are named after the first and the last layer and have their shapes behind a
  /// batch of any size, images {height, width, channels}. The input is floats, taken as they are:
  /// divide bytes by 255. A file that is there is replaced whole or, where this throws, stays.
  /// Throws InvalidArgument for a network of more than 2 GiB, DataError where the file cannot be
  /// written.
  void export_onnx(const std::filesystem::path& file) const;

  /// Where the last fit() met a number that was not finite and ended, if it did (only with
  /// terminate_on_nan).
  std::optional<Divergence> divergence() const;

 private:
  struct State;
  State& state() const;

  std::unique_ptr<State> state_;
};

/// A model whose layers follow each other: Sequential({28, 28, 1}, {Conv2D{.filters = 32}, ...}).
class SALTUS_API Sequential : public Model {
 public:
  /// Layers behind an input of this shape, under Keras's names: "dense", "dense_1". Throws as
  /// Graph::add().
  Sequential(Shape input_shape, std::initializer_list<Layer> layers);
};

}  // namespace saltus
