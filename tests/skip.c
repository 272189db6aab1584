/* Stands for a test that this build cannot have: says so, and exits as a
 * skipped test does. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("skipped: this build has no %s\n", argc > 1 ? argv[1] : "?");
    return 77;
}
