// Thin helpers around oneDNN: one engine and stream, our layouts as its descriptors, its errors as ours.
#pragma once

#include <cstdint>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <string>

#include "octrain/layers/blob.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::host {

[[nodiscard]] const dnnl::engine& engine();
[[nodiscard]] dnnl::stream& stream();

/// Does oneDNN use AVX-512 here?
[[nodiscard]] bool has_avx512();
/// Channels in a block of the layout in which convolutions are fastest here: 16 with AVX-512, else 8.
[[nodiscard]] int native_channel_block();

/// `count` images (c, h, w) in a layout.
[[nodiscard]] dnnl::memory::desc images_desc(std::int64_t count, std::int64_t channels, std::int64_t height,
                                             std::int64_t width, Layout layout);
/// The same of a blob; its padding channels count as real ones, so that to oneDNN there is no padding.
[[nodiscard]] dnnl::memory::desc images_desc(const BlobDesc& blob, std::int64_t count);

/// Copies from one layout to another.
void reorder(const dnnl::memory::desc& from_desc, const float* from, const dnnl::memory::desc& to_desc,
             float* to);

/// Scratchpads come from the op's workspace: oneDNN allocates nothing by itself.
/// `then_relu`: the primitive ends with a ReLU.
[[nodiscard]] dnnl::primitive_attr user_scratchpad(bool then_relu = false);

/// How good an implementation is: generated code, then im2col and gemm, then reference loops (hundreds of
/// times slower).
enum class Grade { generated, gemm, reference };
[[nodiscard]] Grade grade(const dnnl::primitive_desc_base& primitive);

/// The primitive descriptor `make` returns, or nothing where oneDNN has no implementation.
template <class Make>
[[nodiscard]] auto attempt(const Make& make) -> std::optional<decltype(make())> {
  try {
    return make();
  } catch (const dnnl::error&) {
    return std::nullopt;
  }
}

/// What `fn` returns; oneDNN's errors become DeviceErrors that name the layer.
template <class Function>
decltype(auto) translate_errors(const std::string& layer, const Function& fn) {
  try {
    return fn();
  } catch (const dnnl::error& error) {
    throw runtime::DeviceError("layer '" + layer + "': oneDNN: " + error.what() + " (status " +
                               std::to_string(static_cast<int>(error.status)) + ")");
  }
}

}  // namespace octrain::layers::host
