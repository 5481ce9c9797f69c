// The sections of the probe. Each allocates what it measures with and frees it, so that no advice outlives
// its section.
#pragma once

#include <future>
#include <string>

#include "pages.h"
#include "work.h"

namespace probe {

inline void measure_floor(Session& session) {
  measure(session, {"wait for an idle device"}, synchronize, [] {});
  measure(session, {"empty kernel"}, synchronize, [&] {
    nothing<<<1, 1, 0, session.first>>>();
    launched();
  });
}

inline void measure_moves(Session& session) {
  const Managed memory(session.ledger, session.largest_bytes());
  const CopyPair pair(session.ledger, session.largest_bytes());
  for (const Side to : {Side::kDevice, Side::kHost}) {
    for (const std::size_t bytes : session.sizes) {
      const Range range = memory.first(bytes);
      const std::string way = std::string(" to ") + name(to);
      const Row* copy = measure(session, {"pinned copy" + way, bytes, bytes}, synchronize,
                                [&] { pair.copy(to, bytes, session.first); });
      measure(
          session, {"prefetch" + way, bytes, bytes}, [&] { place(session, range, other(to)); },
          [&] { prefetch(range, to, session.first); }, copy);
    }
  }
}

inline void measure_both_ways(Session& session) {
  const CopyPair in_pair(session.ledger, session.largest_bytes());
  const CopyPair out_pair(session.ledger, session.largest_bytes());
  const Managed in_memory(session.ledger, session.largest_bytes());
  const Managed out_memory(session.ledger, session.largest_bytes());
  for (const std::size_t bytes : session.sizes) {
    const Range in = in_memory.first(bytes);
    const Range out = out_memory.first(bytes);
    const auto place_both = [&] {
      place(session, in, Side::kHost);
      place(session, out, Side::kDevice);
    };
    const auto bring_in = [&] { prefetch(in, Side::kDevice, session.first); };
    const auto send_out = [&] { prefetch(out, Side::kHost, session.second); };
    const Row* copies = measure(session, {"pinned copies both ways", bytes, 2 * bytes}, synchronize, [&] {
      in_pair.copy(Side::kDevice, bytes, session.first);
      out_pair.copy(Side::kHost, bytes, session.second);
    });
    const auto from_one_thread = [&] {
      bring_in();
      send_out();
    };
    measure(session, {"prefetches both ways, issued by one thread", bytes, 2 * bytes}, place_both,
            from_one_thread, copies);
    // A call that does its work before it returns lets nothing overlap when one thread issues both.
    const auto from_two_threads = [&] {
      std::future<void> sent = std::async(std::launch::async, send_out);
      bring_in();
      sent.get();
    };
    measure(session, {"prefetches both ways, issued by two threads", bytes, 2 * bytes}, place_both,
            from_two_threads, copies);
  }
  session.report.note("with two threads the time includes starting one of them");
}

inline void measure_fault_bandwidth(Session& session) {
  const Managed memory(session.ledger, session.largest_bytes());
  for (const std::size_t bytes : session.sizes) {
    const Range range = memory.first(bytes);
    const auto to_host = [&] { place(session, range, Side::kHost); };
    const auto to_device = [&] { place(session, range, Side::kDevice); };
    const auto read = [&] { read_on_device(session, range); };
    measure(session, {"kernel reads what is resident", bytes, bytes}, to_device, read);
    const auto prefetch_and_read = [&] {
      prefetch(range, Side::kDevice, session.first);
      read();
    };
    const Row* fetched =
        measure(session, {"prefetch, then kernel reads", bytes, bytes}, to_host, prefetch_and_read);
    measure(session, {"kernel reads by faults", bytes, bytes}, to_host, read, fetched);
    const auto host_read = [&] { read_on_host(range, kPageBytes); };
    const auto prefetch_and_host_read = [&] {
      prefetch(range, Side::kHost, session.first);
      synchronize();
      host_read();
    };
    const Row* returned = measure(session, {"prefetch to host, then host touches each page", bytes, bytes},
                                  to_device, prefetch_and_host_read);
    measure(session, {"host touches each page by faults", bytes, bytes}, to_device, host_read, returned);
  }
  session.report.note(
      "a device that uses the host's page tables (see above) reads remotely where others fault");
}

inline void measure_fault_latency(Session& session) {
  const Managed memory(session.ledger, session.largest_bytes(128 * kMiB));
  const Range range = memory.range();
  const std::size_t blocks = range.bytes / kBlockBytes;
  const auto to_host = [&] { place(session, range, Side::kHost); };
  const auto to_device = [&] { place(session, range, Side::kDevice); };
  const auto read = [&] { read_blocks_on_device(session, range); };
  const auto host_read = [&] { read_on_host(range, kBlockBytes); };
  measure(session, {"kernel reads a word of each block, resident", range.bytes, 0, blocks}, to_device, read);
  measure(session, {"kernel reads a word of each block, a fault each", range.bytes, 0, blocks}, to_host,
          read);
  measure(session, {"host reads a byte of each block, resident", range.bytes, 0, blocks}, to_host, host_read);
  measure(session, {"host reads a byte of each block, a fault each", range.bytes, 0, blocks}, to_device,
          host_read);
  session.report.note(
      "a fault brings what the driver chooses to bring with the page, so its latency includes that copy");
}

inline void measure_prefetch_again(Session& session) {
  const Managed memory(session.ledger, session.largest_bytes());
  for (const Side side : {Side::kDevice, Side::kHost}) {
    for (const std::size_t bytes : session.sizes) {
      const Range range = memory.first(bytes);
      measure(
          session, {std::string("prefetch to ") + name(side) + " of what is there", bytes},
          [&] { place(session, range, side); }, [&] { prefetch(range, side, session.first); });
    }
  }
  session.report.note(
      "whether such a prefetch counts as a touch in the driver's eviction order was not measured: that shows "
      "only when the card is oversubscribed, which this program never does");
}

inline void measure_discards(Session& session) {
  const Managed memory(session.ledger, session.largest_bytes());
  for (const std::size_t bytes : session.sizes) {
    const Range range = memory.first(bytes);
    Batch whole = split(range, bytes);
    const auto on = [&](Side side) { return [&session, range, side] { place(session, range, side); }; };
    const auto move = [&](Side to) { return [&session, range, to] { prefetch(range, to, session.first); }; };
    const auto drop = [&] { discard(whole, session.first); };
    const auto drop_and_move = [&](Side to) {
      return [&session, &whole, to] { discard_and_prefetch(whole, to, session.first); };
    };
    const Row* fetch = measure(session, {"prefetch to device of a dirty host range", bytes, bytes},
                               on(Side::kHost), move(Side::kDevice));
    measure(session, {"discard and prefetch to device of a dirty host range", bytes}, on(Side::kHost),
            drop_and_move(Side::kDevice), fetch);
    measure(session, {"discard of a dirty host range", bytes}, on(Side::kHost), drop);
    const Row* evict = measure(session, {"prefetch to host of a dirty device range", bytes, bytes},
                               on(Side::kDevice), move(Side::kHost));
    measure(session, {"discard of a dirty device range", bytes}, on(Side::kDevice), drop, evict);
    measure(session, {"discard and prefetch to host of a dirty device range", bytes}, on(Side::kDevice),
            drop_and_move(Side::kHost), evict);
  }
  session.report.note("all ranges start and end on 2 MiB blocks, so that each discard covers whole blocks");
}

inline void measure_batches(Session& session) {
  const Managed memory(session.ledger, session.largest_bytes(128 * kMiB));
  const Range range = memory.range();
  Batch blocks = split(range, kBlockBytes);
  const std::size_t count = blocks.starts.size();
  for (const Side to : {Side::kDevice, Side::kHost}) {
    for (const bool busy : {false, true}) {
      const std::string where = std::string(" to ") + name(to) + (busy ? ", stream busy" : ", stream idle");
      const std::size_t moved_bytes = busy ? 0 : range.bytes;
      const auto prepare = [&] {
        place(session, range, other(to));
        if (busy) keep_busy(session.first);
      };
      const auto loop = [&] {
        for (void* start : blocks.starts) {
          prefetch({static_cast<char*>(start), kBlockBytes}, to, session.first);
        }
      };
      measure(session, {"one prefetch of all" + where, range.bytes, moved_bytes}, prepare,
              [&] { prefetch(range, to, session.first); });
      const Row* singles = measure(
          session, {"a prefetch for each block" + where, range.bytes, moved_bytes, count}, prepare, loop);
      measure(
          session, {"a batch of all blocks" + where, range.bytes, moved_bytes, count}, prepare,
          [&] { prefetch_batch(blocks, to, session.first); }, singles);
    }
  }
  session.report.note("a busy stream holds a kernel of 20 ms, which is part of 'total': see 'call' there");
}

struct Advice {
  const char* what;
  cudaMemoryAdvise set;
  cudaMemoryAdvise unset;
  Side side;
};
constexpr Advice kPreferDevice{"preferred location device", cudaMemAdviseSetPreferredLocation,
                               cudaMemAdviseUnsetPreferredLocation, Side::kDevice};
constexpr Advice kPreferHost{"preferred location host", cudaMemAdviseSetPreferredLocation,
                             cudaMemAdviseUnsetPreferredLocation, Side::kHost};
constexpr Advice kAccessedByDevice{"accessed by device", cudaMemAdviseSetAccessedBy,
                                   cudaMemAdviseUnsetAccessedBy, Side::kDevice};
constexpr Advice kReadMostly{"read mostly", cudaMemAdviseSetReadMostly, cudaMemAdviseUnsetReadMostly,
                             Side::kDevice};

inline void measure_advice(Session& session) {
  const Managed memory(session.ledger, session.largest_bytes());
  for (const Advice& advice : {kPreferDevice, kPreferHost, kAccessedByDevice, kReadMostly}) {
    for (const std::size_t bytes : session.sizes) {
      const Range range = memory.first(bytes);
      const auto set = [&] { advise(range, advice.set, advice.side); };
      const auto unset = [&] { advise(range, advice.unset, advice.side); };
      measure(
          session, {std::string("set ") + advice.what + ", a host range", bytes},
          [&] {
            unset();
            place(session, range, Side::kHost);
          },
          set);
      measure(
          session, {std::string("unset ") + advice.what + ", a host range", bytes},
          [&] {
            place(session, range, Side::kHost);
            set();
          },
          unset);
    }
  }
}

// A kernel reads a range that is on the host, under some advice, and reads it again: what was remote the
// first time and is as slow the second time has stayed where it was.
inline void measure_remote_reads(Session& session) {
  struct Setting {
    const char* what;
    std::vector<Advice> advices;
  };
  const std::vector<Setting> settings = {
      {"no advice", {}},
      {kAccessedByDevice.what, {kAccessedByDevice}},
      {"preferred location host, accessed by device", {kPreferHost, kAccessedByDevice}},
      {kPreferDevice.what, {kPreferDevice}},
      {kReadMostly.what, {kReadMostly}},
  };
  const std::size_t bytes = session.largest_bytes(128 * kMiB);
  for (const Setting& setting : settings) {
    const Managed memory(session.ledger, bytes);
    const Range range = memory.range();
    for (const Advice& advice : setting.advices) advise(range, advice.set, advice.side);
    const auto read = [&] { read_on_device(session, range); };
    const auto to_host = [&] { place(session, range, Side::kHost); };
    const auto read_before = [&] {
      to_host();
      read();
      synchronize();
    };
    const Row* first =
        measure(session, {std::string("first read, ") + setting.what, bytes, bytes}, to_host, read);
    measure(session, {std::string("second read, ") + setting.what, bytes, bytes}, read_before, read, first);
  }
}

inline void measure_mapping(Session& session, Pages& pages, std::size_t count, bool busy) {
  const std::string of = " " + std::to_string(count) + " pages" + (busy ? ", a stream busy" : "");
  const std::size_t bytes = count * kBlockBytes;
  const auto ready = [&](bool mapped, bool allowed) {
    return [&session, &pages, count, busy, mapped, allowed] {
      pages.unmap_each();
      if (mapped) pages.map(count);
      if (allowed) pages.allow();
      if (busy) keep_busy(session.first);
    };
  };
  measure(session, {"map" + of, bytes, 0, count}, ready(false, false), [&] { pages.map(count); });
  measure(session, {"set access at once to" + of, bytes, 0, count}, ready(true, false),
          [&] { pages.allow(); });
  measure(session, {"unmap one by one" + of, bytes, 0, count}, ready(true, true),
          [&] { pages.unmap_each(); });
  measure(session, {"unmap at once" + of, bytes, 0, count}, ready(true, true),
          [&] { pages.unmap_at_once(); });
}

inline void measure_pages(Session& session) {
  for (const std::size_t count : {1, 16, 256}) {
    if (8 * count * kBlockBytes > free_device_bytes()) continue;
    Pages pages(session.ledger, count);
    measure_mapping(session, pages, count, false);
    if (count == 16) measure_mapping(session, pages, count, true);
  }
  session.report.note(
      "a page is 2 MiB; where a stream is busy, a 'call' as long as its kernel of 20 ms has waited for it");
}

}  // namespace probe
