// --config: the options of an earlier sweep, from its sweep.json.
#pragma once

#include <optional>
#include <string>

#include <saltus/report.h>

#include "data_choice.h"
#include "sweep_arguments.h"

namespace saltus::app {

/// The name under which these files can be fetched, by their checksums; empty if there is none.
std::string known_name_of(const ImageDataset& data);

/// The sweep that --config names; none without it. Throws DataError if the file is no
/// sweep.json, InvalidArgument beside --quick.
std::optional<RecordedSweep> recorded_sweep(const SweepArguments& arguments);

/// The data to load: what --data names, else that of the recorded sweep, by its name if it has
/// one. Throws DataError if that was in a folder or file that is gone, InvalidArgument if only
/// --target or --test is typed.
DataChoice data_of(const SweepArguments& arguments, const std::optional<RecordedSweep>& recorded);

/// Throws DataError if this is not the data of the recorded sweep, and no --data chose it.
void check_same_data(const SweepArguments& arguments, const std::optional<RecordedSweep>& recorded,
                     const ImageDataset& data);

}  // namespace saltus::app
