// Which work is known to be over when other work begins: vector clocks, with a component for each stream.
// The host needs none: its calls come one after the other, and what it has done is over for all that follows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace octrain::fake_cuda {

/// The count-th piece of work of a stream.
struct Moment {
  std::size_t stream = 0;
  std::uint64_t count = 0;
  bool operator==(const Moment&) const = default;
};

class Clock {
 public:
  void join(const Clock& other) {
    counts_.resize(std::max(counts_.size(), other.counts_.size()));
    for (std::size_t stream = 0; stream < other.counts_.size(); ++stream)
      counts_[stream] = std::max(counts_[stream], other.counts_[stream]);
  }
  Moment tick(std::size_t stream) {
    counts_.resize(std::max(counts_.size(), stream + 1));
    return {stream, ++counts_[stream]};
  }
  [[nodiscard]] bool covers(Moment moment) const {
    return moment.count == 0 || (moment.stream < counts_.size() && counts_[moment.stream] >= moment.count);
  }
  /// The last moment of the stream that it covers.
  [[nodiscard]] Moment last(std::size_t stream) const {
    return {stream, stream < counts_.size() ? counts_[stream] : 0};
  }

 private:
  std::vector<std::uint64_t> counts_;
};

/// The last use of a thing by each stream, and the calls that made them.
class Uses {
 public:
  void add(Moment moment, std::size_t call) { last_[moment.stream] = {moment.count, call}; }
  /// The call of a use that is not known to be over.
  [[nodiscard]] std::optional<std::size_t> open_at(const Clock& clock) const {
    for (const auto& [stream, use] : last_)
      if (!clock.covers({stream, use.count})) return use.call;
    return std::nullopt;
  }

 private:
  struct Use {
    std::uint64_t count = 0;
    std::size_t call = 0;
  };
  std::map<std::size_t, Use> last_;
};

}  // namespace octrain::fake_cuda
