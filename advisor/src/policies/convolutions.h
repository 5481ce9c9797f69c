// Which ops are convolutions, and which ops belong to one layer. The schedule knows ops by name only.
#pragma once

#include <string>

#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

/// The one rule by which policies tell convolutions. What counts is the last part of the layer's name (of
/// "stage1/block1/conv2/bn" it is "bn"), by the conventions of published networks: "conv…", a projection or
/// shortcut, Caffe's "res2a_branch2a", GoogLeNet's "inception_3a/3x3". A name that says neither this nor
/// another kind of layer leaves it to the workspace: a convolution needs one.
[[nodiscard]] bool is_convolution(const Op& op);

/// The same for all ops of a layer's backward pass: the name up to the first space, and without what begins
/// with "backward".
[[nodiscard]] std::string backward_layer(const Op& op);

}  // namespace octrain::advisor
