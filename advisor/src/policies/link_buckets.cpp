#include "link_buckets.h"

#include <algorithm>
#include <numeric>

namespace octrain::advisor {

LinkBuckets::LinkBuckets(const Schedule& schedule, std::uint64_t bucket_ns) {
  for (std::size_t op = 0; op < schedule.ops.size(); ++op) {
    if (free_ns_.empty() || free_ns_.back() >= bucket_ns) {
      first_op_.push_back(op);
      free_ns_.push_back(0);
      bucket_at_.push_back(free_ns_.size() - 1);
    } else {
      bucket_at_.push_back(free_ns_.size());
    }
    free_ns_.back() += schedule.ops[op].time_ns;
  }
  first_op_.push_back(schedule.ops.size());
  bucket_at_.push_back(free_ns_.size());
  next_.resize(free_ns_.size() + 1);
  std::iota(next_.begin(), next_.end(), std::size_t{0});
  previous_ = next_;
  for (std::size_t bucket = 0; bucket < free_ns_.size(); ++bucket) use_bucket(bucket, 0, Use::take);
}

std::size_t LinkBuckets::root(std::vector<std::size_t>& links, std::size_t bucket) {
  while (links[bucket] != bucket) bucket = links[bucket] = links[links[bucket]];
  return bucket;
}

/// Answers what is left of `ns`. A bucket without time left is passed over from then on.
std::uint64_t LinkBuckets::use_bucket(std::size_t bucket, std::uint64_t ns, Use use) {
  const std::uint64_t share = std::min(free_ns_[bucket], ns);
  if (use == Use::take) {
    free_ns_[bucket] -= share;
    if (free_ns_[bucket] == 0) {
      next_[bucket] = bucket + 1;
      previous_[bucket + 1] = bucket;
    }
  }
  return ns - share;
}

LinkBuckets::Slot LinkBuckets::end(std::size_t from, std::size_t to, std::uint64_t ns, Use use) {
  std::size_t over = from;
  std::size_t bucket = root(next_, bucket_at_[from]);
  while (ns > 0 && bucket < free_ns_.size() && first_op_[bucket + 1] <= to) {
    ns = use_bucket(bucket, ns, use);
    over = first_op_[bucket + 1];
    bucket = root(next_, bucket + 1);
  }
  return {over, ns};
}

LinkBuckets::Slot LinkBuckets::start(std::size_t from, std::size_t to, std::uint64_t ns, Use use) {
  std::size_t begin = to;
  std::size_t end = bucket_at_[to];
  if (first_op_[end] > to) --end;  // the bucket that holds `to` is not over by then
  for (end = root(previous_, end); ns > 0 && end > 0 && first_op_[end - 1] >= from;
       end = root(previous_, end - 1)) {
    ns = use_bucket(end - 1, ns, use);
    begin = first_op_[end - 1];
  }
  return {begin, ns};
}

}  // namespace octrain::advisor
