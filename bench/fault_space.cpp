#include "fault_space.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "octrain/runtime/units.h"

namespace octrain::bench {
namespace {

using runtime::kBlockBytes;
using runtime::TensorId;

/// Two halves of tensors, of which the device holds one: `near` is there when the device is full, `far` is
/// what is brought in.
class Halves {
 public:
  explicit Halves(const FaultCase& of)
      : case_(of), blocks_each_(runtime::round_up(of.tensor_bytes, kBlockBytes) / kBlockBytes) {
    constexpr std::uint64_t kLeastBlocks = 4;  // what a managed space must have
    const std::uint64_t wanted = std::max(of.half_bytes / kBlockBytes, kLeastBlocks);
    const std::uint64_t tensors = (wanted + blocks_each_ - 1) / blocks_each_;
    near_.resize(tensors);
    far_.resize(tensors);
    std::iota(near_.begin(), near_.end(), TensorId{0});
    std::iota(far_.begin(), far_.end(), static_cast<TensorId>(tensors));
    runtime::host::HostSpaceOptions options = of.space;
    options.device_bytes = bytes();
    space_ =
        runtime::host::make_host_space(std::vector<std::uint64_t>(2 * tensors, of.tensor_bytes), options);
    for (TensorId tensor = 0; tensor < 2 * tensors; ++tensor) fill(tensor);
    space_->quiesce();
  }

  [[nodiscard]] std::uint64_t tensors() const { return far_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return tensors() * blocks_each_ * kBlockBytes; }

  void by_faults(FaultResult& result) {
    prepare();
    const std::size_t before = result.faults.count();
    use(far_, [&](TensorId tensor, std::uint64_t block) {
      std::byte* const at = address(tensor, block);
      std::uint64_t found = stamp(tensor, block);
      result.faults.time([&] { case_.writes ? write_word(at, found) : void(found = read_word(at)); });
      // A write must have kept what lies beside it.
      result.right = result.right && found == stamp(tensor, block) && read_word(at + 8) == found;
    });
    const runtime::MemoryCounters counters = space_->take_counters();
    const bool as_meant = counters.faults == result.faults.count() - before &&
                          counters.fault_in_bytes == bytes() &&
                          counters.driver_evicted_bytes == (case_.evicts ? bytes() : 0);
    result.right = result.right && as_meant;
  }

  void by_hints(FaultResult& result) {
    prepare();
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < far_.size(); ++i) {
      if (case_.evicts) space_->evict(near_[i]);
      space_->prefetch(far_[i]);
    }
    space_->quiesce();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    result.hint_seconds += seconds.count();
    const runtime::MemoryCounters counters = space_->take_counters();
    const bool as_meant = counters.faults == 0 && counters.planned_in_bytes == bytes() &&
                          counters.planned_out_bytes == (case_.evicts && case_.writes ? bytes() : 0);
    result.right = result.right && as_meant;
  }

 private:
  [[nodiscard]] static std::uint64_t stamp(TensorId tensor, std::uint64_t block) {
    return (std::uint64_t{tensor} << 32 | block) + 1;
  }
  [[nodiscard]] std::byte* address(TensorId tensor, std::uint64_t block) {
    return space_->address(tensor) + block * kBlockBytes;
  }

  void fill(TensorId tensor) {
    const std::array<TensorId, 1> written{tensor};
    space_->acquire({{}, written, 0});
    for (std::uint64_t block = 0; block < blocks_each_; ++block) {
      write_word(address(tensor, block), stamp(tensor, block));
      write_word(address(tensor, block) + 8, stamp(tensor, block));
    }
    space_->release({{}, written, 0});
    space_->evict(tensor);
  }

  /// As an op would: `touch(tensor, block)` for each block.
  template <class Function>
  void use(const std::vector<TensorId>& tensors, const Function& touch) {
    runtime::OpAccess access{tensors, {}, 0};
    if (case_.writes) access.writes = tensors;
    space_->acquire(access);
    for (const TensorId tensor : tensors) {
      for (std::uint64_t block = 0; block < blocks_each_; ++block) touch(tensor, block);
    }
    space_->release(access);
  }

  void prepare() {
    for (const TensorId tensor : near_) space_->evict(tensor);
    for (const TensorId tensor : far_) space_->evict(tensor);
    space_->quiesce();
    if (case_.evicts) {
      for (const TensorId tensor : near_) space_->prefetch(tensor);
      space_->quiesce();
      if (case_.writes) {
        use(near_, [&](TensorId tensor, std::uint64_t block) {
          write_word(address(tensor, block), stamp(tensor, block));
        });
      }
    }
    static_cast<void>(space_->take_counters());
  }

  const FaultCase& case_;
  std::uint64_t blocks_each_;
  std::vector<TensorId> near_, far_;
  std::unique_ptr<runtime::MemorySpace> space_;
};

}  // namespace

FaultResult measure_faults(const FaultCase& of, int rounds) {
  Halves halves(of);
  FaultResult result{.tensors = halves.tensors()};
  for (int round = 0; round < rounds; ++round) {
    halves.by_faults(result);
    halves.by_hints(result);
  }
  return result;
}

}  // namespace octrain::bench
