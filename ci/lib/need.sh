# shellcheck shell=bash
# What has to be on the machine: finds what is missing, and installs it where
# that is known to work.

die() {
    echo "ci/run: $*" >&2
    exit 1
}
die_unable() {
    echo "ci/run: $*" >&2
    exit 2
}

has_header() { # has_header COMPILER NAME...
    local compiler=$1
    shift
    printf '#include <%s>\n' "$@" |
        "$compiler" -E -o /dev/null - >/dev/null 2>&1
}
# A library that the compiler driver would find.
has_lib() { [ -e "$("$1" -print-file-name="$2" 2>/dev/null)" ]; }
cmake_is_new() {
    local version
    version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p')
    [ "$(printf '%s\n' 3.25 "$version" | sort -V | head -n 1)" = 3.25 ]
}

# The compiler for Linux on another CPU and that system's libc, where QEMU
# looks for it.  It would find headers of the host's, so not has_header.
missing_cross() { # missing_cross TRIPLET DEBIAN-ARCHITECTURE
    command -v "$1-gcc" >/dev/null || echo "gcc-$1"
    [ -e "/usr/$1/lib/crt1.o" ] || echo "libc6-dev-$2-cross"
}

# What is not to be had as a package: libs:TRIPLET.  The first of the target's
# toolchains makes it, for all of them.
build_libs() { # build_libs THING...
    local thing file
    for thing; do
        case $thing in
        windows-arm64) build_windows_arm64 || return 1 ;;
        libs:*)
            for file in cmake/toolchains/"${thing#libs:}"-{gcc,zig}.cmake; do
                [ ! -e "$file" ] || break
            done
            target_libs "${thing#libs:}" "$root/$file" || return 1
            ;;
        esac
    done
}

# missing THING: prints the packages that THING lacks, a blank line if none.
missing() {
    case $1 in
    base)
        cmake_is_new || echo cmake
        command -v gcc >/dev/null || echo gcc
        command -v objcopy >/dev/null || echo binutils
        has_header gcc stdio.h || echo libc6-dev
        ;;
    build)
        command -v ninja >/dev/null || command -v make >/dev/null ||
            echo ninja-build
        ;;
    cmocka)
        has_header gcc stdarg.h stddef.h stdint.h setjmp.h cmocka.h ||
            echo libcmocka-dev
        ;;
    gnuplot) command -v gnuplot >/dev/null || echo gnuplot-nox ;;
    python3) command -v python3 >/dev/null || echo python3 ;;
    lua) has_lib gcc liblua5.4.a || echo liblua5.4-dev ;;
    boost) has_lib gcc libboost_context.so || echo libboost-context-dev ;;
    gdb) command -v gdb >/dev/null || echo gdb ;;
    spin) command -v spin >/dev/null || echo spin ;;
    gcc-sanitizers)
        has_lib gcc libasan.so || echo "libgcc-$(gcc -dumpversion)-dev"
        ;;
    clang) command -v clang >/dev/null || echo clang ;;
    clang-sanitizers)
        if ! command -v clang >/dev/null; then
            echo clang
        elif ! echo 'int main(void) { return 0; }' |
            clang -fsanitize=thread -x c -o /dev/null - 2>/dev/null; then
            echo "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
        fi
        ;;
    lld) command -v ld.lld >/dev/null || echo lld ;;
    arm64) missing_cross aarch64-linux-gnu arm64 ;;
    riscv64) missing_cross riscv64-linux-gnu riscv64 ;;
    qemu-user) command -v qemu-aarch64 >/dev/null || echo qemu-user ;;
    mingw)
        command -v x86_64-w64-mingw32-gcc >/dev/null ||
            echo gcc-mingw-w64-x86-64
        ;;
    windows-arm64) missing_windows_arm64 ;; # built by build_libs()
    wine)
        # Debian's is on no PATH.
        command -v wine64 >/dev/null || [ -x /usr/lib/wine/wine64 ] ||
            echo wine64
        ;;
    gdb-multiarch) command -v gdb-multiarch >/dev/null || echo gdb-multiarch ;;
    libs:*) # built by build_libs(), from a source package
        command -v xz >/dev/null || echo xz-utils
        ;;
    *) die "need: $1?" ;;
    esac
}

# can_install: 0 yes, with $as_root set; else says why not.
can_install() {
    as_root=()
    if ! command -v apt-get >/dev/null; then
        why_not="not Debian or Ubuntu"
        return 1
    elif [ "$(id -u)" -eq 0 ]; then
        return 0
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>&1; } \
        >/dev/null; then
        as_root=(sudo)
        return 0
    fi
    why_not="neither root nor sudo"
    return 1
}

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" \
        </dev/null >&2
}

# try_need THING...: 0 all there, maybe after installing; 1 not, see
# $still_missing.  A second round, because what comes with a compiler can only
# be asked of it once it is there.
try_need() {
    local thing
    for _ in 1 2; do
        still_missing=$(for thing; do missing "$thing"; done | sort -u |
            tr '\n' ' ')
        [ -n "$still_missing" ] || break
        can_install || return 1
        echo "ci/run: installing $still_missing" >&2
        # shellcheck disable=SC2086 # one word a package
        if ! apt install --no-install-recommends $still_missing 2>/dev/null
        then
            apt update
            apt install --no-install-recommends $still_missing ||
                die_unable "apt-get cannot install $still_missing"
        fi
    done
    still_missing=$(for thing; do missing "$thing"; done | sort -u | tr '\n' ' ')
    why_not="apt-get has no such version (CMake must be 3.25 or newer)"
    [ -z "$still_missing" ] || return 1
    still_missing="CMocka and Lua for the target "
    build_libs "$@" && still_missing=''
}

need() {
    try_need "$@" ||
        die_unable "please install $still_missing($why_not)"
}
