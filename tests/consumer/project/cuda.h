#pragma once

/// Whether the installed CUDA backend, if there is one, works on the GPU, or tells why it does not.
bool cuda_works_or_tells();
