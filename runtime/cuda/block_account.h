// Where every block will lie once all that was issued so far has been done: the account that the executor's
// thread keeps, ahead of the device. Tensors may share blocks, so it knows blocks only.
#pragma once

#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "cuda/orders.h"

namespace octrain::runtime::cuda {

enum class Place : std::uint8_t {
  nowhere,  ///< no contents
  host,
  device,  ///< device pages; contents, or none yet
  dead,  ///< device pages whose contents nobody wants: for these blocks' next contents, or given up for room
};

/// Not thread-safe.
class BlockAccount {
 public:
  struct Block {
    Place place = Place::nowhere;
    bool dirty = false;          ///< on the device, and the host does not hold the same
    OpSerial last_use = 0;       ///< the last run of an op that names it
    std::uint64_t migrated = 0;  ///< when it came to the device: by a count of such events
    std::uint64_t given_up = 0;  ///< of dead ones: the turn in which they go when room is wanted
    Orders orders{};             ///< the last that have to do with it
  };
  using Condition = std::function<bool(BlockId)>;

  explicit BlockAccount(BlockId count) : blocks_(count) {}

  [[nodiscard]] const Block& operator[](BlockId block) const { return blocks_[block]; }
  [[nodiscard]] BlockId on_device() const { return on_device_; }
  /// That have device pages, dead ones among them.
  [[nodiscard]] BlockId mapped() const { return on_device_ + static_cast<BlockId>(dead_.size()); }

  /// The parts of the range whose blocks are so.
  [[nodiscard]] Ranges those(BlockRange range, const Condition& condition) const;
  [[nodiscard]] Ranges at(BlockRange range, Place place) const {
    return those(range, [&](BlockId block) { return blocks_[block].place == place; });
  }
  /// At most `most` blocks of the device that came there longest ago, of those that are so.
  [[nodiscard]] Ranges oldest(BlockId most, const Condition& condition) const;
  /// At most `most` dead blocks, in their turn.
  [[nodiscard]] Ranges dead(BlockId most) const;

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
  /// Their contents are dead, and the pages stay. In their turn behind those that died before, whose last use
  /// is the longest ago; or behind all, the last block first, where they are likely to be wanted again.
  void bury(const Ranges& ranges, bool wanted_again = false);
  void use(BlockRange range, OpSerial op);
  void write(BlockRange range);

 private:
  void move(BlockId id, Place place, bool dirty);

  std::vector<Block> blocks_;
  std::set<std::pair<std::uint64_t, BlockId>> dead_;  // by turn
  BlockId on_device_ = 0;
  std::uint64_t migrations_ = 0, deaths_ = 0;
};

/// Sorted; what stands in several of them or borders on another is one.
[[nodiscard]] Ranges merged(Ranges ranges);

}  // namespace octrain::runtime::cuda
