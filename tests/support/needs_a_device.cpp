// Linked into a program of tests, skips every one of them where there is no CUDA device, and says why there
// is none.
#include <gtest/gtest.h>

#include <string>

#include "octrain/runtime/cuda/device.h"

namespace octrain::testing {
namespace {

// Skipped in an Environment's SetUp(), they would count as passed.
class SkipsWithoutADevice final : public ::testing::EmptyTestEventListener {
 public:
  void OnTestStart(const ::testing::TestInfo&) override {
    static const std::string kWhyNot = runtime::cuda::probe_device().why_not;
    if (!kWhyNot.empty()) GTEST_SKIP() << kWhyNot;
  }
};

[[maybe_unused]] const bool kListens = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new SkipsWithoutADevice);
  return true;
}();

}  // namespace
}  // namespace octrain::testing
