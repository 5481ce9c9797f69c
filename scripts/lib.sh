# Shared by scripts/run, scripts/test and .ci/run: what has to be installed, and how to build.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

readonly build_packages=(g++ cmake ninja-build pkg-config libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev
  libdnnl-dev ocl-icd-opencl-dev liburing-dev libjpeg62-turbo-dev zlib1g-dev)
readonly test_packages=(libgtest-dev libgmock-dev libbenchmark-dev)

say() { printf '==> %s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "needs root or sudo: $*"
    return 4
  fi
}

# Installs those of the named Debian packages that are not there; asks nothing, needs no network when all are.
install_packages() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing: ${missing[*]}"
  as_root apt-get update -qq >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 </dev/null
}

# As many compilers at once as there are processors and 1.5 GiB of memory for each.
build_jobs() {
  local by_memory by_processor
  by_memory=$(awk '/MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
  by_processor=$(nproc)
  echo $((by_memory < 1 ? 1 : by_memory < by_processor ? by_memory : by_processor))
}

# The path of nvcc; fails where there is none.
find_nvcc() {
  local candidate
  for candidate in "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" "$(command -v nvcc || true)" /usr/local/cuda-*/bin/nvcc; do
    if [ -x "$candidate" ]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# What presets compile alike (cuda-ci all of host) is compiled once, where a compiler cache is at hand.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$root
fi

# configure PRESET [cmake arguments …]: quiet unless it fails.
configure() {
  local log
  log=$(mktemp)
  if ! cmake --preset "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 3
  fi
  rm -f "$log"
}

# build PRESET [cmake --build arguments …]
build() {
  local preset=$1
  shift
  cmake --build --preset "$preset" -j "$(build_jobs)" "$@" >&2
}
