#pragma once

#include <array>

#include <saltus/libraries.h>

#include "backend/cuda/lowering.h"

namespace saltus::cuda {

/// The programs of a plan.
enum class ProgramKind : std::uint8_t { train, evaluate, predict };

/// A plan, lowered for batches of up to so many rows; nothing is on the device yet. Throws
/// DeviceError where a library that is asked for cannot be loaded.
class Compiled {
 public:
  Compiled(const plan::Plan& plan, const Moments& moments, const UpdateChoices& update,
           std::int64_t max_rows, const Libraries& libraries = {});
  Compiled(const Compiled&) = delete;  // launches refer to the schedules
  Compiled& operator=(const Compiled&) = delete;

  const Layout& layout() const { return layout_; }
  Constants& constants() { return constants_; }
  const Constants& constants() const { return constants_; }
  const Schedule& schedule(ProgramKind kind) const { return schedules_[place(kind)]; }
  std::span<const Schedule> schedules() const { return schedules_; }
  /// Of each of the schedule's jobs.
  std::span<const Launch> launches(ProgramKind kind) const { return launches_[place(kind)]; }

  /// Makes what the launches of a program need for a site's rows; comes before launch().
  void prepare(ProgramKind kind, const Site& site) const;

  /// Puts the launches of a program for one batch into the site's stream.
  void launch(ProgramKind kind, const Site& site) const;

 private:
  static std::size_t place(ProgramKind kind) { return static_cast<std::size_t>(kind); }

  std::array<Schedule, 3> schedules_;
  std::array<std::vector<Launch>, 3> launches_;
  Constants constants_;
  Layout layout_;
};

}  // namespace saltus::cuda
