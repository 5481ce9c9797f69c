#include "parameters.h"

#include "octrain/runtime/units.h"

namespace octrain::layers {

namespace {
constexpr std::uint64_t kSmallBytes = runtime::kMiB;
constexpr std::uint64_t kAlignment = 64;
}  // namespace

std::size_t Parameters::group_for(std::uint64_t bytes, bool trained) {
  const bool small = bytes < kSmallBytes;
  std::size_t& open = open_group_[trained ? 1 : 0];
  if (small && open != SIZE_MAX &&
      runtime::round_up(groups_[open].bytes, kAlignment) + bytes <= runtime::kBlockBytes) {
    return open;
  }
  groups_.push_back({});
  groups_.back().trained = trained;
  group_names_.emplace_back();
  if (small) open = groups_.size() - 1;
  return groups_.size() - 1;
}

void Parameters::place(std::size_t layer, const std::string& layer_name,
                       const std::vector<ParameterSpec>& specs, const Kernel& kernel, bool trained) {
  index_.resize(layer + 1);
  index_[layer].resize(specs.size());
  const std::vector<ParameterStorage> storage = kernel.parameter_storage();
  for (std::size_t p = 0; p < specs.size(); ++p) {
    for (std::size_t c = 0; c < storage[p].chunks.size(); ++c) {
      const std::uint64_t bytes = storage[p].chunks[c].bytes;
      const std::size_t group = group_for(bytes, trained && specs[p].trained);
      const std::uint64_t offset = runtime::round_up(groups_[group].bytes, kAlignment);
      groups_[group].bytes = offset + bytes;
      groups_[group].chunks.push_back(chunks_.size());
      std::string& name = group_names_[group];
      if (name.empty()) {
        name = layer_name + "." + specs[p].name;
        if (storage[p].chunks.size() > 1) name.append("[").append(std::to_string(c)).append("]");
        if (bytes < kSmallBytes) name += "+";
      }
      index_[layer][p].push_back(chunks_.size());
      chunks_.push_back({layer, static_cast<int>(p), static_cast<int>(c), group, offset, bytes,
                         specs[p].options.lr_mult, specs[p].options.decay_mult, false});
    }
  }
}

void Parameters::finish() {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    ParameterGroup& group = groups_[g];
    const std::string& name = group_names_[g];
    group.weight =
        tensors_.add(name, group.trained ? advisor::Role::weight : advisor::Role::state, group.bytes);
    if (!group.trained) continue;
    group.gradient = tensors_.add(name + "'", advisor::Role::gradient, group.bytes);
    for (int s = 0; s < state_count_; ++s) {
      group.states.push_back(
          tensors_.add(name + ".state" + std::to_string(s), advisor::Role::state, group.bytes));
    }
  }
}

int Parameters::chunk_count(std::size_t layer, int parameter) const {
  return static_cast<int>(index_[layer][static_cast<std::size_t>(parameter)].size());
}

const PlacedChunk& Parameters::chunk(std::size_t layer, int parameter, int chunk) const {
  return chunks_[index_[layer][static_cast<std::size_t>(parameter)][static_cast<std::size_t>(chunk)]];
}

TensorView Parameters::weight(const PlacedChunk& chunk) const {
  return {groups_[chunk.group].weight, chunk.offset, chunk.bytes};
}

TensorView Parameters::gradient(const PlacedChunk& chunk) const {
  return {groups_[chunk.group].gradient, chunk.offset, chunk.bytes};
}

void Parameters::note_write(const TensorView& view) {
  for (PlacedChunk& chunk : chunks_) {
    if (groups_[chunk.group].trained && gradient(chunk) == view) chunk.gradient_written = true;
  }
}

}  // namespace octrain::layers
