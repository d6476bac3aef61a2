#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Verilates the unit at one size and compiles it into OUT_DIR/libtmu.so, the library behind
# rtl/tmu_unit.hpp. The library appears whole or not at all.
#
#   build_library.sh [OPTION...] LANES ENGINES SLICES ACTWORDS CHUNKS WFIFO RFIFO OUT_DIR
#   build_library.sh --axi [OPTION...] LANES ENGINES SLICES ACTWORDS CHUNKS WFIFO RFIFO
#                    BURST DMAFIFO OUTSTANDING DESCRIPTORS ADDRESSBITS RESULTBITS COLUMNWORDS OUT_DIR
#
# --axi        the unit on its bus, OUT_DIR/libtmu_axi.so, the library behind rtl/axi/tmu_axi_unit.hpp
# --no-assert  leave the SystemVerilog assertions out; with them the edge design runs at 0.6 to 0.8 of
#              the speed, and a broken protocol has a name instead of wrong sums: in by default
# --native     for the processor of this machine and no other
# --record     count what the code does; every unit writes OUT_DIR/unit.profraw when it goes (clang with its
#              run-time library only)
# --profile F  arrange the code by such a record: what never happens stands aside, 1.4 times the speed of a
#              unit on its bus
# --trace      build in start_trace() (FST waves)
# STERNA_RTL_COVERAGE=1 in the environment counts lines and toggles; verilated_unit.hpp says where they go.
# Environment  VERILATOR (default verilator), CXX (default clang++, else g++), CCACHE (default ccache
#              where there is one), LLVM_PROFDATA (default llvm-profdata)
set -euo pipefail

rtl=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
assertions=(--assert +define+STERNA_ASSERTIONS)
defines=(-DSTERNA_ASSERTIONS)
trace=0
trace_flags=()
tuning=()
record=0
record_of=
coverage=${STERNA_RTL_COVERAGE:-0}
coverage_flags=()
optimize=-O3
if [[ $coverage == 1 ]]; then  # the counters are much code, which -O3 takes minutes for
  coverage_flags=(--coverage-line --coverage-toggle)
  optimize=-O1
fi
names=(LANES ENGINES SLICES ACT_WORDS CHUNKS WEIGHT_FIFO_BEATS RESULT_FIFO_BEATS)
parameters=(Lanes Engines Slices ActWords Chunks WeightFifoBeats ResultFifoBeats)
top=tmu
folders=(pe mem tmu)
wrapper=$rtl/tmu_unit.cpp
probe=()
while [[ ${1-} == --* ]]; do
  case $1 in
    --no-assert) assertions=(); defines=() ;;
    --native) if [[ $(uname -m) == x86_64 ]]; then tuning+=(-march=native); else tuning+=(-mcpu=native); fi ;;
    --record) record=1 ;;
    --profile) record_of=$2; shift ;;
    --trace) trace=1; trace_flags=(--trace-fst -fno-reloop) ;;
    --axi)
      names+=(BURST_BEATS DMA_FIFO_BEATS OUTSTANDING DESCRIPTORS ADDRESS_BITS RESULT_BITS COLUMN_WORDS)
      parameters+=(BurstBeats DmaFifoBeats Outstanding Descriptors AddressBits ResultBits ColumnWords)
      top=tmu_axi folders+=(axi) wrapper=$rtl/axi/tmu_axi_unit.cpp probe=("$rtl/axi/probe.vlt")
      if [[ $coverage == 1 ]]; then optimize=-O0; fi ;;  # more code still: -O1 takes over ten minutes
    *) echo "build_library.sh: unknown option $1; known are --axi, --no-assert, --native, --record, --profile, --trace" >&2; exit 2 ;;
  esac
  shift
done
if [[ $# != $((${#names[@]} + 1)) ]]; then
  echo "build_library.sh: needs ${names[*]} OUT_DIR" >&2
  exit 2
fi
generics=()
sizes=()
for i in "${!names[@]}"; do
  generics+=("-G${parameters[i]}=$1")
  sizes+=("-DSTERNA_${names[i]}=$1")
  shift
done
out_dir=$1

verilator=${VERILATOR:-verilator}
if ! command -v "$verilator" >/dev/null; then
  echo "build_library.sh: no $verilator; install verilator (5.006 or later) or set VERILATOR" >&2
  exit 1
fi
# clang++ makes the loops of the datapath several times faster than g++ does.
cxx=${CXX:-$(command -v clang++ || command -v g++)}
ccache=${CCACHE-$(command -v ccache || true)}

mkdir -p "$out_dir"
out_dir=$(cd "$out_dir" && pwd)
work=$(mktemp -d "$out_dir/build.XXXXXX")
trap 'wait; rm -rf "$work"' EXIT
if [[ $record == 1 ]]; then
  tuning+=("-fprofile-instr-generate=$out_dir/unit.profraw")
  defines+=(-DSTERNA_RECORD)
  optimize=-O1  # as much is counted, sooner
fi
if [[ -n $record_of ]]; then
  "${LLVM_PROFDATA:-llvm-profdata}" merge -o "$work/unit.profdata" "$record_of"
  tuning+=("-fprofile-instr-use=$work/unit.profdata")
fi

packages=("$rtl/tmu/tmu_pkg.sv")
modules=()
for folder in "${folders[@]}"; do
  for module in "$rtl/$folder"/*.sv; do
    case $module in
      */tmu_pkg.sv) ;;
      */tmu_axi_reg_pkg.sv) packages+=("$module" "$rtl/axi/tmu_axi_pkg.sv") ;;
      */tmu_axi_pkg.sv) ;;
      *) modules+=("$module") ;;
    esac
  done
done

# -fno-reloop: with waves, Verilator 5.006 leaves the index of a loop over a wide vector undeclared.
# -fno-const-bit-op-tree: Verilator 5.006 miscompiles one-bit terms of sums without it
# (tests/rtl/test_sign_extension.py). --unroll-count 2: kept loops are what the C++ compiler
# vectorises.
"$verilator" --cc --prefix "V$top" --top-module "$top" --Mdir "$work" -Wno-fatal -Wno-lint -Wno-style \
  -O3 -fno-const-bit-op-tree --unroll-count 2 --x-assign fast --x-initial fast --flatten \
  --output-split 0 "${assertions[@]}" "${trace_flags[@]}" "${coverage_flags[@]}" \
  "${generics[@]}" -I"$rtl" "${probe[@]}" "${packages[@]}" "${modules[@]}"

include=$("$verilator" --getenv VERILATOR_ROOT)/include
common=(-std=c++20 -fPIC -fvisibility=hidden -w -pthread -isystem "$include" -isystem "$include/vltstd"
  -DVM_COVERAGE="$coverage" -DVM_SC=0 -DVM_TRACE="$trace" -DVM_TRACE_FST="$trace" -DVM_TRACE_VCD=0
  -DVL_PRINTF=sterna_tmu_print -include "$rtl/verilator_print.hpp")

# Loops over 16 lanes become vector instructions if clang does not first unroll them away: 1.08e9
# against 0.67e9 MAC/s at the edge design.
unroll=()
if [[ $("$cxx" --version) == *clang* ]]; then unroll=(-mllvm -unroll-full-max-count=8); fi

objects=()
pids=()
compile() {  # compile SOURCE FLAGS...: in the background
  local object
  object=$work/$(basename "$1" .cpp).o
  $ccache "$cxx" "${common[@]}" "${@:2}" -c "$1" -o "$object" &
  pids+=($!)
  objects+=("$object")
}
for source in "$wrapper" "$rtl/verilated_unit.cpp" "$work/V$top"*.cpp; do
  compile "$source" "$optimize" "${unroll[@]}" "${tuning[@]}" -I"$work" -I"$rtl/.." "${defines[@]}" "${sizes[@]}"
done
compile "$include/verilated.cpp" -O2
compile "$include/verilated_threads.cpp" -O2
if [[ $coverage == 1 ]]; then compile "$include/verilated_cov.cpp" -O2; fi
libraries=()
if [[ $trace == 1 ]]; then
  compile "$include/verilated_fst_c.cpp" -O2
  libraries+=(-lz)
fi
for pid in "${pids[@]}"; do wait "$pid"; done
"$cxx" -shared -pthread "${tuning[@]}" -Wl,-z,defs -o "$work/lib$top.so" "${objects[@]}" "${libraries[@]}" -latomic
mv "$work/lib$top.so" "$out_dir/lib$top.so"
