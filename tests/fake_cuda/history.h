// Who has used which bytes of a memory, and which of them are discarded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "fake_cuda/clock.h"
#include "fake_cuda/fake_cuda.h"

namespace octrain::fake_cuda {

/// An earlier use that may run at the same time as the one that was added, and where the two meet.
struct Collision {
  std::size_t call = 0;
  std::uint64_t offset = 0;
};

/// A use of bytes by a stream's work, or by the host (no moment): `clock` covers what is over before it.
struct Use {
  Touch touch = Touch::kNone;
  std::optional<Moment> moment;
  Clock clock;
  std::size_t call = 0;
};

class History {
 public:
  History() : cells_{{0, {}}} {}

  /// The first byte of [begin, end) that is discarded.
  [[nodiscard]] std::optional<std::uint64_t> first_discarded(std::uint64_t begin, std::uint64_t end) const;
  /// Notes the use; answers its collisions, one for each earlier call.
  std::vector<Collision> add(std::uint64_t begin, std::uint64_t end, const Use& use);

 private:
  struct Access {
    Touch touch = Touch::kNone;
    Moment moment;
    std::size_t call = 0;
  };
  /// The bytes from its key to the next: all used alike so far.
  struct Cell {
    std::vector<Access> accesses;
    bool discarded = false;
  };
  using Cells = std::map<std::uint64_t, Cell>;

  Cells::iterator cut(std::uint64_t at);
  static void note(Cell& cell, const Use& use);

  Cells cells_;
};

}  // namespace octrain::fake_cuda
