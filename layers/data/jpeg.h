// One JPEG, decoded.
#pragma once

#include <filesystem>
#include <span>

#include "octrain/layers/dataset.h"

namespace octrain::layers {

/// To 3 channels. Scaled down by 2, 4 or 8 (which saves most of the decoding) where both sides stay at least
/// `least_side`. Throws runtime::BadInput naming `path`.
void decode_jpeg(std::span<const std::uint8_t> file, const std::filesystem::path& path, int least_side,
                 Image& into);

}  // namespace octrain::layers
