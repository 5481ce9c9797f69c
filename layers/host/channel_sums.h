// Two sums a channel over many images, in an order that depends on the shapes alone.
#pragma once

#include "lanes.h"

namespace octrain::layers::host {

/// What one float adds to its channel's two sums.
struct Terms {
  float first, second;
};

/// Two sums a lane of one unit.
struct LaneSums {
  double first[kLanes] = {}, second[kLanes] = {};
};

/// Adds terms(e, lane) of every float of a unit: in float over short runs, then in double.
template <class TermsOf>
void sum_lanes(std::int64_t count, LaneSums& sums, const TermsOf& terms) {
  constexpr std::int64_t kRun = 32 * kLanes;
  for (std::int64_t begin = 0; begin < count; begin += kRun) {
    const std::int64_t end = std::min(count, begin + kRun);
    Lanes first{}, second{};
    const auto add = [&](std::int64_t e, int l) {
      const Terms t = terms(e, l);
      first.at[l] += t.first;
      second.at[l] += t.second;
    };
    std::int64_t e = begin;
    for (; e + kLanes <= end; e += kLanes) {
#pragma omp simd
      for (int l = 0; l < kLanes; ++l) add(e + l, l);
    }
    for (int l = 0; l < end - e; ++l) add(e + l, l);
    for (int l = 0; l < kLanes; ++l) {
      sums.first[l] += static_cast<double>(first.at[l]);
      sums.second[l] += static_cast<double>(second.at[l]);
    }
  }
}

/// The channel sums of `images` images, `first` and `second` of padded_channels() each, overwritten.
/// unit_sums(block, offset of the unit, LaneSums&) adds one unit to its lanes.
/// A task owns a run of images and a run of channel blocks; blocks are cut first, images only where blocks
/// are too few.
template <class UnitSums>
void sum_channels(const UnitGrid& grid, std::int64_t images, double* first, double* second,
                  const UnitSums& unit_sums) {
  constexpr std::int64_t kTasks = 16;
  const std::int64_t groups = std::min(grid.blocks, kTasks);
  const std::int64_t parts = std::min(images, (kTasks + groups - 1) / groups);
  const std::int64_t channels = grid.padded_channels();
  std::vector<double> partial(static_cast<std::size_t>(parts * channels * 2));
  parallel_for(parts * groups, [&](std::int64_t task) {
    const std::int64_t part = task / groups, group = task % groups;
    double* sums = partial.data() + part * channels * 2;
    for (std::int64_t image = images * part / parts; image < images * (part + 1) / parts; ++image) {
      for (std::int64_t block = grid.blocks * group / groups; block < grid.blocks * (group + 1) / groups;
           ++block) {
        LaneSums lanes;
        unit_sums(block, (image * grid.blocks + block) * grid.unit_floats, lanes);
        double* to = sums + block * grid.block * 2;
        for (int l = 0; l < kLanes; ++l) {
          to[l % grid.block] += lanes.first[l];
          to[grid.block + l % grid.block] += lanes.second[l];
        }
      }
    }
  });
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t at = c / grid.block * grid.block * 2 + c % grid.block;
    first[c] = second[c] = 0;
    for (std::int64_t part = 0; part < parts; ++part) {
      first[c] += partial[static_cast<std::size_t>(part * channels * 2 + at)];
      second[c] += partial[static_cast<std::size_t>(part * channels * 2 + at + grid.block)];
    }
  }
}

}  // namespace octrain::layers::host
