#include <limits>

#include "layers/kernel_runner.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

double count(int top_k, int block, const Values& logits, const Floats& labels, std::int64_t classes) {
  const auto batch = static_cast<std::int64_t>(labels.size());
  TestBlob blob({"z", {batch, classes, 1, 1}, {block}}, logits);
  const KernelRunner runner({"accuracy", {"z", "label"}, {"accuracy"}, AccuracyParams{top_k}},
                            {blob.desc, {"label", {batch, 1, 1, 1}, {1}}});
  double right = 0;
  for (std::int64_t n = 0; n < batch; n += 2) {
    const ImageRange r{n, std::min<std::int64_t>(2, batch - n)};
    runner.run(Step::forward, r, {blob.at(r), labels.data() + n}, {}, {.training = false, .scalar = &right});
  }
  return right;
}

TEST(Accuracy, CountsLabelsAmongTheTopK) {
  const Values logits = {5, 1, 2,   // label 0: first
                         1, 5, 2,   // label 2: second
                         1, 3, 2,   // label 0: third
                         0, 9, 0,   // padding
                         4, 1, 4};  // label 2 ties with class 0, which wins
  const Floats labels = {0, 2, 0, -1, 2};
  for (const int block : layouts_under_test()) {
    EXPECT_EQ(count(1, block, logits, labels, 3), 1);
    EXPECT_EQ(count(2, block, logits, labels, 3), 3);
    EXPECT_EQ(count(3, block, logits, labels, 3), 4);
  }
}

TEST(Accuracy, TakesNanForWrong) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(count(1, 1, {nan, nan, nan}, {1}, 3), 0);
}

TEST(Accuracy, RefusesMorePlacesThanClasses) {
  EXPECT_THROW(count(4, 1, {0, 0, 0}, {1}, 3), runtime::UsageError);
}

}  // namespace
}  // namespace octrain::layers::testing
