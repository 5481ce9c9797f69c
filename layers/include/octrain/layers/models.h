// The zoo: well-known nets, built for any batch, input size and number of classes.
// Each has a Data layer with tops "data" and "label", a SoftmaxLoss with top "loss" (googlenet:
// "loss1/loss1", "loss2/loss1" and "loss3/loss3"), and for testing an Accuracy with top "accuracy"
// ("accuracy_top5" as well from 100 classes on).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "octrain/layers/net_spec.h"

namespace octrain::layers {

struct ModelInput {
  std::int64_t batch = 0, channels = 0, height = 0, width = 0;
  int classes = 0;
};

struct Model {
  std::string_view name;     ///< "resnet-N" stands for every depth N = 6 n + 2
  std::string_view summary;  ///< one line
  /// What the model was published for. Rule for data: channels and classes are the data's; images smaller
  /// than native are resized up to native height and width by the reader, larger ones down to it, unless the
  /// user gives a size.
  ModelInput native;
  std::int64_t minimum_size = 0;  ///< least height and width the net can be built for
};

[[nodiscard]] std::span<const Model> models();

/// The entry for a name ("resnet-20" finds "resnet-N"); throws runtime::UsageError that lists the names.
[[nodiscard]] const Model& find_model(std::string_view name);

/// Throws runtime::UsageError for an unknown name or an input smaller than the model's minimum.
[[nodiscard]] NetSpec build_model(std::string_view name, const ModelInput& input);

}  // namespace octrain::layers
