#include "octrain/layers/net.h"

#include <algorithm>
#include <map>

#include "net_lowering.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {

namespace {

// The folded-ReLU flag of layers that have one; null for others.
bool* relu_flag(LayerParams& params) {
  return std::visit(
      [](auto& p) -> bool* {
        if constexpr (requires { p.relu; }) {
          return &p.relu;
        } else {
          return nullptr;
        }
      },
      params);
}

bool mentions(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

NetSpec fuse(const NetSpec& net) {
  NetSpec fused;
  fused.name = net.name;
  for (const LayerSpec& layer : net.layers) {
    const bool in_place_relu =
        std::holds_alternative<ReluParams>(layer.params) && layer.bottoms == layer.tops;
    if (in_place_relu) {
      // The last layer that touches the blob must be the one that makes it: then nobody has seen it without
      // the ReLU.
      const auto last = std::find_if(fused.layers.rbegin(), fused.layers.rend(), [&](const LayerSpec& other) {
        return mentions(other.tops, layer.tops[0]) || mentions(other.bottoms, layer.tops[0]);
      });
      const bool makes_it = last != fused.layers.rend() && mentions(last->tops, layer.tops[0]) &&
                            !mentions(last->bottoms, layer.tops[0]) && last->include == layer.include;
      bool* flag = makes_it ? relu_flag(last->params) : nullptr;
      if (flag != nullptr) {
        *flag = true;
        continue;
      }
    }
    fused.layers.push_back(layer);
  }
  return fused;
}

LoweredNet lower(const NetSpec& net, Backend& backend, const LoweringOptions& options) {
  return NetLowering(fuse(net), backend, options).build();
}

std::vector<LayerSummary> summarize(const NetSpec& net) {
  std::vector<LayerSummary> summaries;
  std::map<std::string, Shape> shapes;
  for (const LayerSpec& spec : net.layers) {
    const LayerType& type = layer_type(spec.params);
    std::vector<Shape> bottoms;
    for (const std::string& bottom : spec.bottoms) {
      if (!shapes.contains(bottom)) {
        throw runtime::UsageError("layer '" + spec.name + "': bottom '" + bottom +
                                  "' is not a top of any layer before it");
      }
      bottoms.push_back(shapes[bottom]);
    }
    LayerSummary summary{spec.name, std::string(type.name), type.top_shapes(spec, bottoms), 0, 0};
    for (const ParameterSpec& parameter : type.parameters(spec, bottoms)) {
      std::int64_t count = 1;
      for (const std::int64_t dim : parameter.dims) count *= dim;
      summary.parameters += count;
    }
    summary.flops = type.flops(spec, bottoms, summary.tops);
    for (std::size_t i = 0; i < summary.tops.size(); ++i) shapes[spec.tops[i]] = summary.tops[i];
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace octrain::layers
