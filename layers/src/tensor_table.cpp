#include "tensor_table.h"

#include "octrain/runtime/units.h"

namespace octrain::layers {

namespace {
constexpr std::uint64_t kSmallBytes = runtime::kMiB;
constexpr std::uint64_t kAlignment = 64;  // a cache line, and what vector kernels like
}  // namespace

advisor::TensorId TensorTable::add(const std::string& name, advisor::Role role, std::uint64_t bytes) {
  tensors_.push_back({name, role, runtime::round_up(bytes, runtime::kBlockBytes)});
  used_bytes_.push_back(bytes);
  return static_cast<advisor::TensorId>(tensors_.size() - 1);
}

TensorView TensorTable::allocate(const std::string& name, advisor::Role role, Lifetime lifetime,
                                 std::uint64_t bytes) {
  if (bytes >= kSmallBytes) return {add(name, role, bytes), 0, bytes};
  const auto open = open_block_.find({role, lifetime});
  if (open != open_block_.end()) {
    std::uint64_t& used = used_bytes_[open->second];
    const std::uint64_t offset = runtime::round_up(used, kAlignment);
    if (offset + bytes <= runtime::kBlockBytes) {
      used = offset + bytes;
      return {open->second, offset, bytes};
    }
  }
  const advisor::TensorId tensor = add(name + "+", role, bytes);
  open_block_[{role, lifetime}] = tensor;
  return {tensor, 0, bytes};
}

}  // namespace octrain::layers
