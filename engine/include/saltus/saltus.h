// All of Saltus.
#pragma once

#include <saltus/export.h>

#include <saltus/accuracy.h>
#include <saltus/activation.h>
#include <saltus/architecture.h>
#include <saltus/callbacks.h>
#include <saltus/confusion.h>
#include <saltus/dataset.h>
#include <saltus/device.h>
#include <saltus/error.h>
#include <saltus/formula.h>
#include <saltus/graph.h>
#include <saltus/history.h>
#include <saltus/image_set.h>
#include <saltus/initializer.h>
#include <saltus/layers.h>
#include <saltus/libraries.h>
#include <saltus/loss.h>
#include <saltus/machine.h>
#include <saltus/metric.h>
#include <saltus/model.h>
#include <saltus/nearest.h>
#include <saltus/optimizer.h>
#include <saltus/plan.h>
#include <saltus/precision.h>
#include <saltus/progress.h>
#include <saltus/published_table.h>
#include <saltus/report.h>
#include <saltus/samples.h>
#include <saltus/schedule.h>
#include <saltus/shape.h>
#include <saltus/statistics.h>
#include <saltus/sweep.h>
#include <saltus/verdict.h>
#include <saltus/version.h>
