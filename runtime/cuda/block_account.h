// Where every block will lie once all that was issued so far has been done: the account that the executor's
// thread keeps, ahead of the device. Tensors may share blocks, so it knows blocks only.
#pragma once

#include <functional>
#include <vector>

#include "cuda/orders.h"

namespace octrain::runtime::cuda {

enum class Place : std::uint8_t {
  nowhere,  ///< no contents
  host,
  device,  ///< device pages; contents, or none yet
};

/// Not thread-safe.
class BlockAccount {
 public:
  struct Block {
    Place place = Place::nowhere;
    bool dirty = false;          ///< on the device, and the host does not hold the same
    OpSerial last_use = 0;       ///< the last run of an op that names it
    std::uint64_t migrated = 0;  ///< when it came to the device: by a count of such events
    Orders orders{};             ///< the last that have to do with it
  };
  using Condition = std::function<bool(BlockId)>;

  explicit BlockAccount(BlockId count) : blocks_(count) {}

  [[nodiscard]] const Block& operator[](BlockId block) const { return blocks_[block]; }
  [[nodiscard]] BlockId on_device() const { return on_device_; }

  /// The parts of the range whose blocks are so.
  [[nodiscard]] Ranges those(BlockRange range, const Condition& condition) const;
  [[nodiscard]] Ranges at(BlockRange range, Place place) const {
    return those(range, [&](BlockId block) { return blocks_[block].place == place; });
  }
  /// At most `most` blocks of the device that came there longest ago, of those that are so.
  [[nodiscard]] Ranges oldest(BlockId most, const Condition& condition) const;

  /// The last orders that have to do with the blocks; and of these only such as bring blocks.
  [[nodiscard]] Orders orders(BlockRange range) const;
  [[nodiscard]] Orders orders(const Ranges& ranges) const;
  [[nodiscard]] Orders bringing(const Ranges& ranges) const;
  /// What an order for these blocks has to wait for. What brings blocks waits for no op: none has used them
  /// since they left.
  [[nodiscard]] Order order(Lane lane, const Ranges& ranges) const;
  /// The order was issued, and the blocks will be there.
  void note(Lane lane, OrderId id, const Ranges& ranges);

  void move(const Ranges& ranges, Place place, bool dirty);
  void use(BlockRange range, OpSerial op);
  void write(BlockRange range);

 private:
  void move(Block& block, Place place, bool dirty);

  std::vector<Block> blocks_;
  BlockId on_device_ = 0;
  std::uint64_t migrations_ = 0;
};

/// Sorted; what stands in several of them or borders on another is one.
[[nodiscard]] Ranges merged(Ranges ranges);

}  // namespace octrain::runtime::cuda
