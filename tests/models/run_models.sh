#!/bin/sh
# Runs Spin over the models beside this script and compares each verdict with
# the table: "pass" says that the rule is enough, "fail" that the part of it
# which the -D drops is needed.  77: no spin here.
set -u
here=$(cd "$(dirname "$0")" && pwd)
command -v spin >/dev/null 2>&1 || { echo "no spin"; exit 77; }
cc=${CC:-cc}
command -v "$cc" >/dev/null 2>&1 || { echo "no $cc"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# model, expected verdict, definitions
table='
asks.pml     pass
asks.pml     fail  -DPARK_REREAD=0
asks.pml     fail  -DRESUME_REREAD=0
asks.pml     pass  -DPATIENT=1 -DSUSPENDERS=2
asks.pml     fail  -DPATIENT=1 -DSUSPENDERS=2 -DCOUNTED=0
kick.pml     pass  -DORDER=0 -DWAITS=1
kick.pml     pass  -DORDER=0 -DWAITS=0
kick.pml     fail  -DORDER=1 -DWAITS=1
kick.pml     fail  -DORDER=1 -DWAITS=0
kick.pml     pass  -DORDER=2 -DWAITS=1
kick.pml     fail  -DORDER=2 -DWAITS=0
blocking.pml pass
blocking.pml pass  -DREREAD=0
blocking.pml fail  -DCOUNTED=0
blocking.pml fail  -DTAKE=0
mutual.pml   pass
mutual.pml   pass  -DN=3
mutual.pml   fail  -DGIVE_BACK=0
mutual.pml   fail  -DCLAIMABLE=0
claims.pml   pass
claims.pml   fail  -DORDERED=0
claims.pml   fail  -DGIVE_BACK=0
runq.pml     pass
runq.pml     fail  -DWAIT=1
runq.pml     fail  -DRECHECK=0
event.pml    pass
event.pml    fail  -DSWAP=1
event.pml    fail  -DCOMPARE=0
'

bad=0
n=0
check() {
    model=$1 want=$2
    shift 2
    n=$((n + 1))
    dir=$work/$n
    mkdir "$dir" && cd "$dir" || exit 1
    if ! spin "$@" -a "$here/$model" >spin.out 2>&1 ||
       ! "$cc" -O2 -w -DSAFETY -o pan pan.c 2>cc.out; then
        cat spin.out cc.out 2>/dev/null
        echo "BROKEN $model $*"
        bad=1
        return
    fi
    ./pan -m200000 >pan.out 2>&1
    if ! grep -q 'errors:' pan.out || grep -q 'max search depth' pan.out; then
        cat pan.out
        echo "BROKEN $model $*"
        bad=1
        return
    fi
    got=fail
    grep -q 'errors: 0' pan.out && got=pass
    states=$(awk '/states, stored/ { print $1; exit }' pan.out)
    if [ "$got" = "$want" ]; then
        echo "ok     $model $* ($want, $states states)"
    else
        echo "WRONG  $model $*: $got, expected $want"
        grep -A2 'pan:' pan.out
        bad=1
    fi
}

while read -r model want defs; do
    [ -n "$model" ] || continue
    # shellcheck disable=SC2086 # several definitions
    check "$model" "$want" $defs
done <<TABLE
$table
TABLE
exit $bad
