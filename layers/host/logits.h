// Logits and labels as losses and accuracies read them.
#pragma once

#include <cmath>
#include <string>

#include "octrain/layers/kernel.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::host {

/// Operands logits (n, classes, 1, 1) and labels of one call; a negative label marks padding.
class Logits {
 public:
  Logits(const BlobDesc& blob, const KernelCall& call)
      : classes_(blob.shape.c),
        stride_(blob.image_elements()),
        values_(call.input(0)),
        labels_(call.input(1)) {
    for (std::int64_t i = 0; i < call.images; ++i) {
      if (labels_[i] < static_cast<float>(classes_)) continue;
      throw runtime::BadInput("image " + std::to_string(call.first_image + i) + " of the batch has label " +
                              std::to_string(std::lround(labels_[i])) + ", but the net has " +
                              std::to_string(classes_) + " classes");
    }
  }

  [[nodiscard]] std::int64_t classes() const { return classes_; }
  /// Floats of one image, padding included: with one pixel, any layout is the classes in order, then padding.
  [[nodiscard]] std::int64_t stride() const { return stride_; }
  [[nodiscard]] const float* of(std::int64_t image) const { return values_ + image * stride_; }
  [[nodiscard]] std::int64_t label(std::int64_t image) const { return std::lround(labels_[image]); }

 private:
  std::int64_t classes_, stride_;
  const float* values_;
  const float* labels_;
};

}  // namespace octrain::layers::host
