// The speed of the file tier's disk by itself. Prints GB/s read and GB/s written. Usage: disk_speed
// [DIRECTORY]
#include <cstdio>
#include <exception>

#include "octrain/runtime/host/host_space.h"

int main(int argc, char** argv) {
  namespace host = octrain::runtime::host;
  try {
    const host::DiskSpeed speed = host::measure_disk(argc > 1 ? argv[1] : host::default_tier_dir());
    std::printf("%.3f %.3f\n", speed.read_bytes_per_s * 1e-9, speed.write_bytes_per_s * 1e-9);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "disk_speed: %s\n", error.what());
    return 1;
  }
}
