// A oneDNN primitive ready to run on the operands of a KernelCall.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "onednn.h"

namespace octrain::layers::host {

/// A primitive whose operands lie in memory in layouts of their own: those it wants otherwise go through the
/// workspace by reorders, and results that are to be added go through it too. Workspace: scratchpad, staged
/// operands, results to add.
class StagedPrimitive {
 public:
  StagedPrimitive(std::string layer, const dnnl::primitive_desc_base& primitive);
  /// In the order of KernelCall::in and KernelCall::out.
  void add_input(int argument, const dnnl::memory::desc& stored, const dnnl::memory::desc& wanted);
  void add_output(int argument, const dnnl::memory::desc& stored, const dnnl::memory::desc& produced);

  [[nodiscard]] std::uint64_t workspace_bytes(bool accumulate) const;
  void run(std::span<const void* const> in, std::span<void* const> out, bool accumulate,
           std::byte* workspace);

 private:
  struct Operand {
    int argument;
    dnnl::memory::desc stored, used;
    std::uint64_t staged_offset;  ///< in the workspace; only where the two differ
    [[nodiscard]] bool staged() const { return stored != used; }
  };
  using Arguments = std::unordered_map<int, dnnl::memory>;

  void execute(std::span<const void* const> in, std::span<void* const> out, bool accumulate,
               std::byte* workspace);
  void bind_inputs(std::span<const void* const> in, std::byte* workspace, Arguments& arguments) const;

  std::string layer_;
  dnnl::primitive_desc_base description_;
  dnnl::primitive primitive_;  ///< compiled at the first run: planning needs descriptions only
  std::vector<Operand> inputs_, outputs_;
  std::uint64_t staged_bytes_ = 0;  ///< scratchpad and staged operands
};

}  // namespace octrain::layers::host
