// What is compared: one computation, by our kernels and by those of libraries.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include <saltus/precision.h>

namespace saltus::bench {

/// Starts the computation once, on one of several sets of data.
using Start = std::function<void(int set, cudaStream_t stream)>;

struct Contestant {
  std::string name;
  Start start;       ///< none: it is left out, and `note` says why
  std::string note;  ///< what a reader has to know of it
};

struct Contest {
  std::vector<Contestant> contestants;  ///< ours first
  int sets = 1;                         ///< more than the second-level cache holds
};

/// A contest and what is known of it without running it.
struct Entry {
  std::string name;
  std::string kind;  ///< a Precision; contestants of different ones never meet; "": no product
  int trials = 1;    ///< models that are computed side by side
  double flop = 0;   ///< of matrix products, of all trials
  double bytes = 0;  ///< each input read once, each output written once, of all trials
  std::function<Contest()> make;
};

/// For what to measure.
struct Setting {
  int rows = 128;  ///< of a batch
  int trials = 1;
};

/// Our kernels, at the shapes of the tutorial's network (docs/architecture.md).
void add_products(std::vector<Entry>& entries, const Setting& setting);
void add_others(std::vector<Entry>& entries, const Setting& setting);

/// A large product of each kind, by a library.
void add_large_products(std::vector<Entry>& entries);

/// What the device can do at most: a copy in its memory, large products, and what single
/// instructions reach in kernels that repeat them `turns` times and do nothing else.
void add_ceilings(std::vector<Entry>& entries, int turns);

/// Each launch of a training step of the tutorial's network by itself, and then all of them, by the
/// backend that trains.
void add_step(std::vector<Entry>& entries, const Setting& setting, Precision precision);

/// How often data of so many bytes must be there, so that no cache holds it from one time to the
/// next: at least twice the second-level cache.
int sets_for(double bytes);

}  // namespace saltus::bench
