// The parameters of policies, by name: on the command line, and listed.
#pragma once

#include <string>

#include "octrain/advisor/policy.h"

namespace CLI {
class App;
}  // namespace CLI

namespace octrain::apps {

using PolicyOptions = decltype(advisor::PlanRequest::options);

/// --policy-option NAME=VALUE, any number of times.
void add_policy_options(CLI::App& command, PolicyOptions& options);

/// Throws UsageError, telling what there is, if neither `policy` nor the method `recompute` has such an
/// option, or one is out of its range. `all` and `auto` take what any has; those that do not have it ignore
/// it. The names must exist.
void check_policy_options(const std::string& policy, const std::string& recompute,
                          const PolicyOptions& options);

/// Every policy and recompute method with its options.
[[nodiscard]] std::string policies_text();

}  // namespace octrain::apps
