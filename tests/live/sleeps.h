/* How often other threads of the process went to sleep: for claims that
 * nothing wakes up.  Linux; the includer asks for GNU extensions. */
#ifndef YANK_TESTS_SLEEPS_H
#define YANK_TESTS_SLEEPS_H

#include <dirent.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline uint64_t sleeps_so_far(void)
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *e;
    uint64_t sum = 0;

    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        char path[300], line[128];
        unsigned long n;
        FILE *f;

        if (e->d_name[0] == '.' || atol(e->d_name) == syscall(SYS_gettid))
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
        f = fopen(path, "r");
        while (f != NULL && fgets(line, sizeof line, f) != NULL)
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1)
                sum += n;
        if (f != NULL)
            fclose(f);
    }
    closedir(dir);
    return sum;
}

#endif
