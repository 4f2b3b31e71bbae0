#pragma once

#include <array>

#include <saltus/libraries.h>

#include "backend/cuda/formulas.h"
#include "backend/cuda/launch.h"

namespace saltus::cuda {

/// A plan, lowered for batches of up to so many rows; nothing is on the device yet. Throws
/// DeviceError where a library that is asked for cannot be loaded.
class Compiled {
 public:
  Compiled(const plan::Plan& plan, int moments, const UpdateChoices& update, std::int64_t max_rows,
           const Libraries& libraries = {}, const Formulas& formulas = {});
  Compiled(const Compiled&) = delete;  // launches refer to the programs
  Compiled& operator=(const Compiled&) = delete;

  const Layout& layout() const { return layout_; }
  /// As the programs of a mode see it: Layout::evaluated() where they do not train.
  const Layout& layout(plan::Mode mode) const {
    return mode == plan::Mode::train ? layout_ : evaluated_;
  }
  Constants& constants() { return constants_; }
  const Constants& constants() const { return constants_; }
  const plan::Program& program(plan::Mode mode) const { return programs_[place(mode)]; }
  std::span<const plan::Program> programs() const { return programs_; }
  /// One for each of the program's steps.
  std::span<const Launch> launches(plan::Mode mode) const { return launches_[place(mode)]; }

  /// Makes what the launches of a program need for a site's rows; comes before launch().
  void prepare(plan::Mode mode, const StepContext& site) const;

  /// Puts the launches of a program for one batch into the site's stream.
  void launch(plan::Mode mode, const StepContext& site) const;

  /// Puts what is left to do behind a run of batches into the stream of its last one's site.
  void finish(plan::Mode mode, const StepContext& site) const;

 private:
  static std::size_t place(plan::Mode mode) { return static_cast<std::size_t>(mode); }

  std::array<plan::Program, 3> programs_;  ///< behind CUDA's passes, by mode
  std::array<std::vector<Launch>, 3> launches_;
  Constants constants_;
  Layout layout_;
  Layout evaluated_;
};

}  // namespace saltus::cuda
