#include "policy_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>
#include <vector>

#include "octrain/advisor/recompute.h"
#include "octrain/advisor/share.h"
#include "octrain/runtime/error.h"

namespace octrain::apps {

namespace {

void parse_option(const std::string& text, PolicyOptions& options) {
  const std::size_t equals = text.find('=');
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = equals == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                  : std::from_chars(text.data() + equals + 1, end, value);
  if (equals == 0 || parsed.ec != std::errc() || parsed.ptr != end) {
    throw CLI::ValidationError("--policy-option", "'" + text + "' is not a NAME=VALUE like lb=5");
  }
  options[text.substr(0, equals)] = value;
}

/// A policy or a recompute method, as far as options go.
struct Optioned {
  std::string_view name, summary;
  std::span<const advisor::PolicyOption> options;
};

const advisor::PolicyOption* find_option(const Optioned& owner, const std::string& name) {
  const auto found = std::find_if(owner.options.begin(), owner.options.end(),
                                  [&](const advisor::PolicyOption& option) { return option.name == name; });
  return found == owner.options.end() ? nullptr : &*found;
}

std::string range_text(const advisor::PolicyOption& option) {
  return fmt::format("{:g} to {:g}", option.least, option.most);
}

std::string options_text(const Optioned& owner) {
  if (owner.options.empty()) return fmt::format("{} has none", owner.name);
  std::string text;
  for (const advisor::PolicyOption& option : owner.options) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", option.name, range_text(option));
  }
  return fmt::format("{} has {}", owner.name, text);
}

std::string options_text(const std::vector<Optioned>& owners) {
  std::string text;
  for (const Optioned& owner : owners) {
    if (owners.size() > 1 && owner.options.empty()) continue;
    text += (text.empty() ? "" : "; ") + options_text(owner);
  }
  return text.empty() ? "no policy has any" : text;
}

std::string listing(std::string_view kind, const Optioned& owner) {
  std::string text = fmt::format("{}{}: {}\n", kind, owner.name, owner.summary);
  for (const advisor::PolicyOption& option : owner.options) {
    text += fmt::format("    {:<26}{:<14}{}\n", fmt::format("{}={:g}", option.name, option.value),
                        range_text(option), option.summary);
  }
  return text;
}

/// Adds those of the table that `name` means: all of them, or the one.
template <class Table>
void add_meant(const Table& table, const std::string& name, std::vector<Optioned>& meant) {
  for (const auto& entry : table) {
    if (name == "all" || name == "auto" || name == entry.name)
      meant.push_back({entry.name, entry.summary, entry.options});
  }
}

}  // namespace

void add_policy_options(CLI::App& command, PolicyOptions& options) {
  command
      .add_option_function<std::vector<std::string>>(
          "--policy-option",
          [&options](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) parse_option(text, options);
          },
          "A parameter of the policy, or a switch of one of its techniques (1 or 0); octrain plan "
          "--list-policies tells them")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void check_policy_options(const std::string& policy, const std::string& recompute,
                          const PolicyOptions& options) {
  std::vector<Optioned> meant;
  add_meant(advisor::policies(), policy, meant);
  if (recompute != "none") add_meant(advisor::recompute_methods(), recompute, meant);
  for (const auto& [name, value] : options) {
    bool known = false;
    for (const Optioned& owner : meant) {
      const advisor::PolicyOption* option = find_option(owner, name);
      if (option == nullptr) continue;
      known = true;
      if (value >= option->least && value <= option->most) continue;
      throw runtime::UsageError(fmt::format("--policy-option {}={:g} is not within {}; {}", name, value,
                                            range_text(*option), options_text(owner)));
    }
    if (!known) {
      throw runtime::UsageError(
          fmt::format("there is no policy option '{}' of {}; {}", name, policy, options_text(meant)));
    }
  }
}

std::string policies_text() {
  std::string text = fmt::format("auto: {}\n", advisor::find_policy("auto")->summary);
  std::vector<Optioned> policies, methods;
  add_meant(advisor::policies(), "all", policies);
  add_meant(advisor::recompute_methods(), "all", methods);
  for (const Optioned& policy : policies) text += listing("", policy);
  for (const Optioned& method : methods) text += listing("recompute ", method);
  for (const advisor::ShareMethod& method : advisor::share_methods())
    text += fmt::format("share {}: {}\n", method.name, method.summary);
  return text;
}

}  // namespace octrain::apps
