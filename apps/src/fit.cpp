#include "fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "batches.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"
#include "output.h"
#include "plan_outcome.h"
#include "progress.h"

namespace octrain::apps {

namespace {

using runtime::format_bytes;

/// Plans of so many ops are there before anybody wonders what takes so long.
constexpr std::size_t kQuickOps = 2'000;

/// Why no larger batch.
enum class Limit { none, device, host, policy, search };

std::string_view to_string(Limit limit) {
  switch (limit) {
    case Limit::none:
      return "none";
    case Limit::device:
      return "device memory";
    case Limit::host:
      return "host memory";
    case Limit::policy:
      return "policy";
    case Limit::search:
      return "search";
  }
  return "";
}

/// One row. Of batch 0 only the names and the limit mean anything.
struct Fit {
  std::string policy;  ///< as asked for: "in core", "tflms", "lookahead+sqrt"
  std::string shown, made_by, recompute;
  std::int64_t batch = 0;
  Limit limit = Limit::none;
  std::int64_t images = 0;  ///< of an iteration: the batch, as often as it is accumulated
  std::uint64_t ideal_ns = 0, total_ns = 0, peak_bytes = 0, footprint_bytes = 0, host_bytes = 0;
  std::uint64_t shortfall_bytes = 0;  ///< of batch 0: what one image lacks
  [[nodiscard]] bool at_least() const { return limit == Limit::search; }
  [[nodiscard]] double seconds() const { return static_cast<double>(total_ns) * 1e-9; }
  [[nodiscard]] double images_per_second() const { return static_cast<double>(images) / seconds(); }
  [[nodiscard]] double of_ideal() const {
    return static_cast<double>(ideal_ns) / static_cast<double>(total_ns);
  }
};

/// The largest batch that passes, of those from `passing` (which does, or is 0) up to below `failing`.
template <class Passes>
std::int64_t border(std::int64_t passing, std::int64_t failing, const Passes& passes) {
  while (failing - passing > 1) {
    const std::int64_t middle = passing + (failing - passing) / 2;
    (passes(middle) ? passing : failing) = middle;
  }
  return passing;
}

class Search {
 public:
  explicit Search(const FitRequest& request)
      : request_(request), batches_(request.workload, request.machine) {}

  std::vector<Fit> run() {
    std::vector<Fit> fits{in_core()};
    find_most();
    const std::vector<NamedChoice> choices = choices_of(request_.choice);
    const std::size_t ops = most_ == 0 ? 0 : batches_.at(most_).ops.size();
    if (ops > kQuickOps)
      progress_.note(fmt::format("planning batch {}, of {} ops, {} times", most_, ops, choices.size()));
    for (const NamedChoice& choice : choices) {
      tell(fmt::format("{} of {}: {} at batch {}", fits.size(), choices.size(), choice.name, most_));
      fits.push_back(fit_of(choice));
    }
    return fits;
  }

  /// The tier below takes what exceeds the host's memory.
  [[nodiscard]] bool host_limited() const {
    return request_.machine.host_bytes > 0 && request_.machine.tier_bytes_per_s <= 0;
  }

 private:
  void tell(const std::string& text) {
    if (progress_.due()) progress_.show(text);
  }

  /// What the device has no room for.
  [[nodiscard]] std::uint64_t host_bytes(const advisor::Schedule& schedule) const {
    const std::uint64_t footprint = advisor::footprint_bytes(schedule);
    return footprint - std::min(footprint, request_.budget_bytes);
  }

  /// What stands in the way of this batch, whoever plans.
  Limit limit_at(std::int64_t batch) {
    if (batch > kMostImages) return Limit::search;
    tell(fmt::format("how much batch {} needs", batch));
    const advisor::Schedule& schedule = batches_.at(batch);
    if (advisor::largest_op_bytes(schedule) > request_.budget_bytes) return Limit::device;
    if (host_limited() && host_bytes(schedule) > request_.machine.host_bytes) return Limit::host;
    const bool must_try = batch <= std::max<std::int64_t>(1, in_core_);
    return schedule.ops.size() > kMostFitOps && !must_try ? Limit::search : Limit::none;
  }

  /// No policy can do better than this batch, and nearly all do as well, so each is tried there first.
  void find_most() {
    const auto passes = [this](std::int64_t batch) { return limit_at(batch) == Limit::none; };
    std::int64_t passing = in_core_, failing = std::max<std::int64_t>(1, 2 * in_core_);
    for (; passes(failing); failing *= 2) passing = failing;
    most_ = border(passing, failing, passes);
    limit_ = limit_at(most_ + 1);
  }

  /// What one image lacks, whoever plans.
  std::uint64_t shortfall_at_one() {
    const advisor::Schedule& schedule = batches_.at(1);
    const auto beyond = [](std::uint64_t needed, std::uint64_t there) {
      return needed - std::min(needed, there);
    };
    const std::uint64_t device = beyond(advisor::largest_op_bytes(schedule), request_.budget_bytes);
    const std::uint64_t host =
        host_limited() ? beyond(host_bytes(schedule), request_.machine.host_bytes) : std::uint64_t{0};
    return std::max(device, host);
  }

  [[nodiscard]] Fit fit_at(std::int64_t batch, Limit limit) {
    Fit fit;
    fit.batch = batch;
    fit.limit = limit;
    if (batch == 0) return fit;
    const advisor::Schedule& schedule = batches_.at(batch);
    fit.images = batch * request_.workload.accumulate;
    for (const advisor::Op& op : schedule.ops) fit.ideal_ns += op.time_ns;
    fit.footprint_bytes = advisor::footprint_bytes(schedule);
    fit.host_bytes = host_bytes(schedule);
    return fit;
  }

  /// As if every tensor had its own bytes on the device; nothing moves.
  Fit in_core() {
    in_core_ = largest_batch_in_core(batches_, request_.budget_bytes);
    Fit fit = fit_at(in_core_, in_core_ < kMostImages ? Limit::device : Limit::search);
    fit.policy = fit.shown = fit.made_by = "in core";
    fit.recompute = "none";
    fit.total_ns = fit.ideal_ns;
    fit.peak_bytes = fit.footprint_bytes;
    return fit;
  }

  Fit fit_of(const NamedChoice& choice) {
    std::optional<Outcome> best;
    std::uint64_t shortfall_bytes = most_ == 0 ? shortfall_at_one() : 0;
    const auto passes = [&](std::int64_t batch) {
      Outcome outcome = outcome_of(choice, batches_.at(batch), request_.machine, request_.budget_bytes);
      shortfall_bytes = outcome.advice.shortfall_bytes;
      if (!outcome.advice.feasible()) return false;
      best = std::move(outcome);
      return true;
    };
    const bool most = most_ == 0 || passes(most_);
    Fit fit = fit_at(most ? most_ : border(0, most_, passes), most ? limit_ : Limit::policy);
    fit.policy = fit.shown = choice.name;
    if (!best) {
      fit.shortfall_bytes = shortfall_bytes;
      return fit;
    }
    fit.shown = shown_name(*best);
    fit.made_by = made_by(best->advice);
    fit.recompute = best->advice.recompute;
    fit.total_ns = best->advice.prediction.total_ns;
    fit.peak_bytes = best->advice.prediction.peak_bytes;
    return fit;
  }

  const FitRequest& request_;
  Batches batches_;
  ProgressLine progress_;
  std::int64_t in_core_ = 0, most_ = 0;
  Limit limit_ = Limit::none;  // of batches beyond most_
};

std::string text_of(const FitRequest& request, const Search& search, const std::vector<Fit>& fits) {
  std::string text =
      fmt::format("machine {}  device memory {}  host memory {}\n", request.machine.name,
                  format_bytes(request.budget_bytes),
                  search.host_limited() ? format_bytes(request.machine.host_bytes) : "as much as it takes");
  Table table({"policy", "batch", "images/s", "of ideal", "peak", "on the host", "footprint", "limited by"});
  bool at_least = false;
  for (const Fit& fit : fits) {
    at_least = at_least || fit.at_least();
    const std::string limit(fit.at_least() ? "" : to_string(fit.limit));
    if (fit.batch == 0) {
      table.add({fit.shown, "none", "", "", "", "", "", limit});
      continue;
    }
    table.add({fit.shown, fmt::format("{}{}", fit.at_least() ? "at least " : "", fit.batch),
               fmt::format("{:.4g}", fit.images_per_second()), fmt::format("{:.1f} %", 100 * fit.of_ideal()),
               format_bytes(fit.peak_bytes), format_bytes(fit.host_bytes), format_bytes(fit.footprint_bytes),
               limit});
  }
  text += table.text();
  if (at_least) {
    text += fmt::format("at least: the search ends here, at {} ops an iteration or {} images\n", kMostFitOps,
                        kMostImages);
  }
  return text;
}

nlohmann::ordered_json json_of(const FitRequest& request, const Search& search,
                               const std::vector<Fit>& fits) {
  nlohmann::ordered_json json = {{"machine", request.machine.name},
                                 {"model", request.workload.model},
                                 {"device_memory_bytes", request.budget_bytes},
                                 {"host_memory_bytes", nullptr},
                                 {"most_ops", kMostFitOps},
                                 {"policies", nlohmann::ordered_json::array()}};
  if (search.host_limited()) json["host_memory_bytes"] = request.machine.host_bytes;
  for (const Fit& fit : fits) {
    nlohmann::ordered_json entry = {{"policy", fit.policy},
                                    {"batch", fit.batch},
                                    {"at_least", fit.at_least()},
                                    {"limited_by", to_string(fit.limit)},
                                    {"shortfall_bytes", fit.shortfall_bytes}};
    if (fit.batch > 0) {
      entry.update({{"made_by", fit.made_by},
                    {"recompute", fit.recompute},
                    {"seconds", fit.seconds()},
                    {"images_per_second", fit.images_per_second()},
                    {"of_ideal", fit.of_ideal()},
                    {"peak_bytes", fit.peak_bytes},
                    {"host_bytes", fit.host_bytes},
                    {"footprint_bytes", fit.footprint_bytes}});
    }
    json["policies"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

void fit(const FitRequest& request, const std::string& json) {
  if (request.workload.model.empty()) throw runtime::UsageError("plan --fit needs --model");
  start_logging();
  Search search(request);
  const std::vector<Fit> fits = search.run();
  if (json != "-") write_text("-", text_of(request, search, fits));
  if (!json.empty()) write_json(json, json_of(request, search, fits));
  const Fit& first = fits[1];  // of those that were asked for
  if (first.batch > 0) return;
  throw runtime::OutOfDeviceMemory("not even a batch of one image can be trained there",
                                   first.shortfall_bytes);
}

}  // namespace octrain::apps
