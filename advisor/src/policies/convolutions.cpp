#include "convolutions.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace octrain::advisor {
namespace {

char lower(char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return '0' <= c && c <= '9'; }

std::string layer_name(const Op& op) {
  std::string name = op.name.substr(0, op.name.find(' '));
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

/// "3x3", "7x7_s2", "3x3_reduce".
bool begins_with_size(std::string_view text) {
  const auto times = text.find('x');
  return times != std::string_view::npos && times > 0 && times + 1 < text.size() &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(times), is_digit) &&
         is_digit(text[times + 1]);
}

}  // namespace

bool is_convolution(const Op& op) {
  const std::string name = layer_name(op);
  const auto slash = name.rfind('/');
  const std::string_view part = std::string_view(name).substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string_view before = std::string_view(name).substr(0, name.size() - part.size());
  if (contains_any(part, {"conv", "proj", "shortcut"})) return true;
  if (part.starts_with("res") && contains_any(part, {"branch"})) return true;
  if (begins_with_size(part) && !contains_any(before, {"pool"})) return true;
  const bool another =
      part.starts_with("fc") || part.starts_with("ip") || begins_with_size(part) ||
      contains_any(part, {"linear", "matmul", "classifier", "pool", "norm", "bn", "scale", "lrn", "relu",
                          "drop", "loss", "softmax", "concat", "add", "sum", "data", "update", "grad"});
  return !another && op.workspace_bytes > 0;
}

std::string backward_layer(const Op& op) {
  const std::string name = layer_name(op);
  return name.substr(0, name.find("backward"));
}

}  // namespace octrain::advisor
