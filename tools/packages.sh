# The Debian packages that building, testing and checking need: the one list.
# Sourced by the scripts beside it:  install_packages build test

packages_build="g++ cmake ninja-build libabsl-dev libdnnl-dev libprotobuf-dev
  protobuf-compiler zlib1g-dev libcli11-dev"
packages_test="ccache clang-format graphviz libbenchmark-dev libgmock-dev
  libgtest-dev libonnx-testdata"
packages_lint="clang-format clang-tidy libomp-dev"
packages_clang="clang llvm libclang-rt-dev libomp-dev"

# Installs what is missing of the named lists; asks for sudo when not root.
install_packages() {
  local list package missing=""
  if ! command -v dpkg-query >/dev/null; then
    echo "Not a Debian system: expecting what tools/packages.sh lists" \
      "to be installed." >&2
    return 0
  fi
  for list in "$@"; do
    list="packages_$list"
    for package in ${!list}; do
      dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
        grep -qx installed || missing="$missing $package"
    done
  done
  [ -n "$missing" ] || return 0
  echo "Installing:$missing"
  local as_root="env"
  [ "$(id -u)" -eq 0 ] || as_root="sudo env"
  # The lists of packages on a fresh machine may be absent or out of date.
  $as_root DEBIAN_FRONTEND=noninteractive apt-get -q update &&
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -qy install \
      --no-install-recommends $missing
}
