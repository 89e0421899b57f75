#!/usr/bin/env bash
# Builds the fuzz targets and runs them side by side for so many seconds: `make fuzz` calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
out=target/fuzz
triple=$(rustc --print host-tuple)

# libFuzzer, and what it wants to know of coverage and comparisons. These flags are on stable, so neither another toolchain nor a
# tool of its own is needed. Naming the target keeps them from build scripts.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"

command -v c++ >/dev/null || { echo "c++ is missing, which compiles libFuzzer: install g++ or clang" >&2; exit 1; }
echo "== building the fuzz targets" >&2
RUSTFLAGS=$coverage cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target-dir "$out" --target "$triple"

# What earlier runs came upon stays there too, and is begun with.
mkdir -p "$out"/corpus/{event,policy}
cp events/*.json "$out/corpus/event"
cp fuzz/seeds/policy/*.toml policy.toml "$out/corpus/policy"
cp tests/sandbox/policy.toml "$out/corpus/policy/sandbox.toml"
# All that the sample has to say, without what explains it.
sed 's/^#\([^ ]\)/\1/' policy.toml | grep -v '^ *#' >"$out/corpus/policy/whole.toml"

# $1: the target; $2: the longest input.
fuzz() {
    local log=$out/$1.log status=0 cpu
    echo "== fuzzing the parser of $1 for $seconds s: $log" >&2
    TIMEFORMAT=%U
    cpu=$({ time "$out/$triple/release/$1" "$out/corpus/$1" "fuzz/regressions/$1" -dict="fuzz/$1.dict" -max_len="$2" \
        -max_total_time="$seconds" -timeout=25 -reload=0 -print_final_stats=1 -artifact_prefix="$out/found-$1-" \
        >"$log" 2>&1; } 2>&1) || status=$?
    said() { sed -n "s/^stat::$1: *//p" "$log"; }
    echo "$1: $(said number_of_executed_units) executions in $cpu s of CPU, $(said average_exec_per_sec) a second," \
        "$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)"
    if [ "$status" -eq 0 ]; then
        echo "$1: nothing found"
    elif ! grep -q 'Test unit written to' "$log"; then
        echo "$1: stopped by a signal before its time, nothing found until then"
    else
        grep -A 1 'panicked at' "$log" || tail -n 20 "$log"
        sed -n 's/.*Test unit written to //p' "$log"
        echo "$1: put that input into fuzz/regressions/$1, and mend its cause"
    fi
    return "$status"
}
fuzz event 8192 &
event=$!
fuzz policy 4096 &
policy=$!
found=0
wait "$event" || found=1
wait "$policy" || found=1
exit "$found"
