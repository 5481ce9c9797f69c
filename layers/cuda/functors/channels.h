// Channels of blobs laid out n, c, h, w, and two sums a channel over many images.
#pragma once

#include <cstdint>

#include "../launch.h"
#include "divider.h"
#include "host_device.h"

namespace octrain::layers::cuda {

/// Which channel an element belongs to.
struct ChannelOf {
  Divider pixels, channels;

  ChannelOf(std::int64_t channel_count, std::int64_t pixel_count)
      : pixels(pixel_count), channels(channel_count) {}
  OCTRAIN_HOST_DEVICE std::int64_t operator()(std::int64_t i) const {
    return channels.split(pixels.divide(i)).remainder;
  }
};

/// What one element adds to its channel's two sums.
struct Terms {
  float first, second;
};

struct SumPair {
  double first, second;
};

/// How the sums over a channel of `images` images are shared out: into parts, a function of the shape alone,
/// and each among the lanes of a block.
class ChannelParts {
 public:
  ChannelParts(std::int64_t images, std::int64_t channels, std::int64_t pixels)
      : channels_(channels),
        pixels_(pixels),
        count_(images * pixels),
        by_pixels_(pixels),
        by_channels_(channels),
        lane_images_(kLanes / pixels),
        lane_pixels_(kLanes % pixels) {
    const std::int64_t wanted = (kBlocks + channels - 1) / channels, longest = count_ / kLeastElements;
    parts_ = wanted < longest ? wanted : longest;
    if (parts_ < 1) parts_ = 1;
  }

  std::int64_t blocks() const { return parts_ * channels_; }
  std::int64_t workspace_bytes() const { return blocks() * static_cast<std::int64_t>(sizeof(SumPair)); }

  /// Adds terms(channel, position) of every element of a lane: in float over short runs, then in double.
  template <class TermsOf>
  OCTRAIN_HOST_DEVICE SumPair sum_lane(const TermsOf& terms, std::int64_t block, int lane) const {
    const Divider::Split job = by_channels_.split(block);  // part, channel
    const std::int64_t end = count_ * (job.quotient + 1) / parts_;
    std::int64_t at = count_ * job.quotient / parts_ + lane;
    Divider::Split place = by_pixels_.split(at);  // image, pixel
    SumPair sum{0, 0};
    while (at < end) {
      Terms run{0, 0};
      for (int i = 0; i < kRun && at < end; ++i, at += kLanes) {
        const Terms t =
            terms(job.remainder, (place.quotient * channels_ + job.remainder) * pixels_ + place.remainder);
        run.first += t.first;
        run.second += t.second;
        advance(place);
      }
      sum.first += static_cast<double>(run.first);
      sum.second += static_cast<double>(run.second);
    }
    return sum;
  }

  /// A channel's sums out of those of its parts, in their order.
  OCTRAIN_HOST_DEVICE SumPair total(const SumPair* blocks, std::int64_t channel) const {
    SumPair sum{0, 0};
    for (std::int64_t part = 0; part < parts_; ++part) {
      const SumPair& of_part = blocks[part * channels_ + channel];
      sum.first += of_part.first;
      sum.second += of_part.second;
    }
    return sum;
  }

 private:
  static constexpr std::int64_t kBlocks = 1024;  // enough for every multiprocessor of the largest cards
  static constexpr std::int64_t kLeastElements = 4096;  // 16 a lane
  static constexpr int kRun = 32;

  /// On by kLanes elements of the channel.
  OCTRAIN_HOST_DEVICE void advance(Divider::Split& place) const {
    place.quotient += lane_images_;
    place.remainder += lane_pixels_;
    if (place.remainder < pixels_) return;
    place.remainder -= pixels_;
    ++place.quotient;
  }

  std::int64_t channels_, pixels_, count_;
  Divider by_pixels_, by_channels_;
  std::int64_t lane_images_, lane_pixels_, parts_ = 1;
};

/// A reduction (launch.h) over ChannelParts::blocks(); block b's sums go to partial[b].
template <class TermsOf>
struct ChannelSums {
  static constexpr const char* kName = "sums of channels";
  using Value = SumPair;
  TermsOf terms;
  ChannelParts parts;
  SumPair* partial;

  OCTRAIN_HOST_DEVICE Value lane(std::int64_t block, int index) const {
    return parts.sum_lane(terms, block, index);
  }
  OCTRAIN_HOST_DEVICE static Value merge(const Value& a, const Value& b) {
    return {a.first + b.first, a.second + b.second};
  }
  OCTRAIN_HOST_DEVICE void finish(std::int64_t block, const Value& sum) const { partial[block] = sum; }
};

}  // namespace octrain::layers::cuda
