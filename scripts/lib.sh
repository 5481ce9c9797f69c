# Shared by all scripts here and .ci/run: what has to be installed, and how to build.
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

# fetch_packages FOLDER SUITE COMPONENTS PACKAGE …: Debian's packages as files, by an apt of its own: nothing is installed, and
# no right of root's is needed.
fetch_packages() {
  local folder=$1 suite=$2 components=$3 apt
  shift 3
  apt=$folder/apt
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite $components" >"$apt/sources.list"
  : >"$apt/status"
  local options=(-qq "-oDir::Etc::SourceList=$apt/sources.list" -oDir::Etc::SourceParts=/dev/null "-oDir::State::Lists=$apt/lists"
    "-oDir::State::status=$apt/status" "-oDir::Cache::archives=$apt/archives" -oDir::Cache::pkgcache= -oDir::Cache::srcpkgcache=
    "-oAPT::Sandbox::User=$(id -un)")
  apt-get "${options[@]}" update >&2
  (cd "$folder" && apt-get "${options[@]}" download "$@" >&2)
  rm -rf "$apt"
}

# unpack_packages FOLDER PREFIX: all packages of the folder, without their documents and the toolkit's static libraries other
# than the runtime's.
unpack_packages() {
  local package
  for package in "$1"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$2" --exclude='*/libcu[bfrs]*.a' --exclude='*/libn*.a' --exclude='./usr/share/doc*'
  done
}

# Packages under third_party (scripts/unpack-packages), if there are any, come before those of the system.
use_unpacked_packages() {
  local usr=$root/third_party/prefix/usr
  if [ ! -d "$usr" ] && [ -d "$root/third_party/debs" ]; then
    "$root/scripts/unpack-packages"
  fi
  [ -d "$usr" ] || return 0
  export CMAKE_PREFIX_PATH=$usr${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
  export LD_LIBRARY_PATH=$usr/lib/x86_64-linux-gnu:$root/third_party/prefix/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export PKG_CONFIG_PATH=$usr/lib/x86_64-linux-gnu/pkgconfig:$usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root/third_party/prefix
  if ! command -v pkg-config >/dev/null; then
    export PKG_CONFIG=$usr/bin/pkgconf
  fi
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
use_compiler_cache() {
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$root CCACHE_SLOPPINESS=pch_defines,time_macros
  fi
}
use_compiler_cache

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
