#include "tuning.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace octrain::layers::cuda {

namespace {

/// Measurements of one kernel differ by about as much from run to run.
constexpr float kAsFast = 1.02F;
constexpr std::string_view kArrow = " -> ";
constexpr std::string_view kAlgorithm = "algorithm=", kMath = " math=", kBy = " by=";
constexpr std::array<std::string_view, 4> kMathNames = {"fma", "standard", "tensor", "converting"};
constexpr std::string_view kMeasurement = "measurement", kRule = "rule";

bool is_within(const Candidate& candidate, const Bounds& bounds) {
  if (!candidate.usable || candidate.workspace_bytes > bounds.workspace_bytes) return false;
  if (bounds.deterministic && !candidate.deterministic) return false;
  if (candidate.math == Math::converting) return false;
  const bool tensor_cores = bounds.tf32 || bounds.element != ElementType::float32;
  return tensor_cores || candidate.math != Math::tensor;
}

/// Takes `prefix` off the front of `text`.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<Math> take_math(std::string_view& text) {
  const std::string_view name = text.substr(0, text.find(' '));
  const auto found = std::find(kMathNames.begin(), kMathNames.end(), name);
  if (found == kMathNames.end()) return std::nullopt;
  text.remove_prefix(name.size());
  return static_cast<Math>(found - kMathNames.begin());
}

std::optional<Choice> parse(std::string_view text) {
  if (!take(text, kAlgorithm)) return std::nullopt;
  const std::optional<int> algorithm = take_number(text);
  if (!algorithm || !take(text, kMath)) return std::nullopt;
  const std::optional<Math> math = take_math(text);
  if (!math || !take(text, kBy)) return std::nullopt;
  if (text != kMeasurement && text != kRule) return std::nullopt;
  return Choice{*algorithm, *math, text == kMeasurement};
}

std::string pair(std::int64_t first, std::int64_t second) {
  return std::to_string(first) + "x" + std::to_string(second);
}

}  // namespace

std::optional<Candidate> pick_fastest(std::span<const Candidate> candidates, const Bounds& bounds) {
  std::optional<Candidate> fastest;
  for (const Candidate& candidate : candidates) {
    if (is_within(candidate, bounds) && (!fastest || candidate.milliseconds < fastest->milliseconds))
      fastest = candidate;
  }
  if (!fastest) return std::nullopt;
  const auto cost = [](const Candidate& c) {
    return std::tuple(c.workspace_bytes, c.milliseconds, c.algorithm, c.math);
  };
  const float slowest = fastest->milliseconds * kAsFast;
  for (const Candidate& candidate : candidates) {
    if (is_within(candidate, bounds) && candidate.milliseconds <= slowest && cost(candidate) < cost(*fastest))
      fastest = candidate;
  }
  return fastest;
}

std::optional<Candidate> pick_first(std::span<const Candidate> candidates, const Bounds& bounds) {
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate& candidate) { return is_within(candidate, bounds); });
  return found == candidates.end() ? std::nullopt : std::optional(*found);
}

std::string choice_key(std::string_view card, std::uint64_t cudnn_version, const Bounds& bounds,
                       const ConvolutionShape& shape) {
  std::string name(card);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c <= ' ' || c == '='; }, '_');
  return "card=" + name + " cudnn=" + std::to_string(cudnn_version) + " " +
         std::string(bounds.tf32 && bounds.element == ElementType::float32 ? "tf32"
                                                                           : name_of(bounds.element)) +
         (bounds.deterministic ? " deterministic" : " nondeterministic") +
         " limit=" + std::to_string(bounds.workspace_bytes) + " " + std::string(shape.step) +
         " images=" + std::to_string(shape.images) + " bottom=" + std::to_string(shape.channels) + "x" +
         pair(shape.height, shape.width) + " outputs=" + std::to_string(shape.outputs) +
         " kernel=" + pair(shape.kernel_h, shape.kernel_w) +
         " stride=" + pair(shape.stride_h, shape.stride_w) + " pad=" + pair(shape.pad_h, shape.pad_w) +
         " dilation=" + pair(shape.dilation_h, shape.dilation_w) + " groups=" + std::to_string(shape.groups);
}

std::string format_choice(const ChoiceLine& line) {
  std::string text = line.key;
  text += kArrow;
  text += kAlgorithm;
  text += std::to_string(line.choice.algorithm);
  text += kMath;
  text += kMathNames[static_cast<std::size_t>(line.choice.math)];
  text += kBy;
  text += line.choice.measured ? kMeasurement : kRule;
  return text;
}

std::optional<ChoiceLine> parse_choice(std::string_view line) {
  const std::size_t arrow = line.find(kArrow);
  if (arrow == std::string_view::npos || !line.starts_with("card=")) return std::nullopt;
  const std::optional<Choice> choice = parse(line.substr(arrow + kArrow.size()));
  if (!choice) return std::nullopt;
  return ChoiceLine{std::string(line.substr(0, arrow)), *choice};
}

}  // namespace octrain::layers::cuda
