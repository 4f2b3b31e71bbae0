// Published claims about activations that can be trained again here. A new one is an entry of the
// list in claims.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <saltus/sweep.h>

namespace saltus::app {

/// A setting of a claim's sweep: its activation, and its initializer where that is said.
struct Side {
  std::string_view activation;
  std::string_view initializer = {};  ///< as text_of() has it; empty: the only one
};

/// What a claim says: the figure of one setting is better than that of another.
struct Order {
  Side better;
  Side worse;
};

/// A claim, and how it is tested.
struct Claim {
  std::string_view name;
  std::string_view says;       ///< in a sentence, without a full stop
  std::string_view source;     ///< where it stands
  std::string_view published;  ///< the figures there
  std::string_view differs;    ///< in what our training is another than theirs
  std::string_view data;       ///< a name of known_datasets()
  std::string_view figure;     ///< of the last epoch's logs, or with test_ of the test images
  bool rises;                  ///< whether more of it is better
  std::span<const Order> orders;
  SweepConfig (*published_size)();
  void (*make_small)(SweepConfig& config);  ///< what a small machine does in minutes
};

std::span<const Claim> claims();

/// Throws InvalidArgument with what is near.
const Claim& claim_named(std::string_view name);

/// Images that a claim's sweep trains on, every epoch of every trial counted.
std::int64_t images_trained(const SweepConfig& config, std::int64_t training_images);

/// What the trials say of a claim, in a sentence that begins with "reproduced", "not reproduced" or
/// "undecided", and has each difference with its 95 % interval. Reproduced is a claim all of whose
/// orders are seen beyond chance (paired t-test over the seeds, Holm's correction, p < 0.05), not
/// reproduced one of which the reverse is seen.
std::string outcome(const Claim& claim, const SweepResult& result);

}  // namespace saltus::app
