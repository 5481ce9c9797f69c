// A net around the layers under test, lowered for the backend under test and run op by op in plain memory:
// data -> an identity Scale, so that gradients flow, -> "x" -> layers -> "y" -> inner product -> softmax
// loss.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "layers/kernel_runner.h"
#include "octrain/layers/data_source.h"
#include "octrain/layers/net.h"

namespace octrain::layers::testing {

inline constexpr std::uint64_t kOneSlab = std::uint64_t{1} << 30;

/// The layers take "x" and make "y".
[[nodiscard]] NetSpec between_data_and_loss(const std::vector<LayerSpec>& layers, Shape images);

/// For backends that lay blobs out in channel blocks a convolution, x -> `top` of `outputs` channels in such
/// a layout (padding and all); for others a scale, which needs no library.
[[nodiscard]] LayerSpec blocked_layer(const std::string& name, const std::string& top, int outputs,
                                      int kernel = 1);

class LayerHarness {
 public:
  /// Blobs are cut into slabs of at most `slab_bytes`. Images are seeded noise; parameters start as their
  /// fillers say.
  LayerHarness(const NetSpec& net, std::uint64_t slab_bytes,
               std::unique_ptr<Backend> backend = make_backend_under_test());
  ~LayerHarness();

  /// Forward, backward and an update by plain gradient descent of rate 1; returns the loss.
  double run_iteration();
  /// Of the iterations that follow: instead of noise, in the order n, c, h, w.
  void set_images(const Values& images);
  void set_loss_scale(float scale);
  [[nodiscard]] bool take_overflow();
  /// An iteration in which each op that offers to work in place (Op::overwrites) is first run so: expects the
  /// same bits as on bytes of its own, of each offer and of each two that go together. Returns the offers,
  /// "op: read -> written".
  std::vector<std::string> run_in_place(Split split = Split::train);

  [[nodiscard]] Values blob(const std::string& name) const;
  [[nodiscard]] Values gradient(const std::string& name) const;
  [[nodiscard]] std::size_t slab_count(const std::string& name) const;
  [[nodiscard]] Values parameter(const std::string& name) const;
  void set_parameter(const std::string& name, const Values& values);
  [[nodiscard]] std::vector<std::string> parameters() const;
  /// False for running statistics.
  [[nodiscard]] bool is_trained(const std::string& parameter) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of one iteration.
struct Outcome {
  double loss = 0;
  Values y, x_gradient;
  std::vector<Values> parameters;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

[[nodiscard]] Outcome run_once(const NetSpec& net, std::uint64_t slab_bytes,
                               std::unique_ptr<Backend> backend = make_backend_under_test());

/// But for roundings.
void expect_near(const Outcome& actual, const Outcome& expected);

/// Runs the layers on `images` in one slab and in slabs of one image: blobs, gradients and weights agree; the
/// same again agrees bit for bit; and gradients of the weights agree with central differences of the loss.
void expect_slabs_do_not_matter(const std::vector<LayerSpec>& layers, Shape images);

}  // namespace octrain::layers::testing
