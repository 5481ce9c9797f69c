#include "convolution_algorithms.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "convolution_calls.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/cuda/handles.h"
#include "octrain/runtime/error.h"
#include "tuning_file.h"

// What cuDNN says of determinism, and is relied on here: its routines give the same bits in every run of one
// version on cards of one architecture, but for those that add by atomics, and of convolutions these are
// BWD_DATA_ALGO_0, BWD_FILTER_ALGO_0 and BWD_FILTER_ALGO_3 ("non-deterministic" in cudnn_ops.h;
// documentation, "Reproducibility"). The results of Find and Get say it of each candidate (determinism); both
// must agree. Bits of different algorithms differ, so one that was chosen is kept (tuning_file.h).
namespace octrain::layers::cuda {

namespace {

using runtime::cuda::DeviceBuffer;

/// An op's operands while it is measured. Zeros, so that nothing depends on what lay there before.
struct Operands {
  DeviceBuffer bottom, weight, top, workspace;
};

Math math_of(cudnnMathType_t type) {
  switch (type) {
    case CUDNN_FMA_MATH:
      return Math::fma;
    case CUDNN_DEFAULT_MATH:
      return Math::standard;
    case CUDNN_TENSOR_OP_MATH:
      return Math::tensor;
    default:
      return Math::converting;
  }
}

cudnnMathType_t type_of(Math math) {
  switch (math) {
    case Math::fma:
      return CUDNN_FMA_MATH;
    case Math::standard:
      return CUDNN_DEFAULT_MATH;
    case Math::tensor:
      return CUDNN_TENSOR_OP_MATH;
    case Math::converting:
      break;
  }
  return CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
}

/// Empty where there is no room.
DeviceBuffer try_allocate(std::uint64_t bytes, cudaStream_t stream) {
  if (bytes == 0) return {};
  void* address = nullptr;
  const cudaError_t status = cudaMalloc(&address, bytes);
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();  // else the next to ask for errors would hear of this one
    return {};
  }
  runtime::cuda::check(status, "cudaMalloc");
  DeviceBuffer owner(address, bytes);
  runtime::cuda::check(cudaMemsetAsync(address, 0, bytes, stream), "cudaMemsetAsync");
  return owner;
}

template <class Calls>
class Chooser {
 public:
  Chooser(std::string_view where, const ConvolutionShape& shape, const ConvolutionDescriptors& descriptors,
          const CudaContext& context)
      : where_(where), shape_(shape), descriptors_(descriptors), context_(context) {}

  ConvolutionAlgorithm choose() const {
    if (!context_.tuning) return require(pick(candidates_by_rule(), false));
    const std::string key = choice_key(context_.card, cudnnGetVersion(), bounds_, shape_);
    const std::optional<Choice> remembered = context_.tuning->find(key);
    if (remembered) {
      if (const std::optional<ConvolutionAlgorithm> known = usable(*remembered)) return *known;
    }
    std::optional<Choice> choice = pick(measured_candidates(), true);
    if (!choice) choice = pick(candidates_by_rule(), false);
    if (choice) choice = context_.tuning->remember(key, *choice, remembered);
    return require(choice);
  }

 private:
  using Algorithm = typename Calls::Algorithm;
  using Result = typename Calls::Result;
  using Results = std::array<Result, kMostCandidates>;

  /// Of float32 without TF32 it is fma whatever cuDNN calls it: what it says is settled by what it was asked
  /// for.
  Math arithmetic(Math said) const {
    return context_.options.tf32 || bounds_.element != ElementType::float32 ? said : Math::fma;
  }
  /// What cuDNN is asked for; it answers with slower kinds, too.
  Math widest() const {
    if (bounds_.element != ElementType::float32) return Math::tensor;
    return context_.options.tf32 ? Math::standard : Math::fma;
  }

  void set_math(Math math) const {
    check(cudnnSetConvolutionMathType(descriptors_.convolution.get(), type_of(math)), where_,
          "cudnnSetConvolutionMathType");
  }

  /// With the arithmetic set; nothing where cuDNN will not run it so.
  std::optional<std::uint64_t> workspace_bytes(Algorithm algorithm, Math math) const {
    set_math(math);
    std::size_t bytes = 0;
    if (Calls::workspace(context_.cudnn.get(), descriptors_, algorithm, &bytes) != CUDNN_STATUS_SUCCESS)
      return std::nullopt;
    return bytes;
  }

  Candidate candidate(const Result& result) const {
    const Math math = math_of(result.mathType);
    Candidate made{static_cast<int>(result.algo),
                   math,
                   false,
                   result.time,
                   result.memory,
                   result.determinism == CUDNN_DETERMINISTIC && Calls::is_deterministic(result.algo)};
    if (result.status != CUDNN_STATUS_SUCCESS || math == Math::converting) return made;
    const std::optional<std::uint64_t> bytes = workspace_bytes(result.algo, arithmetic(math));
    made.usable = bytes.has_value();
    made.workspace_bytes = std::max(made.workspace_bytes, bytes.value_or(0));
    return made;
  }

  std::vector<Candidate> candidates(const Results& results, int count) const {
    std::vector<Candidate> made;
    made.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) made.push_back(candidate(results[static_cast<std::size_t>(i)]));
    return made;
  }

  std::vector<Candidate> candidates_by_rule() const {
    set_math(widest());
    Results results{};
    int count = 0;
    check(Calls::get(context_.cudnn.get(), descriptors_, &count, results.data()), where_, Calls::kGet);
    return candidates(results, count);
  }

  /// None where there is no room to measure.
  std::vector<Candidate> measured_candidates() const {
    const std::optional<Operands> room = allocate();
    if (!room) return {};
    const MeasuredOperands operands{room->bottom.data(), room->weight.data(), room->top.data(),
                                    room->workspace.data(), bounds_.workspace_bytes};
    set_math(widest());
    Results results{};
    int count = 0;
    // Twice: the first time loads kernels and wakes the card's clock.
    for (int round = 0; round < 2; ++round) {
      const cudnnStatus_t status =
          Calls::find(context_.cudnn.get(), descriptors_, operands, &count, results.data());
      forget_runtime_error();  // of candidates that cannot run
      if (is_not_supported(status) || is_out_of_memory(status)) return {};
      check(status, where_, Calls::kFind);
    }
    return candidates(results, count);
  }

  std::optional<Operands> allocate() const {
    std::size_t bottom = 0, top = 0;
    check(cudnnGetTensorSizeInBytes(descriptors_.bottom.get(), &bottom), where_, "cudnnGetTensorSizeInBytes");
    check(cudnnGetTensorSizeInBytes(descriptors_.top.get(), &top), where_, "cudnnGetTensorSizeInBytes");
    const std::uint64_t weight = static_cast<std::uint64_t>(shape_.outputs) * shape_.channels /
                                 shape_.groups * shape_.kernel_h * shape_.kernel_w * size_of(bounds_.element);
    Operands operands{try_allocate(bottom, context_.stream), try_allocate(weight, context_.stream),
                      try_allocate(top, context_.stream),
                      try_allocate(bounds_.workspace_bytes, context_.stream)};
    const bool complete = operands.bottom.bytes() > 0 && operands.weight.bytes() > 0 &&
                          operands.top.bytes() > 0 && operands.workspace.bytes() == bounds_.workspace_bytes;
    return complete ? std::optional(std::move(operands)) : std::nullopt;
  }

  std::optional<Choice> pick(const std::vector<Candidate>& candidates, bool measured) const {
    const std::optional<Candidate> best =
        measured ? pick_fastest(candidates, bounds_) : pick_first(candidates, bounds_);
    if (!best) return std::nullopt;
    return Choice{best->algorithm, arithmetic(best->math), measured};
  }

  /// Nothing for a choice that this cuDNN cannot run within the bounds: a damaged or edited file's.
  std::optional<ConvolutionAlgorithm> usable(const Choice& choice) const {
    if (choice.algorithm >= Calls::kCount || choice.math == Math::converting) return std::nullopt;
    if (choice.math != arithmetic(choice.math)) return std::nullopt;
    const auto algorithm = static_cast<Algorithm>(choice.algorithm);
    if (bounds_.deterministic && !Calls::is_deterministic(algorithm)) return std::nullopt;
    const std::optional<std::uint64_t> bytes = workspace_bytes(algorithm, choice.math);
    if (!bytes || *bytes > bounds_.workspace_bytes) return std::nullopt;
    return ConvolutionAlgorithm{choice.algorithm, *bytes};
  }

  ConvolutionAlgorithm require(const std::optional<Choice>& choice) const {
    const std::optional<ConvolutionAlgorithm> algorithm = choice ? usable(*choice) : std::nullopt;
    if (algorithm) return *algorithm;
    throw runtime::DeviceError(
        std::string(where_) + ": cuDNN has no " + (bounds_.deterministic ? "deterministic " : "") +
        "algorithm for " + std::string(shape_.step) + " of " + std::to_string(shape_.images) +
        " images within a workspace of " + runtime::format_bytes(bounds_.workspace_bytes));
  }

  std::string_view where_;
  const ConvolutionShape& shape_;
  const ConvolutionDescriptors& descriptors_;
  const CudaContext& context_;
  Bounds bounds_{context_.options.workspace_limit_bytes, context_.options.deterministic,
                 context_.options.tf32, context_.options.element};
};

}  // namespace

ConvolutionAlgorithm choose_algorithm(std::string_view where, Step step, const ConvolutionShape& shape,
                                      const ConvolutionDescriptors& descriptors, const CudaContext& context) {
  switch (step) {
    case Step::forward:
      return Chooser<ForwardCalls>(where, shape, descriptors, context).choose();
    case Step::backward_data:
      return Chooser<BackwardDataCalls>(where, shape, descriptors, context).choose();
    default:
      return Chooser<BackwardParametersCalls>(where, shape, descriptors, context).choose();
  }
}

}  // namespace octrain::layers::cuda
