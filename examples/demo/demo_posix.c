/* What other systems have by other names. */
#define _GNU_SOURCE /* TIOCGWINSZ, execlp */
#include "demo.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void demo_sleep_ns(int64_t ns)
{
    const struct timespec t = { .tv_sec = ns / 1000000000,
                                .tv_nsec = ns % 1000000000 };

    nanosleep(&t, NULL);
}

bool demo_has_terminal(void)
{
    return isatty(STDERR_FILENO) != 0;
}

bool demo_terminal_size(int *rows, int *columns)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 ||
        size.ws_col == 0)
        return false;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return true;
}

/* --- gnuplot ------------------------------------------------------------- */

bool demo_has_gnuplot(void)
{
    const char *path = getenv("PATH");
    char file[1024];

    while (path != NULL && *path != '\0') {
        int n = (int)strcspn(path, ":");

        snprintf(file, sizeof file, "%.*s/gnuplot", n, path);
        if (access(file, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

/* In the child: gnuplot with these as its input and output. */
static _Noreturn void become_gnuplot(int in, int out)
{
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        execlp("gnuplot", "gnuplot", "-", (char *)NULL);
    _exit(127);
}

bool demo_run_gnuplot(FILE *out,
                      void (*put)(FILE *to, const struct demo_report *r),
                      const struct demo_report *r)
{
    int ends[2], status = -1;
    FILE *to;
    pid_t child;

    if (fflush(out) != 0 || pipe(ends) != 0)
        return false;
    signal(SIGPIPE, SIG_IGN); /* it may die: its status tells */
    child = fork();
    if (child == 0) {
        close(ends[1]);
        become_gnuplot(ends[0], fileno(out));
    }
    close(ends[0]);
    to = fdopen(ends[1], "w");
    if (child > 0 && to != NULL)
        put(to, r);
    if (to != NULL)
        fclose(to);
    else
        close(ends[1]);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
