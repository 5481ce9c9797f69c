#include "onednn.h"

#include <string_view>

namespace octrain::layers::host {

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::stream& stream() {
  static dnnl::stream in_order(engine());
  return in_order;
}

bool has_avx512() {
  const int avx512 = static_cast<int>(dnnl::cpu_isa::avx512_core);
  return (static_cast<int>(dnnl::get_effective_cpu_isa()) & avx512) == avx512;
}

int native_channel_block() { return has_avx512() ? 16 : 8; }

dnnl::memory::desc images_desc(std::int64_t count, std::int64_t channels, std::int64_t height,
                               std::int64_t width, Layout layout) {
  using Tag = dnnl::memory::format_tag;
  const Tag tag = layout.channel_block == 16  ? Tag::nChw16c
                  : layout.channel_block == 8 ? Tag::nChw8c
                                              : Tag::nchw;
  return dnnl::memory::desc({count, channels, height, width}, dnnl::memory::data_type::f32, tag);
}

dnnl::memory::desc images_desc(const BlobDesc& blob, std::int64_t count) {
  return images_desc(count, blob.padded_channels(), blob.shape.h, blob.shape.w, blob.layout);
}

void reorder(const dnnl::memory::desc& from_desc, const float* from, const dnnl::memory::desc& to_desc,
             float* to) {
  dnnl::memory source(from_desc, engine(), const_cast<float*>(from));  // read only
  dnnl::memory destination(to_desc, engine(), to);
  dnnl::reorder(source, destination).execute(stream(), source, destination);
  stream().wait();
}

dnnl::primitive_attr user_scratchpad(bool then_relu) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (then_relu) {
    dnnl::post_ops relu;
    relu.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    attributes.set_post_ops(relu);
  }
  return attributes;
}

Grade grade(const dnnl::primitive_desc_base& primitive) {
  const std::string_view name = primitive.impl_info_str();
  if (name.find("ref") != std::string_view::npos) return Grade::reference;
  return name.find("gemm") != std::string_view::npos && name.find("brgemm") == std::string_view::npos
             ? Grade::gemm
             : Grade::generated;
}

}  // namespace octrain::layers::host
