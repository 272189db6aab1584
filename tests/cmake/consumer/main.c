/* What a vendor's first program does: init, see the marked code, leave. */
#include "plain.h"

#include <yank/code.h>
#include <yank/host.h>
#include <yank/yank.h>

#include <stdio.h>

int main(void)
{
    struct yank_options options = {.struct_size = sizeof options};
    int rc = yank_init(&options);

    if (rc != YANK_OK) {
        fprintf(stderr, "yank_init: %s\n", yank_strerror(rc));
        return 1;
    }
    if (!yank_code_is_registered((uintptr_t)&plain_often) ||
        plain_often(40) != 42)
        return 2;
    return yank_fini() == YANK_OK ? 0 : 3;
}
