// The hints that are still to be carried out: a queue for each direction, and for each tensor the order of
// issue.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "host/tier.h"
#include "src/layout.h"

namespace octrain::runtime::host {

/// A queue's head waits for the orders that its tensor was given before, which may stand in the other queue.
/// Since both queues follow the order of issue, two heads never wait for each other. Not thread-safe.
class Orders {
 public:
  struct Job {
    TensorId tensor = 0;
    std::uint64_t turn = 0;
    BlockId first = 0;
    BlockId next = 0;  ///< the block to be started next
    BlockId end = 0;
  };

  explicit Orders(std::size_t tensors) : tensors_(tensors) {}

  void issue(Direction direction, TensorId tensor, BlockRange blocks) {
    if (direction == Direction::in && last_bring_in(tensor) != queue(Direction::in).end())
      return;  // it comes already
    queue(direction).push_back({tensor, tensors_[tensor].issued++, blocks.first, blocks.first, blocks.end()});
  }
  /// Takes back the tensor's last order if it is to bring it in, as far as it has not begun: it is about to
  /// leave again, and its room may have been promised to others.
  void cancel_bring_in(TensorId tensor) {
    auto& jobs = queue(Direction::in);
    const auto last = last_bring_in(tensor);
    if (last == jobs.end()) return;
    if (last->next > last->first) {
      last->end = last->next;
    } else {
      jobs.erase(last);
      --tensors_[tensor].issued;
    }
  }
  /// The oldest order, when its tensor's earlier ones are done; else null.
  [[nodiscard]] Job* head(Direction direction) {
    auto& jobs = queue(direction);
    if (jobs.empty() || tensors_[jobs.front().tensor].done != jobs.front().turn) return nullptr;
    return &jobs.front();
  }
  [[nodiscard]] bool any(Direction direction) { return !queue(direction).empty(); }
  [[nodiscard]] bool pending(TensorId tensor) const {
    return tensors_[tensor].issued != tensors_[tensor].done;
  }

  /// A block of the tensor's current order is under way; it has ended.
  void block_started(TensorId tensor) { ++tensors_[tensor].under_way; }
  void block_ended(TensorId tensor) {
    --tensors_[tensor].under_way;
    finish_if_last(tensor);
  }
  /// All blocks of the head have been started.
  void close_head(Direction direction) {
    const TensorId tensor = queue(direction).front().tensor;
    queue(direction).pop_front();
    tensors_[tensor].closed = true;
    finish_if_last(tensor);
  }

 private:
  struct Tensor {
    std::uint64_t issued = 0;
    std::uint64_t done = 0;
    BlockId under_way = 0;
    bool closed = false;
  };

  /// The tensor's last order, if it is to bring it in and some of its blocks have not been started.
  std::deque<Job>::iterator last_bring_in(TensorId tensor) {
    auto& jobs = queue(Direction::in);
    return std::find_if(jobs.begin(), jobs.end(), [&](const Job& job) {
      return job.tensor == tensor && job.turn + 1 == tensors_[tensor].issued;
    });
  }
  std::deque<Job>& queue(Direction direction) { return queues_[static_cast<std::size_t>(direction)]; }
  void finish_if_last(TensorId id) {
    Tensor& tensor = tensors_[id];
    if (!tensor.closed || tensor.under_way > 0) return;
    tensor.closed = false;
    ++tensor.done;
  }

  std::array<std::deque<Job>, 2> queues_;
  std::vector<Tensor> tensors_;
};

}  // namespace octrain::runtime::host
