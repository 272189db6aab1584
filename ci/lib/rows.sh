# shellcheck shell=bash
# The matrix: a row is a preset of CMakePresets.json, built in build/ROW.

# row | machine | what it needs besides the base | ctest's arguments | what it is
#
# tests/unit is core/ over a fake system, the same code in each row: it runs
# with gcc, with AddressSanitizer, and where there is little else.  Its models
# know no compiler and run once.
rows_table='
linux-amd64-gcc|linux-amd64|gdb spin||gcc, all warnings errors
linux-amd64-clang|linux-amd64|clang gdb|-LE unit|clang, all warnings errors
release|any|gdb|-LE unit|as a vendor builds it
asan|linux-amd64|gcc-sanitizers gdb|-LE model|AddressSanitizer, UndefinedBehaviorSanitizer
tsan|linux-amd64|clang-sanitizers gdb|-LE model|ThreadSanitizer
async-off|any||-LE unit|no kicks, no assembler: polls only
none|any||-LE model|no system, no CPU
linux-arm64-gcc|linux-amd64|arm64 libs:aarch64-linux-gnu qemu-user gdb-multiarch|-LE unit|gcc for arm64, run by qemu-user
linux-arm64-clang|linux-amd64|arm64 libs:aarch64-linux-gnu qemu-user gdb-multiarch clang lld|-LE unit|clang for arm64 with BTI, run by qemu-user
linux-arm64-scratch|linux-amd64|arm64 libs:aarch64-linux-gnu qemu-user gdb-multiarch|-L live|x18 given up, run by qemu-user
linux-riscv64-gcc|linux-amd64|riscv64 libs:riscv64-linux-gnu qemu-user gdb-multiarch|-LE unit|gcc for riscv64, run by qemu-user
windows-amd64-mingw|linux-amd64|mingw libs:x86_64-w64-mingw32 wine|-LE unit|gcc for Windows, run by Wine
windows-amd64-clang|linux-amd64|mingw libs:x86_64-w64-mingw32 wine clang lld|-LE unit|clang for Windows, run by Wine
windows-arm64-zig|linux-amd64|windows-arm64 libs:aarch64-windows|-LE unit -E ^build_|zig for Windows/arm64, run by Wine under QEMU
'

rows_all() { sed -n 's/|.*//p' <<<"$rows_table"; }
row_field() { # row_field ROW NUMBER
    awk -F'|' -v row="$1" -v n="$2" '$1 == row { print $n }' <<<"$rows_table"
}
rows_help() {
    awk -F'|' 'NF { printf "  %-19s %s\n", $1, $5 }' <<<"$rows_table"
}
row_here() { # row_here MACHINE: is this one?
    local machine
    machine=$(uname -sm)
    case $1 in
    any) return 0 ;;
    linux-amd64) [ "$machine" = "Linux x86_64" ] ;;
    *) return 1 ;;
    esac
}

# An emulator is not the machine: the table says which it was.
row_executed() { # row_executed ROW
    case " $(row_field "$1" 3) " in
    *" qemu-user "*) echo "executed (qemu)" ;;
    *" wine "*) echo "executed (wine)" ;;
    *" windows-arm64 "*) echo "executed (wine, qemu)" ;;
    *) echo executed ;;
    esac
}

# What runs a row's programs and is a process of its own: at its end nothing
# of it is left.
row_server() { # row_server ROW --begin|--end
    case " $(row_field "$1" 3) " in
    *" wine "*) ci/wine64 "$2" ;;
    *" windows-arm64 "*) ci/wine64_arm64 "$2" ;;
    esac
}

# What a row came to: build/ROW.result, one line
#   ROW|STATE|PASSED|FAILED|SKIPPED|WHY
row_result() {
    (IFS='|' && echo "$*") >"build/$1.result"
    echo "$1: $2, $3 passed, $4 failed, $5 skipped${6:+ ($6)}"
}

row_build() { # row_build ROW
    local log=build/$1.log
    if ! { cmake --preset "$1" &&
        cmake --build "build/$1" -j "$(nproc)"; } >"$log" 2>&1; then
        tail -n 60 "$log"
        return 1
    fi
}

# The tests of a JUnit file by what they came to: NAME run|fail|skip|notrun
row_tests() { # row_tests FILE
    awk '/<testcase /  { name = status = $0
                         sub(/.*<testcase name="/, "", name)
                         sub(/".*/, "", name)
                         sub(/.* status="/, "", status)
                         sub(/".*/, "", status); skip = 0 }
         /<skipped message="SKIP_RETURN_CODE/ { skip = 1 }
         /<\/testcase>/ { print name, skip ? "skip" : status }' "$1"
}

# Is this skip one that ci/expected_skips.txt knows?
skip_is_expected() { # skip_is_expected ROW TEST
    local row test _
    while read -r row test _; do
        # shellcheck disable=SC2053 # they are patterns
        [[ $row != '#'* && $1 == $row && $2 == $test ]] && return 0
    done <ci/expected_skips.txt
    return 1
}

row_run() { # row_run ROW [CTEST ARGS]: build, test, leave a result
    local row=$1 junit=$root/build/$1.xml tests name status
    local passed=0 failed=0 skipped=0 why bad='' skips=''
    shift
    echo "--- $row"
    if ! row_build "$row"; then
        row_result "$row" "build failed" 0 1 0 "see build/$row.log"
        return 1
    fi
    rm -f "$junit"
    row_server "$row" --begin
    # shellcheck disable=SC2046 # one word an argument
    ctest --test-dir "build/$row" -j "$(nproc)" --output-on-failure \
        --no-tests=error --output-junit "$junit" \
        $(row_field "$row" 4) "$@" </dev/null || true
    row_server "$row" --end
    [ -e "$junit" ] && tests=$(row_tests "$junit")
    while read -r name status; do
        case $status in
        run) passed=$((passed + 1)) ;;
        skip)
            if skip_is_expected "$row" "$name"; then
                skipped=$((skipped + 1))
            else
                failed=$((failed + 1))
                skips="$skips $name"
            fi
            ;;
        ?*)
            failed=$((failed + 1))
            bad="$bad $name"
            ;;
        esac
    done <<<"${tests:-}"
    why="${bad:+failed:$bad}${skips:+${bad:+; }skipped, unexpected:$skips}"
    if [ $((passed + failed + skipped)) -eq 0 ]; then
        failed=1 why="no test ran"
    fi
    row_result "$row" "$(row_executed "$row")" $passed $failed $skipped "$why"
    [ $failed -eq 0 ]
}

rows_test() { # rows_test [ROW...] [-- CTEST ARGS]
    local rows=() ctest_args=() row start failures=0 asked=1
    while [ $# -gt 0 ]; do
        if [ "$1" = -- ]; then
            shift
            ctest_args=("$@")
            break
        fi
        [ -n "$(row_field "$1" 1)" ] ||
            die_unable "no row is called '$1'; there are: $(rows_all | xargs)"
        rows+=("$1")
        shift
    done
    if [ ${#rows[@]} -eq 0 ]; then
        asked=0
        mapfile -t rows < <(rows_all)
    fi

    need base build cmocka lua boost gnuplot python3
    mkdir -p build
    start=$SECONDS
    for row in "${rows[@]}"; do
        if ! row_here "$(row_field "$row" 2)"; then
            row_result "$row" skipped 0 0 0 "this machine is $(uname -sm)"
            failures=$((failures + asked))
            continue
        fi
        # shellcheck disable=SC2046 # one word a thing
        if ! try_need $(row_field "$row" 3); then
            row_result "$row" skipped 0 0 0 "needs $still_missing($why_not)"
            failures=$((failures + asked))
            continue
        fi
        row_run "$row" "${ctest_args[@]}" || failures=$((failures + 1))
    done
    echo
    echo "in $((SECONDS - start)) s:"
    rows_report "${rows[@]}"
    [ $failures -eq 0 ]
}

# The results of the rows named, the stored ones.
row_results() {
    local row
    for row; do
        cat "build/$row.result" 2>/dev/null || echo "$row|not run here|0|0|0|"
    done
}

# The same as a table with its sum on a line of its own; with --json also so.
rows_report() {
    row_results "$@" | awk -F'|' '
        BEGIN { printf "%-19s %-21s %6s %6s %7s  %s\n", "row", "state",
                       "passed", "failed", "skipped", "why" }
        { printf "%-19s %-21s %6d %6d %7d  %s\n", $1, $2, $3, $4, $5, $6
          p += $3; f += $4; s += $5 }
        END { printf "\n%d passed, %d failed, %d skipped\n", p, f, s }'
    [ "$json" -eq 0 ] || row_results "$@" | awk -F'|' '
        function quoted(s) { gsub(/["\\]/, "\\\\&", s); return "\"" s "\"" }
        BEGIN { printf "{\"rows\": [" }
        { printf "%s{\"row\": %s, \"state\": %s, \"passed\": %d, " \
                 "\"failed\": %d, \"skipped\": %d, \"why\": %s}",
                 (NR > 1 ? ", " : ""), quoted($1), quoted($2), $3, $4, $5,
                 quoted($6)
          p += $3; f += $4; s += $5 }
        END { printf "], \"passed\": %d, \"failed\": %d, " \
                     "\"skipped\": %d}\n", p, f, s }' >&3
}

rows_matrix() {
    local rows
    mapfile -t rows < <(rows_all)
    rows_report "${rows[@]}"
}
