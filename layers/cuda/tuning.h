// Which algorithm serves a convolution's op: chosen from what was measured, and written down as text. No CUDA
// in here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "octrain/layers/blob.h"

namespace octrain::layers::cuda {

/// What the arithmetic of an algorithm is.
enum class Math {
  fma,         ///< single precision throughout
  standard,    ///< what the card does single precision by: TF32 where it has that
  tensor,      ///< tensor cores, of what the operands are stored as (float32: TF32)
  converting,  ///< through half precision: never taken
};

/// What cuDNN says of an algorithm it measured, or would recommend.
struct Candidate {
  int algorithm = 0;
  Math math = Math::fma;
  bool usable = false;  ///< cuDNN can run it with this workspace
  float milliseconds = 0;
  std::uint64_t workspace_bytes = 0;
  bool deterministic = false;
};

struct Bounds {
  std::uint64_t workspace_bytes = 0;
  bool deterministic = true;
  bool tf32 = false;
  ElementType element = ElementType::float32;
};

/// Measured candidates: the fastest within the bounds; of those as fast as nearly makes no difference, the
/// one with the least workspace. Nothing when none is within them.
[[nodiscard]] std::optional<Candidate> pick_fastest(std::span<const Candidate> candidates,
                                                    const Bounds& bounds);
/// Candidates that were not measured, the most promising first: the first within the bounds.
[[nodiscard]] std::optional<Candidate> pick_first(std::span<const Candidate> candidates,
                                                  const Bounds& bounds);

/// All that a choice depends on.
struct ConvolutionShape {
  std::string_view step;  ///< "forward", "backward_data", "backward_parameters"
  std::int64_t images = 0;
  std::int64_t channels = 0, height = 0, width = 0;  ///< of the bottom
  int outputs = 0;
  int kernel_h = 0, kernel_w = 0, stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1,
      dilation_w = 1, groups = 1;
};
[[nodiscard]] std::string choice_key(std::string_view card, std::uint64_t cudnn_version, const Bounds& bounds,
                                     const ConvolutionShape& shape);

struct Choice {
  int algorithm = 0;
  Math math = Math::fma;
  bool measured = true;  ///< false: cuDNN's rules, where there was no room to measure
  friend bool operator==(const Choice&, const Choice&) = default;
};

struct ChoiceLine {
  std::string key;
  Choice choice;
};
/// Without the line's end.
[[nodiscard]] std::string format_choice(const ChoiceLine& line);
/// Nothing for a line that format_choice did not write, or of which something is missing.
[[nodiscard]] std::optional<ChoiceLine> parse_choice(std::string_view line);

}  // namespace octrain::layers::cuda
