// A network as JSON: docs/model-file.md.
#pragma once

#include <saltus/graph.h>

#include "core/json.h"

namespace saltus::store {

/// {"layers": [{"class_name": "Dense", "name": "dense", "inputs": ["flatten"], "config": {...}}]}
Json json_of(const Graph& graph);

/// The network that it is the JSON of. An option that is left out has its default. Throws
/// InvalidArgument for what is unknown or does not fit, or what the JSON library throws.
Graph graph_of(const ReadJson& json);

}  // namespace saltus::store
