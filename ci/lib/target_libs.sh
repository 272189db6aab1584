# shellcheck shell=bash
# What the tests link on another CPU or system: CMocka and Lua, static, built
# from the distribution's own source packages into build/sysroot/TRIPLET.
#
# Not its binary packages for that architecture: some would replace packages
# of this machine, and others do not exist.

target_libs_packages="cmocka lua5.4"

# The machine's own package sources, as sources of source packages, in an apt
# of our own: the machine's stays as it is.
fetch_sources() { # fetch_sources DIR: into it, once
    local own=build/sysroot/apt list
    local options=(-q -o Dir::Etc::sourcelist=/dev/null
        -o Dir::Etc::sourceparts="$PWD/$own/parts"
        -o Dir::State::Lists="$PWD/$own/lists" -o Dir::Cache="$PWD/$own/cache"
        -o APT::Sandbox::User=root)
    [ ! -e "$1/fetched" ] || return 0
    rm -rf "$own" "$1"
    mkdir -p "$own/parts" "$own/lists/partial" "$own/cache/archives/partial" \
        "$1"
    apt-get indextargets --format '$(SOURCESENTRY)' 'Created-By: Packages' |
        sed 's/:[0-9]*$//' | sort -u | while read -r list; do
        sed -E 's/^Types:.*/Types: deb-src/; s/^deb(-src)? /deb-src /' \
            "$list" >"$own/parts/${list##*/}"
    done
    apt-get "${options[@]}" update || return
    # shellcheck disable=SC2086 # one word a package
    (cd "$1" && apt-get "${options[@]}" source --download-only \
        $target_libs_packages) || return
    touch "$1/fetched"
}

unpack_source() { # unpack_source DIR PACKAGE TO
    local archive
    archive=$(find "$1" -name "$2_*.orig.tar.*" ! -name '*.asc')
    mkdir -p "$3" && tar -xf "$archive" -C "$3" --strip-components=1
}

# CMocka's own package files name its shared library, so it has others here:
# such as find_package() takes before CMocka 1.1.6.
build_cmocka() { # build_cmocka WORK TOOLCHAIN PREFIX
    local package=$3/lib/cmake/cmocka
    cmake -S "$1/cmocka" -B "$1/cmocka.build" --toolchain "$2" \
        -DCMAKE_BUILD_TYPE=Release -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF \
        -DBUILD_SHARED_LIBS=OFF &&
        cmake --build "$1/cmocka.build" &&
        mkdir -p "$package" "$3/include" &&
        cp "$1/cmocka/include/cmocka.h" "$3/include" &&
        find "$1/cmocka.build" -name 'libcmocka*.a' \
            -exec cp {} "$3/lib/libcmocka.a" \; &&
        cat >"$package/cmocka-config.cmake" <<'CMAKE'
get_filename_component(_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
set(CMOCKA_INCLUDE_DIR ${_prefix}/include)
set(CMOCKA_LIBRARIES ${_prefix}/lib/libcmocka.a)
CMAKE
}

build_lua() { # build_lua WORK TOOLCHAIN PREFIX
    cmake -S ci/lib/lua -B "$1/lua.build" --toolchain "$2" \
        -DCMAKE_BUILD_TYPE=Release -DLUA_SOURCE="$1/lua5.4" \
        -DCMAKE_INSTALL_PREFIX="$3" &&
        cmake --build "$1/lua.build" -j "$(nproc)" &&
        cmake --install "$1/lua.build"
}

# target_libs TRIPLET TOOLCHAIN-FILE: once; 1 and $why_not where it cannot be.
target_libs() {
    local prefix=$root/build/sysroot/$1 log=build/sysroot/$1.log work package
    [ ! -e "$prefix/complete" ] || return 0
    mkdir -p build/sysroot
    rm -rf "$prefix"
    work=$(mktemp -d)
    echo "ci/run: building $target_libs_packages for $1" >&2
    if (
        fetch_sources build/sysroot/src || exit
        for package in $target_libs_packages; do
            unpack_source build/sysroot/src "$package" "$work/$package" || exit
        done
        build_cmocka "$work" "$2" "$prefix" && build_lua "$work" "$2" "$prefix"
    ) >"$log" 2>&1; then
        touch "$prefix/complete"
    fi
    rm -rf "$work"
    why_not="see $log"
    [ -e "$prefix/complete" ]
}
