#include "policy_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <vector>

#include "octrain/runtime/error.h"
#include "planning.h"

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

const advisor::PolicyOption* find_option(const advisor::Policy& policy, const std::string& name) {
  const auto found = std::find_if(policy.options.begin(), policy.options.end(),
                                  [&](const advisor::PolicyOption& option) { return option.name == name; });
  return found == policy.options.end() ? nullptr : &*found;
}

std::string range_text(const advisor::PolicyOption& option) {
  return fmt::format("{:g} to {:g}", option.least, option.most);
}

std::string options_text(const advisor::Policy& policy) {
  if (policy.options.empty()) return fmt::format("{} has none", policy.name);
  std::string text;
  for (const advisor::PolicyOption& option : policy.options) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", option.name, range_text(option));
  }
  return fmt::format("{} has {}", policy.name, text);
}

std::string options_text(const std::vector<const advisor::Policy*>& policies) {
  std::string text;
  for (const advisor::Policy* policy : policies) {
    if (policies.size() > 1 && policy->options.empty()) continue;
    text += (text.empty() ? "" : "; ") + options_text(*policy);
  }
  return text.empty() ? "no policy has any" : text;
}

std::vector<const advisor::Policy*> policies_meant(const std::string& name) {
  std::vector<const advisor::Policy*> meant;
  if (name != "all" && name != "auto") return {&policy_named(name)};
  for (const advisor::Policy& policy : advisor::policies()) meant.push_back(&policy);
  return meant;
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

void check_policy_options(const std::string& policy, const PolicyOptions& options) {
  const std::vector<const advisor::Policy*> meant = policies_meant(policy);
  for (const auto& [name, value] : options) {
    bool known = false;
    for (const advisor::Policy* candidate : meant) {
      const advisor::PolicyOption* option = find_option(*candidate, name);
      if (option == nullptr) continue;
      known = true;
      if (value >= option->least && value <= option->most) continue;
      throw runtime::UsageError(fmt::format("--policy-option {}={:g} is not within {}; {}", name, value,
                                            range_text(*option), options_text(*candidate)));
    }
    if (!known) {
      throw runtime::UsageError(
          fmt::format("there is no policy option '{}' of {}; {}", name, policy, options_text(meant)));
    }
  }
}

std::string policies_text() {
  std::string text = fmt::format("auto: {}\n", advisor::find_policy("auto")->summary);
  for (const advisor::Policy& policy : advisor::policies()) {
    text += fmt::format("{}: {}\n", policy.name, policy.summary);
    for (const advisor::PolicyOption& option : policy.options) {
      text += fmt::format("    {:<26}{:<14}{}\n", fmt::format("{}={:g}", option.name, option.value),
                          range_text(option), option.summary);
    }
  }
  return text;
}

}  // namespace octrain::apps
