// Checks that several layers make of their bottoms; the caller of LayerType adds the layer's name to what
// they throw.
#pragma once

#include <span>
#include <string>

#include "octrain/layers/blob.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {

inline void expect_bottoms(std::span<const Shape> bottoms, std::size_t count) {
  if (bottoms.size() == count) return;
  throw runtime::UsageError("takes " + std::to_string(count) + (count == 1 ? " bottom" : " bottoms") +
                            ", not " + std::to_string(bottoms.size()));
}

inline std::string to_string(const Shape& shape) {
  return std::to_string(shape.n) + "x" + std::to_string(shape.c) + "x" + std::to_string(shape.h) + "x" +
         std::to_string(shape.w);
}

/// Bottoms of losses and accuracies: logits (n, classes, 1, 1) and labels (n, 1, 1, 1).
inline void expect_logits_and_labels(std::span<const Shape> bottoms) {
  expect_bottoms(bottoms, 2);
  const Shape& logits = bottoms[0];
  if (logits.h != 1 || logits.w != 1)
    throw runtime::UsageError("logits must be n x classes x 1 x 1, not " + to_string(logits));
  if (bottoms[1] != Shape{logits.n, 1, 1, 1}) {
    throw runtime::UsageError("labels must be one an image, not " + to_string(bottoms[1]));
  }
}

}  // namespace octrain::layers
