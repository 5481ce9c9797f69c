// How a directory's contents tell its format.
#pragma once

#include <filesystem>
#include <optional>

namespace octrain::layers {

[[nodiscard]] bool looks_like_idx(const std::filesystem::path& directory);
/// Where the batches lie: the directory itself, or the one that the archive unpacks to.
[[nodiscard]] std::optional<std::filesystem::path> find_cifar10(const std::filesystem::path& directory);
[[nodiscard]] bool looks_like_image_folder(const std::filesystem::path& directory);

}  // namespace octrain::layers
